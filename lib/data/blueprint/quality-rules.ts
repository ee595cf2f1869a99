import type { CheckJson } from './contract-checks';
import type { ContractJson } from './contract-file';
import type { FieldJson, TypeJson } from './contract-schema';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';

const NUMBERS = ['int', 'long', 'float', 'double', 'decimal'];
const MOMENTS = ['date', 'timestamp', 'timestamptz'];
const WHOLE_BITS: { readonly [type: string]: number } = { int: 31, long: 63 };

/** What RE2 has not: it promises time in proportion to the text. https://github.com/google/re2/wiki/Syntax */
const NOT_IN_RE2 = /\(\?<?[=!]|\\[1-9]|\\k</;

/** Refuses checks that the type of their column cannot have. Names of columns and ranges are the contract's own to check. */
export function checkRules(faults: Faults, contract: ContractJson): void {
  const types = typesOf(contract.schema.fields, '');
  for (const [column, check] of Object.entries(contract.checks)) {
    const type = types.get(column);
    if (type !== undefined) new ColumnRules(faults, `checks[${show(column)}]`, type).check(check);
  }
}

/** What Java's engine, which Athena and Spark use, reads in another way than RE2: classes and anchors by name, flags other than a leading `(?i)`. */
const NOT_IN_JAVA = /\\[^dDwWsSAztnrf\W_]|\[:|\(\?(?!:|P<)/;

/** What to do with what an engine cannot. */
export const IN_THE_TASK = { Athena: 'use QualityEngine.task()', Spark: 'use DataQualityCheck' };

/** Refuses patterns that would hold in the task and not in the engine, or the other way round. */
export function checkPatterns(faults: Faults, engine: 'Athena' | 'Spark', { checks }: ContractJson): void {
  for (const [column, { pattern }] of Object.entries(checks)) {
    const found = pattern === undefined ? null : NOT_IN_JAVA.exec(pattern.replace(/^\(\?i\)/, '').replace(/\\\\/g, ''));
    if (!found) continue;
    faults.add(`pattern-not-on-${engine.toLowerCase()}`,
      `checks[${show(column)}].pattern ${show(pattern)} has '${found[0]}', which ${engine} reads in another way than RE2; `
      + `write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or ${IN_THE_TASK[engine]}`);
  }
}

/** Refuses columns that a suite names and the table has not. */
export function checkSuiteColumns(faults: Faults, file: string, expectations: unknown[], columns: string[]): void {
  for (const [index, one] of expectations.entries()) {
    const { kwargs } = one as { kwargs?: { [key: string]: unknown } };
    for (const key of ['column', 'column_A', 'column_B']) {
      const name = kwargs?.[key];
      if (typeof name !== 'string' || columns.includes(name)) continue;
      const near = suggest(name, columns);
      faults.add('unknown-column',
        `suite '${file}': expectations[${index}] names column ${show(name)}, which is not in the table; ${near ? `perhaps ${show(near)} is meant` : 'name another one'}`);
    }
  }
}

/** Refuses a newest partition of a table that has none, as far as it is known how the table is cut. */
export function checkNewestPartition(
  faults: Faults, column: string | undefined, types: { readonly [name: string]: string } = {}, transforms?: { readonly [column: string]: string },
): void {
  if (!transforms) return;
  const isTime = (name: string, transform: string) => ['year', 'month', 'day', 'hour'].includes(transform)
    || (transform === 'identity' && MOMENTS.includes(types[name] ?? ''));
  const fits = Object.entries(transforms).some(([name, transform]) =>
    (column === undefined ? isTime(name, transform) : name === column && !/^(bucket|truncate|void)/.test(transform)));
  const have = Object.entries(transforms).map(([name, transform]) => `${transform}(${name})`).join(', ') || 'none';
  faults.check(fits, 'no-newest-partition', column === undefined
    ? `sample is the newest partition, but the table has no partitions by time (it has ${have}); name an identity partition with newestPartition('<column>'), or use newestSnapshot()`
    : `sample is the newest partition by ${show(column)}, but the table has no partitions by values or times of it (it has ${have}); name another column, or use newestSnapshot()`);
}

/** True if a contract asks for anything at all. */
export function asksForAnything({ schema, checks }: ContractJson): boolean {
  return Object.keys(checks).length > 0 || schema.fields.some(({ required }) => required) || (schema['identifier-field-ids'] ?? []).length > 0;
}

/** True if a check looks at the age of the newest value. */
export function asksForFreshness({ checks }: ContractJson): boolean {
  return Object.values(checks).some(({ maxAgeSeconds }) => maxAgeSeconds !== undefined);
}

function typesOf(fields: FieldJson[], prefix: string): Map<string, TypeJson> {
  return new Map(fields.flatMap(({ name, type }): [string, TypeJson][] => [
    [prefix + name, type],
    ...(typeof type !== 'string' && type.type === 'struct' ? typesOf(type.fields, `${prefix}${name}.`) : []),
  ]));
}

class ColumnRules {
  private readonly type: string;

  constructor(private readonly faults: Faults, private readonly where: string, type: TypeJson) {
    this.type = typeof type === 'string' ? type.replace(/[([].*$/, '') : type.type;
  }

  check({ min, max, oneOf, pattern, unique, maxAgeSeconds }: CheckJson): void {
    for (const [name, value] of [['min', min], ['max', max]] as const) {
      if (typeof value === 'number') this.needs(NUMBERS.includes(this.type), name, 'a number');
      // only a file written by hand has text here: moments, or decimals with digits that a number would lose
      else if (value !== undefined) this.needs([...MOMENTS, 'time', 'decimal'].includes(this.type), name, 'a date, time or decimal');
    }
    if (oneOf !== undefined) this.checkOneOf(oneOf);
    if (pattern !== undefined) this.checkPattern(pattern);
    if (unique) this.needs(!['struct', 'list', 'map'].includes(this.type), 'unique', 'no struct, list or map');
    if (maxAgeSeconds !== undefined) this.needs(MOMENTS.includes(this.type), 'maxAge', 'a date or timestamp');
  }

  private checkOneOf(values: (string | number)[]): void {
    if (['float', 'double'].includes(this.type)) {
      this.faults.add('invalid-one-of', `${this.where}.oneOf lists values of a ${this.type}, which are hardly ever equal; use min and max`);
      return;
    }
    if (!this.needs(['string', 'boolean', 'int', 'long', 'decimal', 'date', 'time', 'timestamp', 'timestamptz'].includes(this.type), 'oneOf', 'a string or whole number')) return;
    for (const value of values) {
      this.faults.check(this.holds(value), 'invalid-one-of', `${this.where}.oneOf has ${show(value)}, which no value of a ${this.type} is; remove it`);
    }
  }

  private holds(value: string | number): boolean {
    const bits = WHOLE_BITS[this.type];
    if (bits !== undefined) return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** bits;
    if (this.type === 'decimal') return typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(value);
    return this.type === 'boolean' ? typeof value === 'boolean' : typeof value === 'string';
  }

  private checkPattern(pattern: string): void {
    if (!this.needs(this.type === 'string', 'pattern', 'a string')) return;
    this.faults.check(!NOT_IN_RE2.test(pattern), 'invalid-pattern',
      `${this.where}.pattern ${show(pattern)} looks around or back, which RE2 does not; write it without (?=, (?!, (?<=, (?<! and \\1`);
    try {
      // flags at the start and named groups are RE2's own spelling
      new RegExp(pattern.replace(/^\(\?[ims]+\)/, '').replace(/\(\?P</g, '(?<'));
    } catch {
      this.faults.add('invalid-pattern', `${this.where}.pattern ${show(pattern)} is no regular expression; close its brackets, or escape them`);
    }
  }

  private needs(holds: boolean, check: string, what: string): boolean {
    return this.faults.check(holds, 'invalid-check-type', `${this.where}.${check} is on a ${this.type}, but it needs ${what}; remove it or name another column`);
  }
}
