import { Duration, Token } from 'aws-cdk-lib';
import { faultsOf } from './support';
import { Faults } from '../../lib/core/private/faults';
import { internalService, InternalServiceInput } from '../../lib/network/blueprint/internal-service';

const base = { hostName: 'registry', domainName: 'ml.internal', protocol: 'http' };

function plan(input: Partial<InternalServiceInput> = {}) {
  const faults = Faults.at('Platform/Service');
  const decided = internalService(faults, { ...base, ...input });
  faults.throwIfAny();
  return decided;
}

describe('a service', () => {
  test('is small, single and answers on 8080 by default', () => {
    expect(plan()).toMatchObject({
      hostName: 'registry.ml.internal', url: 'http://registry.ml.internal', port: 8080, cpu: 256, memoryLimitMiB: 512, desiredCount: 1,
      environment: { ML_HOST: '0.0.0.0', ML_PORT: '8080' }, user: '10001:10001', deregistrationDelaySeconds: 30,
    });
  });

  test('is told where to listen, unless its environment says so', () => {
    expect(plan({ port: 5000, environment: { A: 'b', ML_HOST: '127.0.0.1' } }).environment).toEqual({ ML_HOST: '127.0.0.1', ML_PORT: '5000', A: 'b' });
  });

  test('keeps its priority for ever', () => {
    expect(plan().listenerPriority).toBe(plan().listenerPriority);
    expect(plan({ hostName: 'other' }).listenerPriority).not.toBe(plan().listenerPriority);
    expect(plan({ listenerPriority: 7 }).listenerPriority).toBe(7);
  });

  test('priorities lie in the range of AWS and rarely meet', () => {
    const priorities = Array.from({ length: 500 }, (_, index) => plan({ hostName: `model-${index}` }).listenerPriority);
    for (const priority of priorities) expect(priority >= 1 && priority <= 50_000).toBe(true);
    expect(new Set(priorities).size).toBeGreaterThan(485);
  });
});

describe('sizes of Fargate', () => {
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
  test.each([
    [256, 512], [256, 1024], [256, 2048], [512, 1024], [512, 4096], [1024, 2048], [1024, 8192], [2048, 4096], [2048, 16384],
    [4096, 8192], [4096, 30720], [8192, 16384], [8192, 61440], [16384, 32768], [16384, 122880],
  ])('%d with %d MiB exists', (cpu, memoryLimitMiB) => {
    expect(plan({ cpu, memoryLimitMiB })).toMatchObject({ cpu, memoryLimitMiB });
  });

  test.each([
    [256, 4096, 'use one of 512, 1024, 2048, or cpu 512 or 1024 or 2048 for that memory'],
    [1024, 1024, 'use 2048 to 8192 in steps of 1024 (cpu 1024), or cpu 256 or 512 for that memory'],
    [8192, 17408, 'use 16384 to 61440 in steps of 4096 (cpu 8192), or cpu 4096 for that memory'],
    [256, 700, 'use one of 512, 1024, 2048'],
  ])('%d with %d MiB does not', (cpu, memoryLimitMiB, next) => {
    expect(faultsOf(() => plan({ cpu, memoryLimitMiB }))).toEqual([
      `[invalid-memory-limit-mib] memoryLimitMiB ${memoryLimitMiB} does not go with cpu ${cpu}; ${next}`,
    ]);
  });

  test('of another number of CPU units do not exist', () => {
    expect(faultsOf(() => plan({ cpu: 300 }))).toEqual(['[invalid-cpu] cpu 300 is not a Fargate size; use one of 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units']);
  });

  test('have to be literals', () => {
    expect(faultsOf(() => plan({ cpu: Token.asNumber({ Ref: 'Cpu' }) }))).toEqual([
      '[unresolved-cpu] cpu is known only at deploy time, but Fargate\'s sizes are checked at synthesis; give a literal',
    ]);
  });
});

describe('scaling', () => {
  test('owns the number of tasks', () => {
    const { desiredCount, scaling } = plan({ scaling: { maxTasks: 4 } });
    expect(desiredCount).toBeUndefined();
    expect(scaling).toMatchObject({ minTasks: 1, maxTasks: 4, targetCpuPercent: 60 });
  });

  test('that contradicts itself is refused', () => {
    expect(faultsOf(() => plan({ desiredCount: 2, scaling: { minTasks: 5, maxTasks: 3, targetCpuPercent: 99 } }))).toEqual([
      '[desired-count-with-scaling] desiredCount is given together with scaling, which changes it all the time; use scaling.minTasks',
      '[max-tasks-below-min-tasks] scaling.maxTasks 3 is below minTasks 5; raise maxTasks or lower minTasks',
      '[invalid-scaling-target-cpu-percent] scaling.targetCpuPercent 99 is not a number from 10 to 95 percent; use a value in that range',
    ]);
  });
});

