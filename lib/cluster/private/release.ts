import type { Duration } from 'aws-cdk-lib';
import type { Faults } from '../../core/private/faults';
import type { ManifestDelivery } from '../blueprint/manifest-delivery';

/** The handler ends after 15 minutes, and takes the release with it unless Helm ended before. */
const LONGEST_MINUTES = 12;

/** Refuses a timeout that the handler would not live to see. */
export function checkTimeout(faults: Faults, timeout: Duration | undefined): void {
  if (timeout === undefined || timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds({ integral: false });
  faults.check(seconds >= 1 && seconds <= LONGEST_MINUTES * 60, 'invalid-timeout',
    `timeout of ${seconds} seconds is not from 1 second to ${LONGEST_MINUTES} minutes; the handler ends after 15 minutes, so use a value in that range`);
}

/** The files of one release below its own folder; in yaml delivery the folder's number is the order. */
export function folderOf(delivery: ManifestDelivery, wave: number, name: string, files: Readonly<Record<string, string>>): Record<string, string> {
  const folder = delivery.type === 'yaml' ? `${String(wave).padStart(2, '0')}-${name}` : name;
  return Object.fromEntries(Object.entries(files).map(([path, contents]) => [`${folder}/${path}`, contents]));
}
