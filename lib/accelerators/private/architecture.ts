/** Multi-head latent attention, as DeepSeek's models have it: one compressed vector for each token, the same on every rank. */
export interface LatentAttention {
  readonly kvLoraRank: number;
  /** Width of the compressed queries; 0 where they are not compressed. */
  readonly qLoraRank?: number;
  readonly qkRopeHeadDim: number;
}

/** Layers whose state does not grow with the context (Gated DeltaNet, Mamba). */
export interface LinearAttention {
  readonly keyHeads: number;
  readonly keyHeadDim: number;
  readonly valueHeads: number;
  readonly valueHeadDim: number;
  readonly convKernel: number;
}

/** How many layers attend in which way. */
export interface AttentionLayers {
  readonly full: number;
  readonly sliding: number;
  /** Tokens that a sliding layer sees; 0 without such layers. */
  readonly slidingWindow: number;
  readonly chunked: number;
  /** Tokens of one chunk; 0 without such layers. */
  readonly chunkSize: number;
  readonly linear: number;
}

/** Shape of a decoder-only language model: what its memory follows from. Names follow Hugging Face's config.json. */
export interface ModelArchitecture {
  /** Hugging Face id, or the user's own name. */
  readonly id: string;
  /** `architectures[0]` of config.json, such as `LlamaForCausalLM`; empty where it is not known. */
  readonly architecture: string;
  readonly modelType: string;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** Whether lm_head is the embedding. */
  readonly tiedEmbeddings?: boolean;
  readonly maxPositionEmbeddings: number;
  /** `bfloat16`, `float16` or `float32`. */
  readonly dtype: string;
  readonly attention: AttentionLayers;
  readonly mla?: LatentAttention;
  readonly linearAttention?: LinearAttention;
  readonly experts: number;
  /** `quant_method` of the checkpoint: `fp8`, `mxfp4`, `awq`, `gptq`, ...; undefined for 16 and 32 bit. */
  readonly quantization?: string;
  /** All parameters of the checkpoint. */
  readonly totalParameters: number;
  /** Of those, parameters that vLLM does not load without being asked, such as heads for multi-token prediction. */
  readonly unloadedParameters: number;
  /** Of those, parameters of embeddings, lm_head, norms and routers, which quantization leaves at 16 bit. */
  readonly sixteenBitParameters: number;
  /** Bytes of the published checkpoint, where they are known. */
  readonly checkpointBytes?: number;
  /** Whether images, sound or video go in. */
  readonly multimodal: boolean;
  /** `generate`, `embedding` or `reranker`. */
  readonly task: string;
}
