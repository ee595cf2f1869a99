import { Faults } from './faults';
import { isUnresolved } from './tokens';

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Unit in the message, for example `vCPU`. */
  readonly unit?: string;
}

/** How a text has to look. */
export interface TextRule {
  readonly pattern: RegExp;
  /** The pattern in words, for example `1 to 63 lower-case letters, digits or hyphens`. */
  readonly allowed: string;
}

/** A DNS label: Kubernetes names, host names. RFC 1123. */
export const DNS_LABEL: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  allowed: '1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit',
};

/** Refuses a whole number outside its bounds; lets tokens and `undefined` through. */
export function checkInteger(faults: Faults, property: string, value: number | undefined, bounds: Bounds): void {
  if (value === undefined || isUnresolved(value)) return;
  if (Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return;
  const unit = bounds.unit ? ` ${bounds.unit}` : '';
  faults.add(`invalid-${kebab(property)}`,
    `${property} ${show(value)} is not a whole number from ${bounds.min} to ${bounds.max}${unit}; use a value in that range`);
}

/** Refuses a number outside its bounds; lets tokens and `undefined` through. */
export function checkNumber(faults: Faults, property: string, value: number | undefined, bounds: Bounds): void {
  if (value === undefined || isUnresolved(value)) return;
  if (Number.isFinite(value) && value >= bounds.min && value <= bounds.max) return;
  const unit = bounds.unit ? ` ${bounds.unit}` : '';
  faults.add(`invalid-${kebab(property)}`,
    `${property} ${show(value)} is not a number from ${bounds.min} to ${bounds.max}${unit}; use a value in that range`);
}

/** Refuses a value that is not in the list; lets tokens and `undefined` through. */
export function checkOneOf<T extends string | number>(faults: Faults, property: string, value: T | undefined, allowed: readonly T[]): void {
  if (value === undefined || isUnresolved(value) || allowed.includes(value)) return;
  faults.add(`invalid-${kebab(property)}`,
    `${property} ${show(value)} is not one of ${allowed.map(show).join(', ')}; choose one of them`);
}

/** Refuses a text that does not follow the rule; lets tokens and `undefined` through. */
export function checkText(faults: Faults, property: string, value: string | undefined, rule: TextRule): void {
  if (value === undefined || isUnresolved(value) || (typeof value === 'string' && rule.pattern.test(value))) return;
  faults.add(`invalid-${kebab(property)}`,
    `${property} ${show(value)} is not allowed; use ${rule.allowed}`);
}

/** Refuses a value that is known only at deploy time, where the decision is made at synthesis. */
export function checkLiteral(faults: Faults, property: string, value: unknown): boolean {
  if (!isUnresolved(value)) return true;
  faults.add(`unresolved-${kebab(property)}`, `${property} is known only at deploy time, but it decides what is created; give a literal`);
  return false;
}

/** Refuses two entries with the same key. */
export function checkUnique(faults: Faults, property: string, keys: readonly string[]): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const key of keys) (seen.has(key) ? twice : seen).add(key);
  for (const key of twice) {
    faults.add(`duplicate-${kebab(property)}`, `${property} names ${show(key)} more than once; keep one of them`);
  }
}

/** A value as a message shows it: bounded, and never a stack of objects. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : describe(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function describe(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return `a value of type ${typeof value}`;
}

/** `maxGpus` as a part of a code: `max-gpus`. */
export function kebab(property: string): string {
  return property
    .replace(/\[[^\]]*\]/g, '')
    .replace(/([KMGT])iB\b/g, '$1ib')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
}
