import type { Duration } from 'aws-cdk-lib';
import { SQL_NAME } from './iceberg-table';
import { Zone } from './zone';
import { checkText, kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a user may say about a lake, in every engine. */
export interface DataLakeInput {
  readonly databaseName?: string;
  readonly noncurrentVersionExpiration?: Duration;
}

/** A lake, decided. */
export interface DataLakeBlueprint {
  readonly zones: { zone: Zone; bucketId: string }[];
  /** Days after which a replaced or deleted object is gone for good. */
  readonly noncurrentDays: number;
  /** Days after which an upload that never ended is dropped. */
  readonly incompleteUploadDays: number;
  /** Days for which access logs are kept. */
  readonly accessLogDays: number;
}

/** Decides on a lake; the engine creates what this says. */
export function dataLake(faults: Faults, input: DataLakeInput): DataLakeBlueprint {
  checkText(faults, 'databaseName', input.databaseName, SQL_NAME);
  return {
    zones: [
      { zone: Zone.RAW, bucketId: 'RawBucket' },
      { zone: Zone.PROCESSED, bucketId: 'ProcessedBucket' },
      { zone: Zone.CURATED, bucketId: 'CuratedBucket' },
      { zone: Zone.ARTIFACTS, bucketId: 'ArtifactsBucket' },
    ],
    noncurrentDays: days(faults, 'noncurrentVersionExpiration', input.noncurrentVersionExpiration, 30),
    incompleteUploadDays: 7,
    accessLogDays: 90,
  };
}

function days(faults: Faults, property: string, value: Duration | undefined, otherwise: number): number {
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
