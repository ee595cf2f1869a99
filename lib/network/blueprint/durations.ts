import type { Duration } from 'aws-cdk-lib';
import { kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A duration in whole seconds within bounds, or the default; notes a fault for anything else. */
export function wholeSeconds(faults: Faults, property: string, value: Duration | undefined, bounds: { min: number; max: number; otherwise: number }): number {
  if (value === undefined) return bounds.otherwise;
  if (value.isUnresolved()) {
    faults.add(`unresolved-${kebab(property)}`, `${property} is known only at deploy time, but it is checked at synthesis; give a literal`);
    return bounds.otherwise;
  }
  const seconds = value.toMilliseconds({ integral: false }) / 1000;
  const ok = Number.isInteger(seconds) && seconds >= bounds.min && seconds <= bounds.max;
  faults.check(ok, `invalid-${kebab(property)}`,
    `${property} of ${show(seconds)} seconds is not a whole number from ${bounds.min} to ${bounds.max} seconds; use a duration in that range`);
  return seconds;
}
