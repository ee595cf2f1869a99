import type { ColumnCheck } from './column-check';

/** A check as the file has it. */
export interface CheckJson {
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: (string | number)[];
  readonly pattern?: string;
  readonly unique?: boolean;
  readonly maxNullShare?: number;
  readonly maxAgeSeconds?: number;
}

/** Checks as the file has them; what is not said is left out. */
export function checksJson(checks: { readonly [column: string]: ColumnCheck }): { [column: string]: CheckJson } {
  return Object.fromEntries(Object.entries(checks).map(([column, { maxAge, min, max, oneOf, pattern, unique, maxNullShare }]) => {
    const all: CheckJson = { min, max, oneOf, pattern, unique: unique || undefined, maxNullShare, maxAgeSeconds: maxAge?.toSeconds() };
    return [column, Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as CheckJson];
  }));
}
