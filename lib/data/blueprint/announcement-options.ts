import type { Duration } from 'aws-cdk-lib';

/** When the rows of a table are told of. */
export interface AnnouncementOptions {
  /**
   * Rows that have to come, in one commit or several, before they are told of. One announcement stands for all of them.
   *
   * @default 1
   */
  readonly minRows?: number;

  /**
   * Field of the partition spec by time, for example `event_time_day`: rows are told of once a later partition has got its first
   * ones. The table needs the property `write.summary.partition-limit`, with more partitions than one commit writes to.
   *
   * @default - rows are counted, whatever their partition
   */
  readonly closedPartition?: string;

  /**
   * How often a table of S3 Tables is looked at, in whole minutes up to a day: S3 tells nobody of its commits. A table of a lake is
   * told of at once and takes none. A look costs 0.000002 USD: 2 cents a month at 5 minutes, 10 cents at one.
   *
   * @default - Duration.minutes(5) for a table of S3 Tables
   */
  readonly checkInterval?: Duration;
}
