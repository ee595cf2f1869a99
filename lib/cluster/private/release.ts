import type { Duration } from 'aws-cdk-lib';
import type { Faults } from '../../core/private/faults';

/** The handler ends after 15 minutes, and takes the release with it unless Helm ended before. */
const LONGEST_MINUTES = 12;

/** Refuses a timeout that the handler would not live to see. */
export function checkTimeout(faults: Faults, timeout: Duration | undefined): void {
  if (timeout === undefined || timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds({ integral: false });
  faults.check(seconds >= 1 && seconds <= LONGEST_MINUTES * 60, 'invalid-timeout',
    `timeout of ${seconds} seconds is not from 1 second to ${LONGEST_MINUTES} minutes; the handler ends after 15 minutes, so use a value in that range`);
}
