import { Duration, Lazy } from 'aws-cdk-lib';
import fc from 'fast-check';
import { Faults } from '../../lib/core/private/faults';
import { isValidationError } from '../../lib/core/private/validation-error';
import { hostNameOf, inferenceUrl, modelService, type ModelServiceInput } from '../../lib/serving/blueprint/model-service';

const input: ModelServiceInput = { modelName: 'fraud', alias: 'champion', releaseTableName: 'releases', region: 'eu-west-1' };

function faultsOf(wrong: Partial<ModelServiceInput>): string[] {
  const faults = Faults.at('Stack/Fraud');
  modelService(faults, { ...input, ...wrong });
  try {
    faults.throwIfAny();
    return [];
  } catch (error) {
    if (isValidationError(error)) return error.faults.map(({ code, message }) => `[${code}] ${message}`);
    throw error;
  }
}

test('a model is served from a quarter of a vCPU and 1 GB, without pickle', () => {
  expect(modelService(Faults.at('x'), input)).toStrictEqual({
    hostName: 'fraud',
    command: ['python', '-m', 'ml_platform_runtime', 'serve'],
    port: 8080,
    cpu: 256,
    memoryLimitMiB: 1024,
    healthPath: '/health',
    healthGraceSeconds: 60,
    environment: {
      AWS_REGION: 'eu-west-1',
      HOME: '/tmp',
      ML_MODEL_NAME: 'fraud',
      ML_RELEASE_TABLE: 'releases',
      ML_RELEASE_POLL_MS: '500',
      ML_CACHE_DIR: '/tmp/ml-platform',
      ML_ALLOW_PICKLE: 'false',
    },
  });
});

test('choices reach the server', () => {
  const plan = modelService(Faults.at('x'), {
    ...input, hostName: 'scores', pollInterval: Duration.seconds(2), allowPickle: true, cpu: 1024, memoryLimitMiB: 2048, environment: { LOG_LEVEL: 'DEBUG' },
  });
  expect(plan).toMatchObject({ hostName: 'scores', cpu: 1024, memoryLimitMiB: 2048 });
  expect(plan.environment).toMatchObject({ ML_RELEASE_POLL_MS: '2000', ML_ALLOW_PICKLE: 'true', LOG_LEVEL: 'DEBUG' });
});

test.each<[string, string | undefined]>([
  ['fraud', 'fraud'], ['FraudModel', 'fraud-model'], ['Fraud Model_v2', 'fraud-model-v2'], ['a.b', 'a-b'],
  ['x'.repeat(100), 'x'.repeat(63)], [`${'x'.repeat(62)}-y`, 'x'.repeat(62)], ['...', undefined], ['${Token[TOKEN.1]}', undefined],
])('the host name of %j is %j', (model, host) => {
  expect(hostNameOf(model)).toBe(host);
});

test('the address of a model with a space is escaped, that of a token is left alone', () => {
  expect(inferenceUrl('http://x', 'my model')).toBe('http://x/v2/models/my%20model/infer');
  expect(inferenceUrl('http://x', '${Token[TOKEN.1]}')).toBe('http://x/v2/models/${Token[TOKEN.1]}/infer');
});

test.each<[Partial<ModelServiceInput>, string]>([
  [{ alias: 'challenger' },
    "[alias-without-release-record] model names alias 'challenger', but only 'champion' has a release record to follow; use model.alias('champion')"],
  [{ modelName: '...' },
    "[missing-host-name] hostName cannot be made of the model name '...'; give a hostName: 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
  [{ hostName: 'Fraud' },
    "[invalid-host-name] hostName 'Fraud' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
  [{ pollInterval: Duration.millis(50) },
    '[invalid-poll-interval] pollInterval of 50 milliseconds is not a whole number from 100 to 60000; use a duration in that range'],
  [{ pollInterval: Duration.seconds(Lazy.number({ produce: () => 1 })) },
    '[unresolved-poll-interval] pollInterval is known only at deploy time, but it is checked at synthesis; give a literal'],
  [{ cpu: 256, memoryLimitMiB: 4096 },
    '[invalid-memory-limit-mib] memoryLimitMiB 4096 does not go with cpu 256; use one of 512, 1024, 2048, or cpu 512 or 1024 or 2048 for that memory'],
  [{ environment: { ML_MODEL_NAME: 'other' } },
    "[reserved-environment] environment names 'ML_MODEL_NAME', which the service sets itself; leave it out"],
  [{ environment: { ML_PORT: '1' } },
    "[reserved-environment] environment names 'ML_PORT', which the service sets itself; leave it out"],
])('%j is refused', (wrong, message) => {
  expect(faultsOf(wrong)).toEqual([message]);
});

test('random input is planned or refused by faults, never by another error', () => {
  let planned = 0;
  const number = fc.oneof(fc.constant(undefined), fc.integer(), fc.double(), fc.constantFrom(256, 512, 1024, 2048, 4096));
  fc.assert(fc.property(fc.record({
    modelName: fc.string(), alias: fc.oneof(fc.constant('champion'), fc.string()), hostName: fc.option(fc.string(), { nil: undefined }),
    cpu: number, memoryLimitMiB: number, pollMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    environment: fc.option(fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), { nil: undefined }),
  }), ({ pollMs, ...random }) => {
    const faults = Faults.at('x');
    const plan = modelService(faults, { ...input, ...random, pollInterval: pollMs === undefined ? undefined : Duration.millis(pollMs) });
    if (!faults.ok) return;
    planned++;
    expect(plan.hostName).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(Number(plan.environment.ML_RELEASE_POLL_MS)).toBeGreaterThanOrEqual(100);
    expect(plan.environment.ML_RELEASE_TABLE).toBe('releases');
  }), { numRuns: 2000 });
  expect(planned).toBeGreaterThan(0);
});
