import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { inputFor, RUNTIMES } from './kserve-samples';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';
import { InferenceProtocol, ModelRuntime, RequestLogFormat, RequestLogging, RequestLogMode } from '../../lib/serving';
import { kserveModel, type KServeModelInput } from '../../lib/serving/blueprint/kserve-model';
import { inferencePath } from '../../lib/serving/blueprint/kserve-paths';
import { escapeTemplate } from '../../lib/serving/blueprint/kserve-template';
import { inferenceService } from '../../lib/serving/manifests/inference-service';
import { servingRuntime } from '../../lib/serving/manifests/serving-runtime';
import { faultOf } from '../cluster/support';

/**
 * What KServe's own runtimes say, from charts/kserve-runtime-configs/files/runtimes/resources.yaml at
 * https://github.com/kserve/kserve/tree/v0.20.0: formats, REST ports, and the flags that name the model.
 */
const UPSTREAM: Record<string, { format: string; protocols: string[]; flags: string[]; environment?: Record<string, string> }> = {
  sklearn: { format: 'sklearn', protocols: ['v1', 'v2'], flags: ['--model_name=fraud', '--model_dir=/mnt/models', '--http_port=8080'] },
  xgboost: { format: 'xgboost', protocols: ['v1', 'v2'], flags: ['--model_name=fraud', '--model_dir=/mnt/models', '--http_port=8080', '--nthread=1'] },
  lightgbm: { format: 'lightgbm', protocols: ['v1', 'v2'], flags: ['--model_name=fraud', '--model_dir=/mnt/models', '--http_port=8080', '--nthread=1'] },
  mlflow: {
    format: 'mlflow', protocols: ['v2'], flags: [],
    // pkg/apis/serving/v1beta1/inference_service_defaults.go and pkg/constants/constants.go
    environment: {
      MLSERVER_MODEL_IMPLEMENTATION: 'mlserver_mlflow.MLflowRuntime', MLSERVER_MODEL_NAME: 'fraud', MLSERVER_MODEL_URI: '/mnt/models', MLSERVER_HTTP_PORT: '8080', MLSERVER_GRPC_PORT: '9000',
    },
  },
  onnx: { format: 'onnx', protocols: ['v2'], flags: ['tritonserver', '--grpc-port=9000', '--http-port=8080'] },
  pytorch: { format: 'pytorch', protocols: ['v2'], flags: ['tritonserver'] },
  triton: { format: 'triton', protocols: ['v2'], flags: ['tritonserver', '--grpc-port=9000', '--http-port=8080'] },
  tensorRt: { format: 'tensorrt', protocols: ['v2'], flags: ['tritonserver'] },
  tensorflow: {
    format: 'tensorflow', protocols: ['v1'], flags: ['--model_name=fraud', '--port=9000', '--rest_api_port=8080', '--model_base_path=/mnt/models', '--rest_api_timeout_in_ms=60000'],
  },
  huggingFace: { format: 'huggingface', protocols: ['v1', 'v2'], flags: ['--model_name=fraud'] },
};

const runtimeOf = (name: string, more: Partial<KServeModelInput> = {}): any => servingRuntime(kserveModel(inputFor(RUNTIMES[name]!, more)));
const serviceOf = (name: string, more: Partial<KServeModelInput> = {}): any => inferenceService(kserveModel(inputFor(RUNTIMES[name]!, more)));

describe.each(Object.entries(UPSTREAM))('the runtime for %s', (name, { format, protocols, flags, environment }) => {
  const { spec } = runtimeOf(name, { grpc: true });
  const [container] = spec.containers;

  test('is known to KServe by its own name for the format, and speaks what KServe says', () => {
    expect(spec.supportedModelFormats).toEqual([{ name: format, autoSelect: false }]);
    expect(spec.protocolVersions.filter((it: string) => !it.startsWith('grpc')).sort()).toEqual(protocols);
  });

  test('is started as KServe starts it', () => {
    expect(container.name).toBe('kserve-container');
    expect(container.args ?? []).toEqual(expect.arrayContaining(flags));
    expect(Object.fromEntries((container.env ?? []).map((it: any) => [it.name, it.value]))).toMatchObject(environment ?? {});
  });

  test('has the port that requests come to first, and gRPC where KServe takes it for HTTP/2', () => {
    expect(container.ports[0]).toEqual({ name: 'http1', containerPort: 8080, protocol: 'TCP' });
    // https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/reconcilers/service/service_reconciler.go
    expect(container.ports[1]).toMatchObject({ name: expect.stringMatching(/grpc|h2c/), containerPort: 9000 });
  });

  test('says nothing by which KServe would change its image', () => {
    expect(runtimeOf(name).metadata.annotations).toBeUndefined();
    expect(runtimeOf(name).metadata.name).toBe('fraud');
  });
});

