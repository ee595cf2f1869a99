import type { Duration } from 'aws-cdk-lib';
import { SQL_NAME } from './iceberg-table';
import { wholeDays } from './whole-days';
import { Zone } from './zone';
import type { ZoneTransition } from './zone-transition';
import { TransitionBlueprint, zoneTransitions } from './zone-transitions';
import { checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a user may say about a lake, in every engine. */
export interface DataLakeInput {
  readonly databaseName?: string;
  readonly noncurrentVersionExpiration?: Duration;
  readonly transitions?: ZoneTransition[];
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
  /** When objects move to cheaper storage. */
  readonly transitions: TransitionBlueprint[];
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
    noncurrentDays: wholeDays(faults, 'noncurrentVersionExpiration', input.noncurrentVersionExpiration, 30),
    incompleteUploadDays: 7,
    accessLogDays: 90,
    transitions: zoneTransitions(faults, input.transitions),
  };
}
