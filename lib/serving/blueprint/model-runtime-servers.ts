import { InferenceProtocol } from './model-format';
import { RUNTIME_USER } from '../../core/private/runtime-user';

/** Whether a server uses GPUs. */
export type GpuUse = 'none' | 'optional' | 'required';

/** What a server's command line depends on. */
export interface ServedModel {
  /** Name of the model in requests. */
  readonly modelName: string;
  /** Whether the gRPC port is open. */
  readonly grpc: boolean;
  /** Processors that a pod may use, at least 1. */
  readonly threads: number;
  /** Repository on the Hugging Face Hub; undefined where the model lies at `/mnt/models`. */
  readonly hubModel?: { readonly id: string; readonly revision?: string };
  /** Where the release record lies; undefined unless the model comes from a registry. */
  readonly release?: { readonly table: string; readonly region: string };
}

/** Where a server's image comes from: the platform version's pinned one, or the user's own. */
export interface ServerImage {
  /** Name in the platform version. */
  readonly pinned?: string;
  /** Name in the platform version for pods with GPUs. */
  readonly pinnedForGpus?: string;
  /** Address that the user gave. */
  readonly address?: string;
  /** Whether it is built from the sources in this package. */
  readonly built?: boolean;
}

/** A model server as plain data: one row of what KServe runs. */
export interface ModelServer {
  /** How messages call it. */
  readonly name: string;
  /** KServe's name of the model format; undefined where the container is the user's own. */
  readonly format?: string;
  readonly image?: ServerImage;
  /** A ServingRuntime or ClusterServingRuntime that exists; nothing is emitted for it. */
  readonly existingRuntime?: string;
  readonly command?: readonly string[];
  readonly args?: (model: ServedModel) => string[];
  readonly environment?: (model: ServedModel) => Record<string, string>;
  readonly port: number;
  /** Port of gRPC; undefined where the server has none. */
  readonly grpcPort?: number;
  readonly metricsPort?: number;
  /** REST protocols, the best one first; empty where the server has an API of its own. */
  readonly protocols: readonly InferenceProtocol[];
  /** Which protocol its gRPC speaks. */
  readonly grpcProtocol?: InferenceProtocol;
  /** Path that answers 200 when the model can be asked; undefined: an open port has to do. */
  readonly readyPath?: (modelName: string) => string;
  /** Path that answers 200 while the process works; undefined: an open port has to do. */
  readonly livePath?: string;
  /** Path that answers 200 when the process is up, where that is before the model can be asked. */
  readonly startPath?: string;
  /** Numeric user, where the image names none or one by name: `runAsNonRoot` needs a number. */
  readonly user?: number;
  readonly gpu: GpuUse;
  /** Largest number of GPUs of a pod. */
  readonly maxGpus?: number;
  /** Engines are compiled for one kind of GPU. */
  readonly oneKindOfGpu?: boolean;
  /** Oldest compute capability of NVIDIA that the image has code for. */
  readonly computeCapability?: number;
  /** Whether the image exists for x86 alone. */
  readonly amd64Only?: boolean;
  /** Whether processes of a pod talk through /dev/shm. */
  readonly sharedMemory?: boolean;
  /** Whether a model has to be given by `source`. */
  readonly needsSource: boolean;
  /** What of the model is code that runs when it is loaded. */
  readonly runsCode?: string;
}

/** Where KServe puts the model's files. */
export const MODEL_DIRECTORY = '/mnt/models';

const { V1, V2 } = InferenceProtocol;
const GRPC_PORT = 9000;
const grpcFlag = (name: string, { grpc }: ServedModel): string => `${name}=${String(grpc)}`;

/** KServe's Python servers: both REST protocols and gRPC in one process. `/v2/health/ready` is always true, the model's own is not. */
function kserveServer(name: string, container: string, more: Partial<ModelServer> = {}): ModelServer {
  return {
    name,
    format: name,
    image: { pinned: container },
    args: (model) => [...kserveArgs(model), `--model_dir=${MODEL_DIRECTORY}`],
    port: 8080,
    grpcPort: GRPC_PORT,
    metricsPort: 8080,
    protocols: [V2, V1],
    grpcProtocol: V2,
    readyPath: (modelName) => `/v2/models/${modelName}/ready`,
    livePath: '/v2/health/live',
    gpu: 'none',
    needsSource: true,
    ...more,
  };
}

function kserveArgs(model: ServedModel): string[] {
  return [`--model_name=${model.modelName}`, '--http_port=8080', `--grpc_port=${GRPC_PORT}`, grpcFlag('--enable_grpc', model)];
}

/** KServe's servers of one framework take the number of threads. */
function threadedServer(name: string, container: string): ModelServer {
  return kserveServer(name, container, {
    args: (model) => [...kserveArgs(model), `--model_dir=${MODEL_DIRECTORY}`, `--nthread=${model.threads}`],
  });
}

/** scikit-learn. https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/sklearn/v2 */
export const SKLEARN = kserveServer('sklearn', 'kserve-sklearnserver', { runsCode: 'the model is a pickle or joblib file' });
/** XGBoost. https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/xgboost */
export const XGBOOST = threadedServer('xgboost', 'kserve-xgbserver');
/** LightGBM. https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/lightgbm */
export const LIGHTGBM = threadedServer('lightgbm', 'kserve-lgbserver');

