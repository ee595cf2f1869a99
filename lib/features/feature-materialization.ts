import { Annotations, type Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FeatureAccess } from './blueprint/access';
import type { FeatureJobBlueprint } from './blueprint/job';
import { materialization, type MaterializationBlueprint, writeCost } from './blueprint/materialization';
import type { FeatureStore } from './feature-store';
import type { FeatureView } from './feature-view';
import { failureAlarm, freshnessAlarm, staleAlarm } from './private/alarms';
import { decideJob, FeatureJob } from './private/feature-job';
import { grantFiles } from './private/grant-files';
import { DetailType } from '../core/events/detail-type';
import { checkUnique, show } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { EventRule } from '../network/event-rule';
import { scheduleRuns } from '../network/schedule-runs';

/** Options of a materialization. */
export interface FeatureMaterializationOptions {
  /** What is written: at most 40 views. A view is in one materialization only: give that one several triggers. */
  readonly views: FeatureView[];
  /**
   * When it runs.
   *
   * @default - not by the clock
   */
  readonly schedule?: scheduler.ScheduleExpression;
  /**
   * Whether it runs when one of the views' tables got new rows. The store needs an `eventBus`.
   *
   * @default false
   */
  readonly onDataArrived?: boolean;
  /**
   * Time without a run that ended well after which an alarm goes off, 1 to 168 whole hours.
   *
   * @default - 26 hours with a schedule, else no such alarm
   */
  readonly maxAge?: Duration;
  /**
   * Age of a view's newest value from which an alarm goes off, 1 minute to 7 days: rows that do not come, where runs end well.
   *
   * @default - no such alarm
   */
  readonly maxFreshness?: Duration;
  /**
   * How far a run goes back behind the end of the last one, for rows that came late: up to 7 days.
   *
   * @default - a run starts where the last one ended
   */
  readonly overlap?: Duration;
  /**
   * Rows, each of another entity, that one run writes for each view: what it costs is computed and printed.
   *
   * @default - unknown, nothing is printed
   */
  readonly expectedRows?: number;
  /**
   * Longest time of one try, 1 minute to 7 days.
   *
   * @default Duration.hours(6)
   */
  readonly timeout?: Duration;
  /**
   * CPU units of the task.
   *
   * @default 512
   */
  readonly cpu?: number;
  /**
   * Memory of the task in MiB; an interval of one view has to fit in it.
   *
   * @default 2048
   */
  readonly memoryLimitMiB?: number;
}

/** Properties of a materialization. */
export interface FeatureMaterializationProps extends FeatureMaterializationOptions {
  /** The store. */
  readonly store: FeatureStore;
}

/**
 * Writes the newest values of views where serving looks: only what came since the last run, again from there if a run is killed, and
 * never two at once.
 *
 * Fails with `no-views`, `no-trigger`, `no-event-bus`, `view-not-online`, `view-materialized-twice`, `view-of-another-store`,
 * `invalid-max-age`, `invalid-expected-rows`, `invalid-timeout`, `no-route-out` and others, all at once.
 */
export class FeatureMaterialization extends Construct {
  /** Runs the job; start it by hand for a first fill. */
  readonly stateMachine: sfn.StateMachine;
  /** What the job may do. */
  readonly taskRole: iam.IRole;
  /** Alarms on runs that fail, and on values that grow old. */
  readonly alarms: cloudwatch.Alarm[];
  /** What one run writes and costs, if `expectedRows` is given and the online store is paid by write. */
  readonly writeCost?: string;
  /** @internal */
  readonly _views: FeatureView[];

  constructor(scope: Construct, id: string, props: FeatureMaterializationProps) {
    const plan = decide(scope, id, props);
    super(scope, id);
    const { store, views } = props;
    this._views = [...views];
    const job = new FeatureJob(this, 'Job', store._surroundings(FeatureAccess.MATERIALIZE), plan.job);
    store._grantMaterialization(job.taskRole, views);
    grantFiles(job.taskRole, [store._tablesArn]);
    this.stateMachine = job.stateMachine;
    this.taskRole = job.taskRole;
    this.alarms = this.makeScheduleAndAlarms(plan, props);
    if (props.onDataArrived) this.makeRule(props);
    this.writeCost = this.tellCost(props);
  }

