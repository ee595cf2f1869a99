import { existsSync, readFileSync } from 'fs';
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { columnTypesOf, partitionTransformsOf, type ContractJson } from './blueprint/contract-file';
import { updatesContracts } from './blueprint/planned-table';
import { QUALITY_NAMESPACE, qualityCheck, type QualityCheckBlueprint, type QualityCheckInput } from './blueprint/quality-check';
import { QualityChecks, QualityTrigger } from './blueprint/quality-choices';
import { makeQualityTask } from './private/quality-task';
import { makeTriggers } from './private/quality-triggers';
import type { DataQualityCheckProps, QualityStepOptions } from './quality-check-props';
import { Faults } from '../core/private/faults';
import { checkJobRoute } from '../network/fargate-job';
import { pinExports } from '../network/pin-exports';

/**
 * Checks the values of a table: by its contract, by suites of Great Expectations, or by both.
 *
 * A run is one Fargate task, started by a state machine: on `Data Arrived`, on schedule, or as a step of another state machine. It
 * writes a report, and data docs of suites, to S3. If the data is bad it sends `Data Quality Failed`, once for each snapshot
 * and set of failed checks, and the state machine fails with `DataQualityFailed`, which blocks whoever waits for it. A run without a
 * verdict fails with `QualityCheckFailed`: it never passes. Nothing is billed between runs but the alarms.
 *
 * Fails with `no-checks`, `duplicate-contract`, `contract-of-another-table`, `invalid-check-type`, `invalid-one-of`, `invalid-pattern`,
 * `missing-suite`, `invalid-suite`, `unknown-column`, `sample-hides-freshness`, `no-newest-partition`, `sample-not-on-athena`,
 * `pattern-not-on-athena`, `table-not-on-athena`, `no-event-bus`, `duplicate-triggers`, `invalid-cpu`,
 * `no-route-out` and others, all at once.
 *
 * @see https://docs.greatexpectations.io/docs/core/introduction/
 */
export class DataQualityCheck extends Construct implements ec2.IConnectable {
  /** Runs the check; it succeeds if the data is good. Its input may name a `snapshotId`. */
  readonly stateMachine: sfn.StateMachine;
  /** What a run is made of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** ECS cluster that runs stand in. */
  readonly cluster: ecs.ICluster;
  /** Where the output of runs goes, kept for a month. */
  readonly logGroup: logs.LogGroup;
  /** The network connections of a run. */
  readonly connections: ec2.Connections;
  /** Where reports lie: `s3://bucket/prefix`. A snapshot's report is `<snapshot id>/report.json` below it. */
  readonly reportLocation: string;
  /** Alarms on bad data, on runs without a verdict, and on starts that were not delivered. */
  readonly alarms: cloudwatch.Alarm[];
  private readonly dimensions: { readonly Table: string; readonly Check: string };

  constructor(scope: Construct, id: string, props: DataQualityCheckProps) {
    const faults = Faults.of(scope, id);
    const files = checkFilesOf(props);
    const plan = decide(faults, scope, props, files);
    faults.throwIfAny();
    super(scope, id);

    const { databaseName, tableName } = props.table;
    const prefix = props.reportPrefix ?? `quality/${databaseName}.${tableName}`;
    this.dimensions = { Table: `${databaseName}.${tableName}`, Check: this.node.path };
    this.reportLocation = `s3://${props.reportBucket.bucketName}/${prefix}`;
    const task = makeQualityTask(this, { plan, props, files, prefix, dimensions: this.dimensions, reports: this.reportLocation });
    this.stateMachine = task.stateMachine;
    this.taskDefinition = task.taskDefinition;
    this.cluster = task.cluster;
    this.logGroup = task.logGroup;
    this.connections = new ec2.Connections({ securityGroups: [task.securityGroup] });
    this.alarms = [...this.makeAlarms(props), ...makeTriggers(this, plan, props, this.stateMachine)];
    pinExports(this, [this.stateMachine.stateMachineArn]);
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

  private metric(metricName: string, statistic: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: QUALITY_NAMESPACE, metricName, statistic, dimensionsMap: { ...this.dimensions }, period: Duration.minutes(5), ...options,
    });
  }

  private makeAlarms({ alarmActions = [] }: DataQualityCheckProps): cloudwatch.Alarm[] {
    const common = { threshold: 0, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD, evaluationPeriods: 1 };
    const bad = this.metricFailedChecks().createAlarm(this, 'BadDataAlarm', {
      ...common,
      alarmDescription: `${this.node.path}: the last run found data that broke its checks; the report lies below ${this.reportLocation}`,
      // until the next run says otherwise the data is as bad as it was
      treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    });
    const silent = this.metricRunsWithoutVerdict().createAlarm(this, 'NoVerdictAlarm', {
      ...common,
      alarmDescription: `${this.node.path}: a run ended without a verdict, so nobody knows whether the data is good; see the log of the task`,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    for (const alarm of [bad, silent]) alarm.addAlarmAction(...alarmActions);
    return [bad, silent];
  }
}

/** The files that a run reads. */
function checkFilesOf({ checks, table }: DataQualityCheckProps): { readonly contracts: QualityChecks[]; readonly suites: string[] } {
  const all = checks ?? (table.contract ? [QualityChecks.contract(table.contract)] : []);
  return {
    contracts: all.filter(({ _contract }) => _contract !== undefined),
    suites: all.flatMap(({ _suite }) => (_suite === undefined ? [] : [_suite])),
  };
}

function decide(
  faults: Faults, scope: Construct, props: DataQualityCheckProps, { contracts, suites }: ReturnType<typeof checkFilesOf>,
): QualityCheckBlueprint {
  const resolved = contracts.map(({ _contract }) => _contract?._resolve(faults, updatesContracts(scope)));
  const plan = qualityCheck(faults, {
    tableName: props.table.tableName,
    contracts: resolved,
    suites: suites.map((file) => ({ file, text: existsSync(file) ? readFileSync(file, 'utf8') : undefined })),
    ...shapeOf(props, resolved),
    sample: props.sample,
    onAthena: props.engine?._workgroup !== undefined,
    inS3Tables: props.table.s3TableCatalog !== undefined,
    triggers: props.triggers ?? (props.eventBus ? [QualityTrigger.onDataArrived()] : []),
    hasBus: props.eventBus !== undefined,
    cpu: props.cpu,
    memoryLimitMiB: props.memoryLimitMiB,
    timeout: props.timeout,
    reportPrefix: props.reportPrefix,
  });
  const catalog = props.table.s3TableCatalog ? 's3tables' : 'glue';
  checkJobRoute(faults, props.network, [catalog, ...(props.engine?._workgroup ? ['athena'] : []), ...(props.eventBus ? ['events'] : [])]);
  return plan;
}

function shapeOf({ table }: DataQualityCheckProps, [contract]: (ContractJson | undefined)[]): Pick<QualityCheckInput, 'columnTypes' | 'partitionTransforms'> {
  return {
    columnTypes: table.columnTypes ?? (contract && columnTypesOf(contract)),
    partitionTransforms: table.partitionTransforms ?? (contract && partitionTransformsOf(contract)),
  };
}
