import type { Duration } from 'aws-cdk-lib';
import type { LlmAutoscaling } from './blueprint/autoscaling';
import type { LlmAlertOptions } from './blueprint/llm-alert-options';
import type { LlmRuntime } from './blueprint/llm-runtime';
import type { Rollout } from './blueprint/rollout';
import type { ScaleToZero } from './blueprint/scale-to-zero';
import type { IInferenceGateway, ILlmService, IModelNamespace, KubernetesSecretKey } from './interfaces';
import type { ModelSource } from './model-source';
import type { LlmModel } from '../accelerators/llm-model';
import type { KvCacheDtype, ModelDtype, WeightQuantization } from '../accelerators/quantization';
import type { IGpuNodePool, IMlCluster } from '../cluster/interfaces';
import type { IPrometheus } from '../monitoring/interfaces';

/** A LoRA adapter that is offered beside the model, under a name of its own. */
export interface LoraAdapter {
  /** Name in requests: the value of `model`. */
  readonly name: string;
  /** Where it comes from: `ModelSource.s3(...)` or `ModelSource.huggingFace(...)`. It is fetched before the server starts. */
  readonly source: ModelSource;
}

/** How the engine computes. What memory depends on is part of the fit. */
export interface LlmEngineOptions {
  /**
   * Type of activations and of weights that are not quantized: `--dtype`.
   *
   * @default ModelDtype.AUTO
   */
  readonly dtype?: ModelDtype;

  /**
   * What the engine does to the weights while it loads them: `--quantization`.
   *
   * @default WeightQuantization.CHECKPOINT
   */
  readonly quantization?: WeightQuantization;

  /**
   * Type of the KV cache's entries: `--kv-cache-dtype`.
   *
   * @default KvCacheDtype.AUTO
   */
  readonly kvCacheDtype?: KvCacheDtype;

  /**
   * Share of each GPU's memory that the engine may take: `--gpu-memory-utilization`.
   *
   * @default - 0.92; on a shared GPU its part of that
   */
  readonly gpuMemoryUtilization?: number;

  /**
   * Requests in one step: `--max-num-seqs`.
   *
   * @default - vLLM's for the card, or concurrency where that is more
   */
  readonly maxNumSeqs?: number;

  /**
   * Tokens in one step: `--max-num-batched-tokens`.
   *
   * @default - vLLM's for the card
   */
  readonly maxNumBatchedTokens?: number;

  /**
   * Whether the KV cache of a prompt's beginning is used again: `--enable-prefix-caching`.
   *
   * @default - vLLM's: true where the model allows it
   */
  readonly prefixCaching?: boolean;

  /**
   * Whether to run without CUDA graphs: less memory, a faster start, fewer tokens per second.
   *
   * @default false
   */
  readonly enforceEager?: boolean;

  /**
   * Whether Python code in the model's repository is run. It runs with the rights of the pods.
   *
   * @default false
   */
  readonly trustRemoteCode?: boolean;

  /**
   * Reads tool calls out of answers, for example `hermes` or `llama3_json`.
   *
   * @default - no tool calls
   * @see https://docs.vllm.ai/en/stable/features/tool_calling/
   */
  readonly toolCallParser?: string;

  /**
   * Reads the reasoning out of answers, for example `qwen3` or `deepseek_r1`.
   *
   * @default - reasoning stays in the answer
   * @see https://docs.vllm.ai/en/stable/features/reasoning_outputs/
   */
  readonly reasoningParser?: string;

  /**
   * Further arguments of `vllm serve`, one an entry: `['--seed', '7']`. They are checked against the pinned version; what a property
   * is for is refused here.
   *
   * @default - none
   */
  readonly extraArgs?: string[];
}

/** What the service offers, and to whom. */
export interface LlmAccessOptions {
  /**
   * Name of the model in requests: the value of `model`.
   *
   * @default - the model's id
   */
  readonly servedModelName?: string;

  /**
   * LoRA adapters that are offered beside the model. Their memory is no part of the fit.
   *
   * @default - none
   */
  readonly loraAdapters?: LoraAdapter[];

  /**
   * Largest rank of the adapters: 1, 8, 16, 32, 64, 128, 256, 320 or 512.
   *
   * @default 16
   */
  readonly maxLoraRank?: number;

  /**
   * Key that callers have to send as bearer token. vLLM asks for it below `/v1` only, so the network policy stays the main guard.
   *
   * @default - none: whoever the network policy lets in may ask
   * @see https://docs.vllm.ai/en/stable/usage/security/
   */
  readonly apiKey?: KubernetesSecretKey;

