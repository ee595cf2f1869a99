import type { Duration } from 'aws-cdk-lib';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';
import { checkFargateSize } from '../../network/blueprint/fargate-size';

/** What a user may say about a job. */
export interface FeatureJobInput {
  /** Command of the runtime, for example `features-apply`. */
  readonly command: string;
  readonly arguments?: string[];
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly timeout?: Duration;
  /** Default: 3. */
  readonly tries?: number;
}

/** A job, as data. */
export interface FeatureJobBlueprint {
  readonly command: string[];
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly timeoutSeconds: number;
  readonly tries: number;
  readonly user: string;
  readonly scratchVolume: { readonly name: string; readonly path: string };
}

/** What the state machine of a job has to know. Values may be known only at deploy time. */
export interface FeatureJobMachineInput {
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly subnets: string[];
  readonly securityGroups: string[];
  readonly timeoutSeconds: number;
  readonly tries: number;
}

const SIX_HOURS = 6 * 3600;
const WEEK_SECONDS = 7 * 86_400;

/** Feast takes half a GB before it has read a row; an interval of history comes on top, as one table in memory. */
export function featureJob(faults: Faults, input: FeatureJobInput): FeatureJobBlueprint {
  const [cpu, memoryLimitMiB] = [input.cpu ?? 512, input.memoryLimitMiB ?? 2048];
  checkFargateSize(faults, cpu, memoryLimitMiB);
  return {
    command: ['python', '-m', 'ml_platform_runtime', input.command, ...input.arguments ?? []],
    cpu,
    memoryLimitMiB,
    timeoutSeconds: wholeSeconds(faults, 'timeout', input.timeout, { min: 60, max: WEEK_SECONDS, otherwise: SIX_HOURS }),
    tries: input.tries ?? 3,
    user: '1000:1000',
    scratchVolume: { name: 'tmp', path: '/tmp' },
  };
}

/**
 * One task, tried again if it may. Two of a kind never work at once: the runtime holds a lock in the registry's database, which ends with the
 * process, and a run that is killed is taken up again from the last interval that the registry knows.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
export function jobMachine(input: FeatureJobMachineInput): object {
  return {
    StartAt: 'Run',
    States: {
      Run: {
        Type: 'Task',
        Resource: 'arn:aws:states:::ecs:runTask.sync',
        Parameters: {
          LaunchType: 'FARGATE',
          Cluster: input.clusterArn,
          TaskDefinition: input.taskDefinitionArn,
          PropagateTags: 'TASK_DEFINITION',
          NetworkConfiguration: {
            AwsvpcConfiguration: { Subnets: input.subnets, SecurityGroups: input.securityGroups, AssignPublicIp: 'DISABLED' },
          },
        },
        TimeoutSeconds: input.timeoutSeconds,
        ...input.tries > 1
          ? { Retry: [{ ErrorEquals: ['States.TaskFailed', 'ECS.AmazonECSException'], IntervalSeconds: 60, MaxAttempts: input.tries - 1, BackoffRate: 3 }] }
          : {},
        End: true,
      },
    },
  };
}
