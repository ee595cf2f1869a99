import { AcceleratedInstance } from './accelerated-instance';
import { LlmModel } from './llm-model';
import { adviceFor } from './private/memory/advice';
import { VLLM_0_33 } from './private/memory/engine';
import { type Fit, fitMemory } from './private/memory/fit';
import { type ResolvedRequest, resolveRequest } from './private/memory/request';
import { summaryOf } from './private/memory/summary';
import { KvCacheDtype, ModelDtype, WeightQuantization } from './quantization';

/** What is to be served, and on what. */
export interface MemoryFitProps {
  /** The model. */
  readonly model: LlmModel;
  /** The instance type that one replica, or one stage of its pipeline, runs on. */
  readonly instance: AcceleratedInstance;
  /**
   * GPUs that each layer is split over: vLLM's `--tensor-parallel-size`.
   *
   * @default 1
   */
  readonly tensorParallel?: number;
  /**
   * Parts that the layers are split into: vLLM's `--pipeline-parallel-size`.
   *
   * @default 1
   */
  readonly pipelineParallel?: number;
  /**
   * Longest request, prompt and answer together, in tokens: vLLM's `--max-model-len`.
   *
   * @default - the model's own
   */
  readonly contextLength?: number;
  /**
   * Requests of that length at the same time.
   *
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * Type of the KV cache's entries.
   *
   * @default KvCacheDtype.AUTO
   */
  readonly kvCacheDtype?: KvCacheDtype;
  /**
   * What the engine does to the weights while loading.
   *
   * @default WeightQuantization.CHECKPOINT
   */
  readonly quantization?: WeightQuantization;
  /**
   * Type of activations and unquantized weights.
   *
   * @default ModelDtype.AUTO
   */
  readonly dtype?: ModelDtype;
  /**
   * Share of the GPU's memory that the engine may take.
   *
   * @default - 0.92; on a shared GPU its part of that
   */
  readonly gpuMemoryUtilization?: number;
  /**
   * Requests in one step: vLLM's `--max-num-seqs`.
   *
   * @default - vLLM's for the card, 256 or 1024; concurrency where that is more
   */
  readonly maxNumSeqs?: number;
  /**
   * Tokens in one step: vLLM's `--max-num-batched-tokens`.
   *
   * @default - vLLM's for the card: 2048, 8192 or 16384; maxNumSeqs where that is more
   */
  readonly maxNumBatchedTokens?: number;
  /**
   * Whether to run without CUDA graphs, which saves their memory and costs speed: vLLM's `--enforce-eager`.
   *
   * @default false
   */
  readonly enforceEager?: boolean;
  /**
   * Pods that share each GPU by time slicing, with nothing but their own restraint between their memory.
   *
   * @default 1
   */
  readonly gpuShare?: number;
}

/**
 * Whether a model fits on an instance type, and what is left for requests, as vLLM computes it when it starts.
 *
 * All amounts are for one GPU: with tensor or pipeline parallel for the fullest one, which decides. They are rounded to
 * 0.1 GiB to the safe side, because two starts of one server differ by more than that. They hold for the engine version
 * that `engineVersion` names, and for no other runtime.
 *
 * https://docs.vllm.ai/en/latest/configuration/conserving_memory/
 */
export class MemoryFit {
  /**
   * Computes the fit. That a model does not fit is a result, not an error.
   *
   * @throws a ValidationError for what no memory can mend, among others [unsupported-accelerator] for AWS Neuron and parts of
   * GPUs, [tensor-parallel-does-not-divide], [too-few-gpus], [context-too-long], [bfloat16-not-supported], [already-quantized]
   */
  static of(props: MemoryFitProps): MemoryFit {
    return new MemoryFit(props, resolveRequest(props));
  }

  /** Whether the engine starts and holds `concurrency` requests of `contextLength` tokens. */
  readonly fits: boolean;
  /** Weights on one GPU, in GiB. */
  readonly weightsGiB: number;
  /** The sampler's buffers and the peak of a full batch, in GiB. */
  readonly activationGiB: number;
  /** Libraries, communication, CUDA graphs, and a margin for the difference between two starts, in GiB. */
  readonly overheadGiB: number;
  /** What is left for the KV cache, in GiB; negative if the rest alone does not fit. */
  readonly kvRoomGiB: number;
  /** Tokens that the KV cache holds if all requests are of full length. */
  readonly kvTokens: number;
  /** Requests of full length that the KV cache holds. */
  readonly concurrencyAtContext: number;
  /** What is left over in the KV cache after `concurrency` requests of full length, in GiB; negative if they do not fit. */
  readonly marginGiB: number;
  /** Version of vLLM that the numbers hold for. */
  readonly engineVersion: string = VLLM_0_33.version;
  /** `bfloat16`, `float16` or `float32`, as the engine chooses it for the card. */
  readonly dtype: string;
  /** Longest request that was asked for, in tokens. */
  readonly contextLength: number;
  /** Share of the GPU's memory that was counted on. */
  readonly gpuMemoryUtilization: number;
  /** Requests in one step that were counted on; to be given to the engine where it differs from vLLM's own default. */
  readonly maxNumSeqs: number;
  /** Tokens in one step that were counted on. */
  readonly maxNumBatchedTokens: number;
  private readonly fit: Fit;

  private constructor(private readonly props: MemoryFitProps, private readonly request: ResolvedRequest) {
    const { model, card, settings } = request;
    const fit = fitMemory(model, card, settings);
    this.fit = fit;
    this.fits = fit.fits;
    this.weightsGiB = ceil(fit.weightsGiB);
    this.activationGiB = ceil(fit.activationGiB);
    this.overheadGiB = ceil(fit.overheadGiB);
    this.kvRoomGiB = floor(fit.kvRoomGiB);
    this.kvTokens = floorTo(fit.kvTokens, 16);
    this.concurrencyAtContext = floor(fit.concurrencyAtContext);
    this.marginGiB = floor(fit.kvRoomGiB - fit.kvNeedGiB);
    this.dtype = fit.dtype;
    this.contextLength = settings.contextLength;
    this.gpuMemoryUtilization = settings.gpuMemoryUtilization;
    this.maxNumSeqs = settings.maxNumSeqs;
    this.maxNumBatchedTokens = settings.maxNumBatchedTokens;
  }

  /** Longest context at which `concurrency` requests fit; 0 if none does. */
  get largestContext(): number {
    return this.fit.largestContext();
  }

  /** One line for people: where, what takes how much, what is left. */
  get summary(): string {
    return summaryOf(this.props.instance, this.request.settings, this.fit);
  }

  /** The cheapest change that would make it fit, with others after it; empty if it fits. */
  get advice(): string {
    return this.fits ? '' : adviceFor(this.props);
  }
}

function ceil(gib: number): number {
  return Math.ceil(gib * 10 - 1e-9) / 10;
}

function floor(value: number): number {
  return Math.floor(value * 10 + 1e-9) / 10;
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
