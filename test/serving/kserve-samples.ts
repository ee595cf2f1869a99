import { ApiObject, type Chart } from 'cdk8s';
import { podSecurityLabels } from '../../lib/cluster/blueprint/namespaces';
import { PodSecurity } from '../../lib/cluster/blueprint/pod-security';
import { emptyChart } from '../../lib/cluster/manifests/basics';
import { Faults } from '../../lib/core/private/faults';
import { planRequestScaling } from '../../lib/serving/blueprint/autoscaling-plan';
import { kserveModel, type KServeModelInput } from '../../lib/serving/blueprint/kserve-model';
import { InferenceProtocol } from '../../lib/serving/blueprint/model-format';
import { ModelRuntime } from '../../lib/serving/blueprint/model-runtime';
import { RequestLogging, RequestLogFormat, RequestLogMode } from '../../lib/serving/blueprint/request-logging';
import { Rollout } from '../../lib/serving/blueprint/rollout';
import { ScaleToZero } from '../../lib/serving/blueprint/scale-to-zero';
import { modelCallerChart, modelChart } from '../../lib/serving/manifests/inference-service-chart';

/** Every runtime that a user can choose. */
export const RUNTIMES: Record<string, ModelRuntime> = {
  sklearn: ModelRuntime.sklearn(),
  xgboost: ModelRuntime.xgboost(),
  lightgbm: ModelRuntime.lightgbm(),
  mlflow: ModelRuntime.mlflow(),
  platform: ModelRuntime.platform(),
  onnx: ModelRuntime.onnx(),
  pytorch: ModelRuntime.pytorch(),
  tensorflow: ModelRuntime.tensorflow(),
  huggingFace: ModelRuntime.huggingFace({ task: 'text_embedding' }),
  triton: ModelRuntime.triton(),
  tensorRt: ModelRuntime.tensorRt(),
  tensorRtLlm: ModelRuntime.tensorRtLlm(),
  custom: ModelRuntime.custom({ image: 'registry.example.com/fastapi:1', port: 8000, grpcPort: 8001, readyPath: '/ready', livePath: '/live', args: ['{{ }}'], user: 1000 }),
  bentoMl: ModelRuntime.bentoMl({ image: 'registry.example.com/bento:1' }),
  servingRuntime: ModelRuntime.servingRuntime('kserve-torchserve', { modelFormat: 'pytorch', protocol: InferenceProtocol.V1 }),
};

/** The smallest request for a runtime. */
export function inputFor(runtime: ModelRuntime, more: Partial<KServeModelInput> = {}): KServeModelInput {
  const server = runtime._server;
  return {
    name: 'fraud',
    namespace: 'models',
    modelName: 'fraud',
    server,
    image: server.existingRuntime === undefined ? 'registry.example.com/server:1' : undefined,
    files: server.name === 'platform' ? { release: { table: 'releases', region: 'eu-west-1' } } : { storageUri: 's3://models/fraud/' },
    protocol: server.protocols[0],
    grpc: false,
    share: { cpus: 1, memoryGiB: 2 },
    replicas: { min: 1, max: 1, autoscaled: false },
    environment: {},
    startupSeconds: 600,
    graceSeconds: 60,
    serviceAccountName: 'fraud',
    ...more,
  };
}

/** GPUs with everything that can be said about them. */
export const GPUS = { poolName: 'inference', resource: 'nvidia.com/gpu', count: 2, usesSpot: true, instanceTypes: ['g6.12xlarge', 'g6e.12xlarge'] };

/** A transformer with everything that can be said about it. */
export const TRANSFORMER = {
  image: 'registry.example.com/transformer:1', command: ['python', '-m', 'transformer'], args: ['--workers=2'], environment: { LEVEL: 'info' },
  share: { cpus: 0.5, memoryGiB: 0.5, diskGiB: 1 }, replicas: 2, readyPath: '/v2/health/ready', user: 1001,
};

const LOG_TO_S3 = {
  url: 's3://logs/model-requests', mode: RequestLogMode.REQUEST, headers: ['X-Request-Id'],
  storage: { path: 'requests', format: RequestLogFormat.PARQUET, batchSize: 100, batchInterval: '30000ms' },
};

