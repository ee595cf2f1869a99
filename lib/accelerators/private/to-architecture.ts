import type { ModelArchitecture } from './architecture';
import type { ModelShape } from './model-shape';
import { countParameters } from './parameter-count';

const NO_LAYERS = { full: 0, sliding: 0, slidingWindow: 0, chunked: 0, chunkSize: 0, linear: 0 };

/**
 * What the memory of a model follows from.
 *
 * @param given all parameters of the checkpoint, where they are known from elsewhere
 */
export function toArchitecture(id: string, shape: ModelShape, given?: number, checkpointGiB?: number): ModelArchitecture {
  const counted = countParameters(shape);
  return {
    id,
    architecture: shape.architecture,
    modelType: shape.modelType,
    hiddenSize: shape.hiddenSize,
    layers: shape.layers,
    attentionHeads: shape.attentionHeads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim,
    vocabSize: shape.vocabSize,
    tiedEmbeddings: shape.tied,
    maxPositionEmbeddings: shape.contextLength,
    dtype: shape.dtype,
    attention: { ...NO_LAYERS, ...shape.attention },
    mla: shape.mla,
    linearAttention: shape.linear,
    experts: shape.moe?.experts ?? 0,
    quantization: shape.quantization,
    totalParameters: given ?? counted?.total ?? 0,
    unloadedParameters: shape.other?.mtp ?? 0,
    sixteenBitParameters: counted?.sixteenBit ?? (shape.tied ? 1 : 2) * shape.vocabSize * shape.hiddenSize,
    checkpointBytes: checkpointGiB === undefined ? undefined : Math.round(checkpointGiB * 2 ** 30),
    multimodal: (shape.other?.towers ?? 0) > 0,
    task: shape.task ?? 'generate',
  };
}
