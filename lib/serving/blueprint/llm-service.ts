import { LLM_HOME, LLM_PORT, serveArgs, type LlmEngine } from './llm-engine';
import { FETCH_PROGRAM, FETCH_VARIABLE, fetchPlan } from './llm-fetch';
import { gpusPerPod, standsOnSpot, type LlmPlan } from './llm-plan';
import { startup, type Startup } from './llm-startup';
import { readsOverHttps, type SecretKey } from './llm-weights';
import { podShare, type PodShare } from './pod-resources';

/** What has to be running for the service to be one. */
export type LlmForm = 'deployment' | 'leader-worker-set' | 'kserve' | 'llm-inference-service';

/** What is asked for, once placement and names are known. */
export interface LlmServiceInput {
  readonly name: string;
  readonly namespace: string;
  readonly form: LlmForm;
  readonly image: string;
  readonly plan: LlmPlan;
  readonly engine: LlmEngine;
  readonly environment: Readonly<Record<string, string>>;
  /** Namespaces whose pods may call. */
  readonly callers: readonly string[];
  /** Fewest and most replicas, where an autoscaler decides. */
  readonly scaling?: { readonly min: number; readonly max: number };
  /** Gateway that an LLMInferenceService routes through. */
  readonly gateway?: { readonly name: string; readonly namespace: string };
}

/** One environment variable, by value or by reference. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly secret?: SecretKey;
}

/** A language model as a service, as data: what every form is written from. */
export interface LlmServiceBlueprint extends LlmServiceInput {
  readonly labels: Readonly<Record<string, string>>;
  /** What tells this service's pods from all others in the namespace. */
  readonly selector: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly variables: readonly Variable[];
  /** Runs before the server. */
  readonly fetch?: { readonly program: string; readonly variables: readonly Variable[] };
  /** Fewest replicas that run, unless the service goes to zero. */
  readonly leastReplicas: number;
  readonly share: PodShare;
  readonly gpus: number;
  readonly startup: Startup;
  readonly graceSeconds: number;
  /** Disk that a pod fills, in GiB. */
  readonly ephemeralGiB: number;
  readonly callsHttps: boolean;
}

/** Label that carries a service's name on its pods. */
export const SERVICE_LABEL = 'ml-platform/service';
/** Until load balancers and gateways have noticed that a pod leaves. */
export const LEAVE_SECONDS = 10;
/** Between the end of the drain and the kill. */
const TEARDOWN_SECONDS = 10;
/** Notice that EC2 gives before it takes a spot instance. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html */
export const SPOT_NOTICE_SECONDS = 120;
/** The image, unpacked; a vLLM image is about 10 GB compressed. */
export const IMAGE_GIB = 30;
/** Logs, compiled kernels, tokenizers. */
const SCRATCH_GIB = 5;

/** Longest drain that ends before the node does. */
export function longestDrainSeconds(plan: LlmPlan): number {
  return standsOnSpot(plan) ? SPOT_NOTICE_SECONDS - LEAVE_SECONDS - TEARDOWN_SECONDS - 10 : 3_600;
}

/** Disk that image, weights and scratch files take, in GiB. */
export function diskNeedGiB(weightsOnDiskGiB: number): number {
  return Math.ceil(IMAGE_GIB + weightsOnDiskGiB + SCRATCH_GIB);
}

/** Decides how a language model runs on Kubernetes. */
export function llmService(input: LlmServiceInput): LlmServiceBlueprint {
  const { name, engine, plan } = input;
  const selector = { [SERVICE_LABEL]: name };
  const fetched = fetchPlan(engine);
  const onDisk = engine.weights.type === 'hugging-face' ? plan.weightsGiB : 0;
  return {
    ...input,
    selector,
    labels: {
      'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'llm', 'app.kubernetes.io/managed-by': 'cdk-ml-platform', ...selector,
    },
    args: serveArgs(engine, plan),
    variables: variables(input),
    fetch: fetched === undefined ? undefined : {
      program: FETCH_PROGRAM,
      variables: [{ name: FETCH_VARIABLE, value: JSON.stringify(fetched) }, { name: 'HOME', value: LLM_HOME }, ...token(engine)],
    },
    leastReplicas: input.scaling?.min ?? plan.replicas,
    share: podShare(plan),
    gpus: gpusPerPod(plan),
    startup: startup(engine.weights, plan.weightsGiB, plan.node.networkGbps),
    graceSeconds: LEAVE_SECONDS + engine.drainSeconds + TEARDOWN_SECONDS,
    ephemeralGiB: Math.ceil(onDisk) + SCRATCH_GIB,
    callsHttps: [engine.weights, ...engine.adapters.map((it) => it.weights)].some(readsOverHttps),
  };
}

