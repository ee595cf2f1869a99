import { KvCacheDtype } from '../../quantization';
import { ModelArchitecture } from '../architecture';
import { stageActivationBytes } from './activation';
import { blocksForRequest, bytesPerBlock, cacheLayout, CacheLayout } from './cache-groups';
import { Card } from './card';
import { resolveDtype } from './dtype';
import { EngineProfile, VLLM_0_33 } from './engine';
import { overheadBytes } from './overhead';
import { FitSettings } from './settings';
import { GIB } from './units';
import { pipelineStages, Stage, stageWeightBytes } from './weights';

/** Memory of one GPU, and what fits into it. The fullest rank is described: it decides. */
export interface Fit {
  readonly fits: boolean;
  /** `bfloat16`, `float16` or `float32`. */
  readonly dtype: string;
  readonly budgetGiB: number;
  readonly weightsGiB: number;
  readonly activationGiB: number;
  readonly overheadGiB: number;
  /** What is left for the KV cache; negative where not even the rest fits. */
  readonly kvRoomGiB: number;
  /** What `concurrency` requests of `contextLength` tokens need. */
  readonly kvNeedGiB: number;
  readonly kvTokens: number;
  readonly concurrencyAtContext: number;
  /** Largest context at which `concurrency` requests fit, found when asked for; 0 if none does. */
  readonly largestContext: () => number;
}

// vLLM keeps one block back as the null block.
const NULL_BLOCKS = 1;

/** Memory fit of a model on a card, as the engine computes it before it sizes the KV cache. */
export function fitMemory(model: ModelArchitecture, card: Card, settings: FitSettings, engine: EngineProfile = VLLM_0_33): Fit {
  const dtype = resolveDtype(model, card, settings.dtype);
  const elementBytes = dtype === 'float32' ? 4 : 2;
  const kvBytes = settings.kvCacheDtype === KvCacheDtype.FP8 ? 1 : elementBytes;
  const layout = cacheLayout(model, settings.tensorParallel, kvBytes, elementBytes);
  const budget = card.usableGiB * GIB * settings.gpuMemoryUtilization;
  const ranks = pipelineStages(model.layers, settings.pipelineParallel)
    .map((stage) => rank(model, stage, settings, engine, elementBytes, budget, layout));
  const fullest = ranks.reduce((a, b) => (b.blocks < a.blocks || (b.blocks === a.blocks && b.room < a.room) ? b : a));
  const blocks = Math.max(fullest.blocks - NULL_BLOCKS, 0);
  const inFlight = settings.maxNumBatchedTokens * (engine.concurrentBatches + settings.pipelineParallel - 1);
  const need = (tokens: number): number => blocksForRequest(layout, model, tokens, inFlight);
  const perRequest = need(settings.contextLength);
  const concurrency = perRequest === 0 ? settings.maxNumSeqs : blocks / perRequest;
  return {
    fits: fullest.room > 0 && perRequest * settings.concurrency <= (perRequest === 0 ? 0 : blocks),
    dtype,
    budgetGiB: budget / GIB,
    weightsGiB: fullest.weights / GIB,
    activationGiB: fullest.activation / GIB,
    overheadGiB: fullest.overhead / GIB,
    kvRoomGiB: fullest.room / GIB,
    kvNeedGiB: (perRequest * settings.concurrency + NULL_BLOCKS) * fullest.bytesPerBlock / GIB,
    kvTokens: Math.floor(concurrency * settings.contextLength),
    concurrencyAtContext: concurrency,
    largestContext: () => fullest.room > 0 ? largestContext(model, (tokens) => need(tokens) * settings.concurrency <= blocks) : 0,
  };
}

interface Rank {
  readonly weights: number;
  readonly activation: number;
  readonly overhead: number;
  readonly room: number;
  readonly bytesPerBlock: number;
  readonly blocks: number;
}

function rank(
  model: ModelArchitecture, stage: Stage, settings: FitSettings, engine: EngineProfile,
  elementBytes: number, budget: number, layout: CacheLayout,
): Rank {
  const weights = stageWeightBytes(model, stage, settings.tensorParallel, settings.quantization, elementBytes);
  const activation = stageActivationBytes(model, stage, settings, engine, elementBytes);
  const overhead = overheadBytes(model, stage, settings, engine);
  const room = budget - weights - activation - overhead;
  const blockBytes = bytesPerBlock(layout, stage.layers / model.layers);
  const blocks = Math.floor(Math.max(room, 0) / Math.max(blockBytes, 1));
  return { weights, activation, overhead, room, bytesPerBlock: blockBytes, blocks };
}

/** The largest context up to the model's own for which the test holds; need grows with context, so halving finds it. */
function largestContext(model: ModelArchitecture, holds: (tokens: number) => boolean): number {
  let [known, unknown] = [0, model.maxPositionEmbeddings + 1];
  while (unknown - known > 1) {
    const middle = Math.floor((known + unknown) / 2);
    if (holds(middle)) known = middle;
    else unknown = middle;
  }
  return known;
}
