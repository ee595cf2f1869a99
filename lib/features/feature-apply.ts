import { existsSync, statSync } from 'fs';
import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as s3assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { FeatureAccess } from './blueprint/access';
import type { FeatureJobBlueprint } from './blueprint/job';
import type { FeatureStore } from './feature-store';
import { failureAlarm } from './private/alarms';
import { decideJob, FeatureJob } from './private/feature-job';
import { grantFiles } from './private/grant-files';
import { show } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Options of the job that registers definitions. */
export interface FeatureApplyOptions {
  /** Folder with the Python definitions, for example `features/`. Every `.py` in it is imported. */
  readonly featureRepo: string;
  /**
   * Globs of files that are no part of it.
   *
   * @default - byte code and virtual environments
   */
  readonly exclude?: string[];
  /**
   * Whether definitions that the folder lacks are taken out of the registry. Another branch's are lost then.
   *
   * @default false
   */
  readonly allowDelete?: boolean;
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

/** Properties of the job that registers definitions. */
export interface FeatureApplyProps extends FeatureApplyOptions {
  /** The store. */
  readonly store: FeatureStore;
}

const EXCLUDE = ['**/__pycache__', '**/*.pyc', '**/.venv', '**/.git'];

/**
 * Registers Python definitions after each deployment that ended well, once the tables are there.
 *
 * Definitions that differ from the views of the stack are refused before anything is written, and the alarm tells of it.
 *
 * Fails with `no-feature-repo`, `no-route-out`, `invalid-cpu` or `invalid-memory-limit-mib`.
 */
export class FeatureApply extends Construct {
  /** Runs the job; start it by hand to apply without a deployment. */
  readonly stateMachine: sfn.StateMachine;
  /** What the job may do. */
  readonly taskRole: iam.IRole;
  /** Goes off when a run fails. */
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: FeatureApplyProps) {
    const plan = decide(scope, id, props);
    super(scope, id);
    const { store } = props;
    const repo = new s3assets.Asset(this, 'Repo', { path: props.featureRepo, exclude: [...EXCLUDE, ...props.exclude ?? []] });
    const job = new FeatureJob(this, 'Job', store._surroundings(FeatureAccess.APPLY), plan, { FEAST_REPO_URI: repo.s3ObjectUrl });
    store.grants.apply(job.taskRole);
    grantFiles(job.taskRole, [store._tablesArn, Stack.of(this).formatArn({
      service: 's3', region: '', account: '', resource: repo.s3BucketName, resourceName: repo.s3ObjectKey,
    })]);
    this.stateMachine = job.stateMachine;
    this.taskRole = job.taskRole;
    this.alarm = failureAlarm(this, job.stateMachine, 'definitions of features were not applied', store._props.alarmActions ?? []);
    this.runAfterDeployments();
  }

  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-events.html */
  private runAfterDeployments(): void {
    new events.Rule(this, 'AfterDeployment', {
      eventPattern: {
        source: ['aws.cloudformation'],
        detailType: ['CloudFormation Stack Status Change'],
        detail: { 'stack-id': [Stack.of(this).stackId], 'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'] } },
      },
      targets: [new targets.SfnStateMachine(this.stateMachine)],
    });
  }
}

function decide(scope: Construct, id: string, props: FeatureApplyProps): FeatureJobBlueprint {
  const faults = Faults.of(scope, id);
  const { featureRepo } = props;
  faults.check(existsSync(featureRepo) && statSync(featureRepo).isDirectory(), 'no-feature-repo',
    `featureRepo ${show(featureRepo)} is no folder; give the one with the Python definitions, from where the app is run`);
  const plan = decideJob(faults, props.store._props.network, {
    command: 'features-apply', arguments: props.allowDelete ? ['--allow-delete'] : [], cpu: props.cpu, memoryLimitMiB: props.memoryLimitMiB,
  });
  faults.throwIfAny();
  return plan;
}
