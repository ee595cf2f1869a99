import type { AnnouncementOptions } from './announcement-options';
import { checkInteger, checkText, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

/** What the rule of a table tells the function. */
export interface WatchBlueprint {
  readonly database: string;
  readonly table: string;
  readonly minRows: number;
  readonly partition?: string;
  /** ARN of the table bucket, for a table of S3 Tables. */
  readonly tableBucket?: string;
}

/** Where a table's metadata files come into being. */
export interface MetadataPlace {
  readonly bucketName: string;
  /** Pattern of their keys. */
  readonly keys: string;
}

/** The function, decided. */
export const ARRIVALS_FUNCTION = {
  handler: 'ml_platform_runtime.tables.arrivals.handler',
  memoryMiB: 256,
  /** More than all of the function's own waits, less than the lease of a claim. */
  timeoutSeconds: 90,
  /** Folders of the runtime that the function does without. */
  exclude: ['**/__pycache__', '**/*.pyc', 'ml_platform_runtime/features', 'ml_platform_runtime/quality'],
};

const FIELD = { pattern: /^[a-z_][a-z0-9_]{0,254}$/, allowed: '1 to 255 lower-case letters, digits or underscores, not starting with a digit' };

/** Decides on the announcement of one table. */
export function watch(
  faults: Faults, table: { databaseName: string; tableName: string; s3TableCatalog?: { tableBucketArn: string } }, options: AnnouncementOptions,
): WatchBlueprint {
  checkInteger(faults, 'minRows', options.minRows, { min: 1, max: Number.MAX_SAFE_INTEGER });
  checkText(faults, 'closedPartition', options.closedPartition, FIELD);
  faults.check(options.minRows === undefined || options.closedPartition === undefined, 'rows-and-partition',
    'minRows and closedPartition both say when rows are told of; keep one of them');
  return {
    database: table.databaseName,
    table: table.tableName,
    minRows: options.minRows ?? 1,
    partition: options.closedPartition,
    tableBucket: table.s3TableCatalog?.tableBucketArn,
  };
}

/** Minutes between two looks at a table of S3 Tables. */
export function checkMinutes(faults: Faults, options: AnnouncementOptions): number {
  const seconds = wholeSeconds(faults, 'checkInterval', options.checkInterval, { min: 60, max: 86_400, otherwise: 300 });
  faults.check(seconds % 60 === 0, 'check-interval-not-minutes', `checkInterval of ${seconds} seconds is not a whole number of minutes; use one`);
  return seconds / 60;
}

/** Bucket and keys of a table's metadata, from its location; S3 tells of objects in buckets of the account only. */
export function metadataPlace(faults: Faults, location: string): MetadataPlace | undefined {
  const [, bucketName, prefix] = /^s3:\/\/([^/]+)\/(.+?)\/*$/.exec(location) ?? [];
  if (bucketName !== undefined && prefix !== undefined) return { bucketName, keys: `${prefix}/metadata/*.metadata.json` };
  faults.add('no-object-events',
    `table lies at ${show(location)}, from where S3 sends no events; give a table of a lake or of an S3TableCatalog`);
  return undefined;
}
