import { WeightQuantization } from '../../quantization';
import { ModelArchitecture } from '../architecture';
import { ceilDiv, roundUp } from './units';

/** How a model is cut over GPUs. */
export interface Parallelism {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
}

/** One stage of the pipeline: its share of layers, and whether it carries the embedding or the head. */
export interface Stage {
  readonly layers: number;
  readonly first: boolean;
  readonly last: boolean;
}

/**
 * Layers of each pipeline stage: what is left over goes to all but the last, from the end
 * (vllm/distributed/utils.py `get_pp_indices`).
 */
export function pipelineStages(layers: number, pipelineParallel: number): Stage[] {
  const left = layers % pipelineParallel;
  return Array.from({ length: pipelineParallel }, (_, stage) => {
    const fromEnd = pipelineParallel - stage;
    const extra = fromEnd >= 2 && fromEnd < left + 2 ? 1 : 0;
    return { layers: Math.floor(layers / pipelineParallel) + extra, first: stage === 0, last: stage === pipelineParallel - 1 };
  });
}

/** Bytes of one parameter of the linear layers, and of those that quantization leaves alone. */
interface ParameterBytes {
  readonly linear: number;
  readonly other: number;
}

// Codes plus scales. Group-wise 4-bit formats hold a 16-bit scale for each 128 values and a zero point.
const QUANTIZED_BYTES: Record<string, number> = {
  'fp8': 1.001,
  'fbgemm_fp8': 1.001,
  'modelopt': 1.001,
  'compressed-tensors': 1.001,
  'int8': 1.001,
  'experts_int8': 1.001,
  'mxfp4': 4.25 / 8,
  'nvfp4': 4.5 / 8,
  'modelopt_fp4': 4.5 / 8,
  'awq': 4.16 / 8,
  'gptq': 4.16 / 8,
  'gptq_8bit': 8.16 / 8,
  'bitsandbytes': 4.5 / 8,
};

// Memory beyond the tensors: the allocator hands out whole segments. 3 to 4 MiB for each layer in published logs.
const SEGMENT_BYTES_PER_LAYER = 3.5 * 2 ** 20;

/** Weights on the fullest rank of one stage, in bytes. */
export function stageWeightBytes(
  model: ModelArchitecture, stage: Stage, tensorParallel: number, quantization: WeightQuantization, elementBytes: number,
): number {
  const bytes = parameterBytes(model, quantization, elementBytes);
  const embedding = embeddingParameters(model);
  const ends = (stage.first || (stage.last && embedding.tied) ? embedding.each : 0)
    + (stage.last && !embedding.tied ? embedding.each : 0);
  const share = stage.layers / model.layers;
  const sharded = (bodyBytes(model, bytes, embedding.all, elementBytes) * share + ends * bytes.other) / tensorParallel;
  return sharded + replicatedBytes(model, stage, tensorParallel, bytes) + stage.layers * SEGMENT_BYTES_PER_LAYER;
}

function parameterBytes(model: ModelArchitecture, quantization: WeightQuantization, elementBytes: number): ParameterBytes {
  if (model.quantization === undefined) {
    return { linear: quantization === WeightQuantization.FP8 ? 1.001 : elementBytes, other: elementBytes };
  }
  return { linear: QUANTIZED_BYTES[model.quantization] ?? elementBytes, other: elementBytes };
}

/** Everything but the embedding and the head, in bytes. */
function bodyBytes(model: ModelArchitecture, bytes: ParameterBytes, embedding: number, elementBytes: number): number {
  const loaded = model.totalParameters - model.unloadedParameters;
  const kept = Math.max(model.sixteenBitParameters, embedding);
  const linear = Math.max(loaded - kept, 0);
  const others = (kept - embedding) * bytes.other;
  const computed = linear * bytes.linear * storagePadding(model) + others;
  // group sizes and skipped layers differ from one 4-bit checkpoint to the next: the published size knows
  if (model.quantization === undefined || model.checkpointBytes === undefined) return computed;
  return Math.max(computed, model.checkpointBytes - embedding * elementBytes);
}

/** MXFP4 kernels pad the experts' rows to a multiple of 256. */
function storagePadding(model: ModelArchitecture): number {
  return model.quantization === 'mxfp4' ? roundUp(model.hiddenSize, 256) / model.hiddenSize : 1;
}

/** What tensor parallel does not divide: norms, routers, MLA's down-projections, and KV heads beyond their number. */
function replicatedBytes(model: ModelArchitecture, stage: Stage, tensorParallel: number, bytes: ParameterBytes): number {
  const copies = 1 - 1 / tensorParallel;
  const norms = (4 * model.hiddenSize + model.experts * model.hiddenSize) * bytes.other * copies;
  return stage.layers * (norms + attentionCopies(model, tensorParallel) * bytes.linear);
}

function attentionCopies(model: ModelArchitecture, tensorParallel: number): number {
  if (model.mla !== undefined) {
    const { kvLoraRank, qkRopeHeadDim, qLoraRank = 0 } = model.mla;
    return model.hiddenSize * (qLoraRank + kvLoraRank + qkRopeHeadDim) * (1 - 1 / tensorParallel);
  }
  const heads = ceilDiv(model.kvHeads, tensorParallel) - model.kvHeads / tensorParallel;
  return 2 * model.hiddenSize * model.headDim * Math.max(heads, 0);
}

/** Parameters of the embedding and of the head: vLLM pads the vocabulary to a multiple of 64. */
export function embeddingParameters(model: ModelArchitecture): { each: number; all: number; tied: boolean } {
  const each = roundUp(model.vocabSize, 64) * model.hiddenSize;
  const tied = model.tiedEmbeddings ?? model.sixteenBitParameters < 1.7 * each;
  return { each, all: tied ? each : 2 * each, tied };
}
