import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { QualityChecks, QualitySample, QualityTrigger } from './blueprint/quality-choices';
import type { IIcebergTable, ISparkApplication } from './interfaces';
import type { QualityEngine } from './quality-engine';
import type { SparkRunOptions } from './spark-job';
import type { IMlNetwork } from '../network/interfaces';

/** Options of the Fargate task that checks a table. */
export interface QualityTaskOptions {
  /**
   * ECS cluster that the task runs in.
   *
   * @default - a new one
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Image of the task. It has to run `python -m ml_platform_runtime quality check`, with Great Expectations if there is a suite.
   *
   * @default - built from the sources in this package
   */
  readonly image?: ecs.ContainerImage;

  /**
   * CPU units of the task.
   *
   * @default - 512, and 1024 with a suite
   */
  readonly cpu?: number;

  /**
   * Memory of the task. An eighth of it is for values that uniqueness and suites keep; a run that needs more is refused with a message.
   *
   * @default - 2048, and 4096 with a suite
   */
  readonly memoryLimitMiB?: number;

  /**
   * Processors that the task runs on.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * Time after which a run has failed, 1 minute to 24 hours.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;
}

/** What is checked, when, and who is told. */
export interface QualityCheckOptions {
  /** Table that is checked. */
  readonly table: IIcebergTable;

  /** Bucket of the reports; `lake.bucket(data.Zone.ARTIFACTS)` is a good place. */
  readonly reportBucket: s3.IBucket;

  /**
   * Where reports lie in the bucket. Two checks of one table need two prefixes, or each would write over the other's reports.
   *
   * @default - `quality/<database>.<table>`
   */
  readonly reportPrefix?: string;

  /**
   * What the table is held against.
   *
   * @default - the contract of the table
   */
  readonly checks?: QualityChecks[];

  /**
   * When the table is checked. It can always be checked by the state machine, too.
   *
   * @default - on `Data Arrived` if there is an `eventBus`
   */
  readonly triggers?: QualityTrigger[];

  /**
   * Which rows are looked at.
   *
   * @default - all; 100,000 rows with a suite in a Fargate task
   */
  readonly sample?: QualitySample;

  /**
   * Bus that gets `Data Quality Failed`, and on which data arrives.
   *
   * @default - no events are sent
   */
  readonly eventBus?: events.IEventBus;

  /**
   * Environment in the events.
   *
   * @default 'default'
   */
  readonly environmentName?: string;

  /**
   * Whether report and data docs of suites show values that broke an expectation. They may be personal data.
   *
   * @default false
   */
  readonly showValues?: boolean;

  /**
   * What happens when data is bad, or when a run ends without a verdict.
   *
   * @default - alarms are only shown
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** Properties of `DataQualityCheck`. */
export interface DataQualityCheckProps extends QualityCheckOptions, QualityTaskOptions {
  /** The network that the task runs in. */
  readonly network: IMlNetwork;

  /**
   * Where the values are looked at.
   *
   * @default - in the task itself
   */
  readonly engine?: QualityEngine;
}

/** Properties of `SparkQualityCheck`. */
export interface SparkQualityCheckProps extends QualityCheckOptions, SparkRunOptions {
  /** Application that counts, made with `image: SparkImage.quality()`. */
  readonly application: ISparkApplication;
}

/** Options of a quality check as a step of another state machine. */
export interface QualityStepOptions {
  /**
   * Snapshot to check, for example `sfn.JsonPath.stringAt('$.snapshotId')`.
   *
   * @default - the newest one
   */
  readonly snapshotId?: string;
}
