import type { Duration } from 'aws-cdk-lib';
import { wholeSeconds } from './durations';
import { checkFargateSize } from './fargate-size';
import { AlarmBlueprint, serviceAlarms } from './service-alarms';
import type { ServiceAlarmThresholds, ServiceHealthCheck, ServiceScaling } from './service-options';
import { checkInteger, checkLiteral, checkNumber, checkText, DNS_LABEL, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { RUNTIME_USER_AND_GROUP } from '../../core/private/runtime-user';
import { stableNumber } from '../../core/private/stable-hash';
import { isUnresolved } from '../../core/private/tokens';

/** What a user may say about a service, in every engine. */
export interface InternalServiceInput {
  readonly hostName: string;
  readonly domainName: string;
  readonly protocol: string;
  readonly port?: number;
  readonly command?: string[];
  readonly environment?: { readonly [name: string]: string };
  readonly secretNames?: string[];
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly ephemeralStorageGiB?: number;
  readonly user?: string;
  readonly desiredCount?: number;
  readonly scaling?: ServiceScaling;
  readonly healthCheck?: ServiceHealthCheck;
  readonly alarmThresholds?: ServiceAlarmThresholds;
  readonly deregistrationDelay?: Duration;
  readonly listenerPriority?: number;
}

/** How the number of tasks follows the load, decided. */
export interface ScalingBlueprint {
  readonly minTasks: number;
  readonly maxTasks: number;
  readonly targetCpuPercent: number;
  readonly targetRequestsPerMinute?: number;
  readonly scaleInSeconds: number;
  readonly scaleOutSeconds: number;
}

/** How a task is found well, decided. */
export interface HealthCheckBlueprint {
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly graceSeconds: number;
  readonly healthyHttpCodes: string;
}

/** A service behind the internal load balancer, decided. */
export interface InternalServiceBlueprint {
  readonly hostName: string;
  readonly url: string;
  readonly port: number;
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly ephemeralStorageGiB?: number;
  readonly user: string;
  readonly command?: string[];
  readonly environment: { [name: string]: string };
  /** The only place that the container can write to. */
  readonly scratchVolume: { name: string; path: string };
  /** Absent when scaling owns the number. */
  readonly desiredCount?: number;
  readonly scaling?: ScalingBlueprint;
  readonly deployment: { minHealthyPercent: number; maxHealthyPercent: number };
  readonly healthCheck: HealthCheckBlueprint;
  readonly deregistrationDelaySeconds: number;
  readonly listenerPriority: number;
  readonly alarms: AlarmBlueprint[];
}

/** Range of listener rule priorities. */
export const PRIORITIES = { min: 1, max: 50_000 };
const MAX_TASKS = 5_000;
const ENVIRONMENT_NAME = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, allowed: 'letters, digits and underscores, not starting with a digit' };
const USER = { pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?$/, allowed: 'user, uid, user:group or uid:gid' };
const PATH = { pattern: /^\/[A-Za-z0-9_\-.$/~"'@:+&?=%]{0,1022}$/, allowed: 'a path of at most 1,023 characters that starts with a slash' };

/** Decides on a service; the engine creates what this says. */
export function internalService(faults: Faults, input: InternalServiceInput): InternalServiceBlueprint {
  const port = input.port ?? 8080;
  const cpu = input.cpu ?? 256;
  const memoryLimitMiB = input.memoryLimitMiB ?? 512;
  checkLiteral(faults, 'hostName', input.hostName);
  checkText(faults, 'hostName', input.hostName, DNS_LABEL);
  checkLiteral(faults, 'port', input.port);
  checkInteger(faults, 'port', input.port, { min: 1, max: 65_535 });
  checkFargateSize(faults, cpu, memoryLimitMiB);
  checkInteger(faults, 'ephemeralStorageGiB', input.ephemeralStorageGiB, { min: 21, max: 200, unit: 'GiB' });
  checkText(faults, 'user', input.user, USER);
  checkLiteral(faults, 'listenerPriority', input.listenerPriority);
  checkInteger(faults, 'listenerPriority', input.listenerPriority, PRIORITIES);
  checkContainer(faults, input);
  const hostName = `${input.hostName}.${input.domainName}`;
  const size = tasks(faults, input);
  return {
    hostName,
    url: `${input.protocol}://${hostName}`,
    port, cpu, memoryLimitMiB,
    ephemeralStorageGiB: input.ephemeralStorageGiB,
    user: input.user ?? RUNTIME_USER_AND_GROUP,
    command: input.command,
    environment: { ML_HOST: '0.0.0.0', ML_PORT: String(port), ...input.environment },
    scratchVolume: { name: 'tmp', path: '/tmp' },
    ...size,
    deployment: { minHealthyPercent: 100, maxHealthyPercent: 200 },
    healthCheck: healthCheck(faults, input.healthCheck ?? {}),
    deregistrationDelaySeconds: wholeSeconds(faults, 'deregistrationDelay', input.deregistrationDelay, { min: 0, max: 3600, otherwise: 30 }),
    listenerPriority: input.listenerPriority ?? stableNumber(hostName, PRIORITIES.min, PRIORITIES.max),
    alarms: alarms(faults, hostName, input.alarmThresholds ?? {}, size.scaling?.minTasks ?? size.desiredCount ?? 0),
  };
}

function checkContainer(faults: Faults, input: InternalServiceInput): void {
  const names = Object.keys(input.environment ?? {});
  const secrets = input.secretNames ?? [];
  for (const name of names) checkText(faults, 'environment name', name, ENVIRONMENT_NAME);
  for (const name of secrets) checkText(faults, 'secrets name', name, ENVIRONMENT_NAME);
  for (const name of names.filter((candidate) => secrets.includes(candidate))) {
    faults.add('duplicate-environment', `environment and secrets both name ${show(name)}; keep one of them`);
  }
  for (const name of secrets.filter((candidate) => candidate === 'ML_HOST' || candidate === 'ML_PORT')) {
    faults.add('reserved-secret', `secrets names ${show(name)}, which is the address that the server listens on; set it in environment or leave it out`);
  }
  faults.check(input.command === undefined || input.command.length > 0, 'empty-command',
    'command is an empty list, which would run nothing; give at least one word or leave it out to run the image\'s own command');
}

function tasks(faults: Faults, input: InternalServiceInput): Pick<InternalServiceBlueprint, 'desiredCount' | 'scaling'> {
  checkLiteral(faults, 'desiredCount', input.desiredCount);
  checkInteger(faults, 'desiredCount', input.desiredCount, { min: 0, max: MAX_TASKS, unit: 'tasks' });
  const scaling = input.scaling;
  if (!scaling) return { desiredCount: input.desiredCount ?? 1 };
  faults.check(input.desiredCount === undefined, 'desired-count-with-scaling',
    'desiredCount is given together with scaling, which changes it all the time; use scaling.minTasks');
  const minTasks = scaling.minTasks ?? 1;
  checkLiteral(faults, 'scaling', scaling);
  checkInteger(faults, 'scaling.minTasks', scaling.minTasks, { min: 1, max: MAX_TASKS, unit: 'tasks' });
  checkInteger(faults, 'scaling.maxTasks', scaling.maxTasks, { min: 1, max: MAX_TASKS, unit: 'tasks' });
  faults.check(!(scaling.maxTasks < minTasks) || isUnresolved(scaling), 'max-tasks-below-min-tasks',
    `scaling.maxTasks ${show(scaling.maxTasks)} is below minTasks ${show(minTasks)}; raise maxTasks or lower minTasks`);
  checkNumber(faults, 'scaling.targetCpuPercent', scaling.targetCpuPercent, { min: 10, max: 95, unit: 'percent' });
  checkInteger(faults, 'scaling.targetRequestsPerMinute', scaling.targetRequestsPerMinute, { min: 1, max: 10_000_000 });
  return {
    scaling: {
      minTasks, maxTasks: scaling.maxTasks,
      targetCpuPercent: scaling.targetCpuPercent ?? 60,
      targetRequestsPerMinute: scaling.targetRequestsPerMinute,
      // out at once, in slowly: a task costs cents, a lost request more
      scaleOutSeconds: 60, scaleInSeconds: 300,
    },
  };
}

function healthCheck(faults: Faults, check: ServiceHealthCheck): HealthCheckBlueprint {
  checkText(faults, 'healthCheck.path', check.path, PATH);
  checkInteger(faults, 'healthCheck.healthyThreshold', check.healthyThreshold, { min: 2, max: 10, unit: 'checks' });
  checkInteger(faults, 'healthCheck.unhealthyThreshold', check.unhealthyThreshold, { min: 2, max: 10, unit: 'checks' });
  const intervalSeconds = wholeSeconds(faults, 'healthCheck.interval', check.interval, { min: 5, max: 300, otherwise: 15 });
  const timeoutSeconds = wholeSeconds(faults, 'healthCheck.timeout', check.timeout, { min: 2, max: 120, otherwise: 5 });
  faults.check(timeoutSeconds < intervalSeconds, 'health-check-timeout-too-long',
    `healthCheck.timeout of ${timeoutSeconds} seconds is not below the interval of ${intervalSeconds} seconds; shorten timeout or lengthen interval`);
  return {
    path: check.path ?? '/health',
    intervalSeconds, timeoutSeconds,
    healthyThreshold: check.healthyThreshold ?? 2,
    unhealthyThreshold: check.unhealthyThreshold ?? 3,
    graceSeconds: wholeSeconds(faults, 'healthCheck.gracePeriod', check.gracePeriod, { min: 0, max: 7_200, otherwise: 60 }),
    healthyHttpCodes: '200-299',
  };
}

function alarms(faults: Faults, hostName: string, thresholds: ServiceAlarmThresholds, expectedTasks: number): AlarmBlueprint[] {
  const { errorPercent = 5, minRequests = 20, latencyP99 } = thresholds;
  checkLiteral(faults, 'alarmThresholds.minRequests', minRequests);
  checkNumber(faults, 'alarmThresholds.errorPercent', errorPercent, { min: 0, max: 100, unit: 'percent' });
  checkInteger(faults, 'alarmThresholds.minRequests', minRequests, { min: 1, max: 1_000_000_000 });
  const latencyMs = latencyP99 === undefined ? 1000 : latencyP99.isUnresolved() ? NaN : latencyP99.toMilliseconds({ integral: false });
  faults.check(latencyMs >= 1 && latencyMs <= 3_600_000, 'invalid-alarm-thresholds-latency-p99',
    `alarmThresholds.latencyP99 of ${show(latencyMs)} milliseconds is not from 1 to 3600000; use a literal duration in that range`);
  return serviceAlarms({ hostName, errorPercent, minRequests, latencySeconds: latencyMs / 1000, expectedTasks });
}
