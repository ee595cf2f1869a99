import { restrictedContainer, restrictedPod } from './pod-restricted';
import type { KServeModelBlueprint, ModelContainer, ModelShare } from '../blueprint/kserve-model';
import type { Variable } from '../blueprint/llm-service';

type Json = Record<string, unknown>;

/** Seconds between two looks at a starting server. */
const STARTUP_PERIOD = 10;
/** Until gateways have noticed that a pod leaves. */
const LEAVE_SECONDS = 10;

/** What every pod of an InferenceService says beside its containers. KServe merges it over the runtime's. */
export function modelPod(service: KServeModelBlueprint, container: ModelContainer, component: 'predictor' | 'transformer'): Json {
  const { gpus, server } = service;
  const onGpus = component === 'predictor' && gpus !== undefined;
  return {
    serviceAccountName: service.serviceAccountName,
    automountServiceAccountToken: false,
    // a Service with the name of a variable's prefix would set it
    enableServiceLinks: false,
    terminationGracePeriodSeconds: service.graceSeconds,
    securityContext: podSecurity(server.format === undefined || component === 'transformer' ? container.user ?? null : container.user),
    ...onGpus ? gpuScheduling(service) : cpuScheduling(service, component),
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: componentSelector(service, component) },
    }],
    ...container.sharedMemory ? { volumes: [sharedMemory(container.share)] } : {},
  };
}

/** Pods of one component: KServe labels them with its name. */
export function componentSelector({ name }: KServeModelBlueprint, component: 'predictor' | 'transformer'): Record<string, string> {
  return { 'ml-platform/service': name, component };
}

/** Everything of a container that is not its server's own business. */
export function containerSettings(container: ModelContainer): Json {
  return {
    resources: resources(container),
    ...probes(container),
    lifecycle: { preStop: { sleep: { seconds: LEAVE_SECONDS } } },
    securityContext: { ...restrictedContainer(), runAsNonRoot: true, ...container.user === undefined ? {} : { runAsUser: container.user } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...container.sharedMemory ? { volumeMounts: [{ name: 'shm', mountPath: '/dev/shm' }] } : {},
  };
}

/** What the server is: image, command line, variables, ports. */
export function containerProgram(container: ModelContainer): Json {
  const { image, command, args, variables, ports } = container;
  return {
    ...image === undefined ? {} : { image, imagePullPolicy: 'IfNotPresent' },
    ...command === undefined ? {} : { command: [...command] },
    ...args.length === 0 ? {} : { args: [...args] },
    ...variables.length === 0 ? {} : { env: variables.map(variable) },
    ports: ports.map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
  };
}

function variable({ name, value, secret }: Variable): Json {
  return secret === undefined
    ? { name, value: value ?? '' }
    : { name, valueFrom: { secretKeyRef: { name: secret.secretName, key: secret.key } } };
}

/** `null` leaves the user to the image, which has to name it by number. */
function podSecurity(user: number | null | undefined): Json {
  const { runAsUser, runAsGroup, ...rest } = restrictedPod();
  if (user === null) return rest;
  return { ...rest, runAsUser: user ?? runAsUser, runAsGroup: user ?? runAsGroup };
}

/** Limits as well as requests: where one is missing KServe sets its own, which may be below the request. */
function resources({ share, gpus }: ModelContainer): Json {
  const set: Json = {
    cpu: `${Math.round(share.cpus * 1_000)}m`,
    memory: `${Math.round(share.memoryGiB * 1_024)}Mi`,
    ...share.diskGiB === undefined ? {} : { 'ephemeral-storage': `${Math.round(share.diskGiB * 1_024)}Mi` },
    ...gpus === undefined ? {} : { [gpus.resource]: gpus.count },
  };
  return { requests: set, limits: { ...set } };
}

/** A container's own /dev/shm has 64 MiB; this one counts as its memory. */
function sharedMemory({ memoryGiB }: ModelShare): Json {
  const sizeLimit = `${Math.max(64, Math.min(8_192, Math.floor(memoryGiB * 1_024 / 4)))}Mi`;
  return { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit } };
}

/** Nobody looks at a model that loads, nobody waits long for one that hangs. */
function probes({ ports, readyPath, livePath, startPath = readyPath, startupSeconds }: ModelContainer): Json {
  const port = ports[0]?.port;
  const failureThreshold = Math.ceil(startupSeconds / STARTUP_PERIOD);
  const look = (path: string | undefined): Json => path === undefined ? { tcpSocket: { port } } : { httpGet: { path, port } };
  return {
    startupProbe: { ...look(startPath), periodSeconds: STARTUP_PERIOD, timeoutSeconds: 5, failureThreshold },
    readinessProbe: { ...look(readyPath), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...look(livePath), periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

function gpuScheduling({ gpus, server }: KServeModelBlueprint): Json {
  const types = gpus?.instanceTypes ?? [];
  const nodeSelectorTerms = [{ matchExpressions: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: [...types] }] }];
  return {
    nodeSelector: { 'ml-platform/node-pool': gpus?.poolName, ...architecture(server.amd64Only) },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
    ...types.length === 0 ? {} : {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    },
  };
}

function cpuScheduling({ server }: KServeModelBlueprint, component: 'predictor' | 'transformer'): Json {
  return component === 'predictor' && server.amd64Only === true ? { nodeSelector: architecture(true) } : {};
}

function architecture(amd64Only: boolean | undefined): Record<string, string> {
  return amd64Only === true ? { 'kubernetes.io/arch': 'amd64' } : {};
}
