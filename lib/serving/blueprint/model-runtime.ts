import type { Duration } from 'aws-cdk-lib';
import { InferenceProtocol } from './model-format';
import {
  huggingFaceServer, LIGHTGBM, MLFLOW, type ModelServer, platformServer, SKLEARN, TENSORFLOW, tritonServer, XGBOOST,
} from './model-runtime-servers';
import { checkInteger, checkOneOf, checkText, DNS_LABEL, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Options of the platform's own server. */
export interface PlatformRuntimeOptions {
  /**
   * Address of the server's image, with a tag or digest. It has to run `python -m ml_platform_runtime serve`.
   *
   * @default - built from the sources in this package, for x86
   */
  readonly image?: string;

  /**
   * Whether models that run code when they are loaded (pickle, cloudpickle) are served.
   * Whoever may register such a model runs code with the service's rights.
   *
   * @default false
   */
  readonly allowPickle?: boolean;

  /**
   * How often the release record is read, 100 milliseconds to 1 minute.
   *
   * @default Duration.millis(500)
   */
  readonly pollInterval?: Duration;
}

/** Options of a Hugging Face server. */
export interface HuggingFaceRuntimeOptions {
  /**
   * What the model does, as KServe's server names it: `sequence_classification`, `token_classification`, `fill_mask`,
   * `text_embedding`, `text_generation`, `text2text_generation` ...
   *
   * @default - derived from the model's architecture
   */
  readonly task?: string;
}

/** A container of your own. */
export interface CustomRuntimeOptions {
  /** Address of the image, with a tag or digest. A mirror of the cluster is put before it, unless it is in ECR. */
  readonly image: string;

  /**
   * Port that it listens on for HTTP.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Port that it listens on for gRPC.
   *
   * @default - it has none
   */
  readonly grpcPort?: number;

  /**
   * REST protocol that it speaks.
   *
   * @default - an API of its own
   */
  readonly protocol?: InferenceProtocol;

  /**
   * Path that answers 200 when requests can be answered.
   *
   * @default - the port being open counts
   */
  readonly readyPath?: string;

  /**
   * Path that answers 200 while the process works.
   *
   * @default - the port being open counts
   */
  readonly livePath?: string;

  /**
   * Command, instead of the image's entry point.
   *
   * @default - the image's
   */
  readonly command?: string[];

  /**
   * Arguments.
   *
   * @default - the image's
   */
  readonly args?: string[];

  /**
   * Numeric user that it runs as, never 0. Needed where the image names its user by name: Kubernetes cannot see that it is not root.
   *
   * @default - the image's
   */
  readonly user?: number;
}

/** A service built with BentoML. */
export interface BentoMlRuntimeOptions {
  /** Address of the image that `bentoml containerize` made, with a tag or digest. */
  readonly image: string;

  /**
   * Port that it listens on.
   *
   * @default 3000
   */
  readonly port?: number;
}

/** A runtime that the cluster has. */
export interface ServingRuntimeOptions {
  /** Model format, as the runtime's `supportedModelFormats` spells it, for example `sklearn`. */
  readonly modelFormat: string;

  /**
   * REST protocol that it speaks.
   *
   * @default InferenceProtocol.V2
   */
  readonly protocol?: InferenceProtocol;
}

const TASK: TextRule = {
  pattern: /^[a-z0-9_]{1,63}$/, allowed: '1 to 63 lower-case letters, digits or underscores, for example text_embedding',
};
const IMAGE: TextRule = {
  pattern: /^[a-z0-9][a-z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/,
  allowed: 'an address with a tag or digest, for example 111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:4',
};
const PATH: TextRule = { pattern: /^\/[^\s?#]{0,255}$/, allowed: 'a path that starts with a slash, for example /health' };
const FORMAT: TextRule = {
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, allowed: '1 to 63 letters, digits, dots, hyphens or underscores',
};

/**
 * What runs a model: one of KServe's servers in a pinned version, Triton, or a container of your own.
 *
 * The images are the platform version's, so that no server changes under a model that works.
 *
 * @see https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/overview
 */
export class ModelRuntime {
  /**
   * scikit-learn: one `.joblib`, `.pkl` or `.pickle` file. A pickle runs code when it is loaded: whoever may write it acts with the
   * service's rights.
   */
  static sklearn(): ModelRuntime {
    return new ModelRuntime(SKLEARN);
  }

  /** XGBoost: one `.bst`, `.json` or `.ubj` file. */
  static xgboost(): ModelRuntime {
    return new ModelRuntime(XGBOOST);
  }

  /** LightGBM: one `.bst` or `.txt` file of a booster. */
  static lightgbm(): ModelRuntime {
    return new ModelRuntime(LIGHTGBM);
  }

  /**
   * A model of the registry in the platform's own server, the same as on Fargate: it follows the release record, changes over to a
   * promoted version without a restart and needs no MLflow. The source is `ModelSource.registry(...)`.
   *
   * Fails with `invalid-image` or `invalid-poll-interval`.
   */
  static platform(options: PlatformRuntimeOptions = {}): ModelRuntime {
    const { image, allowPickle = false } = options;
    const faults = Faults.at('ModelRuntime');
    checkText(faults, 'image', image, IMAGE);
    const pollMilliseconds = options.pollInterval?.toMilliseconds({ integral: false }) ?? 500;
    checkInteger(faults, 'pollInterval', pollMilliseconds, { min: 100, max: 60_000, unit: 'milliseconds' });
    faults.throwIfAny();
    return new ModelRuntime(platformServer({ image, allowPickle, pollMilliseconds }));
  }

  /** MLflow in MLServer, with the libraries that it brings: a folder with `MLmodel`. Models of the registry run in `platform()`. */
  static mlflow(): ModelRuntime {
    return new ModelRuntime(MLFLOW);
  }

  /** ONNX in Triton, on processors or GPUs: a model repository with `<model name>/<version>/model.onnx`. */
  static onnx(): ModelRuntime {
    return new ModelRuntime(tritonServer('onnx', 'onnx'));
  }

  /**
   * PyTorch in Triton, on processors or GPUs: a model repository with `<model name>/<version>/model.pt` (TorchScript) and `config.pbtxt`.
   * TorchServe is archived upstream and gets no fixes; `ModelRuntime.servingRuntime('kserve-torchserve', ...)` still reaches it.
   */
  static pytorch(): ModelRuntime {
    return new ModelRuntime(tritonServer('pytorch', 'pytorch'));
  }

  /** TensorFlow Serving with its own REST and gRPC protocol, on processors or GPUs: `<version>/saved_model.pb` below the source. */
  static tensorflow(): ModelRuntime {
    return new ModelRuntime(TENSORFLOW);
  }

  /**
   * Transformers from the Hugging Face Hub or a folder, on processors or GPUs. For large language models use `LlmService`, which knows
   * what fits.
   */
  static huggingFace(options: HuggingFaceRuntimeOptions = {}): ModelRuntime {
    const faults = Faults.at('ModelRuntime');
    checkText(faults, 'task', options.task, TASK);
    faults.throwIfAny();
    return new ModelRuntime(huggingFaceServer(options.task));
  }

  /** Triton with the backends that its model repository names: several models, ensembles, Python. */
  static triton(): ModelRuntime {
    return new ModelRuntime(tritonServer('triton', 'triton', { runsCode: "models of Triton's Python backend are programs" }));
  }

  /** TensorRT engines in Triton. An engine runs on the kind of GPU that it was built on: the pool must have one kind. */
  static tensorRt(): ModelRuntime {
    return new ModelRuntime(tritonServer('tensorrt', 'tensorrt', { gpu: 'required', oneKindOfGpu: true }));
  }

  /** TensorRT-LLM engines in Triton, on one GPU. An engine runs on the kind of GPU that it was built on: the pool must have one kind. */
  static tensorRtLlm(): ModelRuntime {
    return new ModelRuntime(tritonServer('tensorrt-llm', 'triton', {
      image: { pinned: 'triton-tensorrt-llm' }, gpu: 'required', oneKindOfGpu: true,
      // more need mpirun around tritonserver, which the model repository decides
      maxGpus: 1,
    }));
  }

  /**
   * A container of your own, such as a FastAPI application. A `source` is optional; its files lie at `/mnt/models`.
   *
   * Fails with `invalid-image`, `invalid-port`, `invalid-grpc-port`, `duplicate-port`, `invalid-ready-path`, `invalid-live-path`,
   * `invalid-user` or `invalid-protocol`.
   */
  static custom(options: CustomRuntimeOptions): ModelRuntime {
    const { port = 8080, grpcPort } = options;
    const faults = Faults.at('ModelRuntime');
    checkText(faults, 'image', options.image, IMAGE);
    checkInteger(faults, 'port', port, { min: 1, max: 65_535 });
    checkInteger(faults, 'grpcPort', grpcPort, { min: 1, max: 65_535 });
    faults.check(port !== grpcPort, 'duplicate-port', `port and grpcPort are both ${port}; give each its own`);
    checkOneOf(faults, 'protocol', options.protocol, Object.values(InferenceProtocol));
    checkText(faults, 'readyPath', options.readyPath, PATH);
    checkText(faults, 'livePath', options.livePath, PATH);
    checkInteger(faults, 'user', options.user, { min: 1, max: 2_147_483_647 });
    faults.throwIfAny();
    const { image, command, args, readyPath, livePath, protocol, user } = options;
    return new ModelRuntime({
      name: 'custom',
      image: { address: image },
      command,
      args: args === undefined ? undefined : () => [...args],
      port,
      grpcPort,
      protocols: protocol === undefined ? [] : [protocol],
      grpcProtocol: grpcPort === undefined ? undefined : InferenceProtocol.V2,
      readyPath: readyPath === undefined ? undefined : () => readyPath,
      livePath,
      user,
      gpu: 'optional',
      sharedMemory: true,
      needsSource: false,
    });
  }

  /** A service built with BentoML: port 3000, its own health paths and user. Fails with `invalid-image` or `invalid-port`. */
  static bentoMl(options: BentoMlRuntimeOptions): ModelRuntime {
    // the image names its user by name; it is 1034 in every image that BentoML makes
    return ModelRuntime.custom({ image: options.image, port: options.port ?? 3000, readyPath: '/readyz', livePath: '/livez', user: 1034 });
  }

  /**
   * A ServingRuntime of the namespace or a ClusterServingRuntime that exists, for example one of KServe's own. Its image and version
   * are what the cluster has.
   *
   * Fails with `invalid-name`, `invalid-model-format` or `invalid-protocol`.
   */
  static servingRuntime(name: string, options: ServingRuntimeOptions): ModelRuntime {
    const faults = Faults.at('ModelRuntime');
    const { modelFormat, protocol = InferenceProtocol.V2 } = options;
    checkText(faults, 'name', name, DNS_LABEL);
    checkText(faults, 'modelFormat', modelFormat, FORMAT);
    checkOneOf(faults, 'protocol', protocol, Object.values(InferenceProtocol));
    faults.throwIfAny();
    return new ModelRuntime({
      name, format: modelFormat, existingRuntime: name, port: 8080, protocols: [protocol], gpu: 'optional', needsSource: true,
    });
  }

  /** What it is called: `sklearn`, `triton`, `custom` ... */
  readonly name: string;
  /** @internal */
  readonly _server: ModelServer;

  private constructor(server: ModelServer) {
    this.name = server.name;
    this._server = server;
  }
}
