import { escapeTemplate } from './kserve-template';
import type { Variable } from './llm-service';
import type { SecretKey } from './llm-weights';
import type { LoggerPlan } from './logger-plan';
import type { InferenceProtocol } from './model-format';
import type { ModelServer, ServedModel } from './model-runtime-servers';

/** GPUs of one pod, and the nodes that have them. */
export interface ModelGpus {
  readonly poolName: string;
  /** `nvidia.com/gpu`, or a slice. */
  readonly resource: string;
  readonly count: number;
  readonly usesSpot: boolean;
  /** EC2 instance types; empty: every one of the pool. */
  readonly instanceTypes: readonly string[];
}

/** What one container of a pod gets, as requests and as limits. */
export interface ModelShare {
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly diskGiB?: number;
}

/** How many pods there are. */
export interface ModelReplicas {
  readonly min: number;
  readonly max: number;
  /** True if an autoscaler sets the number. */
  readonly autoscaled: boolean;
}

/** Where the model's files come from. */
export interface ModelFiles {
  /** `s3://` or `pvc://`; undefined: the server fetches the model, or has it. */
  readonly storageUri?: string;
  readonly hubModel?: { readonly id: string; readonly revision?: string };
  readonly token?: SecretKey;
  readonly release?: { readonly table: string; readonly region: string };
}

/** One InferenceService, once names, image and files are known. */
export interface KServeModelInput {
  readonly name: string;
  readonly namespace: string;
  readonly modelName: string;
  readonly server: ModelServer;
  /** Address of the server's image; undefined for a runtime that exists. */
  readonly image?: string;
  readonly files: ModelFiles;
  readonly protocol?: InferenceProtocol;
  readonly grpc: boolean;
  readonly share: ModelShare;
  readonly gpus?: ModelGpus;
  readonly replicas: ModelReplicas;
  readonly environment: Readonly<Record<string, string>>;
  readonly startupSeconds: number;
  readonly graceSeconds: number;
  readonly serviceAccountName: string;
  readonly logger?: LoggerPlan;
  readonly transformer?: TransformerInput;
}

/** A transformer before the predictor. */
export interface TransformerInput {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly share: ModelShare;
  readonly replicas: number;
  readonly readyPath?: string;
  readonly user?: number;
}

/** A port of a container. KServe takes a name with `grpc` in it for HTTP/2 without TLS. */
export interface ModelPort {
  readonly name: string;
  readonly port: number;
}

/** A container of ours, as data. */
export interface ModelContainer {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly variables: readonly Variable[];
  readonly ports: readonly ModelPort[];
  readonly share: ModelShare;
  readonly gpus?: { readonly resource: string; readonly count: number };
  readonly readyPath?: string;
  readonly livePath?: string;
  readonly startPath?: string;
  readonly startupSeconds: number;
  readonly user?: number;
  readonly sharedMemory: boolean;
}

/** An InferenceService as data. */
export interface KServeModelBlueprint extends KServeModelInput {
  readonly labels: Readonly<Record<string, string>>;
  readonly container: ModelContainer;
  readonly transformerContainer?: ModelContainer;
  /** Service that callers reach, and its ports. */
  readonly entry: ModelEntry;
}

/** Where an InferenceService answers inside of the cluster. */
export interface ModelEntry {
  readonly service: string;
  readonly port: number;
  readonly grpcPort?: number;
  /** Ports of its pods that callers get to. */
  readonly podPorts: readonly number[];
}

/** KServe maps the first port of a pod to this port of its Service. */
const HTTP_SERVICE_PORT = 80;
/** Port of KServe's agent, which stands before a server whose requests are logged. */
const AGENT_PORT = 9081;
/** What KServe appends to a transformer's command line: the container has to listen there. */
const TRANSFORMER_PORT = 8080;
const TRANSFORMER_GRPC_PORT = 9000;

/** Decides how KServe runs a model. */
export function kserveModel(input: KServeModelInput): KServeModelBlueprint {
  const transformerContainer = input.transformer === undefined ? undefined : transformerOf(input, input.transformer);
  return {
    ...input,
    labels: {
      'app.kubernetes.io/name': input.name, 'app.kubernetes.io/component': 'model', 'app.kubernetes.io/managed-by': 'cdk-ml-platform',
      'ml-platform/service': input.name,
    },
    container: containerOf(input),
    transformerContainer,
    entry: entryOf(input, transformerContainer),
  };
}