/** Hugging Face. https://kserve.github.io/website/docs/model-serving/generative-inference/overview */
export function huggingFaceServer(task: string | undefined): ModelServer {
  return kserveServer('huggingface', 'kserve-huggingfaceserver', {
    image: { pinned: 'kserve-huggingfaceserver', pinnedForGpus: 'kserve-huggingfaceserver-gpu' },
    args: (model) => [
      ...kserveArgs(model),
      ...model.hubModel === undefined ? [`--model_dir=${MODEL_DIRECTORY}`] : [`--model_id=${model.hubModel.id}`],
      ...model.hubModel?.revision === undefined ? [] : [`--model_revision=${model.hubModel.revision}`],
      ...task === undefined ? [] : [`--task=${task}`],
    ],
    environment: () => ({ HF_HOME: '/tmp/huggingface', VLLM_CONFIG_ROOT: '/tmp' }),
    gpu: 'optional',
    amd64Only: true,
    sharedMemory: true,
  });
}

/** MLflow in MLServer. https://mlserver.readthedocs.io/en/latest/runtimes/mlflow.html */
export const MLFLOW: ModelServer = {
  name: 'mlflow',
  format: 'mlflow',
  image: { pinned: 'mlserver' },
  environment: ({ modelName }) => ({
    MLSERVER_MODEL_IMPLEMENTATION: 'mlserver_mlflow.MLflowRuntime',
    MLSERVER_MODEL_NAME: modelName,
    MLSERVER_MODEL_URI: MODEL_DIRECTORY,
    MLSERVER_HTTP_PORT: '8080',
    MLSERVER_GRPC_PORT: String(GRPC_PORT),
    MLSERVER_METRICS_PORT: '8082',
  }),
  port: 8080,
  grpcPort: GRPC_PORT,
  metricsPort: 8082,
  protocols: [V2],
  grpcProtocol: V2,
  readyPath: (modelName) => `/v2/models/${modelName}/ready`,
  livePath: '/v2/health/live',
  gpu: 'none',
  amd64Only: true,
  needsSource: true,
  runsCode: 'most flavours of MLflow load pickles',
};

/** TensorFlow Serving, with its own REST and gRPC. https://www.tensorflow.org/tfx/serving/api_rest */
export const TENSORFLOW: ModelServer = {
  name: 'tensorflow',
  format: 'tensorflow',
  image: { pinned: 'tensorflow-serving', pinnedForGpus: 'tensorflow-serving-gpu' },
  command: ['/usr/bin/tensorflow_model_server'],
  args: ({ modelName, grpc }) => [
    `--model_name=${modelName}`, `--model_base_path=${MODEL_DIRECTORY}`, '--rest_api_port=8080', '--rest_api_timeout_in_ms=60000',
    // 0 closes it
    `--port=${grpc ? GRPC_PORT : 0}`,
  ],
  port: 8080,
  grpcPort: GRPC_PORT,
  protocols: [V1],
  grpcProtocol: V1,
  readyPath: (modelName) => `/v1/models/${modelName}`,
  user: 1000,
  gpu: 'optional',
  amd64Only: true,
  needsSource: true,
};

/** Triton with one of its backends. https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/ */
export function tritonServer(name: string, format: string, more: Partial<ModelServer> = {}): ModelServer {
  return {
    name,
    format,
    image: { pinned: 'triton' },
    args: (model) => [
      'tritonserver', `--model-repository=${MODEL_DIRECTORY}`, '--http-port=8080', `--grpc-port=${GRPC_PORT}`, '--metrics-port=8002',
      grpcFlag('--allow-grpc', model),
    ],
    port: 8080,
    grpcPort: GRPC_PORT,
    metricsPort: 8002,
    protocols: [V2],
    grpcProtocol: V2,
    readyPath: () => '/v2/health/ready',
    livePath: '/v2/health/live',
    user: 1000,
    gpu: 'optional',
    // https://docs.nvidia.com/deeplearning/triton-inference-server/release-notes/rel-26-06.html
    computeCapability: 7.5,
    sharedMemory: true,
    needsSource: true,
    ...more,
  };
}

/** How the platform's own server runs. */
export interface PlatformServerSettings {
  readonly image?: string;
  readonly allowPickle: boolean;
  readonly pollMilliseconds: number;
}

/**
 * The platform's own server, the same as on Fargate. It is up before the first promotion and is asked after it.
 * https://github.com/kserve/open-inference-protocol
 */
export function platformServer({ image, allowPickle, pollMilliseconds }: PlatformServerSettings): ModelServer {
  return {
    name: 'platform',
    image: image === undefined ? { built: true } : { address: image },
    command: ['python', '-m', 'ml_platform_runtime', 'serve'],
    environment: ({ modelName, release }) => ({
      AWS_REGION: release?.region ?? '',
      HOME: '/tmp',
      ML_HOST: '0.0.0.0',
      ML_PORT: '8080',
      ML_MODEL_NAME: modelName,
      ML_RELEASE_TABLE: release?.table ?? '',
      ML_RELEASE_POLL_MS: String(pollMilliseconds),
      ML_CACHE_DIR: '/tmp/ml-platform',
      ML_ALLOW_PICKLE: String(allowPickle),
    }),
    port: 8080,
    metricsPort: 8080,
    protocols: [V2],
    readyPath: () => '/v2/health/ready',
    livePath: '/health',
    startPath: '/health',
    user: RUNTIME_USER,
    gpu: 'none',
    amd64Only: image === undefined,
    needsSource: true,
  };
}
