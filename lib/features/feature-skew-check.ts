import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FeatureAccess } from './blueprint/access';
import type { FeatureJobBlueprint } from './blueprint/job';
import { skewCheck } from './blueprint/skew-check';
import type { FeatureStore } from './feature-store';
import type { FeatureView } from './feature-view';
import { failureAlarm } from './private/alarms';
import { decideJob, FeatureJob } from './private/feature-job';
import { grantFiles } from './private/grant-files';
import { Faults } from '../core/private/faults';
import { scheduleRuns } from '../network/schedule-runs';

/** Options of a comparison of training with serving. */
export interface FeatureSkewCheckOptions {
  /** What is compared. */
  readonly views: FeatureView[];
  /**
   * When it runs.
   *
   * @default - once a day
   */
  readonly schedule?: scheduler.ScheduleExpression;
  /**
   * Entities of each view that are compared, 1 to 100,000.
   *
   * @default 500
   */
  readonly sample?: number;
  /**
   * Share of the sample that may differ before the check fails, 0 to 1.
   *
   * @default 0.01
   */
  readonly threshold?: number;
  /**
   * CPU units of the task.
   *
   * @default 512
   */
  readonly cpu?: number;
  /**
   * Memory of the task in MiB.
   *
   * @default 2048
   */
  readonly memoryLimitMiB?: number;
}

/** Properties of a comparison of training with serving. */
export interface FeatureSkewCheckProps extends FeatureSkewCheckOptions {
  /** The store. */
  readonly store: FeatureStore;
}

/**
 * Compares what serving answers with what training would see, for a sample of entities as of the last materialization.
 *
 * Fails with `no-views`, `view-not-online`, `invalid-sample`, `invalid-threshold`, `no-route-out` and others, all at once.
 */
export class FeatureSkewCheck extends Construct {
  /** Runs the check; start it by hand to look now. */
  readonly stateMachine: sfn.StateMachine;
  /** What the check may do. */
  readonly taskRole: iam.IRole;
  /** Goes off when too many values differ, or the check could not run. */
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: FeatureSkewCheckProps) {
    const plan = decide(scope, id, props);
    super(scope, id);
    const { store } = props;
    const job = new FeatureJob(this, 'Job', store._surroundings(FeatureAccess.READ_ONLINE), plan);
    store.grants.readOnline(job.taskRole);
    store.grants.readOffline(job.taskRole);
    grantFiles(job.taskRole, [store._tablesArn]);
    this.stateMachine = job.stateMachine;
    this.taskRole = job.taskRole;
    const deadLetters = scheduleRuns(this, job.stateMachine, { Schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)) });
    const what = 'serving answers with other values than training sees, or nobody could compare them';
    this.alarm = failureAlarm(this, job.stateMachine, what, store._props.alarmActions ?? [], deadLetters);
  }
}

function decide(scope: Construct, id: string, props: FeatureSkewCheckProps): FeatureJobBlueprint {
  const faults = Faults.of(scope, id);
  const { views, sample, threshold } = props;
  const words = skewCheck(faults, {
    viewNames: views.map(({ viewName }) => viewName),
    offlineViews: views.filter(({ _plan }) => !_plan.online).map(({ viewName }) => viewName),
    sample, threshold,
  });
  // a second look at the same values says the same
  const plan = decideJob(faults, props.store._props.network, { command: 'features-skew', arguments: words, cpu: props.cpu, memoryLimitMiB: props.memoryLimitMiB, tries: 1 });
  faults.throwIfAny();
  return plan;
}
