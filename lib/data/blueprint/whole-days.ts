import type { Duration } from 'aws-cdk-lib';
import { kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A duration in whole days from 1 to 36500, or the default; notes a fault for anything else. */
export function wholeDays(faults: Faults, property: string, value: Duration | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (value.isUnresolved()) {
    faults.add(`unresolved-${kebab(property)}`, `${property} is known only at deploy time, but it is checked at synthesis; give a literal`);
    return otherwise;
  }
  const count = value.toMilliseconds({ integral: false }) / 86_400_000;
  faults.check(Number.isInteger(count) && count >= 1 && count <= 36_500, `invalid-${kebab(property)}`,
    `${property} of ${show(count)} days is not a whole number from 1 to 36500 days; use a duration in that range`);
  return count;
}