/** Names that the service sets itself. */
export const RESERVED_VARIABLES = ['HOME', 'USER', 'VLLM_API_KEY', 'HF_TOKEN', 'VLLM_PORT', 'VLLM_HOST_IP', 'VLLM_NO_USAGE_STATS', FETCH_VARIABLE];

function variables({ engine, environment }: LlmServiceInput): Variable[] {
  const own: Variable[] = [
    { name: 'HOME', value: LLM_HOME },
    // the image has no user with the pod's id, and PyTorch asks for its name
    { name: 'USER', value: 'vllm' },
    { name: 'VLLM_NO_USAGE_STATS', value: '1' },
    ...region(engine),
    ...engine.apiKey === undefined ? [] : [{ name: 'VLLM_API_KEY', secret: engine.apiKey }],
    ...token(engine),
    // nothing is asked of the Hub that the source does not name
    ...engine.weights.type === 'hugging-face' || 'HF_HUB_OFFLINE' in environment ? [] : [{ name: 'HF_HUB_OFFLINE', value: '1' }],
  ];
  return [...own, ...Object.entries(environment).map(([name, value]) => ({ name, value }))];
}

function token({ weights, adapters }: LlmEngine): Variable[] {
  for (const source of [weights, ...adapters.map((it) => it.weights)]) {
    if (source.type === 'hugging-face' && source.token !== undefined) return [{ name: 'HF_TOKEN', secret: source.token }];
  }
  return [];
}

function region({ weights }: LlmEngine): Variable[] {
  return weights.type === 's3' && weights.region !== undefined ? [{ name: 'AWS_REGION', value: weights.region }] : [];
}

/** Where a service answers inside of the cluster. */
export interface LlmEndpoint {
  readonly protocol: 'http' | 'https';
  readonly service: string;
  readonly port: number;
}

/** KServe names its Services itself. https://kserve.github.io/website/docs/concepts/architecture/control-plane */
export function endpointOf(form: LlmForm, name: string): LlmEndpoint {
  switch (form) {
    case 'kserve': return { protocol: 'http', service: `${name}-predictor`, port: 80 };
    case 'llm-inference-service': return { protocol: 'https', service: `${name}-kserve-workload-svc`, port: LLM_PORT };
    default: return { protocol: 'http', service: name, port: LLM_PORT };
  }
}

/** Base address for OpenAI clients inside of the cluster. */
export function urlOf({ protocol, service, port }: LlmEndpoint, namespace: string): string {
  const usual = port === (protocol === 'https' ? 443 : 80);
  return `${protocol}://${service}.${namespace}.svc.cluster.local${usual ? '' : `:${port}`}/v1`;
}

/** Where OpenAI's API is on a gateway; KServe's own route has the namespace in it. */
export function gatewayPathOf({ form, name, namespace }: LlmServiceInput): string {
  return form === 'llm-inference-service' ? `/${namespace}/${name}/v1` : `/${name}/v1`;
}

/** Name of a LeaderWorkerSet: its controller makes a Service of that name, so it is not the service's own. */
export function groupNameOf(name: string): string {
  return `${name}-ranks`;
}

/** The object that has a number of replicas. */
export interface ScaleTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** What an autoscaler scales. */
export function scaleTargetOf(form: LlmForm, name: string): ScaleTarget {
  switch (form) {
    case 'leader-worker-set': return { apiVersion: 'leaderworkerset.x-k8s.io/v1', kind: 'LeaderWorkerSet', name: groupNameOf(name) };
    case 'kserve': return { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-predictor` };
    case 'llm-inference-service': return { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-kserve` };
    default: return { apiVersion: 'apps/v1', kind: 'Deployment', name };
  }
}
