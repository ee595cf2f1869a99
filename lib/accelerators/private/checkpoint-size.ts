import type { ModelArchitecture } from './architecture';

/** Bits of a quantized weight with its scales; unknown methods count as 8. */
const BITS: Readonly<Record<string, number>> = { mxfp4: 4.25, awq: 4.25, gptq: 4.25 };

/** Bytes of a checkpoint: published, or from the number of parameters and their type. */
export function checkpointBytes(model: ModelArchitecture): number {
  if (model.checkpointBytes !== undefined) return model.checkpointBytes;
  if (model.quantization === undefined) return model.totalParameters * (model.dtype === 'float32' ? 4 : 2);
  const kept = Math.min(model.sixteenBitParameters, model.totalParameters);
  return kept * 2 + (model.totalParameters - kept) * (BITS[model.quantization] ?? 8) / 8;
}
