import type { ExpertsShape, LatentAttentionShape, ModelShape } from './model-shape';

/** Parameters of a model, and which of them quantization leaves at 16 bit. */
export interface ParameterCount {
  readonly total: number;
  /** Embeddings, lm_head, norms, routers, towers; what a checkpoint's own quantization leaves alone too. */
  readonly sixteenBit: number;
}

/** How the layers of a family differ from Llama's: RMS norms, gated MLP without biases, two norms a layer. */
interface Family {
  readonly normsPerLayer?: number;
  /** LayerNorm has a bias, RMSNorm has none. */
  readonly normBias?: boolean;
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  readonly mlpBias?: boolean;
  readonly routerBias?: boolean;
  readonly lmHeadBias?: boolean;
  /** `head`: one norm over a head's dimensions; `full`: one over all heads. */
  readonly qkNorm?: 'head' | 'full';
  /** One sink for each head. */
  readonly sinks?: boolean;
  /** The query projection carries a gate of the same size. */
  readonly gatedQuery?: boolean;
  /** Up and down projection only, without a gate. */
  readonly plainMlp?: boolean;
  /** The shared expert is weighed by a gate of its own. */
  readonly sharedExpertGate?: boolean;
  /** One bias for each expert in the router, for balancing. */
  readonly routerCorrection?: boolean;
}

const FAMILIES: Readonly<Record<string, Family>> = {
  llama: {},
  mistral: {},
  mixtral: {},
  phi3: {},
  granite: {},
  smollm3: {},
  llama4: {},
  qwen2: { qkvBias: true },
  qwen3: { qkNorm: 'head' },
  qwen3_moe: { qkNorm: 'head' },
  qwen3_next: { qkNorm: 'head', gatedQuery: true, sharedExpertGate: true },
  qwen3_5: { qkNorm: 'head', gatedQuery: true, sharedExpertGate: true },
  gemma2: { normsPerLayer: 4 },
  gemma3: { normsPerLayer: 4, qkNorm: 'head' },
  glm4: { normsPerLayer: 4, qkvBias: true },
  olmo2: { qkNorm: 'full' },
  phimoe: { normBias: true, qkvBias: true, outputBias: true, lmHeadBias: true },
  gpt_oss: { qkvBias: true, outputBias: true, mlpBias: true, routerBias: true, sinks: true },
  deepseek_v2: {},
  deepseek: { routerCorrection: true },
  falcon7: { normsPerLayer: 1, normBias: true, plainMlp: true },
  falcon40: { normBias: true, plainMlp: true },
  falcon11: { normsPerLayer: 1, normBias: true, plainMlp: true },
};

/** Families whose parameters the library can count. */
export function knownFamilies(): string[] {
  return Object.keys(FAMILIES);
}

/** Counts a model's parameters from its shape; undefined for a family that it does not know. */
export function countParameters(shape: ModelShape): ParameterCount | undefined {
  const family = FAMILIES[shape.family];
  if (family === undefined) return undefined;
  const linearLayers = shape.attention.linear ?? 0;
  const norm = normWeights(family, shape.hiddenSize);
  const kept = embeddingWeights(shape, family) + norm + shape.layers * (family.normsPerLayer ?? 2) * norm;
  const attention = (shape.layers - linearLayers) * attentionWeights(shape, family) + linearLayers * deltaNetWeights(shape);
  const experts = expertLayers(shape) * expertWeights(shape, family);
  const routers = expertLayers(shape) * routerWeights(shape, family);
  const dense = (shape.layers - expertLayers(shape)) * mlpWeights(shape.hiddenSize, shape.intermediateSize, family);
  const towers = shape.other?.towers ?? 0;
  const mtp = shape.other?.mtp ?? 0;
  const onlyExperts = shape.quantization === 'mxfp4';
  return {
    total: kept + attention + experts + routers + dense + towers + mtp,
    sixteenBit: kept + routers + towers + (onlyExperts ? attention + dense : 0),
  };
}

