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
}
