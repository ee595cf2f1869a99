import { ModelArchitecture } from '../architecture';
import { ceilDiv, roundUp } from './units';

/** How one kind of layer keeps its past. */
export type CacheKind = 'full' | 'sliding' | 'chunked' | 'linear';

/** Layers that share a block table: one of them needs as many blocks as the next. */
export interface CacheGroup {
  readonly kind: CacheKind;
  readonly layers: number;
}

/** How vLLM lays out the KV cache of a model on each rank. */
export interface CacheLayout {
  /** Tokens of one block. */
  readonly blockSize: number;
  /** Bytes of one block of one layer. */
  readonly pageBytes: number;
  readonly groups: CacheGroup[];
}

// Attention backends of MLA take blocks of 64 tokens or more.
const BLOCK_SIZE = 16;
const MLA_BLOCK_SIZE = 64;
// DeepSeek-V3.2's sparse attention keeps an fp8 key of 128 values and its scale for each token and layer.
const INDEXER_BYTES = 132;
const SPARSE_MODELS = new Set(['deepseek_v32', 'glm_moe_dsa']);
// Qwen3.5's configuration asks for a recurrent state in float32; others keep it in the model's type.
const FLOAT32_STATE = /^qwen3_5/;

/** Bytes that one token takes in one layer that keeps it, on one rank. */
export function tokenBytes(model: ModelArchitecture, tensorParallel: number, elementBytes: number): number {
  if (model.mla !== undefined) {
    const indexer = SPARSE_MODELS.has(model.modelType) ? INDEXER_BYTES : 0;
    return (model.mla.kvLoraRank + model.mla.qkRopeHeadDim) * elementBytes + indexer;
  }
  return 2 * kvHeadsPerRank(model, tensorParallel) * model.headDim * elementBytes;
}

/** KV heads on each rank: beyond their number they are copied. */
export function kvHeadsPerRank(model: ModelArchitecture, tensorParallel: number): number {
  return Math.max(1, Math.floor(model.kvHeads / tensorParallel));
}

/** Groups of layers, block size and page size, as vllm/v1/core/kv_cache_planning.py `get_kv_cache_groups` makes them. */
export function cacheLayout(model: ModelArchitecture, tensorParallel: number, elementBytes: number, activationBytes: number): CacheLayout {
  const token = tokenBytes(model, tensorParallel, elementBytes);
  const smallest = model.mla === undefined ? BLOCK_SIZE : MLA_BLOCK_SIZE;
  // the page of an attention layer grows until the state of a linear layer fits into it
  const state = linearStateBytes(model, tensorParallel, activationBytes);
  const blockSize = Math.max(smallest, token > 0 ? roundUp(Math.ceil(state / token), smallest) : smallest);
  return { blockSize, pageBytes: Math.max(blockSize * token, state), groups: groupLayers(layersByKind(model)) };
}

/** State of one linear layer (Gated DeltaNet) on one rank: of its convolution, and the recurrent one. */
function linearStateBytes(model: ModelArchitecture, tensorParallel: number, activationBytes: number): number {
  const linear = model.linearAttention;
  if (linear === undefined || model.attention.linear === 0) return 0;
  const channels = 2 * linear.keyHeads * linear.keyHeadDim + linear.valueHeads * linear.valueHeadDim;
  const convolution = (channels / tensorParallel) * (linear.convKernel - 1) * activationBytes;
  const stateBytes = FLOAT32_STATE.test(model.modelType) ? 4 : activationBytes;
  return convolution + (linear.valueHeads / tensorParallel) * linear.valueHeadDim * linear.keyHeadDim * stateBytes;
}

function layersByKind(model: ModelArchitecture): CacheGroup[] {
  const { full, sliding, chunked, linear } = model.attention;
  const kinds: CacheGroup[] = [
    { kind: 'full', layers: full },
    { kind: 'sliding', layers: sliding },
    { kind: 'chunked', layers: chunked },
    { kind: 'linear', layers: linear },
  ];
  return kinds.filter((group) => group.layers > 0);
}

/**
 * Cuts the layers of each kind into groups of one size: that of the rarest kind, or of the most frequent one if that is
 * less than half as many again. The last group of a kind is padded.
 */
export function groupLayers(kinds: CacheGroup[]): CacheGroup[] {
  if (kinds.length <= 1) return kinds;
  const counts = kinds.map((group) => group.layers);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const size = most < least * 1.5 ? most : least;
  return kinds.flatMap(({ kind, layers }) => Array.from({ length: ceilDiv(layers, size) }, () => ({ kind, layers: size })));
}

/** Share of the KV cache that padding may waste, at most, as vLLM warns of it. */
export function paddingShare(model: ModelArchitecture): number {
  const kinds = layersByKind(model);
  const groups = groupLayers(kinds);
  return Math.max(0, ...kinds.map(({ kind, layers }) => {
    const padded = groups.filter((group) => group.kind === kind).reduce((sum, group) => sum + group.layers, 0);
    return (padded - layers) / layers;
  }));
}

/** Blocks that one request of `tokens` tokens takes over all groups: vllm/v1/kv_cache_interface.py. */
export function blocksForRequest(layout: CacheLayout, model: ModelArchitecture, tokens: number, inFlightTokens: number): number {
  return layout.groups.reduce((sum, group) => sum + blocksInGroup(group.kind, layout.blockSize, model, tokens, inFlightTokens), 0);
}

function blocksInGroup(kind: CacheKind, blockSize: number, model: ModelArchitecture, tokens: number, inFlightTokens: number): number {
  const { slidingWindow, chunkSize } = model.attention;
  switch (kind) {
    case 'full': return ceilDiv(tokens, blockSize);
    case 'sliding': return ceilDiv(Math.min(slidingWindow - 1 + inFlightTokens, tokens), blockSize) + 1;
    case 'chunked': return ceilDiv(Math.min(chunkSize + inFlightTokens, tokens), blockSize);
    // with prefix caching, vLLM's default, a request also holds the states at the last two block boundaries
    case 'linear': return 3;
  }
}

/** Bytes of one block over all layers of the fullest group that one stage of the pipeline holds. */
export function bytesPerBlock(layout: CacheLayout, shareOfLayers: number): number {
  const fullest = Math.max(0, ...layout.groups.map((group) => group.layers));
  return Math.ceil(fullest * shareOfLayers - 1e-9) * layout.pageBytes;
}
