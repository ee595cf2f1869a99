import { restrictedContainer, restrictedPod } from './pod-restricted';
import { LLM_HOME, LLM_PORT } from '../blueprint/llm-engine';
import { FETCH_FOLDER } from '../blueprint/llm-fetch';
import { LEAVE_SECONDS, type LlmServiceBlueprint, type Variable } from '../blueprint/llm-service';
import { CACHE_MOUNT } from '../blueprint/llm-weights';

type Json = Record<string, unknown>;

/** How the pods of one form differ. */
export interface LlmPodRole {
  /** Name of the container. */
  readonly container: string;
  /** Arguments after the service's own. */
  readonly args?: readonly string[];
  /** Whether the container answers HTTP. */
  readonly answers?: boolean;
}

/** Seconds between two looks at a starting server. */
const STARTUP_PERIOD = 10;

/** The pods of a language model: where they go, and the vLLM server in them. */
export function llmPodSpec(service: LlmServiceBlueprint, role: LlmPodRole): Json {
  return {
    serviceAccountName: service.name,
    automountServiceAccountToken: false,
    // a Service called vllm would set VLLM_PORT to an address, which vLLM refuses
    enableServiceLinks: false,
    terminationGracePeriodSeconds: service.graceSeconds,
    securityContext: restrictedPod(),
    ...llmScheduling(service),
    ...service.fetch === undefined ? {} : { initContainers: [fetchContainer(service)] },
    containers: [serverContainer(service, role)],
    volumes: volumes(service),
  };
}

/** What every pod of the service carries. */
export function llmPodMetadata(service: LlmServiceBlueprint): Json {
  return {
    labels: { ...service.labels },
    // consolidation does not see what a GPU does: a node with a working model is left alone
    annotations: { 'karpenter.sh/do-not-disrupt': 'true' },
  };
}

/** Where pods may go. */
export function llmScheduling(service: LlmServiceBlueprint): Json {
  const { plan, selector } = service;
  const together = plan.nodesPerReplica > 1;
  const types = { key: 'node.kubernetes.io/instance-type', operator: 'In', values: [...plan.instanceTypes].sort() };
  const zone = { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: { ...selector } } };
  return {
    nodeSelector: { 'ml-platform/node-pool': plan.pool.poolName },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [types] }] } },
      // ranks talk in every layer: not across zones
      ...together ? { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zone] } } : {},
    },
    // one zone is better than none: spot capacity may be in one of them only
    ...together ? {} : { topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', ...zone }] },
  };
}

/** CPU, memory and disk to be set aside, and GPUs. Memory has no limit: the node is the model's own. */
export function llmResources({ share, gpus, plan, ephemeralGiB }: LlmServiceBlueprint): Json {
  const accelerators = { [plan.pool.gpuResource]: gpus };
  return {
    requests: {
      'cpu': `${share.cpus * 1_000}m`, 'memory': `${share.memoryGiB}Gi`, 'ephemeral-storage': `${ephemeralGiB}Gi`, ...accelerators,
    },
    limits: accelerators,
  };
}

/** Variables as a container wants them. */
export function environmentOf(variables: readonly Variable[]): Json[] {
  return variables.map(({ name, value, secret }) => secret === undefined
    ? { name, value: value ?? '' }
    : { name, valueFrom: { secretKeyRef: { name: secret.secretName, key: secret.key } } });
}

function serverContainer(service: LlmServiceBlueprint, { container, args = [], answers = true }: LlmPodRole): Json {
  return {
    name: container,
    image: service.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['vllm', 'serve'],
    args: [...service.args, ...args],
    env: environmentOf(service.variables),
    ...answers ? { ports: [{ name: 'http', containerPort: LLM_PORT, protocol: 'TCP' }], ...probes(service) } : {},
    lifecycle: { preStop: { sleep: { seconds: LEAVE_SECONDS } } },
    resources: llmResources(service),
    securityContext: restrictedContainer(),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: mounts(service),
  };
}

/** Nobody looks at a model that loads, nobody waits long for one that hangs. */
function probes({ startup }: LlmServiceBlueprint): Json {
  const httpGet = { path: '/health', port: 'http' };
  return {
    startupProbe: { httpGet, periodSeconds: STARTUP_PERIOD, timeoutSeconds: 5, failureThreshold: startup.budgetSeconds / STARTUP_PERIOD },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

function fetchContainer(service: LlmServiceBlueprint): Json {
  return {
    name: 'fetch',
    image: service.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['python3', '-c', service.fetch?.program ?? ''],
    env: environmentOf(service.fetch?.variables ?? []),
    resources: { requests: { cpu: '500m', memory: '1Gi' } },
    securityContext: restrictedContainer(),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'home', mountPath: LLM_HOME }, { name: 'fetched', mountPath: FETCH_FOLDER }],
  };
}

function mounts(service: LlmServiceBlueprint): Json[] {
  return [
    { name: 'home', mountPath: LLM_HOME },
    ...service.gpus > 1 ? [{ name: 'shm', mountPath: '/dev/shm' }] : [],
    ...service.fetch === undefined ? [] : [{ name: 'fetched', mountPath: FETCH_FOLDER, readOnly: true }],
    ...service.engine.weights.type === 'node-cache' ? [{ name: 'models', mountPath: CACHE_MOUNT, readOnly: true }] : [],
  ];
}

function volumes(service: LlmServiceBlueprint): Json[] {
  const { weights } = service.engine;
  return [
    { name: 'home', emptyDir: {} },
    // ranks of one pod hand each other tensors here; a container's own /dev/shm has 64 MiB
    ...service.gpus > 1 ? [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: `${Math.max(1, Math.min(8, Math.floor(service.share.memoryGiB / 4)))}Gi` } }] : [],
    ...service.fetch === undefined ? [] : [{ name: 'fetched', emptyDir: {} }],
    ...weights.type === 'node-cache' ? [{ name: 'models', persistentVolumeClaim: { claimName: weights.claimName, readOnly: true } }] : [],
  ];
}
