import type { Duration } from 'aws-cdk-lib';
import { checkInteger } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Whole seconds of a timeout, 10 minutes by default. */
export function timeoutSeconds(faults: Faults, timeout: Duration | undefined): number {
  if (timeout === undefined) return 600;
  const seconds = timeout.isUnresolved() ? NaN : timeout.toMilliseconds({ integral: false }) / 1000;
  checkInteger(faults, 'timeout', seconds, { min: 1, max: 3600, unit: 'seconds' });
  return seconds;
}
