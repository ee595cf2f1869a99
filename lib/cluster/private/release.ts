import type { Duration } from 'aws-cdk-lib';
import type { TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { stableHash } from '../../core/private/stable-hash';
import type { ManifestDelivery } from '../blueprint/manifest-delivery';

/** Helm keeps names of releases in labels, with a suffix. https://helm.sh/docs/chart_template_guide/builtin_objects/ */
export const RELEASE_NAME: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$/,
  allowed: '1 to 53 lower-case letters, digits or hyphens, starting and ending with a letter or digit',
};

/** The handler ends after 15 minutes, and takes the release with it unless Helm ended before. */
const LONGEST_MINUTES = 12;

/** Refuses a timeout that the handler would not live to see. */
export function checkTimeout(faults: Faults, timeout: Duration | undefined): void {
  if (timeout === undefined || timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds({ integral: false });
  faults.check(seconds >= 1 && seconds <= LONGEST_MINUTES * 60, 'invalid-timeout',
    `timeout of ${seconds} seconds is not from 1 second to ${LONGEST_MINUTES} minutes; the handler ends after 15 minutes, so use a value in that range`);
}

/** A release name from a construct's path: readable, stable, unique. */
export function releaseNameOf(path: string): string {
  const hash = stableHash(path).toString(16).padStart(8, '0');
  const parts = path.split('/').filter((part) => part !== '' && part !== 'Default' && part !== 'Resource');
  const words = parts.join('-').replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  const short = words.length <= 44 ? words : words.slice(words.length - 44).replace(/^-+/, '');
  return short === '' ? hash : `${short}-${hash}`;
}

/** The files of one release below its own folder; in yaml delivery the folder's number is the order. */
export function folderOf(delivery: ManifestDelivery, wave: number, name: string, files: Readonly<Record<string, string>>): Record<string, string> {
  const folder = delivery.type === 'yaml' ? `${String(wave).padStart(2, '0')}-${name}` : name;
  return Object.fromEntries(Object.entries(files).map(([path, contents]) => [`${folder}/${path}`, contents]));
}

