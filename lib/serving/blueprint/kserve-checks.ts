import type { ModelShare } from './kserve-model';
import type { LlmWeights } from './llm-weights';
import { InferenceProtocol } from './model-format';
import type { ModelServer } from './model-runtime-servers';
import { checkLiteral, checkNumber, checkOneOf, checkText, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/**
 * KServe's rule for names, and short enough that no label of what it makes of them is too long: `isvc.<name>-transformer` has 63
 * characters at most. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export const MODEL_SERVICE_NAME: TextRule = {
  pattern: /^[a-z]([-a-z0-9]{0,44}[a-z0-9])?$/,
  allowed: '1 to 46 lower-case letters, digits or hyphens, starting with a letter and ending with a letter or digit',
};
const MODEL_NAME: TextRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, allowed: '1 to 128 letters, digits, dots, hyphens or underscores',
};
/** https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/ */
const VARIABLE: TextRule = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, allowed: 'letters, digits and underscores, not starting with a digit' };
/** KServe sets these, or refuses them. https://github.com/kserve/kserve/blob/v0.20.0/pkg/validation/env_policy.go */
const RESERVED = ['PYTHONPATH', 'INFERENCE_SERVICE_NAME', 'STORAGE_URI', 'HF_TOKEN'];

/** Refuses names that KServe or Kubernetes would refuse. */
export function checkNames(faults: Faults, serviceName: string, modelName: string | undefined): void {
  if (checkLiteral(faults, 'serviceName', serviceName)) checkText(faults, 'serviceName', serviceName, MODEL_SERVICE_NAME);
  if (checkLiteral(faults, 'modelName', modelName)) checkText(faults, 'modelName', modelName, MODEL_NAME);
}

/** Refuses a source that the runtime cannot load. */
export function checkSource(faults: Faults, server: ModelServer, source: LlmWeights | undefined): void {
  const type = source?.type;
  faults.check(!server.needsSource || type !== undefined, 'missing-source',
    `runtime '${server.name}' loads a model, but source is not given; give one, such as ModelSource.s3(bucket, 'models/fraud/')`);
  faults.check(type !== 'hugging-face' || server.name === 'huggingface', 'unsupported-source',
    `source is the Hugging Face Hub, which runtime '${server.name}' cannot load from; use ModelRuntime.huggingFace(), or copy the files to S3`);
  faults.check(source?.type !== 'hugging-face' || source.id !== undefined, 'missing-hub-id',
    "source names no repository of the Hugging Face Hub; give ModelSource.huggingFace({ id: 'organisation/name' })");
  faults.check(type !== 'registry' || server.name === 'platform', 'unsupported-source',
    `source is a registry, whose release record only the platform's own server follows, but runtime is '${server.name}'; use ModelRuntime.platform(), or give the files by ModelSource.s3(...)`);
  faults.check(type === undefined || type === 'registry' || server.name !== 'platform', 'unsupported-source',
    "runtime 'platform' follows the release record of a registry, but source is none; use ModelSource.registry(...), or ModelRuntime.mlflow() for files");
}

/** Refuses protocols that the server does not speak; says which one it is. */
export function checkProtocols(
  faults: Faults, server: ModelServer, asked: InferenceProtocol | undefined, grpc: boolean,
): InferenceProtocol | undefined {
  checkOneOf(faults, 'protocol', asked, Object.values(InferenceProtocol));
  const spoken = server.protocols.join(' and ');
  faults.check(asked === undefined || server.protocols.includes(asked), 'unsupported-protocol',
    `protocol ${show(asked)} is not spoken by runtime '${server.name}', which ${spoken === '' ? 'says none' : `speaks ${spoken}`}; ${spoken === '' ? 'name it in ModelRuntime.custom' : 'use that'}`);
  const protocol = asked ?? server.protocols[0];
  if (!grpc) return protocol;
  const ownPort = server.format === undefined ? ', or give ModelRuntime.custom a grpcPort' : '';
  const hasPort = faults.check(server.grpcPort !== undefined, 'unsupported-grpc',
    `grpc is true, but runtime '${server.name}' names no port for gRPC; leave grpc out${ownPort}`);
  if (!hasPort) return protocol;
  faults.check(protocol !== InferenceProtocol.V1 || server.grpcProtocol === InferenceProtocol.V1, 'grpc-with-v1',
    `grpc is the Open Inference Protocol, but protocol is v1, which has no gRPC in runtime '${server.name}'; use InferenceProtocol.V2, or leave grpc out`);
  return protocol;
}

/** Refuses what no container could get. */
export function checkShare(faults: Faults, property: string, share: ModelShare, diskOfNodeGiB?: number): void {
  checkNumber(faults, `${property}.cpus`, share.cpus, { min: 0.1, max: 448 });
  checkNumber(faults, `${property}.memoryGiB`, share.memoryGiB, { min: 0.25, max: 16_384 });
  checkNumber(faults, `${property}.diskGiB`, share.diskGiB, { min: 1, max: 65_536 });
  faults.check(diskOfNodeGiB === undefined || !((share.diskGiB ?? 0) > diskOfNodeGiB), 'disk-too-small',
    `${property}.diskGiB ${show(share.diskGiB)} is more than the ${diskOfNodeGiB} GiB that the pool's smallest node has; ask for less, or give the pool larger disks`);
}

/** Refuses environment variables that the server or KServe sets itself. */
export function checkEnvironment(
  faults: Faults, property: string, environment: Readonly<Record<string, string>>, own: readonly string[],
): void {
  for (const name of Object.keys(environment)) {
    checkText(faults, property, name, VARIABLE);
    faults.check(!own.includes(name) && !RESERVED.includes(name), 'reserved-environment',
      `${property} names ${show(name)}, which is set by the service or by KServe; leave it out`);
  }
}

const CANARY = "KServe 0.20.0's own canary moves no requests in Standard mode and takes pods from the stable version; give candidate and rollout: Rollout.canary(...), which route by an HTTPRoute of the platform";
const SCALING = 'replicas and autoscaling set it, with KServe\'s own autoscaler off; use those';
/** Paths below `spec` that would break what the service promises, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'canary': CANARY,
  'predictor.canaryTrafficPercent': CANARY,
  'transformer.canaryTrafficPercent': CANARY,
  'predictor.autoScaling': SCALING,
  'predictor.minReplicas': SCALING,
  'predictor.maxReplicas': SCALING,
  'predictor.scaleMetric': SCALING,
  'predictor.scaleTarget': SCALING,
};

/** Refuses overrides of the InferenceService's `spec` that cannot work. */
export function checkOverrides(faults: Faults, overrides: Readonly<Record<string, unknown>> | undefined): void {
  for (const [path, reason] of Object.entries(REFUSED)) {
    faults.check(valueAt(overrides, path) === undefined, path.includes('anary') ? 'kserve-canary' : 'reserved-override',
      `overrides.${path} is refused: ${reason}`);
  }
}

function valueAt(value: unknown, path: string): unknown {
  const inside = (at: unknown, key: string): unknown => typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  return path.split('.').reduce(inside, value);
}
