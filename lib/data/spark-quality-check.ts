import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { sparkJob } from './blueprint/spark';
import { QualityCheckBase } from './private/quality-check-base';
import { decideOnCheck } from './private/quality-decision';
import { makeSparkQuality } from './private/quality-spark';
import type { SparkQualityCheckProps } from './quality-check-props';
import type { SparkJob } from './spark-job';
import { Faults } from '../core/private/faults';

/**
 * Checks the values of a table on Spark, by its contract, by suites of Great Expectations, or by both: for tables that no task holds,
 * and for suites that Athena cannot compute.
 *
 * A run is one job of EMR Serverless, started by a state machine, as `DataQualityCheck` starts its task: the same triggers, report, data
 * docs, event, alarms and errors `DataQualityFailed` and `QualityCheckFailed`. Workers read the table at one snapshot; no row comes to
 * the driver but those that `showValues` lets through.
 *
 * Fails with `no-quality-image`, `pattern-not-on-spark`, `sample-not-on-spark`, `table-not-on-spark`, and what `DataQualityCheck` and
 * `SparkJob` fail with, all at once.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-iceberg.html
 */
export class SparkQualityCheck extends QualityCheckBase {
  readonly stateMachine: sfn.StateMachine;
  /** What a run is: its role, and EMR's own alarm on runs that failed, which calls nobody because the check's alarms do. */
  readonly job: SparkJob;
  /** Alarms on bad data, on runs without a verdict, and on starts that were not delivered. */
  readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: SparkQualityCheckProps) {
    const faults = Faults.of(scope, id);
    const { application } = props;
    const { plan } = decideOnCheck(faults, scope, props, 'Spark');
    const { maxVcpu, maxMemoryGb } = application;
    sparkJob(faults, props, maxVcpu !== undefined && maxMemoryGb !== undefined ? { maxVcpu, maxMemoryGb } : undefined);
    faults.check(application.checksQuality !== false, 'no-quality-image',
      'application runs an image without Great Expectations and the library\'s checks; make it with image: SparkImage.quality()');
    faults.throwIfAny();
    super(scope, id, props, plan);

    const { job, stateMachine } = makeSparkQuality(this, { ...this._input, props });
    this.job = job;
    this.stateMachine = stateMachine;
    this.alarms = this._watch(stateMachine);
  }
}
