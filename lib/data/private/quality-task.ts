import { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { catalogEnvironment } from './catalog-environment';
import { give } from './give';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { jobCluster, makeJob, makeJobMachine, type FargateJob } from '../../network/fargate-job';
import { PlatformBusGrants } from '../../network/platform-bus-grants';
import { runtimeImage } from '../../network/runtime-image';
import { qualityMachine, type QualityCheckBlueprint } from '../blueprint/quality-check';
import type { QualityChecks } from '../blueprint/quality-choices';
import type { DataQualityCheckProps } from '../quality-check-props';

/** What a task is made from. */
export interface QualityTaskProps {
  readonly plan: QualityCheckBlueprint;
  readonly props: DataQualityCheckProps;
  readonly files: { readonly contracts: QualityChecks[]; readonly suites: string[] };
  /** Prefix of the reports in their bucket. */
  readonly prefix: string;
  readonly dimensions: { readonly Table: string; readonly Check: string };
  /** Address of the reports. */
  readonly reports: string;
}

/** A quality check's task with its state machine. */
export interface QualityTask extends FargateJob {
  readonly stateMachine: sfn.StateMachine;
}

/** Makes task, rights and state machine of a quality check in the scope of the check itself. */
export function makeQualityTask(scope: Construct, all: QualityTaskProps): QualityTask {
  const { plan, props } = all;
  const { network, cpuArchitecture } = props;
  const files = publish(scope, all);
  const job = makeJob(scope, plan, {
    network, cpuArchitecture,
    cluster: props.cluster ?? jobCluster(scope, 'Cluster', network.vpc),
    image: props.image ?? runtimeImage(plan.target, cpuArchitecture),
    environment: environmentOf(all, files),
    logRetention: logs.RetentionDays.ONE_MONTH,
    description: 'Quality check of a table',
    callsAwsOnly: true,
  });
  letTask(job.taskDefinition, all, files);
  return { ...job, stateMachine: makeStateMachine(scope, job, all) };
}

/** The check files, each as an asset. */
interface PublishedFiles {
  readonly contracts: assets.Asset[];
  readonly suites: assets.Asset[];
}

function publish(scope: Construct, { files }: QualityTaskProps): PublishedFiles {
  return {
    contracts: files.contracts.flatMap(({ _contract }) => (_contract ? [new assets.Asset(scope, 'Contract', { path: _contract.file })] : [])),
    suites: files.suites.map((path, index) => new assets.Asset(scope, `Suite${index + 1}`, { path })),
  };
}

function environmentOf({ plan, props, dimensions, reports }: QualityTaskProps, { contracts, suites }: PublishedFiles): { [name: string]: string } {
  const addresses = (all: assets.Asset[]): string => all.map(({ s3ObjectUrl }) => s3ObjectUrl).join(' ');
  return {
    ML_QUALITY_TABLE: dimensions.Table,
    ML_QUALITY_REPORT: reports,
    ML_QUALITY_SAMPLE: plan.sample,
    ML_QUALITY_MEMORY_MIB: String(plan.keptMiB),
    ML_QUALITY_NAME: dimensions.Check,
    ML_QUALITY_METRICS_NAMESPACE: plan.namespace,
    ...(contracts.length > 0 ? { ML_QUALITY_CONTRACT: addresses(contracts) } : {}),
    ...(suites.length > 0 ? { ML_QUALITY_SUITES: addresses(suites) } : {}),
    ...(props.showValues ? { ML_QUALITY_SHOW_VALUES: 'true' } : {}),
    ...(props.eventBus ? { ML_EVENT_BUS: props.eventBus.eventBusName, ML_ENVIRONMENT: props.environmentName ?? 'default' } : {}),
    ...(props.engine?._workgroup ? { ML_QUALITY_ATHENA_WORKGROUP: props.engine._workgroup.workgroupName } : {}),
    ...catalogEnvironment(props.table.s3TableCatalog),
  };
}

function letTask(taskDefinition: ecs.FargateTaskDefinition, { props, prefix }: QualityTaskProps, { contracts, suites }: PublishedFiles): void {
  const { taskRole } = taskDefinition;
  for (const { s3BucketName, s3ObjectKey } of [...contracts, ...suites]) {
    // the file itself, and nothing beside it
    const file = Stack.of(taskDefinition).formatArn({ service: 's3', region: '', account: '', resource: s3BucketName, resourceName: s3ObjectKey });
    taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [file] }));
  }
  props.table.grants.read(taskRole);
  props.engine?._workgroup?.grants.query(taskRole);
  const objects = props.reportBucket.arnForObjects(`${prefix}/*`);
  give(taskRole, [{ actions: ['s3:GetObject', 's3:PutObject'], resources: [objects] }], props.reportBucket, true);
  if (props.eventBus) new PlatformBusGrants(props.eventBus).publish(taskRole);
}

function makeStateMachine(scope: Construct, job: FargateJob, { plan, dimensions, reports }: QualityTaskProps): sfn.StateMachine {
  const { namespace } = plan;
  const machine = makeJobMachine(scope, job, plan, qualityMachine(job.target, plan, { ...dimensions }, reports));
  machine.addToRolePolicy(new iam.PolicyStatement({
    actions: ['cloudwatch:PutMetricData'], resources: ['*'], conditions: { StringEquals: { 'cloudwatch:namespace': namespace } },
  }));
  acknowledgeWildcards(machine.role, ['*'], 'cloudwatch:PutMetricData cannot be confined to a resource; the namespace is the limit');
  return machine;
}
