import type { Duration } from 'aws-cdk-lib';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';
import { checkFargateSize } from '../../network/blueprint/fargate-size';
import type { JobPatience, JobPlan } from '../../network/blueprint/job-plan';

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
export interface FeatureJobBlueprint extends JobPlan, JobPatience {}

const SIX_HOURS = 6 * 3600;
const WEEK_SECONDS = 7 * 86_400;

/**
 * Feast takes half a GB before it has read a row; an interval of history comes on top, as one table in memory.
 *
 * Two jobs of a kind never work at once, so that one may be tried again: the runtime holds a lock in the registry's database, which ends with
 * the process, and a run that is killed is taken up again from the last interval that the registry knows.
 */
export function featureJob(faults: Faults, input: FeatureJobInput): FeatureJobBlueprint {
  const [cpu, memoryLimitMiB] = [input.cpu ?? 512, input.memoryLimitMiB ?? 2048];
  checkFargateSize(faults, cpu, memoryLimitMiB);
  return {
    command: ['python', '-m', 'ml_platform_runtime', input.command, ...input.arguments ?? []],
    cpu,
    memoryLimitMiB,
    timeoutSeconds: wholeSeconds(faults, 'timeout', input.timeout, { min: 60, max: WEEK_SECONDS, otherwise: SIX_HOURS }),
    tries: input.tries ?? 3,
    logPrefix: 'job',
  };
}