function scaling(scaleToZero?: ScaleToZero) {
  const faults = Faults.at('samples');
  const plan = planRequestScaling(faults, {
    autoscaling: { maxReplicas: 4, requestsPerSecond: 20 }, scaleToZero, prometheusUrl: 'http://prometheus.monitoring.svc:9090', hasGateway: true,
    route: { name: 'fraud', namespace: 'models' },
  });
  faults.throwIfAny();
  return plan;
}

type Json = Record<string, any>;

/**
 * The pods that KServe makes of a service, in a namespace that takes hardened ones only: the container of the runtime, under what
 * `predictor.model` says, in what `predictor` says of the pod.
 * https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/components/predictor.go
 */
function podsOf(chart: Chart): Chart {
  const objects = chart.toJson() as Json[];
  const pods = emptyChart('pods');
  const namespace = 'hardened';
  new ApiObject(pods, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: podSecurityLabels(PodSecurity.RESTRICTED) } });
  for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'InferenceService')) {
    for (const component of ['predictor', 'transformer']) {
      if (spec[component] === undefined) continue;
      const { model, containers, minReplicas, maxReplicas, deploymentStrategy, annotations, logger, ...pod } = spec[component] as Json;
      const { modelFormat, runtime, protocolVersion, storageUri, ...settings } = (model ?? {}) as Json;
      const server = objects.find((it) => it.kind === 'ServingRuntime' && it.metadata.name === runtime)?.spec.containers[0] ?? { name: 'kserve-container', image: 'registry.example.com/theirs:1' };
      const labels = { ...metadata.labels, component };
      new ApiObject(pods, `${metadata.name}-${component}`, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `${metadata.name}-${component}`, namespace, labels, annotations },
        spec: { replicas: minReplicas, strategy: deploymentStrategy, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { ...pod, containers: containers ?? [{ ...server, ...settings }] } } },
      } as never);
    }
  }
  return pods;
}

/** Model services in their smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  const nobody = { namespaces: [] };
  const callers = { namespaces: ['envoy-gateway-system', 'shop'], metricsNamespace: 'monitoring' };
  const gateway = { name: 'models', namespace: 'gateway' };
  const small = (runtime: ModelRuntime): Chart => modelChart({ service: kserveModel(inputFor(runtime)), callers: nobody });
  const full = kserveModel(inputFor(RUNTIMES.triton!, {
    grpc: true, gpus: GPUS, share: { cpus: 7.5, memoryGiB: 30.5, diskGiB: 40 }, replicas: { min: 2, max: 4, autoscaled: true },
    environment: { CHAT_TEMPLATE: '{{ messages }}' }, logger: LOG_TO_S3, transformer: TRANSFORMER,
  }));
  const hub = inputFor(RUNTIMES.huggingFace!, {
    files: { hubModel: { id: 'BAAI/bge-m3', revision: 'main' }, token: { secretName: 'hub', key: 'token' } },
    logger: RequestLogging.toUrl('http://broker.events.svc.cluster.local:8080/models')._plan,
  });
  const services = {
    ...Object.fromEntries(Object.entries(RUNTIMES).map(([name, runtime]) => [`${name}, smallest`, small(runtime)])),
    'Triton with everything': modelChart({ service: full, callers, gateway, scaling: scaling(), overrides: { predictor: { priorityClassName: 'high' } } }),
    'a model of the Hub': modelChart({ service: kserveModel(hub), callers }),
    'a volume': modelChart({ service: kserveModel(inputFor(RUNTIMES.onnx!, { files: { storageUri: 'pvc://cache/onnx' } })), callers: nobody }),
    'a canary': modelChart({
      service: kserveModel(inputFor(RUNTIMES.custom!)), candidate: { service: 'fraud-next-predictor', port: 80 }, rollout: Rollout.canary({ step: 2 }), callers, gateway,
    }),
    'requests that are held': modelChart({ service: kserveModel(inputFor(RUNTIMES.sklearn!)), callers, gateway, scaling: scaling(ScaleToZero.onRequest()) }),
  };
  return {
    ...services,
    ...Object.fromEntries(Object.entries(services).map(([name, chart]) => [`the pods of ${name}`, podsOf(chart)])),
    'one more caller': modelCallerChart(full, 'team-a'),
  };
}
