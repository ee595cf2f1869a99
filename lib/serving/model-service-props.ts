import type { Duration } from 'aws-cdk-lib';
import type { RequestAutoscaling } from './blueprint/autoscaling';
import type { InferenceProtocol } from './blueprint/model-format';
import type { ModelRuntime } from './blueprint/model-runtime';
import type { RequestLogging } from './blueprint/request-logging';
import type { Rollout } from './blueprint/rollout';
import type { ScaleToZero } from './blueprint/scale-to-zero';
import type { IClusterModelService, IInferenceGateway, IModelNamespace } from './interfaces';
import type { ModelSource } from './model-source';
import type { IGpuNodePool, IMlCluster } from '../cluster/interfaces';
import type { IPrometheus } from '../monitoring/interfaces';

/** What one pod gets, as requests and as limits. */
export interface ModelServiceResources {
  /**
   * Processors, 0.1 or more. Servers of one framework start as many threads as there are whole ones.
   *
   * @default 1
   */
  readonly cpus?: number;

  /**
   * Memory in GiB.
   *
   * @default 2
   */
  readonly memoryGiB?: number;

  /**
   * Disk of the node in GiB, for the model and what the server writes. A pod that takes more is evicted.
   *
   * @default - what the node has left
   */
  readonly diskGiB?: number;
}

/** GPUs of a model. */
export interface ModelServiceGpu {
  /** The pool that the pods run on. */
  readonly pool: IGpuNodePool;

  /**
   * GPUs of one pod, or shares of one where the pool cuts or shares its GPUs.
   *
   * @default 1
   */
  readonly count?: number;

  /**
   * EC2 instance types of the pool that pods may come to. TensorRT engines need types with one kind of GPU.
   *
   * @default - all of the pool
   */
  readonly instanceTypes?: string[];
}

/**
 * A container before the model, that turns requests into what the model takes and answers into what callers want.
 *
 * KServe appends `--model_name`, `--predictor_host` and `--http_port` to its arguments and expects it on port 8080: a server built with
 * `kserve.ModelServer` takes them.
 *
 * @see https://kserve.github.io/website/docs/model-serving/predictive-inference/transformers/custom-transformer
 */
export interface ModelTransformer {
  /** Address of the image, with a tag or digest. */
  readonly image: string;

  /**
   * Command, instead of the image's entry point.
   *
   * @default - the image's
   */
  readonly command?: string[];

  /**
   * Arguments before those that KServe and the platform add.
   *
   * @default - none
   */
  readonly args?: string[];

  /**
   * Environment variables.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * What one pod gets.
   *
   * @default - 1 processor, 2 GiB of memory
   */
  readonly resources?: ModelServiceResources;

  /**
   * How many pods there are.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Path that answers 200 when requests can be answered.
   *
   * @default - the port being open counts
   */
  readonly readyPath?: string;

  /**
   * Numeric user that it runs as, never 0. Needed where the image names its user by name.
   *
   * @default - the image's
   */
  readonly user?: number;
}

/** The pods of a model service. */
export interface ModelServicePods {
  /**
   * What one pod gets.
   *
   * @default - 1 processor, 2 GiB of memory
   */
  readonly resources?: ModelServiceResources;

  /**
   * GPUs of one pod, and the pool that has them. A rollout never doubles them: an old pod goes before the new one comes.
   *
   * @default - none
   */
  readonly gpu?: ModelServiceGpu;

  /**
   * How many pods there are. With two or more a disruption budget keeps all but one while nodes are drained.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Scaling by the requests that come through the gateway, instead of a fixed number. Needs `gateway` and `prometheus`.
   *
   * @default - `replicas` pods, always
   */
  readonly autoscaling?: RequestAutoscaling;

  /**
   * What brings the service back when it has no pods. Needs `autoscaling`.
   *
   * @default - it keeps its pods
   */
  readonly scaleToZero?: ScaleToZero;

  /**
   * Environment variables of the server.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * How long a server may take to load its model, 10 seconds to 2 hours. The download comes before and does not count.
   *
   * @default Duration.minutes(10)
   */
  readonly startupTimeout?: Duration;

  /**
   * How long a pod may take to finish its requests, 15 seconds to 1 hour; on spot nodes 110 seconds at most, before the node goes.
   *
   * @default Duration.seconds(60)
   */
  readonly gracePeriod?: Duration;
}

/** Who reaches a model service, and which version answers. */
export interface ModelServiceRouting {
  /**
   * Gateway that the service is reached through, at `<gateway>/<serviceName>/`. REST only: gRPC is reached inside of the cluster.
   *
   * @default - it is reached inside of the cluster only
   */
  readonly gateway?: IInferenceGateway;

  /**
   * Another service in the same namespace, without a gateway of its own, that gets its part of the requests. It answers by the same
   * protocol and `modelName`.
   *
   * @default - none
   */
  readonly candidate?: IClusterModelService;

  /**
   * How requests are divided between this service and the candidate. Rollback is this value.
   *
   * @default - all go to this service
   */
  readonly rollout?: Rollout;

  /**
   * Namespaces whose pods may call the service, besides the gateway.
   *
   * @default - none
   */
  readonly callers?: string[];

  /**
   * Prometheus that reads the server's metrics, and that `autoscaling` asks.
   *
   * @default - nobody reads them
   */
  readonly prometheus?: IPrometheus;
}

/** Properties of a model service. */
export interface ModelServiceProps extends ModelServicePods, ModelServiceRouting {
  /** The cluster. It needs the add-on `KServe`. */
  readonly cluster: IMlCluster;

  /** What runs the model. */
  readonly runtime: ModelRuntime;

  /**
   * Where the model comes from.
   *
   * @default - the container has it: `ModelRuntime.custom` and `bentoMl` only
   */
  readonly source?: ModelSource;

  /**
   * Namespace of the service.
   *
   * @default - `ModelNamespace.of(cluster)`, named `models`
   */
  readonly namespace?: IModelNamespace;

  /**
   * Name of the service: 1 to 46 lower-case letters, digits or hyphens, starting with a letter.
   *
   * @default - the construct's id in lower case with hyphens
   */
  readonly serviceName?: string;

  /**
   * Name of the model in requests. Triton takes it from the folder in its model repository: the two have to be the same.
   *
   * @default - the service's name; the registered model's name with `ModelSource.registry`
   */
  readonly modelName?: string;

  /**
   * REST protocol that callers speak.
   *
   * @default - `InferenceProtocol.V2` where the runtime speaks it, else V1
   */
  readonly protocol?: InferenceProtocol;

  /**
   * Whether the server's gRPC port is open.
   *
   * @default false
   */
  readonly grpc?: boolean;

  /**
   * Container before the model.
   *
   * @default - none
   */
  readonly transformer?: ModelTransformer;

  /**
   * Where calls are logged.
   *
   * @default - they are not
   */
  readonly requestLog?: RequestLogging;

  /**
   * Fields of the InferenceService's `spec` that are merged over ours, last. KServe's own canary and autoscaler are refused.
   *
   * @default - none
   */
  readonly overrides?: { readonly [key: string]: unknown };
}
