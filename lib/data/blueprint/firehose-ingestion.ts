import type { Duration, Size } from 'aws-cdk-lib';
import { checkText, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

/** What a user may say about ingestion, in every engine. */
export interface FirehoseIngestionInput {
  readonly bufferInterval?: Duration;
  readonly bufferSize?: Size;
  readonly retryDuration?: Duration;
  readonly uniqueKeys?: string[];
  readonly errorPrefix?: string;
  readonly freshnessAlarm?: Duration;
}

/** An ingestion, decided. */
export interface FirehoseIngestionBlueprint {
  readonly bufferSeconds: number;
  readonly bufferMebibytes: number;
  readonly retrySeconds: number;
  readonly uniqueKeys: string[];
  /** Where refused records lie, with a slash at the end. */
  readonly errorPrefix: string;
  /** Age of the oldest record in seconds at which the alarm rings. */
  readonly freshnessSeconds: number;
}

const COLUMN = { pattern: /^[a-z_][a-z0-9_]{0,254}$/, allowed: '1 to 255 lower-case letters, digits or underscores, not starting with a digit' };
const PREFIX = { pattern: /^[A-Za-z0-9!_.*'()=-]+(\/[A-Za-z0-9!_.*'()=-]+)*$/, allowed: 'names separated by slashes, without a slash at the ends' };

/**
 * Decides on an ingestion.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
 */
export function firehoseIngestion(faults: Faults, input: FirehoseIngestionInput, tableName: string): FirehoseIngestionBlueprint {
  const { uniqueKeys = [] } = input;
  for (const key of uniqueKeys) checkText(faults, 'uniqueKeys', key, COLUMN);
  checkUnique(faults, 'uniqueKeys', uniqueKeys);
  checkText(faults, 'errorPrefix', input.errorPrefix, PREFIX);
  const bufferSeconds = wholeSeconds(faults, 'bufferInterval', input.bufferInterval, { min: 0, max: 900, otherwise: 300 });
  return {
    bufferSeconds,
    bufferMebibytes: mebibytes(faults, input.bufferSize),
    retrySeconds: wholeSeconds(faults, 'retryDuration', input.retryDuration, { min: 0, max: 7200, otherwise: 3600 }),
    uniqueKeys,
    errorPrefix: `${input.errorPrefix ?? `firehose-errors/${tableName}`}/`,
    freshnessSeconds: wholeSeconds(faults, 'freshnessAlarm', input.freshnessAlarm, { min: bufferSeconds + 60, max: 86_400, otherwise: 1800 }),
  };
}

function mebibytes(faults: Faults, size: Size | undefined): number {
  if (size === undefined) return 128;
  if (size.isUnresolved()) {
    faults.add('unresolved-buffer-size', 'bufferSize is known only at deploy time, but it is checked at synthesis; give a literal');
    return 128;
  }
  const count = size.toBytes() / 1024 ** 2;
  faults.check(Number.isInteger(count) && count >= 1 && count <= 128, 'invalid-buffer-size',
    `bufferSize of ${show(count)} MiB is not a whole number from 1 to 128 MiB; use a size in that range`);
  return count;
}

/** Who a record comes from, for the blueprint only. */
export type FirehoseSourceKind = 'DirectPut' | 'KinesisStreamAsSource' | 'MSKAsSource';

/**
 * Rights on the source, besides those on the table.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
 */
export function kinesisSourceActions(): string[] {
  return ['kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:GetRecords', 'kinesis:ListShards'];
}

/** Statements on an MSK cluster, its topic and Firehose's consumer groups, by ARNs. */
export function mskSourceStatements(arns: { cluster: string; topic: string; groups: string }): { actions: string[]; resources: string[] }[] {
  return [
    { actions: ['kafka:GetBootstrapBrokers', 'kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka-cluster:Connect'], resources: [arns.cluster] },
    { actions: ['kafka-cluster:DescribeTopic', 'kafka-cluster:DescribeTopicDynamicConfiguration', 'kafka-cluster:ReadData'], resources: [arns.topic] },
    { actions: ['kafka-cluster:DescribeGroup'], resources: [arns.groups] },
  ];
}
