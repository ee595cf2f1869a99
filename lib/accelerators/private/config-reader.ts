import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

const LARGEST = 1e9;

/** Reads typed values out of a `config.json`, and notes as a fault what is there but cannot be meant. */
export class ConfigReader {
  constructor(private readonly faults: Faults, private readonly values: Readonly<Record<string, unknown>>, private readonly prefix = '') {}

  /** The value of the first key that has one. */
  raw(...keys: string[]): unknown {
    return keys.map((key) => this.values[key]).find((value) => value !== undefined && value !== null);
  }

  has(...keys: string[]): boolean {
    return this.raw(...keys) !== undefined;
  }

  /** Whether the configuration names a key, be it without a value. */
  names(key: string): boolean {
    return this.values[key] !== undefined;
  }

  /** A nested object, or a reader of nothing. */
  section(key: string): ConfigReader {
    const value = this.values[key];
    return new ConfigReader(this.faults, isObject(value) ? value : {}, `${this.prefix}${key}.`);
  }

  /** A whole number, or the value to use where the configuration has none. */
  integer(keys: string | readonly string[], otherwise: number, least = 1, most = LARGEST): number {
    const names = typeof keys === 'string' ? [keys] : keys;
    const key = names.find((name) => this.has(name));
    if (key === undefined) return otherwise;
    const value = this.values[key];
    const ok = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most && !isUnresolved(value);
    if (!ok) this.wrong(key, value, `a whole number from ${least} to ${most}`);
    return ok ? value : otherwise;
  }

  /** A whole number without which nothing can be computed. */
  required(keys: readonly string[], most = LARGEST): number {
    if (!this.has(...keys)) {
      this.faults.add('incomplete-model-config',
        `config.json has no ${this.prefix}${keys.join(' or ')}, which the memory follows from; give the model's whole config.json`);
    }
    return this.integer(keys, 1, 1, most);
  }

  number(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value > 0 && value <= LARGEST && !isUnresolved(value)) return value;
    this.wrong(key, value, 'a positive number');
    return undefined;
  }

  text(...keys: string[]): string | undefined {
    const value = this.raw(...keys);
    return typeof value === 'string' ? value : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.values[key];
    return typeof value === 'boolean' ? value : undefined;
  }

  list(key: string): unknown[] | undefined {
    const value = this.values[key];
    return Array.isArray(value) ? value : undefined;
  }

  wrong(key: string, value: unknown, allowed: string): void {
    this.faults.add('invalid-model-config', `config.json has ${this.prefix}${key} ${show(value)}, which is not ${allowed}; correct it`);
  }
}

/** Whether something is an object with keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