describe('runtimes', () => {
  test('have pinned images, each with one tag that is a version', () => {
    const pinned = new Set(Object.values(RUNTIMES).flatMap(({ _server: { image } }) => [image?.pinned, image?.pinnedForGpus]).filter((it) => it !== undefined));
    expect(pinned.size).toBe(10);
    for (const it of pinned) expect(PLATFORM_SETS['2026-11'].containers).toHaveProperty(it, expect.stringMatching(/^[a-z.]+\/[a-z0-9/-]+:v?[0-9]+\.[0-9]+[a-z0-9.-]*$/));
  });

  test('close gRPC unless it is asked for', () => {
    expect(runtimeOf('sklearn').spec.containers[0].args).toContain('--enable_grpc=false');
    expect(runtimeOf('triton').spec.containers[0].args).toContain('--allow-grpc=false');
    expect(runtimeOf('tensorflow').spec.containers[0].args).toContain('--port=0');
    for (const name of Object.keys(UPSTREAM)) expect(runtimeOf(name).spec.containers[0].ports.map((it: any) => it.name)).not.toContain('grpc');
  });

  test('start as many threads as there are whole processors', () => {
    const threads = (cpus: number): string[] => runtimeOf('xgboost', { share: { cpus, memoryGiB: 2 } }).spec.containers[0].args.filter((it: string) => it.startsWith('--nthread'));
    expect([threads(0.5), threads(3.7)]).toEqual([['--nthread=1'], ['--nthread=3']]);
  });

  test('of the Hub name repository and revision, and get the token by reference', () => {
    const more = { files: { hubModel: { id: 'BAAI/bge-m3', revision: 'abc' }, token: { secretName: 'hub', key: 'token' } } };
    const [container] = runtimeOf('huggingFace', more).spec.containers;
    expect(container.args).toEqual(expect.arrayContaining(['--model_id=BAAI/bge-m3', '--model_revision=abc', '--task=text_embedding']));
    expect(container.env).toContainEqual({ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hub', key: 'token' } } });
    expect(serviceOf('huggingFace', more).spec.predictor.model.storageUri).toBeUndefined();
  });

  test('that exist are named, and nothing is emitted for them', () => {
    expect(runtimeOf('servingRuntime')).toBeUndefined();
    expect(serviceOf('servingRuntime').spec.predictor.model).toMatchObject({ runtime: 'kserve-torchserve', modelFormat: { name: 'pytorch' }, protocolVersion: 'v1' });
  });

  test('of BentoML have its port, health paths and user', () => {
    const { predictor } = serviceOf('bentoMl').spec;
    expect(predictor.containers[0]).toMatchObject({
      ports: [{ containerPort: 3000 }], securityContext: { runAsUser: 1034 }, readinessProbe: { httpGet: { path: '/readyz' } }, livenessProbe: { httpGet: { path: '/livez' } },
    });
  });

  test('of one\'s own get the files of a source, and keep their text as it is', () => {
    const { predictor } = serviceOf('custom').spec;
    expect(predictor.containers[0].env).toEqual([{ name: 'STORAGE_URI', value: 's3://models/fraud/' }]);
    expect(predictor.containers[0].args).toEqual(['{{ }}']);
  });

  test('of KServe are Go templates to it: a template of the user\'s arrives as it was written', () => {
    // what text/template of Go 1.24 makes of it is the text itself
    expect(escapeTemplate('{{ bos_token }}{% if x %}')).toBe('{{`{{`}} bos_token }}{% if x %}');
    expect(escapeTemplate('{{{x}}}')).toBe('{{`{{`}}{x}}}');
    expect(runtimeOf('triton', { environment: { T: '{{ m }}' } }).spec.containers[0].env).toContainEqual({ name: 'T', value: '{{`{{`}} m }}' });
  });

  test('answer at the path of their protocol', () => {
    expect(inferencePath(InferenceProtocol.V1, 'fraud')).toBe('/v1/models/fraud:predict');
    expect(inferencePath(InferenceProtocol.V2, 'Fraud Model')).toBe('/v2/models/Fraud%20Model/infer');
    expect(inferencePath(undefined, 'fraud')).toBe('/');
    expect(inferencePath(InferenceProtocol.V2, Token.asString({ Ref: 'P' }))).toMatch(/^\/v2\/models\/\$\{Token\[.*\]\}\/infer$/);
  });

  test.each<[string, () => unknown, string]>([
    ['an image without a tag', () => ModelRuntime.custom({ image: 'example.com/app' }), "ValidationError at ModelRuntime [invalid-image]: image 'example.com/app' is not allowed; use an address with a tag or digest, for example 111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:4"],
    ['a port that is none', () => ModelRuntime.custom({ image: 'a/b:1', port: 0 }), '[invalid-port]: port 0 is not a whole number from 1 to 65535; use a value in that range'],
    ['a gRPC port that is none', () => ModelRuntime.custom({ image: 'a/b:1', grpcPort: 1.5 }), '[invalid-grpc-port]: grpcPort 1.5 is not a whole number from 1 to 65535; use a value in that range'],
    ['one port for two', () => ModelRuntime.custom({ image: 'a/b:1', port: 9000, grpcPort: 9000 }), '[duplicate-port]: port and grpcPort are both 9000; give each its own'],
    ['a path that is none', () => ModelRuntime.custom({ image: 'a/b:1', readyPath: 'health' }), "[invalid-ready-path]: readyPath 'health' is not allowed; use a path that starts with a slash, for example /health"],
    ['root', () => ModelRuntime.custom({ image: 'a/b:1', user: 0 }), '[invalid-user]: user 0 is not a whole number from 1 to 2147483647; use a value in that range'],
    ['an unknown protocol', () => ModelRuntime.custom({ image: 'a/b:1', protocol: 'v3' as InferenceProtocol }), "[invalid-protocol]: protocol 'v3' is not one of 'v1', 'v2'; choose one of them"],
    ['a task that is none', () => ModelRuntime.huggingFace({ task: 'Text Generation' }), "[invalid-task]: task 'Text Generation' is not allowed; use 1 to 63 lower-case letters, digits or underscores, for example text_embedding"],
    ['a poll without end', () => ModelRuntime.platform({ pollInterval: Duration.minutes(2) }), '[invalid-poll-interval]: pollInterval 120000 is not a whole number from 100 to 60000 milliseconds; use a value in that range'],
    ['a runtime without a name', () => ModelRuntime.servingRuntime('', { modelFormat: 'x' }), "[invalid-name]: name '' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
    ['a format that is none', () => ModelRuntime.servingRuntime('x', { modelFormat: 'a b' }), "[invalid-model-format]: modelFormat 'a b' is not allowed; use 1 to 63 letters, digits, dots, hyphens or underscores"],
  ])('refuse %s', (_, act, message) => {
    expect(faultOf(act)).toContain(message);
  });

  test('take an image that is known only at deploy time', () => {
    expect(ModelRuntime.custom({ image: Token.asString({ Ref: 'Image' }) }).name).toBe('custom');
  });
});

describe('request logging', () => {
  const bucket = (): s3.IBucket => s3.Bucket.fromBucketName(new Stack(), 'Logs', 'logs');

  test('goes to an address, all of it, unless something else is said', () => {
    expect(RequestLogging.toUrl('http://sink.logs/x')._plan).toEqual({ url: 'http://sink.logs/x', mode: 'all', headers: [] });
    expect(RequestLogging.toUrl('https://sink', { mode: RequestLogMode.RESPONSE })._plan.mode).toBe('response');
  });

  test('goes to a bucket in batches', () => {
    const log = RequestLogging.toS3(bucket(), { prefix: 'a/b', batchSize: 7, batchInterval: Duration.millis(1_500), format: RequestLogFormat.PARQUET });
    expect(log._plan).toEqual({ url: 's3://logs/a/b', mode: 'all', headers: [], storage: { path: 'requests', format: 'parquet', batchSize: 7, batchInterval: '1500ms' } });
    expect(log.prefix).toBe('a/b');
  });

  test('spells headers as Go does: KServe compares them letter by letter', () => {
    expect(RequestLogging.toUrl('http://sink', { headers: ['x-request-id', 'X-TENANT'] })._plan.headers).toEqual(['X-Request-Id', 'X-Tenant']);
  });

  test.each<[string, () => unknown, string]>([
    ['an address that is none', () => RequestLogging.toUrl('sink:8080'), "[invalid-url]: url 'sink:8080' is not allowed; use an http or https address, for example http://collector.logging/requests"],
    ['a mode that is none', () => RequestLogging.toUrl('http://sink', { mode: 'some' as RequestLogMode }), "[invalid-mode]: mode 'some' is not one of 'all', 'request', 'response'; choose one of them"],
    ['a header with a comma, by which KServe joins them', () => RequestLogging.toUrl('http://sink', { headers: ['a,b'] }), "[invalid-headers]: headers[0] 'a,b' is not allowed; use 1 to 256 letters, digits or one of !#$%&'*+-.^_`|~"],
    ['a prefix with slashes at its ends', () => RequestLogging.toS3(bucket(), { prefix: '/x/' }), "[invalid-prefix]: prefix '/x/' is not allowed; use a prefix without slashes at its ends, for example model-requests"],
    ['an empty batch', () => RequestLogging.toS3(bucket(), { batchSize: 0 }), '[invalid-batch-size]: batchSize 0 is not a whole number from 1 to 10000; use a value in that range'],
    ['a batch that waits for ever', () => RequestLogging.toS3(bucket(), { batchInterval: Duration.days(1) }), '[invalid-batch-interval]: batchInterval 86400000 is not a whole number from 100 to 3600000 milliseconds; use a value in that range'],
    ['a format that is none', () => RequestLogging.toS3(bucket(), { format: 'xml' as RequestLogFormat }), "[invalid-format]: format 'xml' is not one of 'json', 'csv', 'parquet'; choose one of them"],
  ])('refuses %s', (_, act, message) => {
    expect(faultOf(act)).toContain(message);
  });

  test('takes an address that is known only at deploy time', () => {
    expect(RequestLogging.toUrl(`http://${Token.asString({ Ref: 'Sink' })}/x`)._plan.mode).toBe('all');
  });
});
