import { RUNTIME_USER_AND_GROUP } from '../../core/private/runtime-user';

/** A task on Fargate that runs once and ends, decided. */
export interface JobPlan {
  readonly command: string[];
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  /** First part of the names of its log streams. */
  readonly logPrefix: string;
}

/** How long a job may take, and how often it is tried. */
export interface JobPatience {
  /** Seconds after which a try is ended. */
  readonly timeoutSeconds: number;
  /** Tries of a task that ran and failed; 1 is none after the first. */
  readonly tries: number;
}

/** What whoever runs a job has to know of it. Values may be known only at deploy time. */
export interface JobTarget {
  readonly partition: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly subnets: string[];
  readonly securityGroups: string[];
  /** Tasks of the cluster, whose ids nobody knows before they start. */
  readonly tasksArn: string;
  /** Roles that the task takes. */
  readonly roleArns: string[];
  /** The rule by which Step Functions hears that a task ended; it makes the rule itself. */
  readonly endRuleArn: string;
}

/** A right, as a statement of a policy. */
export interface JobRight {
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: { readonly [operator: string]: { readonly [key: string]: string } };
}

/** What the containers of all jobs have in common: the user of the runtime's images, and the one place where it may write. */
export const JOB_CONTAINER = { name: 'Container', user: RUNTIME_USER_AND_GROUP, scratchVolume: { name: 'tmp', path: '/tmp' } };

/** What ECS refuses before a task runs, for example for want of capacity: five more starts within a quarter of an hour. */
const START_AGAIN = { ErrorEquals: ['ECS.AmazonECSException', 'ECS.ServerException'], IntervalSeconds: 30, MaxAttempts: 5, BackoffRate: 2 };
/** More than all pauses between starts and tries. */
const PAUSES_SECONDS = 1800;

/**
 * The state of a state machine that runs the task and waits for its end. What comes next is for the caller to add.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
export function runTaskState(target: JobTarget, { timeoutSeconds, tries }: JobPatience, environment?: object[]): object {
  const { partition, clusterArn, taskDefinitionArn, subnets, securityGroups } = target;
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::ecs:runTask.sync`,
    Parameters: {
      LaunchType: 'FARGATE',
      Cluster: clusterArn,
      TaskDefinition: taskDefinitionArn,
      PropagateTags: 'TASK_DEFINITION',
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: subnets, SecurityGroups: securityGroups, AssignPublicIp: 'DISABLED' } },
      ...environment ? { Overrides: { ContainerOverrides: [{ Name: JOB_CONTAINER.name, Environment: environment }] } } : {},
    },
    TimeoutSeconds: timeoutSeconds,
    Retry: [
      START_AGAIN,
      ...tries > 1 ? [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 60, MaxAttempts: tries - 1, BackoffRate: 3 }] : [],
    ],
  };
}

/** A state machine with the task as its one state. */
export function oneTaskMachine(target: JobTarget, patience: JobPatience): object {
  return { StartAt: 'Run', States: { Run: { ...runTaskState(target, patience), End: true } } };
}

/** Seconds after which a state machine gives up: later than its task would by itself. */
export function machineSeconds({ timeoutSeconds, tries }: JobPatience): number {
  return tries * timeoutSeconds + PAUSES_SECONDS;
}

/**
 * What it takes to run the task, to look after it, and to hand on the tags of its definition: without that right a task of a tagged stack
 * would not start.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
 */
export function runRights({ clusterArn, taskDefinitionArn, tasksArn, roleArns }: JobTarget): JobRight[] {
  return [
    { actions: ['ecs:RunTask'], resources: [taskDefinitionArn], conditions: { ArnEquals: { 'ecs:cluster': clusterArn } } },
    { actions: ['ecs:TagResource'], resources: [tasksArn], conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } },
    { actions: ['ecs:StopTask', 'ecs:DescribeTasks'], resources: [tasksArn] },
    { actions: ['iam:PassRole'], resources: roleArns, conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
  ];
}

/**
 * What a state machine needs besides, to hear of the end.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
export function waitRights({ endRuleArn }: Pick<JobTarget, 'endRuleArn'>): JobRight[] {
  return [{ actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], resources: [endRuleArn] }];
}
