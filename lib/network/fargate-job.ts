import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledgeAll, acknowledgeWildcards } from './acknowledge-wildcards';
import { alarmAboveZero } from './alarm-above-zero';
import { JOB_CONTAINER, machineSeconds, runRights, waitRights, type JobPatience, type JobPlan, type JobRight, type JobTarget } from './blueprint/job-plan';
import { metricDeadLetters } from './dead-letters';
import type { IMlNetwork } from './interfaces';
import { makeOneJobMachine } from './one-job-machine';
import { missingEndpoints } from './private/missing-endpoints';
import type { Faults } from '../core/private/faults';

/** How runs are counted. */
const RUNS = { statistic: cloudwatch.Stats.SUM, period: Duration.minutes(5) };

/** Where a job stands and what its container is given. */
export interface JobPlace {
  readonly network: IMlNetwork;
  readonly cluster: ecs.ICluster;
  readonly image: ecs.ContainerImage;
  /** Default: x86. */
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  readonly environment: { readonly [name: string]: string };
  readonly secrets?: { readonly [name: string]: ecs.Secret };
  readonly logRetention: logs.RetentionDays;
  /** Of the security group. */
  readonly description: string;
  /** Whether it calls AWS only, and no database or service of the network. */
  readonly callsAwsOnly?: boolean;
}

/** A task on Fargate that runs once and ends, with what belongs to it. */
export interface FargateJob {
  readonly cluster: ecs.ICluster;
  readonly logGroup: logs.LogGroup;
  readonly securityGroup: ec2.SecurityGroup;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** What whoever runs it has to know. */
  readonly target: JobTarget;
}

/**
 * Without a way out the task of a job needs an endpoint for each service that it calls; S3 and DynamoDB always have one.
 *
 * @param services short names of the endpoints, besides those that every task needs
 */
export function checkJobRoute(faults: Faults, network: IMlNetwork, services: string[]): void {
  const missing = missingEndpoints(network, services);
  faults.check(missing.length === 0, 'no-route-out',
    `network has no route out, and the task needs interface endpoints for ${missing.join(', ')}; add them to the network, or give it a NAT gateway`);
}

/** Makes a job in the scope, with the ids `Logs`, `SecurityGroup` and `TaskDefinition`. Nothing starts it. */
export function makeJob(scope: Construct, plan: JobPlan, place: JobPlace): FargateJob {
  const { vpc } = place.network;
  const logGroup = new logs.LogGroup(scope, 'Logs', { retention: place.logRetention, removalPolicy: RemovalPolicy.DESTROY });
  const securityGroup = new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, allowAllOutbound: !place.callsAwsOnly, description: place.description });
  if (place.callsAwsOnly) securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS APIs');
  const taskDefinition = makeTaskDefinition(scope, plan, place, logGroup);
  return { cluster: place.cluster, logGroup, securityGroup, taskDefinition, target: targetOf(place, taskDefinition, securityGroup) };
}

function makeTaskDefinition(scope: Construct, plan: JobPlan, place: JobPlace, logGroup: logs.ILogGroup): ecs.FargateTaskDefinition {
  const { name, user, scratchVolume } = JOB_CONTAINER;
  const definition = new ecs.FargateTaskDefinition(scope, 'TaskDefinition', {
    cpu: plan.cpu,
    memoryLimitMiB: plan.memoryLimitMiB,
    volumes: [{ name: scratchVolume.name }],
    runtimePlatform: { cpuArchitecture: place.cpuArchitecture ?? ecs.CpuArchitecture.X86_64, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
  });
  const container = definition.addContainer(name, {
    image: place.image,
    command: plan.command,
    environment: { ...place.environment, HOME: scratchVolume.path },
    secrets: place.secrets,
    user,
    readonlyRootFilesystem: true,
    logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: plan.logPrefix }),
  });
  container.addMountPoints({ sourceVolume: scratchVolume.name, containerPath: scratchVolume.path, readOnly: false });
  acknowledgeAll(definition, ['AwsSolutions-ECS2'], 'the environment holds names and addresses only; secrets come from Secrets Manager');
  acknowledgeAll(definition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
  return definition;
}

/** A cluster for jobs: it costs nothing. */
export function jobCluster(scope: Construct, id: string, vpc: ec2.IVpc): ecs.Cluster {
  const cluster = new ecs.Cluster(scope, id, { vpc, containerInsightsV2: ecs.ContainerInsights.DISABLED });
  acknowledgeAll(cluster, ['AwsSolutions-ECS4'], 'it runs short tasks, whose outcome has alarms; Container Insights would be billed by metric');
  return cluster;
}

/** Lets a role start the job, look after it and end it. */
export function letRunJob(role: iam.IRole, job: FargateJob): void {
  letTo(role, job, runRights(job.target));
}

/** Makes a state machine around the job, with the id `StateMachine`, and lets it run the job. */
export function makeJobMachine(scope: Construct, job: FargateJob, patience: JobPatience, definition: object): sfn.StateMachine {
  const machine = makeOneJobMachine(scope, definition, machineSeconds(patience), 'ECS');
  letTo(machine.role, job, [...runRights(job.target), ...waitRights(job.target)]);
  return machine;
}

/** Rings when a run fails for good or takes too long, and while the queue has a start that did not succeed. */
export function failedRunsAlarm(
  scope: Construct, id: string, machine: sfn.IStateMachine, description: string, actions: cloudwatch.IAlarmAction[], deadLetters?: sqs.IQueue,
): cloudwatch.Alarm {
  const runs = { failed: machine.metricFailed(RUNS), late: machine.metricTimedOut(RUNS) };
  const metrics: Record<string, cloudwatch.IMetric> = deadLetters ? { ...runs, lost: metricDeadLetters(deadLetters) } : runs;
  const unwell = new cloudwatch.MathExpression({
    expression: Object.keys(metrics).map((name) => `FILL(${name}, 0)`).join(' + '),
    usingMetrics: metrics,
    period: Duration.minutes(5),
    label: 'runs that did not end well',
  });
  return alarmAboveZero(scope, id, unwell, description, actions);
}

function targetOf({ network, cluster }: JobPlace, taskDefinition: ecs.FargateTaskDefinition, securityGroup: ec2.ISecurityGroup): JobTarget {
  const stack = Stack.of(taskDefinition);
  return {
    partition: stack.partition,
    clusterArn: cluster.clusterArn,
    taskDefinitionArn: taskDefinition.taskDefinitionArn,
    subnets: network.vpc.selectSubnets(network.privateSubnets).subnetIds,
    securityGroups: [securityGroup.securityGroupId],
    tasksArn: stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${cluster.clusterName}/*` }),
    roleArns: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
    endRuleArn: stack.formatArn({ service: 'events', resource: 'rule', resourceName: 'StepFunctionsGetEventsForECSTaskRule' }),
  };
}

function letTo(role: iam.IRole, job: FargateJob, rights: JobRight[]): void {
  acknowledgeWildcards(role, [job.target.tasksArn], 'a task has no ARN before it runs; the cluster is the limit');
  for (const { actions, resources, conditions } of rights) role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
}