/** Names of what KServe makes for an InferenceService. */
export function deploymentName(name: string, component: 'predictor' | 'transformer'): string {
  return `${name}-${component}`;
}

function containerOf(input: KServeModelInput): ModelContainer {
  const { server, gpus, grpc, share, modelName, files } = input;
  const threads = Math.max(1, Math.floor(share.cpus));
  const model: ServedModel = { modelName, grpc, threads, hubModel: files.hubModel, release: files.release };
  // a runtime's container is a Go template to KServe, a container of one's own is not
  const written = server.format === undefined ? (text: string): string => text : escapeTemplate;
  return {
    image: input.image,
    command: server.command?.map(written),
    args: (server.args?.(model) ?? []).map(written),
    variables: [
      ...Object.entries({ ...server.environment?.(model), ...input.environment }).map(([name, value]) => ({ name, value: written(value) })),
      ...files.token === undefined ? [] : [{ name: 'HF_TOKEN', secret: files.token }],
      ...files.storageUri === undefined || server.format !== undefined ? [] : [{ name: 'STORAGE_URI', value: files.storageUri }],
    ],
    ports: portsOf(server, grpc),
    share,
    gpus,
    readyPath: server.readyPath?.(modelName),
    livePath: server.livePath,
    startPath: server.startPath,
    startupSeconds: input.startupSeconds,
    user: server.user,
    sharedMemory: server.sharedMemory ?? false,
  };
}

/** The first port is the one that KServe sends requests to. */
function portsOf(server: ModelServer, grpc: boolean): ModelPort[] {
  return [
    { name: 'http1', port: server.port },
    ...grpc && server.grpcPort !== undefined ? [{ name: 'grpc', port: server.grpcPort }] : [],
    ...server.metricsPort === undefined || server.metricsPort === server.port ? [] : [{ name: 'metrics', port: server.metricsPort }],
  ];
}

/** KServe adds `--model_name`, `--predictor_host` and `--http_port`; what the predictor speaks it leaves at v1. */
function transformerOf(input: KServeModelInput, transformer: TransformerInput): ModelContainer {
  return {
    image: transformer.image,
    command: transformer.command,
    args: [
      ...transformer.args,
      `--model_name=${input.modelName}`,
      ...input.protocol === undefined ? [] : [`--predictor_protocol=${input.protocol}`],
      `--enable_grpc=${String(input.grpc)}`,
      ...input.grpc ? [`--grpc_port=${TRANSFORMER_GRPC_PORT}`] : [],
    ],
    variables: Object.entries(transformer.environment).map(([name, value]) => ({ name, value })),
    ports: [{ name: 'http1', port: TRANSFORMER_PORT }, ...input.grpc ? [{ name: 'grpc', port: TRANSFORMER_GRPC_PORT }] : []],
    share: transformer.share,
    readyPath: transformer.readyPath,
    startupSeconds: input.startupSeconds,
    user: transformer.user,
    sharedMemory: false,
  };
}

function entryOf(input: KServeModelInput, transformer: ModelContainer | undefined): ModelEntry {
  const { name, grpc, server, logger } = input;
  const component = transformer === undefined ? 'predictor' : 'transformer';
  const [http, grpcPort] = transformer === undefined ? [server.port, server.grpcPort] : [TRANSFORMER_PORT, TRANSFORMER_GRPC_PORT];
  return {
    service: deploymentName(name, component),
    port: HTTP_SERVICE_PORT,
    grpcPort: grpc ? grpcPort : undefined,
    podPorts: [transformer === undefined ? predictorPort(server, logger) : http, ...grpc && grpcPort !== undefined ? [grpcPort] : []],
  };
}

/** The port of a predictor's pod that its Service leads to. */
export function predictorPort(server: ModelServer, logger: LoggerPlan | undefined): number {
  return logger === undefined ? server.port : AGENT_PORT;
}
