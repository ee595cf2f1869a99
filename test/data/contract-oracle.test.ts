import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { Faults } from '../../lib/core/private/faults';
import { Column, IcebergType } from '../../lib/data';
import { shapeChanges } from '../../lib/data/blueprint/contract-changes';
import { keepIds, shapeOf, type TableShape } from '../../lib/data/blueprint/contract-schema';
import { icebergTable } from '../../lib/data/blueprint/iceberg-table';
import { findPythonEnvironment } from '../../lib/local/toolchain/python-environment';

interface Field { readonly name: string; readonly required: boolean; readonly doc?: string; readonly type: Type }
type Type =
  | { readonly kind: 'plain'; readonly name: keyof typeof PLAIN }
  | { readonly kind: 'struct'; readonly fields: Field[] }
  | { readonly kind: 'list'; readonly element: Type; readonly required: boolean }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type; readonly required: boolean };

// decimals of one scale only: pyiceberg 0.12.0 compares a scale with itself (schema.py, promote), so it takes another scale for a widening
const PLAIN = {
  int: IcebergType.INT, long: IcebergType.LONG, float: IcebergType.FLOAT, double: IcebergType.DOUBLE, string: IcebergType.STRING,
  date: IcebergType.DATE, timestamp: IcebergType.TIMESTAMP, binary: IcebergType.BINARY, boolean: IcebergType.BOOLEAN,
  decimal_9_2: IcebergType.decimal(9, 2), decimal_12_2: IcebergType.decimal(12, 2), fixed: IcebergType.fixed(4),
};
const WIDER: Partial<Record<keyof typeof PLAIN, keyof typeof PLAIN>> = { int: 'long', float: 'double', decimal_9_2: 'decimal_12_2' };

const plain = fc.constantFrom(...Object.keys(PLAIN) as (keyof typeof PLAIN)[]).map((name): Type => ({ kind: 'plain', name }));
const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const { type, fields, field } = fc.letrec<{ type: Type; field: Field; fields: Field[] }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2 },
    { weight: 4, arbitrary: plain },
    tie('fields').map((inner): Type => ({ kind: 'struct', fields: inner })),
    fc.tuple(tie('type'), fc.boolean()).map(([element, required]): Type => ({ kind: 'list', element, required })),
    fc.tuple(fc.oneof({ weight: 6, arbitrary: plain }, tie('type')), tie('type'), fc.boolean()).map(([key, value, required]): Type => ({ kind: 'map', key, value, required })),
  ),
  field: fc.record({ name: names, required: fc.boolean(), doc: fc.option(fc.constantFrom('one', 'two'), { nil: undefined }), type: tie('type') }),
  fields: fc.uniqueArray(tie('field'), { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
}));

/** Changes a struct somewhere: about half of the changes are compatible ones. */
const edit = fc.record({ what: fc.integer({ min: 0, max: 11 }), where: fc.nat(), deep: fc.integer({ min: 0, max: 2 }), fresh: field, other: type });
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function change(struct: Field[], by: Edit): Field[] {
  const at = by.where % struct.length;
  const chosen = struct[at]!;
  if (by.deep > 0 && chosen.type.kind !== 'plain') {
    return struct.map((one, index) => (index === at ? { ...one, type: changeType(one.type, { ...by, deep: by.deep - 1 }) } : one));
  }
  const put = (patch: Partial<Field>) => struct.map((one, index) => (index === at ? { ...one, ...patch } : one));
  const add = (one: Field) => (struct.some(({ name }) => name === one.name) ? struct : [...struct.slice(0, at), one, ...struct.slice(at)]);
  switch (by.what) {
    case 0: return struct.length > 1 ? struct.filter((_, index) => index !== at) : struct;
    case 1: return struct.some(({ name }) => name === by.fresh.name) ? struct : put({ name: by.fresh.name });
    case 2: return put({ required: true });
    case 3: return put({ type: by.other });
    case 4: return add({ ...by.fresh, required: true });
    case 5: return [...struct].reverse();
    case 6: return put({ required: false });
    case 7: return put({ doc: by.fresh.doc });
    case 8: return put({ type: changeType(chosen.type, by) });
    default: return add({ ...by.fresh, required: false });
  }
}