  /**
   * Namespaces whose pods may call the service, besides the gateway.
   *
   * @default - none; `addCaller` adds one
   */
  readonly callers?: string[];

  /**
   * Prometheus that scrapes the service and that autoscaling asks.
   *
   * @default - none
   */
  readonly prometheus?: IPrometheus;

  /**
   * Whether a ServiceMonitor, alert rules and a Grafana dashboard come with the service. They need the definitions of the Prometheus
   * operator in the cluster.
   *
   * @default - true with prometheus, else false
   */
  readonly monitoring?: boolean;

  /**
   * From when on alerts fire.
   *
   * @default - those of LlmAlertOptions
   */
  readonly alerts?: LlmAlertOptions;

  /**
   * Further environment variables of the server.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * How long requests that run when a pod has to go may go on. At most 90 seconds on spot, whose notice is two minutes.
   *
   * @default Duration.seconds(90)
   */
  readonly drainTimeout?: Duration;
}

/** Where the pods stand, and how many. */
export interface LlmPlacementOptions {
  /**
   * Pool of nodes.
   *
   * @default - the pool of the cluster that can hold the model at the lowest price
   */
  readonly pool?: IGpuNodePool;

  /**
   * EC2 instance types that pods may be placed on; each of them has to hold the model.
   *
   * @default - all of the pool's that hold it at no more than four times the price of the cheapest
   */
  readonly instanceTypes?: string[];

  /**
   * GPUs that each layer is split over: `--tensor-parallel-size`.
   *
   * @default - that of the cheapest placement
   */
  readonly tensorParallel?: number;

  /**
   * Copies of the model, which share the load.
   *
   * @default - as many as `concurrency` needs at the lowest price; left to KEDA with `autoscaling`
   */
  readonly replicas?: number;

  /**
   * Makes more and fewer copies by what the servers report.
   *
   * @default - the number of replicas is fixed
   */
  readonly autoscaling?: LlmAutoscaling;

  /**
   * Lets the last copy go too.
   *
   * @default - at least one replica stays
   */
  readonly scaleToZero?: ScaleToZero;
}

/** How callers from outside of the cluster reach the service, and a candidate beside it. */
export interface LlmRoutingOptions {
  /**
   * Gateway that callers come through; service `chat` answers at `<url of the gateway>/chat/v1`.
   *
   * @default - none: the service answers inside of the cluster only
   */
  readonly gateway?: IInferenceGateway;

  /**
   * Another service in the same namespace, without a gateway of its own, that gets its part of the requests.
   *
   * @default - none
   */
  readonly candidate?: ILlmService;

  /**
   * How requests are divided between this service and the candidate.
   *
   * @default - all go to this service
   */
  readonly rollout?: Rollout;
}

/** Properties of a language model as a service. */
export interface LlmServiceProps extends LlmEngineOptions, LlmAccessOptions, LlmPlacementOptions, LlmRoutingOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /** Shape of the model: what memory and context follow from. */
  readonly model: LlmModel;

  /** Where the weights come from. */
  readonly source: ModelSource;

  /**
   * Longest request, prompt and answer together, in tokens: `--max-model-len`.
   *
   * @default - the model's own
   */
  readonly contextLength?: number;

  /**
   * Requests of full length that the service holds at the same time, over all replicas.
   *
   * @default 1
   */
  readonly concurrency?: number;

  /**
   * What keeps the model running.
   *
   * @default LlmRuntime.deployment()
   */
  readonly runtime?: LlmRuntime;

  /**
   * Namespace of the pods.
   *
   * @default - ModelNamespace.of(cluster), which is `models`
   */
  readonly namespace?: IModelNamespace;

  /**
   * Name of the service in Kubernetes: 1 to 40 lower-case letters, digits and hyphens, starting with a letter. Another name is
   * another service.
   *
   * @default - the id in kebab case
   */
  readonly serviceName?: string;
}

/** Where the pods of a language model stand. */
export interface LlmServicePlacement {
  /** Pool that supplies the nodes. */
  readonly pool: IGpuNodePool;
  /** EC2 instance types that pods may be placed on, cheapest first. */
  readonly instanceTypes: string[];
  /** GPUs that each layer is split over. */
  readonly tensorParallel: number;
  /** Parts that the layers are split into. */
  readonly pipelineParallel: number;
  /** Nodes that one replica takes. */
  readonly nodesPerReplica: number;
  /** Copies of the model; the most there may be where an autoscaler decides. */
  readonly replicas: number;
  /** On-demand price of the instances for all replicas on the cheapest type, in USD for an hour; spot is less. */
  readonly usdPerHour: number;
}