  /** Runs that ended well; default: sum over an hour. */
  metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.stateMachine.metricSucceeded(options);
  }

  private makeScheduleAndAlarms({ maxAgeHours, maxFreshnessSeconds }: Plan, { store, views, schedule }: FeatureMaterializationProps): cloudwatch.Alarm[] {
    const actions = store._props.alarmActions ?? [];
    const deadLetters = schedule && scheduleRuns(this, this.stateMachine, { Schedule: schedule });
    return [
      failureAlarm(this, this.stateMachine, 'values of features were not written', actions, deadLetters),
      ...maxAgeHours === undefined ? [] : [staleAlarm(this, this.stateMachine, maxAgeHours, actions)],
      ...maxFreshnessSeconds === undefined ? [] : views.map((view) => freshnessAlarm(this, view, maxFreshnessSeconds, actions)),
    ];
  }

  private makeRule({ store, views }: FeatureMaterializationProps): void {
    const { eventBus, alarmActions } = store._props;
    if (!eventBus) return;
    new EventRule(this, 'DataArrived', {
      eventBus,
      detailTypes: [DetailType.DATA_ARRIVED],
      subjects: [...new Set(views.map(({ source }) => `${source.databaseName}.${source.tableName}`))],
      target: new targets.SfnStateMachine(this.stateMachine),
      alarmActions,
    });
  }

  private tellCost({ store, views, expectedRows }: FeatureMaterializationProps): string | undefined {
    if (expectedRows === undefined || !views.some(({ table }) => table)) return undefined;
    const { summary } = writeCost(views.map(({ _plan }) => _plan), expectedRows);
    Annotations.of(this).addInfo(`${store.projectName}: ${summary}`);
    return summary;
  }
}

/** Each view takes about a fifth of a policy, and a role has ten policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MOST_VIEWS = 40;

interface Plan extends MaterializationBlueprint {
  readonly job: FeatureJobBlueprint;
}

function decide(scope: Construct, id: string, props: FeatureMaterializationProps): Plan {
  const faults = Faults.of(scope, id);
  const { store, views } = props;
  const plan = materialization(faults, {
    viewNames: views.map(({ viewName }) => viewName),
    offlineViews: views.filter(({ _plan }) => !_plan.online).map(({ viewName }) => viewName),
    scheduled: props.schedule !== undefined,
    onDataArrived: props.onDataArrived ?? false,
    hasBus: store._props.eventBus !== undefined,
    maxAge: props.maxAge,
    maxFreshness: props.maxFreshness,
    overlap: props.overlap,
    expectedRows: props.expectedRows,
  });
  checkViews(faults, props);
  const job = decideJob(faults, store._props.network, {
    command: 'features-materialize', arguments: plan.arguments, cpu: props.cpu, memoryLimitMiB: props.memoryLimitMiB, timeout: props.timeout,
  });
  faults.throwIfAny();
  return { ...plan, job };
}

function checkViews(faults: Faults, { store, views }: FeatureMaterializationProps): void {
  checkUnique(faults, 'views', views.map(({ viewName }) => viewName));
  faults.check(views.length <= MOST_VIEWS, 'too-many-views',
    `views has ${views.length} views, and one role has room for the rights on ${MOST_VIEWS}; spread them over several materializations`);
  for (const view of views) {
    faults.check(store.views.includes(view), 'view-of-another-store', `views has ${show(view.viewName)} of ${view.node.path}, which is not of ${store.node.path}; use views of this store`);
    const other = store._materializationOf(view);
    faults.check(!other, 'view-materialized-twice',
      `views has ${show(view.viewName)}, which ${other?.node.path ?? ''} writes already; give that one a schedule and onDataArrived, or leave the view out`);
  }
}