function changeType(from: Type, by: Edit): Type {
  switch (from.kind) {
    case 'plain': return { kind: 'plain', name: WIDER[from.name] ?? from.name };
    case 'struct': return { kind: 'struct', fields: change(from.fields, by) };
    case 'list': return by.where % 3 === 0 ? { ...from, required: !from.required } : { ...from, element: changeType(from.element, by) };
    case 'map': {
      if (by.where % 4 === 0) return { ...from, required: !from.required };
      return by.where % 4 === 1 ? { ...from, key: changeType(from.key, by) } : { ...from, value: changeType(from.value, by) };
    }
  }
}

function columnOf({ name, required, doc, type: of }: Field): Column {
  return Column[required ? 'required' : 'optional'](name, typeOf(of), { comment: doc });
}

function typeOf(of: Type): IcebergType {
  switch (of.kind) {
    case 'plain': return PLAIN[of.name];
    case 'struct': return IcebergType.struct(...of.fields.map(columnOf));
    case 'list': return IcebergType.list(typeOf(of.element), of.required);
    case 'map': return IcebergType.map(typeOf(of.key), typeOf(of.value), of.required);
  }
}

/** Columns that may identify a row, and do where `identified` says so. */
function identifiers(columns: Field[], identified: boolean): string[] {
  const first = columns.find((one) => one.required && one.type.kind === 'plain' && !['float', 'double'].includes(one.type.name));
  return identified && first ? [first.name] : [];
}

function shape(columns: Field[], identified: boolean): TableShape {
  const faults = Faults.at('T');
  const plan = icebergTable(faults, { tableName: 't', columns: columns.map(columnOf), identifiedBy: identifiers(columns, identified) });
  faults.throwIfAny();
  return shapeOf(plan);
}

const RUNTIME = resolve(__dirname, '../../lib/runtime/src');
const environment = findPythonEnvironment(resolve(__dirname, '../python/requirements.lock'));
if (!environment.available) process.stderr.write(`not run: contracts against pyiceberg (${environment.reason})\n`);

interface Answer { readonly compatible: boolean; readonly why: string; readonly runtime: string[] }

function askPyiceberg(pairs: TableShape[][]): Answer[] {
  const python = environment.available ? environment.python : '';
  const asked = spawnSync(python, [join(__dirname, 'contract-oracle.py')], {
    input: JSON.stringify(pairs.map((pair) => pair.map((one) => one.schema))), encoding: 'utf8', maxBuffer: 2 ** 28,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONPATH: RUNTIME, PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (asked.status !== 0) throw new Error(asked.stderr);
  return JSON.parse(asked.stdout) as Answer[];
}

(environment.available ? test : test.skip)('600 random changes, and each type into each other, are judged as pyiceberg judges them, with the ids that it gives, and as the runtime judges them', () => {
  const cases = fc.sample(fc.record({ columns: fields, edits: fc.array(edit, { maxLength: 3 }), identified: fc.boolean() }), { numRuns: 600, seed: 7 });
  const pairs = cases.map(({ columns, edits, identified }) => {
    const before = shape(columns, identified);
    const after = edits.reduce(change, columns);
    return [before, keepIds(shape(after, identified), before.schema)];
  });
  const kinds = Object.keys(PLAIN) as (keyof typeof PLAIN)[];
  const one = (name: keyof typeof PLAIN) => shape([{ name: 'a', required: false, type: { kind: 'plain', name } }], false);
  pairs.push(...kinds.flatMap((from) => kinds.map((to) => [one(from), one(to)])));

  const answers = askPyiceberg(pairs);

  const disagreements = pairs.flatMap(([before, after], index) => {
    const changes = shapeChanges(before!, after!);
    const compatible = !changes.some(({ breaking }) => breaking);
    const answer = answers[index]!;
    return compatible === answer.compatible && compatible === (answer.runtime.length === 0) ? []
      : [{ before: before!.schema, after: after!.schema, changes, answer }];
  });
  expect(disagreements.slice(0, 3)).toEqual([]);
  const compatible = answers.filter((answer) => answer.compatible).length;
  expect(compatible).toBeGreaterThan(150);
  expect(answers.length - compatible).toBeGreaterThan(150);
}, 60_000);
