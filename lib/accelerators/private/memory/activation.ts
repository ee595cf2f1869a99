import { ModelArchitecture } from '../architecture';
import { EngineProfile } from './engine';
import { FitSettings } from './settings';
import { GIB, roundUp } from './units';
import { embeddingParameters, Stage } from './weights';

// Experts that a token visits are not part of the shape; 8 is the most among models in use.
const MAX_ACTIVE_EXPERTS = 8;
// A first start compiles the layers while it is measured, and tuning takes copies of their widest tensors: about 1.2 GiB for 7
// to 14 billion parameters, 1.85 GiB in one published pair of starts. A fresh pod has no compile cache.
const COMPILE_FACTOR = 2.5;
const COMPILE_LIMIT_BYTES = 1.25 * GIB;
// Encoders run their largest image or video clip in the profile run: 0.5 to 3 GiB in published logs.
const ENCODER_PEAK_BYTES = 2.5 * GIB;

/** What the profile run finds beyond the weights, in bytes: buffers that stay, and the peak of a full batch. */
export function stageActivationBytes(
  model: ModelArchitecture, stage: Stage, settings: FitSettings, engine: EngineProfile, elementBytes: number,
): number {
  const hidden = settings.maxNumBatchedTokens * model.hiddenSize * elementBytes;
  const layer = forwardBytes(model, settings, elementBytes);
  const forward = layer + (settings.enforceEager ? 0 : Math.min(COMPILE_FACTOR * layer, COMPILE_LIMIT_BYTES));
  if (!stage.last || model.task !== 'generate') return withEncoder(model, stage, forward);
  const logits = samplerRows(settings) * roundUp(model.vocabSize, 64);
  // ranks compute their part of the vocabulary and gather the rest
  const ownLogits = settings.tensorParallel > 1 ? (2 * logits) / settings.tensorParallel : 0;
  const sampling = logits * engine.peakBytesPerLogit + ownLogits + hidden;
  return logits * engine.residentBytesPerLogit + withEncoder(model, stage, Math.max(forward, sampling));
}

function samplerRows(settings: FitSettings): number {
  return Math.min(settings.maxNumSeqs, settings.maxNumBatchedTokens);
}

function withEncoder(model: ModelArchitecture, stage: Stage, peak: number): number {
  return model.multimodal && stage.first ? Math.max(peak, ENCODER_PEAK_BYTES) : peak;
}

/** Widest point of one layer over a full batch: residual, hidden states, attention's output, and the inside of the MLP. */
function forwardBytes(model: ModelArchitecture, settings: FitSettings, elementBytes: number): number {
  const width = mlpWidth(model) / settings.tensorParallel;
  const inside = model.experts > 0 ? activeExperts(model) * (model.hiddenSize + (3 * width) / model.experts) : 3 * width;
  return settings.maxNumBatchedTokens * (4 * model.hiddenSize + inside) * elementBytes;
}

function activeExperts(model: ModelArchitecture): number {
  return Math.min(MAX_ACTIVE_EXPERTS, Math.max(1, Math.ceil(model.experts / 4)));
}

/** Intermediate size of the MLP, all experts together: what is left of a layer's parameters, over gate, up and down. */
function mlpWidth(model: ModelArchitecture): number {
  const body = model.totalParameters - model.unloadedParameters - embeddingParameters(model).all;
  const attention = model.hiddenSize * model.headDim * (2 * model.attentionHeads + 2 * model.kvHeads);
  const mlp = body / model.layers - (model.mla === undefined ? attention : 0);
  return Math.max(mlp / (3 * model.hiddenSize), model.hiddenSize);
}
