import type { AccessStatement } from './access';
import { checkLiteral, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

const NAME = { pattern: /^[a-z0-9]([a-z0-9-]{0,62})$/, allowed: '1 to 63 lower-case letters, digits or hyphens, starting with a letter or digit' };
const PREFIX = { pattern: /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/, allowed: 'letters, digits, dots, hyphens and underscores, in parts separated by single slashes, without slashes at the ends' };

/** A DVC remote, decided. */
export interface DvcRemoteBlueprint {
  /** Name in `.dvc/config`. */
  readonly remoteName: string;
  /** Prefix in the bucket, without slashes at the ends. */
  readonly prefix: string;
}

/** Decides on name and prefix. */
export function dvcRemote(faults: Faults, { remoteName, prefix = `dvc/${remoteName}` }: { remoteName: string; prefix?: string }): DvcRemoteBlueprint {
  if (checkLiteral(faults, 'remoteName', remoteName)) checkText(faults, 'remoteName', remoteName, NAME);
  if (checkLiteral(faults, 'prefix', prefix)) checkText(faults, 'prefix', prefix, PREFIX);
  return { remoteName, prefix };
}

/**
 * Text of `.dvc/config`; the quotes are DVC's own. Encryption is left to the bucket, and credentials to AWS's own ways.
 *
 * @see https://dvc.org/doc/user-guide/data-management/remote-storage/amazon-s3
 */
export function dvcConfig({ remoteName, prefix }: DvcRemoteBlueprint, bucketName: string, region: string): string {
  return [
    '[core]',
    `    remote = ${remoteName}`,
    `['remote "${remoteName}"']`,
    `    url = s3://${bucketName}/${prefix}`,
    `    region = ${region}`,
    '',
  ].join('\n');
}

/** What `dvc pull` needs: objects below the prefix, and their list. */
export function readDvcAccess(bucketArn: string, prefix: string): AccessStatement[] {
  return [
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/${prefix}/*`] },
    { actions: ['s3:ListBucket'], resources: [bucketArn], conditions: { StringLike: { 's3:prefix': [prefix, `${prefix}/*`] } } },
  ];
}

/** What `dvc push` and `dvc gc --cloud` need besides. */
export function writeDvcAccess(bucketArn: string, prefix: string): AccessStatement[] {
  return [{ actions: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], resources: [`${bucketArn}/${prefix}/*`] }];
}
