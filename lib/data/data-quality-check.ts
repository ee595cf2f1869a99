import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { qualityTask } from './blueprint/quality-task';
import { QualityCheckBase } from './private/quality-check-base';
import { decideOnCheck } from './private/quality-decision';
import { makeQualityTask } from './private/quality-task';
import type { DataQualityCheckProps } from './quality-check-props';
import { Faults } from '../core/private/faults';
import { checkJobRoute } from '../network/fargate-job';

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
export class DataQualityCheck extends QualityCheckBase implements ec2.IConnectable {
  readonly stateMachine: sfn.StateMachine;
  /** What a run is made of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** ECS cluster that runs stand in. */
  readonly cluster: ecs.ICluster;
  /** Where the output of runs goes, kept for a month. */
  readonly logGroup: logs.LogGroup;
  /** The network connections of a run. */
  readonly connections: ec2.Connections;
  /** Alarms on bad data, on runs without a verdict, and on starts that were not delivered. */
  readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: DataQualityCheckProps) {
    const faults = Faults.of(scope, id);
    const { plan, withSuites } = decideOnCheck(faults, scope, props, props.engine?._workgroup ? 'Athena' : 'task');
    const decided = qualityTask(faults, props, withSuites);
    const catalog = props.table.s3TableCatalog ? 's3tables' : 'glue';
    checkJobRoute(faults, props.network, [catalog, ...(props.engine?._workgroup ? ['athena'] : []), ...(props.eventBus ? ['events'] : [])]);
    faults.throwIfAny();
    super(scope, id, props, plan);

    const task = makeQualityTask(this, { ...this._input, props, task: decided });
    this.stateMachine = task.stateMachine;
    this.taskDefinition = task.taskDefinition;
    this.cluster = task.cluster;
    this.logGroup = task.logGroup;
    this.connections = new ec2.Connections({ securityGroups: [task.securityGroup] });
    this.alarms = this._watch(this.stateMachine);
  }
}
