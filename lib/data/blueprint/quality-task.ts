import type { Duration } from 'aws-cdk-lib';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';
import { checkFargateSize } from '../../network/blueprint/fargate-size';
import type { JobPatience, JobPlan } from '../../network/blueprint/job-plan';

/** What a user may say about the task of a check. */
export interface QualityTaskInput {
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly timeout?: Duration;
}

/** The task of a check, decided. */
export interface QualityTaskBlueprint extends JobPlan, JobPatience {
  /** Stage of the runtime image. */
  readonly target: 'data' | 'quality';
  /** What may be kept in memory at once: an eighth of the task's, because judging it takes five times as much (measured). */
  readonly keptMiB: number;
}

/** Decides on a task; with suites it is larger. */
export function qualityTask(faults: Faults, input: QualityTaskInput, withSuites: boolean): QualityTaskBlueprint {
  const cpu = input.cpu ?? (withSuites ? 1024 : 512);
  const memoryLimitMiB = input.memoryLimitMiB ?? (withSuites ? 4096 : 2048);
  checkFargateSize(faults, cpu, memoryLimitMiB);
  return {
    target: withSuites ? 'quality' : 'data',
    command: ['python', '-m', 'ml_platform_runtime', 'quality', 'check'],
    cpu,
    memoryLimitMiB,
    logPrefix: 'quality',
    keptMiB: Math.floor(memoryLimitMiB / 8),
    timeoutSeconds: wholeSeconds(faults, 'timeout', input.timeout, { min: 60, max: 86_400, otherwise: 3600 }),
    // a task that ran is not run again: the same data gets the same verdict
    tries: 1,
  };
}