describe('alarms', () => {
  const alarm = (id: string, input?: Partial<InternalServiceInput>) => plan(input).alarms.find((candidate) => candidate.id === id);

  test('watch unhealthy tasks, errors, latency and missing tasks', () => {
    expect(plan().alarms.map(({ id }) => id)).toEqual(['UnhealthyHosts', 'Errors', 'Latency', 'TooFewTasks']);
  });

  test('compare with what the user says', () => {
    const thresholds = { alarmThresholds: { errorPercent: 1, minRequests: 500, latencyP99: Duration.millis(250) } };
    expect(alarm('Errors', thresholds)).toMatchObject({ threshold: 1, expression: expect.stringContaining('requests >= 500') });
    expect(alarm('Latency', thresholds)).toMatchObject({ threshold: 0.25 });
  });

  test('expect as many tasks as there should be, and none when there should be none', () => {
    expect(alarm('TooFewTasks', { desiredCount: 3 })).toMatchObject({ threshold: 3, treatMissingData: 'breaching' });
    expect(alarm('TooFewTasks', { scaling: { minTasks: 2, maxTasks: 9 } })).toMatchObject({ threshold: 2 });
    expect(alarm('TooFewTasks', { desiredCount: 0 })).toBeUndefined();
  });
});

describe('validation', () => {
  test.each([
    [{ hostName: 'My_Host' }, '[invalid-host-name] hostName \'My_Host\' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit'],
    [{ hostName: Token.asString({ Ref: 'Host' }) }, '[unresolved-host-name] hostName is known only at deploy time, but it decides what is created; give a literal'],
    [{ port: 0 }, '[invalid-port] port 0 is not a whole number from 1 to 65535; use a value in that range'],
    [{ user: 'a b' }, '[invalid-user] user \'a b\' is not allowed; use user, uid, user:group or uid:gid'],
    [{ command: [] }, '[empty-command] command is an empty list, which would run nothing; give at least one word or leave it out to run the image\'s own command'],
    [{ environment: { 'A-B': 'c' } }, '[invalid-environment-name] environment name \'A-B\' is not allowed; use letters, digits and underscores, not starting with a digit'],
    [{ environment: { A: 'b' }, secretNames: ['A'] }, '[duplicate-environment] environment and secrets both name \'A\'; keep one of them'],
    [{ secretNames: ['ML_PORT'] }, '[reserved-secret] secrets names \'ML_PORT\', which is the address that the server listens on; set it in environment or leave it out'],
    [{ ephemeralStorageGiB: 20 }, '[invalid-ephemeral-storage-gib] ephemeralStorageGiB 20 is not a whole number from 21 to 200 GiB; use a value in that range'],
    [{ listenerPriority: 50_001 }, '[invalid-listener-priority] listenerPriority 50001 is not a whole number from 1 to 50000; use a value in that range'],
    [{ desiredCount: -1 }, '[invalid-desired-count] desiredCount -1 is not a whole number from 0 to 5000 tasks; use a value in that range'],
    [{ deregistrationDelay: Duration.hours(2) }, '[invalid-deregistration-delay] deregistrationDelay of 7200 seconds is not a whole number from 0 to 3600 seconds; use a duration in that range'],
    [{ healthCheck: { path: 'health' } }, '[invalid-health-check-path] healthCheck.path \'health\' is not allowed; use a path of at most 1,023 characters that starts with a slash'],
    [{ healthCheck: { interval: Duration.millis(5500) } }, '[invalid-health-check-interval] healthCheck.interval of 5.5 seconds is not a whole number from 5 to 300 seconds; use a duration in that range'],
    [{ healthCheck: { interval: Duration.seconds(10), timeout: Duration.seconds(10) } }, '[health-check-timeout-too-long] healthCheck.timeout of 10 seconds is not below the interval of 10 seconds; shorten timeout or lengthen interval'],
    [{ healthCheck: { healthyThreshold: 1 } }, '[invalid-health-check-healthy-threshold] healthCheck.healthyThreshold 1 is not a whole number from 2 to 10 checks; use a value in that range'],
    [{ alarmThresholds: { latencyP99: Duration.hours(2) } }, '[invalid-alarm-thresholds-latency-p99] alarmThresholds.latencyP99 of 7200000 milliseconds is not from 1 to 3600000; use a literal duration in that range'],
    [{ alarmThresholds: { errorPercent: 101 } }, '[invalid-alarm-thresholds-error-percent] alarmThresholds.errorPercent 101 is not a number from 0 to 100 percent; use a value in that range'],
  ] as [Partial<InternalServiceInput>, string][])('refuses %j', (input, message) => {
    expect(faultsOf(() => plan(input))).toEqual([message]);
  });
});