function embeddingWeights(shape: ModelShape, family: Family): number {
  const table = shape.vocabSize * shape.hiddenSize;
  return (shape.tied ? table : 2 * table) + (family.lmHeadBias ? shape.vocabSize : 0);
}

function normWeights(family: Family, size: number): number {
  return family.normBias ? 2 * size : size;
}

function attentionWeights(shape: ModelShape, family: Family): number {
  if (shape.mla !== undefined) return latentWeights(shape, shape.mla);
  const { hiddenSize, headDim } = shape;
  const query = shape.attentionHeads * headDim;
  const keys = shape.kvHeads * headDim;
  const queryWithGate = family.gatedQuery ? 2 * query : query;
  const biases = (family.qkvBias ? query + 2 * keys : 0) + (family.outputBias ? hiddenSize : 0);
  const norms = family.qkNorm === 'head' ? 2 * headDim : family.qkNorm === 'full' ? query + keys : 0;
  const sinks = family.sinks ? shape.attentionHeads : 0;
  return hiddenSize * (queryWithGate + 2 * keys) + query * hiddenSize + biases + norms + sinks;
}

/** DeepSeek's attention: keys and values from one compressed vector, queries compressed in the large models. */
function latentWeights(shape: ModelShape, mla: LatentAttentionShape): number {
  const { hiddenSize, attentionHeads } = shape;
  const query = attentionHeads * (mla.qkNopeHeadDim + mla.qkRopeHeadDim);
  const queries = mla.qLoraRank === 0 ? hiddenSize * query : mla.qLoraRank * (hiddenSize + 1 + query);
  const down = hiddenSize * (mla.kvLoraRank + mla.qkRopeHeadDim) + mla.kvLoraRank;
  const up = mla.kvLoraRank * attentionHeads * (mla.qkNopeHeadDim + mla.vHeadDim);
  return queries + down + up + attentionHeads * mla.vHeadDim * hiddenSize;
}

/** Gated DeltaNet: projections of q, k, v, z and of two gates, a short convolution, decay and step of each head, a norm. */
function deltaNetWeights(shape: ModelShape): number {
  if (shape.linear === undefined) return 0;
  const { keyHeads, keyHeadDim, valueHeads, valueHeadDim, convKernel } = shape.linear;
  const keys = keyHeads * keyHeadDim;
  const values = valueHeads * valueHeadDim;
  const projections = shape.hiddenSize * (2 * keys + 2 * values + 2 * valueHeads);
  return projections + convKernel * (2 * keys + values) + 2 * valueHeads + valueHeadDim + values * shape.hiddenSize;
}

function mlpWeights(hidden: number, width: number, family: Family): number {
  const matrices = family.plainMlp ? 2 : 3;
  return matrices * hidden * width + (family.mlpBias ? (matrices - 1) * width + hidden : 0);
}

/** Layers with a mixture of experts. */
function expertLayers(shape: ModelShape): number {
  return shape.moe === undefined ? 0 : Math.floor(Math.max(shape.layers - shape.moe.leadingDenseLayers, 0) / shape.moe.layerStep);
}

function expertWeights(shape: ModelShape, family: Family): number {
  const moe = shape.moe as ExpertsShape;
  if (moe === undefined) return 0;
  const shared = moe.sharedIntermediateSize === 0 ? 0 : mlpWeights(shape.hiddenSize, moe.sharedIntermediateSize, family);
  return moe.experts * mlpWeights(shape.hiddenSize, moe.intermediateSize, family) + shared;
}

function routerWeights(shape: ModelShape, family: Family): number {
  if (shape.moe === undefined) return 0;
  const { experts, sharedIntermediateSize } = shape.moe;
  const gate = family.sharedExpertGate && sharedIntermediateSize > 0 ? shape.hiddenSize : 0;
  return experts * shape.hiddenSize + gate + (family.routerBias || family.routerCorrection ? experts : 0);
}
