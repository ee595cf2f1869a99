import { ShapeChange, shapeChanges } from './contract-changes';
import { checkShape } from './contract-check';
import type { CheckJson } from './contract-checks';
import type { FieldJson, TableShape, TypeJson } from './contract-schema';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A version that was current once. */
export interface ContractVersion extends Omit<TableShape, 'partition-spec'> {
  readonly version: number;
}

/** The contract of a table, as its file holds it. */
export interface ContractJson extends TableShape {
  readonly table: string;
  readonly version: number;
  readonly checks: { readonly [column: string]: CheckJson };
  readonly history: ContractVersion[];
}

/** Context flag with which synthesis writes contract files. */
export const UPDATE_CONTRACTS = 'cdk-ml-platform:update-contracts';

const KEYS = ['table', 'version', 'schema', 'partition-spec', 'sort-order', 'properties', 'checks', 'history'];

/** The first version. */
export function firstVersion(table: string, shape: TableShape, checks: ContractJson['checks']): ContractJson {
  return { table, version: 1, ...shape, checks, history: [] };
}

/** The next version; the same one if only checks differ. */
export function nextVersion(contract: ContractJson, shape: TableShape, checks: ContractJson['checks']): ContractJson {
  if (shapeChanges(contract, shape).length === 0) return { ...contract, checks };
  const { version, schema, properties } = contract;
  const was: ContractVersion = { version, schema, 'sort-order': contract['sort-order'], properties };
  return { table: contract.table, version: version + 1, ...shape, checks, history: [...contract.history, was] };
}

/** What the table was when it was made: the template says this for ever, so that CloudFormation never updates what migrations own. */
export function firstShape(contract: ContractJson): TableShape {
  const [first] = contract.history;
  return { ...(first ?? contract), 'partition-spec': contract['partition-spec'] };
}

/** The file's text: two spaces, and what is empty left out. */
export function renderContract(contract: ContractJson): string {
  const { table, version, schema, history } = contract;
  const settings = (shape: Omit<TableShape, 'partition-spec'>) => ({
    ...(shape['sort-order'].length > 0 ? { 'sort-order': shape['sort-order'] } : {}),
    ...(Object.keys(shape.properties).length > 0 ? { properties: shape.properties } : {}),
  });
  return `${JSON.stringify({
    table, version, schema,
    ...(contract['partition-spec'].length > 0 ? { 'partition-spec': contract['partition-spec'] } : {}),
    ...settings(contract),
    ...(Object.keys(contract.checks).length > 0 ? { checks: contract.checks } : {}),
    ...(history.length > 0 ? { history: history.map((was) => ({ version: was.version, schema: was.schema, ...settings(was) })) } : {}),
  }, undefined, 2)}\n`;
}

/** Reads a file's text; every fault names the file. Answers undefined when there is one. */
export function parseContract(faults: Faults, file: string, text: string): ContractJson | undefined {
  const before = faults.count;
  const refuse = (message: string) => { faults.add('invalid-contract', `contract '${file}': ${message}`); };
  const given = readObject(text, refuse);
  if (!given) return undefined;
  for (const key of Object.keys(given)) if (!KEYS.includes(key)) refuse(`${show(key)} is not known; allowed are ${KEYS.join(', ')}`);
  const { table, version, checks = {}, history = [] } = given as Partial<ContractJson>;
  if (typeof table !== 'string' || table === '') refuse(`table is ${show(table)}; give the table's name`);
  if (!Number.isInteger(version) || (version ?? 0) < 1) refuse(`version is ${show(version)}; give a whole number of 1 or more`);
  if (!isObject(checks)) refuse(`checks is ${show(checks)}; give an object from column to check`);
  if (!Array.isArray(history) || !history.every(isObject)) refuse(`history is ${show(history)}; give a list of earlier versions`);
  if (faults.count > before) return undefined;
  const spec = given['partition-spec'];
  const past = history.map((was, index) => ({ version: was.version, shape: checkShape(refuse, `history[${index}].`, { ...was, 'partition-spec': spec }) }));
  const shape = checkShape(refuse, '', given);
  if (!shape || past.some((was) => was.shape === undefined)) return undefined;
  const numbers = past.map((was) => was.version);
  if (!numbers.every((number, index) => number === index + 1) || numbers.length !== (version ?? 0) - 1) {
    refuse(`history has versions ${numbers.join(', ') || 'none'}; allowed are 1 to ${(version ?? 0) - 1}, in order`);
    return undefined;
  }
  const versions = past.flatMap((was) => (was.shape ? [{ version: was.version, ...settingsOf(was.shape) }] : []));
  return { table: table ?? '', version: version ?? 1, ...shape, checks, history: versions };
}

/** Refuses a file in which one version breaks the readers of the one before: somebody wrote it by hand. */
export function checkHistory(faults: Faults, file: string, contract: ContractJson): void {
  const versions = [...contract.history, contract];
  versions.slice(1).forEach((after, index) => {
    const before = versions[index] ?? contract;
    refuseBreaking(faults, `contract '${file}', version ${before.version} to ${after.version}`, shapeChanges(withSpec(before, contract), withSpec(after, contract)));
  });
}

/** One fault for each breaking change. */
export function refuseBreaking(faults: Faults, where: string, changes: ShapeChange[]): void {
  for (const change of changes) if (change.breaking) faults.add('breaking-contract-change', `${where}: ${change.message}`);
}

/** Types of the top-level columns, as SQL people write them. */
export function columnTypesOf(shape: TableShape): { [name: string]: string } {
  return Object.fromEntries(shape.schema.fields.map(({ name, type }) => [name, typeName(type)]));
}

/** Iceberg's transforms by the column that they cut by, for example `{ at: 'day' }`; columns inside structs have dots. */
export function partitionTransformsOf(shape: TableShape): { [column: string]: string } {
  const paths = pathsOf(shape.schema.fields, '');
  return Object.fromEntries(shape['partition-spec'].map((one) => [paths.get(one['source-id']) ?? one.name, one.transform]));
}

function pathsOf(fields: FieldJson[], prefix: string): Map<number, string> {
  return new Map(fields.flatMap(({ id, name, type }): [number, string][] => [
    [id, prefix + name], ...(typeof type !== 'string' && type.type === 'struct' ? pathsOf(type.fields, `${prefix}${name}.`) : []),
  ]));
}

function typeName(type: TypeJson): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'struct': return `struct<${type.fields.map((field: FieldJson) => `${field.name}: ${typeName(field.type)}`).join(', ')}>`;
    case 'list': return `list<${typeName(type.element)}>`;
    case 'map': return `map<${typeName(type.key)}, ${typeName(type.value)}>`;
  }
}

function withSpec(version: Omit<TableShape, 'partition-spec'>, contract: ContractJson): TableShape {
  return { ...settingsOf(version), 'partition-spec': contract['partition-spec'] };
}

function settingsOf({ schema, properties, ...shape }: Omit<TableShape, 'partition-spec'>): Omit<TableShape, 'partition-spec'> {
  return { schema, 'sort-order': shape['sort-order'], properties };
}

function readObject(text: string, refuse: (message: string) => void): { [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  refuse('is no JSON object; restore it from version control');
  return undefined;
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
