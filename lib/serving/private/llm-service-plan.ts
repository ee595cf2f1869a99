import { placeLlm, type Placed } from './llm-placing';
import { serviceNamesOf } from './service-names';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../accelerators/quantization';
import { mirroredImage } from '../../cluster/blueprint/endpoints';
import { checkInteger, checkLiteral, checkText, checkUnique, DNS_LABEL, kebab, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { planLlmScaling, type ScalingPlan } from '../blueprint/autoscaling-plan';
import { checkLlmAlerts } from '../blueprint/llm-alerts';
import type { LlmAdapter, LlmEngine } from '../blueprint/llm-engine';
import { checkExtraArgs } from '../blueprint/llm-extra-args';
import { llmMetricLabels } from '../blueprint/llm-metrics';
import { gpusOfService, type LlmPlan } from '../blueprint/llm-plan';
import {
  diskNeedGiB, IMAGE_GIB, llmService, longestDrainSeconds, RESERVED_VARIABLES, type LlmForm, type LlmServiceBlueprint,
} from '../blueprint/llm-service';
import { needsDisk } from '../blueprint/llm-weights';
import type { LlmServicePlacement, LlmServiceProps } from '../llm-service-props';
import type { LlmSurroundings } from '../manifests/llm-chart';
import { checkSecretKey } from '../model-source';

/** Everything that was decided about a service. */
export interface LlmServicePlan {
  readonly blueprint: LlmServiceBlueprint;
  readonly placed: Placed;
  readonly around: LlmSurroundings;
}

/** Room for what KServe appends to the name, without a hash. */
const NAME: TextRule = { pattern: /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, allowed: '1 to 40 lower-case letters, digits or hyphens, starting with a letter' };
const MODEL_NAME: TextRule = { pattern: /^[^\s"'\\]{1,256}$/, allowed: 'a name without blanks and quotes' };
const PARSER: TextRule = { pattern: /^[\w.-]{1,64}$/, allowed: "the name of one of vLLM's parsers, such as 'hermes'" };
const VARIABLE: TextRule = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, allowed: 'letters, digits and underscores, not starting with a digit' };
/** What vLLM takes: vllm/config/lora.py. */
const LORA_RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];
const DEFAULT_DRAIN_SECONDS = 90;

/** Decides how a language model is served; throws one ValidationError with all that is wrong. */
export function planLlmService(faults: Faults, id: string, props: LlmServiceProps): LlmServicePlan {
  const name = props.serviceName ?? kebab(id);
  const namespace = props.namespace?.namespaceName ?? 'models';
  checkNames(faults, props, name, namespace);
  checkAccess(faults, props);
  checkRouting(faults, props, namespace);
  checkExtraArgs(faults, props.extraArgs ?? []);
  checkLlmAlerts(faults, props.alerts);
  const scaling = scalingOf(faults, props, name, namespace);
  const placed = placedOf(faults, props);
  const plan = placed === undefined ? undefined : planOf(props, placed, scaling);
  const form = formOf(faults, props, plan);
  if (plan !== undefined) checkPlan(faults, props, plan);
  const drainSeconds = drainOf(faults, props, plan);
  faults.throwIfAny();
  if (plan === undefined || placed === undefined) throw new Error('a service that has no place has a fault');
  const blueprint = llmService({
    name, namespace, form, plan,
    engine: engineOf(props, placed, drainSeconds),
    image: mirroredImage(props.cluster.imageMirror, props.cluster.platformVersion.container('vllm')),
    environment: props.environment ?? {},
    callers: callersOf(props, scaling),
    scaling: scaling === undefined ? undefined : { min: scaling.minReplicas, max: scaling.maxReplicas },
    gateway: props.gateway === undefined ? undefined : { name: props.gateway.gatewayName, namespace: props.gateway.namespace },
  });
  return { blueprint, placed, around: surroundingsOf(props, placed, scaling) };
}

/** What users read of it. */
export function placementOf({ blueprint: { plan }, placed }: LlmServicePlan): LlmServicePlacement {
  const { instanceTypes, tensorParallel, pipelineParallel, nodesPerReplica, replicas } = plan;
  return {
    pool: placed.pool, instanceTypes: [...instanceTypes], tensorParallel, pipelineParallel, nodesPerReplica, replicas,
    usdPerHour: usdPerReplica(placed) * replicas,
  };
}

function usdPerReplica({ placements: [best] }: Placed): number {
  return best === undefined ? 0 : best.usdPerHour / best.replicas;
}

function checkNames(faults: Faults, props: LlmServiceProps, name: string, namespace: string): void {
  checkLiteral(faults, 'serviceName', name);
  checkText(faults, 'serviceName', name, NAME);
  const other = serviceNamesOf(props.cluster).get(`${namespace}/${name}`);
  faults.check(other === undefined, 'duplicate-model-service',
    `serviceName '${name}' is taken in namespace '${namespace}' by ${other}; give another serviceName`);
  checkText(faults, 'servedModelName', props.servedModelName, MODEL_NAME);
  checkText(faults, 'toolCallParser', props.toolCallParser, PARSER);
  checkText(faults, 'reasoningParser', props.reasoningParser, PARSER);
  for (const property of ['replicas', 'contextLength', 'concurrency', 'tensorParallel'] as const) checkLiteral(faults, property, props[property]);
  checkInteger(faults, 'replicas', props.replicas, { min: 1, max: 1_000 });
  faults.check(props.replicas === undefined || props.autoscaling === undefined, 'replicas-with-autoscaling',
    `replicas ${show(props.replicas)} is fixed, but autoscaling changes it; say it with autoscaling.minReplicas and maxReplicas`);
}

function checkAccess(faults: Faults, props: LlmServiceProps): void {
  const { callers = [], environment = {}, loraAdapters = [] } = props;
  checkSecretKey(faults, 'apiKey', props.apiKey);
  callers.forEach((caller, index) => checkText(faults, `callers[${index}]`, caller, DNS_LABEL));
  for (const name of Object.keys(environment)) {
    checkText(faults, 'environment', name, VARIABLE);
    faults.check(!RESERVED_VARIABLES.includes(name), 'reserved-environment', `environment names ${show(name)}, which the service sets itself; leave it out`);
  }
  checkUnique(faults, 'loraAdapters', loraAdapters.map(({ name }) => name));
  loraAdapters.forEach(({ name, source }, index) => {
    checkText(faults, `loraAdapters[${index}].name`, name, { pattern: /^[A-Za-z0-9][\w.-]{0,127}$/, allowed: 'letters, digits, dots, hyphens and underscores' });
    faults.check(source.type === 's3' || source.type === 'hugging-face', 'unsupported-adapter-source',
      `loraAdapters[${index}] comes from '${source.type}', but adapters are fetched from S3 or the Hub; use ModelSource.s3(...) or ModelSource.huggingFace(...)`);
  });
  const { maxLoraRank } = props;
  faults.check(maxLoraRank === undefined || LORA_RANKS.includes(maxLoraRank), 'invalid-max-lora-rank',
    `maxLoraRank ${show(maxLoraRank)} is not one of ${LORA_RANKS.join(', ')}; use the next larger one`);
  faults.check(maxLoraRank === undefined || loraAdapters.length > 0, 'lora-rank-without-adapters', 'maxLoraRank is given without loraAdapters; name the adapters, or leave it out');
}

function checkRouting(faults: Faults, props: LlmServiceProps, namespace: string): void {
  const { gateway, candidate, rollout } = props;
  faults.check((candidate === undefined) === (rollout === undefined), 'incomplete-rollout',
    `${candidate === undefined ? 'rollout is given without candidate' : 'candidate is given without rollout'}; a rollout divides requests between two services, so give both`);
  faults.check(candidate === undefined || gateway !== undefined, 'rollout-without-gateway', 'candidate gets its requests from the gateway, but gateway is not given; give one');
  faults.check(candidate === undefined || candidate.namespaceName === namespace, 'candidate-in-another-namespace',
    `candidate is in namespace '${candidate?.namespaceName}', but a route stays in its own, '${namespace}'; make the candidate there`);
}

function scalingOf(faults: Faults, props: LlmServiceProps, name: string, namespace: string): ScalingPlan | undefined {
  return planLlmScaling(faults, {
    autoscaling: props.autoscaling,
    scaleToZero: props.scaleToZero,
    rollout: props.rollout,
    prometheusUrl: props.prometheus?.serverUrl,
    hasGateway: props.gateway !== undefined,
    metricLabels: llmMetricLabels({ namespace, service: name }),
  });
}

function placedOf(faults: Faults, props: LlmServiceProps): Placed | undefined {
  const replicas = props.autoscaling?.maxReplicas ?? props.replicas;
  // it was refused above, and nothing can be said about its share of the load
  if (replicas !== undefined && !(Number.isInteger(replicas) && replicas >= 1)) return undefined;
  return placeLlm(faults, {
    pools: props.pool === undefined ? props.cluster.gpuNodePools : [props.pool],
    instanceTypes: props.instanceTypes,
    replicas,
    demand: {
      model: props.model,
      contextLength: props.contextLength ?? props.model.contextLength,
      concurrency: props.concurrency ?? 1,
      tensorParallel: props.tensorParallel,
      dtype: props.dtype,
      quantization: props.quantization,
      kvCacheDtype: props.kvCacheDtype,
      gpuMemoryUtilization: props.gpuMemoryUtilization,
      maxNumSeqs: props.maxNumSeqs,
      maxNumBatchedTokens: props.maxNumBatchedTokens,
      enforceEager: props.enforceEager,
    },
  });
}

function planOf(props: LlmServiceProps, { pool, placements, replicas }: Placed, scaling: ScalingPlan | undefined): LlmPlan | undefined {
  const [best] = placements;
  if (best === undefined) return undefined;
  const instances = placements.map((it) => it.instance);
  const least = (size: (instance: (typeof instances)[number]) => number): number => Math.min(...instances.map(size));
  return {
    pool,
    instanceTypes: instances.map((it) => it.name),
    node: {
      vcpusPerGpu: least((it) => it.vcpus / it.gpuCount),
      memoryGiBPerGpu: least((it) => it.memoryGiB / it.gpuCount),
      networkGbps: least((it) => it.networkGbps),
    },
    tensorParallel: best.tensorParallel,
    pipelineParallel: best.pipelineParallel,
    nodesPerReplica: best.nodesPerReplica,
    replicas: scaling?.maxReplicas ?? replicas,
    contextLength: best.fit.contextLength,
    weightsGiB: props.model.weightsGiB,
  };
}

function formOf(faults: Faults, props: LlmServiceProps, plan: LlmPlan | undefined): LlmForm {
  const type = props.runtime?.type ?? 'deployment';
  const nodes = plan?.nodesPerReplica ?? 1;
  faults.check(type === 'deployment' || nodes === 1, 'runtime-on-one-node',
    `runtime '${type}' runs a replica on one node, but the cheapest placement takes ${nodes}; use LlmRuntime.deployment(), or a pool with larger instances`);
  faults.check(type !== 'llm-inference-service' || props.candidate === undefined, 'unsupported-rollout',
    "runtime 'llm-inference-service' has a route of KServe's, which knows no candidate; use LlmRuntime.kserve() or LlmRuntime.deployment()");
  faults.check(type !== 'llm-inference-service' || props.source.type !== 'registry', 'unsupported-source',
    "runtime 'llm-inference-service' reads its model before it starts and cannot look up a release record; use ModelSource.s3(...), or LlmRuntime.deployment()");
  if (type === 'kserve' || type === 'llm-inference-service') return type;
  return nodes > 1 ? 'leader-worker-set' : 'deployment';
}

/** What the pool has to have for the placement to work. */
function checkPlan(faults: Faults, props: LlmServiceProps, plan: LlmPlan): void {
  const { pool } = plan;
  const gpus = gpusOfService(plan);
  faults.check(gpus <= pool.maxGpus, 'pool-too-small',
    `${plan.replicas} replicas need ${gpus} GPUs, but pool ${pool.poolName} makes at most ${pool.maxGpus}; raise its maxGpus, or lower ${props.autoscaling === undefined ? 'replicas or concurrency' : 'autoscaling.maxReplicas'}`);
  const onDisk = needsDisk(props.source._weights) || props.runtime?.type === 'llm-inference-service' ? plan.weightsGiB : 0;
  const need = diskNeedGiB(onDisk);
  faults.check(need <= pool.diskGiB, 'disk-too-small',
    `image (${IMAGE_GIB} GiB)${onDisk > 0 ? `, model (${Math.ceil(onDisk)} GiB)` : ''} and scratch files need ${need} GiB, but nodes of pool ${pool.poolName} have room for ${pool.diskGiB}; `
    + `give the pool a larger disk${onDisk > 0 ? ', or stream the model with ModelSource.s3(...)' : ''}`);
}

function drainOf(faults: Faults, props: LlmServiceProps, plan: LlmPlan | undefined): number {
  const { drainTimeout } = props;
  if (drainTimeout === undefined || drainTimeout.isUnresolved()) {
    faults.check(drainTimeout === undefined, 'unresolved-drain-timeout', 'drainTimeout is known only at deploy time, but it decides what is created; give a literal');
    return DEFAULT_DRAIN_SECONDS;
  }
  const seconds = drainTimeout.toSeconds({ integral: false });
  const longest = plan === undefined ? 3_600 : longestDrainSeconds(plan);
  faults.check(Number.isInteger(seconds) && seconds >= 1 && seconds <= longest, 'invalid-drain-timeout',
    `drainTimeout of ${show(seconds)} seconds is not a whole number from 1 to ${longest}${longest < 3_600 ? ', because spot nodes go with two minutes\' notice' : ''}; use a duration in that range`);
  return seconds;
}

function engineOf(props: LlmServiceProps, { placements, pool }: Placed, drainSeconds: number): LlmEngine {
  const fits = placements.map((it) => it.fit);
  const utilization = pool.podsPerGpu === 1 ? props.gpuMemoryUtilization : Math.min(...fits.map((it) => it.gpuMemoryUtilization));
  return {
    modelId: props.model.id,
    servedModelName: props.servedModelName ?? props.model.id,
    weights: props.source._weights,
    dtype: props.dtype ?? ModelDtype.AUTO,
    quantization: props.quantization ?? WeightQuantization.CHECKPOINT,
    kvCacheDtype: props.kvCacheDtype ?? KvCacheDtype.AUTO,
    gpuMemoryUtilization: utilization,
    maxNumSeqs: props.maxNumSeqs ?? raisedSeqs(props, placements.length === 0 ? 1 : placements[0]?.replicas ?? 1, fits.map((it) => it.maxNumSeqs)),
    maxNumBatchedTokens: props.maxNumBatchedTokens,
    prefixCaching: props.prefixCaching,
    enforceEager: props.enforceEager ?? false,
    trustRemoteCode: props.trustRemoteCode ?? false,
    toolCallParser: props.toolCallParser,
    reasoningParser: props.reasoningParser,
    adapters: (props.loraAdapters ?? []).map(({ name, source }) => ({ name, weights: source._weights }) as LlmAdapter),
    maxLoraRank: props.maxLoraRank,
    apiKey: props.apiKey,
    drainSeconds,
    extraArgs: props.extraArgs ?? [],
  };
}

/** vLLM's own default holds fewer requests than were counted on: the number has to be said. */
function raisedSeqs({ concurrency = 1 }: LlmServiceProps, replicas: number, counted: readonly number[]): number | undefined {
  const each = Math.ceil(concurrency / replicas);
  return counted.includes(each) ? each : undefined;
}

function surroundingsOf(props: LlmServiceProps, placed: Placed, scaling: ScalingPlan | undefined): LlmSurroundings {
  const { gateway, candidate, rollout, prometheus, monitoring = prometheus !== undefined, alerts } = props;
  return {
    scaling,
    route: gateway === undefined ? undefined : {
      gateway: { name: gateway.gatewayName, namespace: gateway.namespace },
      candidate: candidate === undefined ? undefined : { service: candidate.kubernetesServiceName, port: candidate.port },
      rollout,
    },
    monitoring: monitoring ? { usdPerHourAndReplica: usdPerReplica(placed), alerts } : undefined,
  };
}

function callersOf({ gateway, prometheus, callers = [] }: LlmServiceProps, scaling: ScalingPlan | undefined): string[] {
  const holder = scaling?.wake?.type === 'request' ? [scaling.wake.namespace] : [];
  return [...new Set([
    ...gateway === undefined ? [] : [gateway.proxyNamespace], ...prometheus === undefined ? [] : [prometheus.namespace], ...holder, ...callers,
  ])];
}
