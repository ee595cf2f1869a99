import { Duration, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as fc from 'fast-check';
import { RUNTIMES } from './kserve-samples';
import { kserveCluster, PaperGateway, PaperPool, PROMETHEUS } from './kserve-support';
import { InferenceProtocol, ModelRuntime, ModelService, type ModelServiceProps, RequestLogFormat, RequestLogging, RequestLogMode, Rollout } from '../../lib/serving';
import { ModelSource } from '../../lib/serving/model-source';
import { resourcesOf, testStack, validOrRefused } from '../cluster/support';

const token = fc.constantFrom(Token.asString({ Ref: 'P' }), `x-${Token.asString({ Ref: 'Q' })}`);
const text = fc.oneof(fc.string(), token, fc.constantFrom('', 'a', 'fraud', 'My Name', 'a'.repeat(300), '__proto__', 'example.com/app:1', '/health', '{{ x }}'));
const number = fc.oneof(fc.integer({ min: -5, max: 600 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const duration = fc.oneof(fc.integer({ min: 0, max: 100_000 }).map((it) => Duration.seconds(it)), fc.constant(Duration.seconds(Token.asNumber({ Ref: 'D' }))));
const environment = fc.dictionary(text, text, { maxKeys: 3 });
const resources = fc.record({ cpus: maybe(number), memoryGiB: maybe(number), diskGiB: maybe(number) });
const protocol = fc.constantFrom(...Object.values(InferenceProtocol), 'v3' as InferenceProtocol);
const texts = fc.array(text, { maxLength: 2 });

test('any choice of a runtime or a log is made or refused with a ValidationError', () => fc.assert(fc.property(
  text, fc.record({ port: maybe(number), grpcPort: maybe(number), protocol: maybe(protocol), readyPath: maybe(text), livePath: maybe(text), command: maybe(texts), args: maybe(texts), user: maybe(number) }), text,
  (image, options, other) => {
    validOrRefused(() => ModelRuntime.custom({ image, ...options }));
    validOrRefused(() => ModelRuntime.bentoMl({ image, port: options.port }));
    validOrRefused(() => ModelRuntime.huggingFace({ task: other }));
    validOrRefused(() => ModelRuntime.servingRuntime(image, { modelFormat: other, protocol: options.protocol }));
    validOrRefused(() => RequestLogging.toUrl(image, { mode: other as RequestLogMode, headers: [other] }));
  }), { numRuns: 2_000 }));

/** Mostly something that is allowed, so that services are made too, and now and then anything. */
const mostly = (allowed: fc.Arbitrary<unknown>, wild: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: allowed, weight: 20 }, { arbitrary: fc.constant(undefined), weight: 20 }, { arbitrary: wild, weight: 1 });
const few = fc.integer({ min: 1, max: 3 });
const someResources = fc.record({ cpus: few, memoryGiB: few, diskGiB: maybe(few) });

const props = fc.record({
  runtime: fc.constantFrom(...Object.values(RUNTIMES)),
  source: fc.constantFrom('none', 's3', 's3', 's3', 'hub', 'volume'),
  serviceName: mostly(fc.constantFrom('fraud', 'fraud-2'), text),
  modelName: mostly(fc.constantFrom('Fraud_2'), text),
  protocol: mostly(fc.constant(InferenceProtocol.V2), protocol),
  grpc: maybe(fc.boolean()),
  resources: mostly(someResources, resources),
  gpu: mostly(fc.constant({}), fc.record({ count: maybe(number), instanceTypes: maybe(fc.subarray(['g6.xlarge', 'g6e.xlarge', 'p5.48xlarge', 'x'])) })),
  replicas: mostly(few, number),
  autoscaling: mostly(fc.constant(undefined), fc.record({ minReplicas: maybe(few), maxReplicas: few, requestsPerSecond: maybe(number) })),
  environment: mostly(fc.constant({ LEVEL: '{{ info }}' }), environment),
  startupTimeout: mostly(fc.constant(Duration.minutes(5)), duration),
  gracePeriod: mostly(fc.constant(Duration.seconds(90)), duration),
  gateway: fc.boolean(),
  rollout: mostly(fc.constant(undefined), fc.integer({ min: 0, max: 2 }).map((step) => Rollout.canary({ steps: [5, 50], step }))),
  callers: mostly(fc.constant(['team-a']), texts),
  transformer: mostly(
    fc.record({ image: fc.constant('example.com/transformer:1'), replicas: few, resources: someResources, args: fc.constant(['--workers=2']) }),
    fc.record({ image: text, command: maybe(texts), args: maybe(texts), environment: maybe(environment), resources: maybe(resources), replicas: maybe(number), readyPath: maybe(text), user: maybe(number) })),
  requestLog: maybe(fc.constantFrom(RequestLogging.toUrl('http://sink.logs:8080/x'), RequestLogging.toUrl('https://sink/', { headers: ['a'] }))),
  overrides: mostly(
    fc.constant<Record<string, unknown>>({ predictor: { priorityClassName: 'x' } }),
    fc.constantFrom<Record<string, unknown>>({}, { canary: [] }, { predictor: null }, { transformer: { canaryTrafficPercent: 1 } })),
});

let accepted = 0;

test('any properties of a ModelService give a template or a ValidationError', () => fc.assert(fc.property(props, (given) => validOrRefused(() => {
  const stack = testStack();
  const cluster = kserveCluster(stack);
  const bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
  const sources: Record<string, ModelSource | undefined> = {
    s3: ModelSource.s3(bucket, 'fraud'), hub: ModelSource.huggingFace({ id: 'a/b' }), volume: ModelSource.nodeCache('cache'), none: undefined,
  };
  const gateway = given.gateway ? new PaperGateway(stack, 'Gateway', cluster) : undefined;
  const log = given.requestLog ?? (given.grpc === true ? RequestLogging.toS3(bucket, { format: RequestLogFormat.CSV }) : undefined);
  new ModelService(stack, 'Fraud', {
    ...given, cluster, gateway, prometheus: PROMETHEUS, source: sources[given.source], requestLog: log,
    gpu: given.gpu === undefined ? undefined : { pool: new PaperPool(stack, 'Pool'), ...given.gpu as object },
  } as ModelServiceProps);
  resourcesOf(stack);
  accepted += 1;
})), { numRuns: 150 }), 120_000);

test('some of them are accepted', () => {
  expect(accepted).toBeGreaterThan(10);
});
