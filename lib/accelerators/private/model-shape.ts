import type { AttentionLayers, LinearAttention } from './architecture';

/** Multi-head latent attention with the dimensions that its weights follow from. */
export interface LatentAttentionShape {
  readonly kvLoraRank: number;
  /** 0 where queries are not compressed. */
  readonly qLoraRank: number;
  readonly qkNopeHeadDim: number;
  readonly qkRopeHeadDim: number;
  readonly vHeadDim: number;
}

/** Mixture of experts. */
export interface ExpertsShape {
  readonly experts: number;
  readonly expertsPerToken: number;
  /** Width of one expert. */
  readonly intermediateSize: number;
  /** Width of all shared experts together; 0 without them. */
  readonly sharedIntermediateSize: number;
  /** Layers with a dense MLP instead, from the first on. */
  readonly leadingDenseLayers: number;
  /** One layer of so many has experts, the others a dense MLP. */
  readonly layerStep: number;
}

/** What a model weighs beside its text tower. */
export interface OtherParameters {
  /** Vision and sound towers with their projectors. */
  readonly towers: number;
  /** Heads for multi-token prediction, which vLLM leaves out unless speculative decoding wants them. */
  readonly mtp: number;
}

/** Everything that the count of parameters and the memory of a decoder follow from, read from a `config.json`. */
export interface ModelShape {
  /** Which of the formulas in parameter-count.ts holds; empty where none does. */
  readonly family: string;
  readonly modelType: string;
  readonly architecture: string;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width of a dense MLP; 0 where every layer has experts. */
  readonly intermediateSize: number;
  readonly vocabSize: number;
  /** Whether lm_head is the embedding. */
  readonly tied: boolean;
  /** Longest context that vLLM derives from the configuration. */
  readonly contextLength: number;
  readonly dtype: string;
  readonly attention: Partial<AttentionLayers>;
  readonly mla?: LatentAttentionShape;
  readonly linear?: LinearAttention;
  readonly moe?: ExpertsShape;
  readonly other?: Partial<OtherParameters>;
  /** `quant_method` of the checkpoint. */
  readonly quantization?: string;
  /** Only where it is not `generate`. */
  readonly task?: string;
}

/** A model of the catalogue: its shape, what was published about it, other names of the same shape. */
export interface CatalogueModel extends ModelShape {
  readonly totalParameters: number;
  readonly checkpointGiB?: number;
  readonly aliases?: readonly string[];
}
