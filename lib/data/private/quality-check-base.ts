import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { checkFilesOf } from './quality-decision';
import type { QualityRunInput } from './quality-run';
import { makeTriggers } from './quality-triggers';
import { alarmAboveZero } from '../../network/alarm-above-zero';
import { pinExports } from '../../network/pin-exports';
import { QUALITY_NAMESPACE, type QualityCheckBlueprint } from '../blueprint/quality-check';
import type { QualityCheckOptions, QualityStepOptions } from '../quality-check-props';

/**
 * What quality checks have in common, whatever counts: a state machine with its triggers, alarms and metrics.
 *
 * @internal
 */
export abstract class QualityCheckBase extends Construct {
  /** Runs the check; it succeeds if the data is good. Its input may name a `snapshotId`. */
  abstract readonly stateMachine: sfn.StateMachine;
  /** Where reports lie: `s3://bucket/prefix`. A snapshot's report is `<snapshot id>/report.json` below it. */
  readonly reportLocation: string;
  /** @internal */
  protected readonly _input: QualityRunInput;

  /**
   * @param scope scope
   * @param id id
   * @param props what is checked
   * @param plan the check, decided
   */
  constructor(scope: Construct, id: string, props: QualityCheckOptions, plan: QualityCheckBlueprint) {
    super(scope, id);
    const { databaseName, tableName } = props.table;
    const prefix = props.reportPrefix ?? `quality/${databaseName}.${tableName}`;
    this.reportLocation = `s3://${props.reportBucket.bucketName}/${prefix}`;
    this._input = {
      plan, props, prefix,
      files: checkFilesOf(props),
      dimensions: { Table: `${databaseName}.${tableName}`, Check: this.node.path },
      reports: this.reportLocation,
    };
  }

  /** Checks that the data broke, of each run; default: maximum over five minutes. */
  metricFailedChecks(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('FailedChecks', cloudwatch.Stats.MAXIMUM, options);
  }

  /** Runs that ended without a verdict; default: sum over five minutes. */
  metricRunsWithoutVerdict(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('RunsWithoutVerdict', cloudwatch.Stats.SUM, options);
  }

  /** Rows that runs looked at; default: maximum over five minutes. */
  metricRowsChecked(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('RowsChecked', cloudwatch.Stats.MAXIMUM, options);
  }

  /**
   * The check as a step of another state machine, which goes on only if the data is good.
   *
   * @param scope where the step is made
   * @param id id of the step
   * @param options which snapshot is checked
   */
  asStep(scope: Construct, id: string, options: QualityStepOptions = {}): tasks.StepFunctionsStartExecution {
    return new tasks.StepFunctionsStartExecution(scope, id, {
      stateMachine: this.stateMachine,
      integrationPattern: sfn.IntegrationPattern.RUN_JOB,
      input: sfn.TaskInput.fromObject(options.snapshotId === undefined ? {} : { snapshotId: options.snapshotId }),
      resultPath: sfn.JsonPath.DISCARD,
    });
  }

  /**
   * Makes what starts the state machine, and what rings.
   *
   * @internal
   */
  protected _watch(stateMachine: sfn.StateMachine): cloudwatch.Alarm[] {
    const { plan, props } = this._input;
    const alarms = [...this.makeAlarms(props.alarmActions ?? []), ...makeTriggers(this, plan, props, stateMachine)];
    pinExports(this, [stateMachine.stateMachineArn]);
    return alarms;
  }

  private metric(metricName: string, statistic: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: QUALITY_NAMESPACE, metricName, statistic, dimensionsMap: { ...this._input.dimensions }, period: Duration.minutes(5), ...options,
    });
  }

  private makeAlarms(actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm[] {
    const bad = this.metricFailedChecks().createAlarm(this, 'BadDataAlarm', {
      alarmDescription: `${this.node.path}: the last run found data that broke its checks; the report lies below ${this.reportLocation}`,
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // until the next run says otherwise the data is as bad as it was
      treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    });
    bad.addAlarmAction(...actions);
    const silent = `${this.node.path}: a run ended without a verdict, so nobody knows whether the data is good; see its log`;
    return [bad, alarmAboveZero(this, 'NoVerdictAlarm', this.metricRunsWithoutVerdict(), silent, actions)];
  }
}
