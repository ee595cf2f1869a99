import { Faults } from '../../../core/private/faults';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../quantization';
import { ModelArchitecture } from '../architecture';
import { Card, supportsBfloat16 } from './card';
import { FLOAT16_UNSAFE } from './dtype';
import { roundUp } from './units';

/** Compute capability that an engine built for CUDA 13 starts at. */
const OLDEST_CAPABILITY = 7.5;
/** Least compute capability for weights of a format, where it is above the oldest: `get_min_capability` of each in vLLM. */
const LEAST_CAPABILITY: Record<string, number> = { mxfp4: 8, modelopt: 8, nvfp4: 8 };

/** Degrees of tensor parallel at which every rank gets the same share of heads and vocabulary, up to a limit. */
export function tensorParallelDegrees(model: ModelArchitecture, limit: number): number[] {
  return Array.from({ length: limit }, (_, index) => index + 1).filter((degree) => divides(model, degree));
}

function divides(model: ModelArchitecture, degree: number): boolean {
  // beyond the number of KV heads each of them is copied to as many ranks
  const kvHeads = degree >= model.kvHeads ? degree % model.kvHeads === 0 : model.kvHeads % degree === 0;
  const linear = model.attention.linear === 0 || model.linearAttention === undefined
    || (model.linearAttention.keyHeads % degree === 0 && model.linearAttention.valueHeads % degree === 0);
  return model.attentionHeads % degree === 0
    && (kvHeads || model.mla !== undefined)
    && linear
    && roundUp(model.vocabSize, 64) % degree === 0;
}

/** Refuses a tensor parallel that the model's heads do not allow. */
export function checkTensorParallel(faults: Faults, model: ModelArchitecture, tensorParallel: number, gpus: number): void {
  const allowed = tensorParallelDegrees(model, Math.min(gpus, model.attentionHeads));
  if (tensorParallel > gpus) {
    faults.add('too-few-gpus', `tensorParallel ${tensorParallel} is more than the ${gpus} GPU(s) of the instance; use ${oneOf(allowed)}, `
      + 'a larger instance, or pipelineParallel over several instances');
  } else if (!divides(model, tensorParallel)) {
    faults.add('tensor-parallel-does-not-divide', `tensorParallel ${tensorParallel} does not divide the ${model.attentionHeads} attention `
      + `heads, ${model.kvHeads} KV heads and vocabulary of ${model.id}; use ${oneOf(allowed)}`);
  }
}

/** Refuses what the card cannot compute with. */
export function checkCard(faults: Faults, model: ModelArchitecture, card: Card, dtype: ModelDtype, kvCacheDtype: KvCacheDtype): void {
  const has = `${card.name} has ${card.computeCapability.toFixed(1)}`;
  faults.check(card.computeCapability >= OLDEST_CAPABILITY, 'gpu-not-supported',
    `vLLM's image needs compute capability ${OLDEST_CAPABILITY}, ${has}; use a newer GPU, such as an L4 or L40S`);
  if (dtype === ModelDtype.BFLOAT16) {
    faults.check(supportsBfloat16(card), 'bfloat16-not-supported',
      `dtype bfloat16 needs compute capability 8.0, ${has}; use ModelDtype.AUTO, which falls back to float16, `
      + 'or a newer GPU, such as an L4');
  }
  if (dtype === ModelDtype.FLOAT16) {
    faults.check(!FLOAT16_UNSAFE.has(model.modelType), 'float16-not-supported',
      `dtype float16 makes ${model.modelType} overflow, so vLLM refuses it; use ModelDtype.AUTO or BFLOAT16`);
  }
  if (kvCacheDtype === KvCacheDtype.FP8) {
    faults.check(supportsBfloat16(card), 'fp8-kv-cache-not-supported',
      `kvCacheDtype FP8 needs compute capability 8.0, ${has}; use KvCacheDtype.AUTO or a newer GPU, such as an L4`);
  }
  const least = LEAST_CAPABILITY[model.quantization ?? ''] ?? 0;
  faults.check(card.computeCapability >= least, 'quantization-not-supported',
    `${model.id} is quantized as ${model.quantization}, which needs compute capability ${least.toFixed(1)}, ${has}; `
    + 'use a newer GPU, such as an L4');
}

/** Refuses quantizing weights that are quantized already. */
export function checkQuantization(faults: Faults, model: ModelArchitecture, quantization: WeightQuantization): void {
  faults.check(quantization === WeightQuantization.CHECKPOINT || model.quantization === undefined, 'already-quantized',
    `quantization ${quantization.toUpperCase()} is for checkpoints of 16 bits, ${model.id} is quantized as ${model.quantization}; `
    + 'use WeightQuantization.CHECKPOINT');
}

function oneOf(values: number[]): string {
  return values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
}
