import { Bounds, checkInteger, checkLiteral, checkNumber } from '../../../core/private/checks';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../quantization';
import { ModelArchitecture } from '../architecture';
import { Card } from './card';
import { batchDefaults, VLLM_0_33 } from './engine';
import { checkCard, checkQuantization, checkTensorParallel } from './rules';
import { FitSettings } from './settings';
import { Faults } from '../../../core/private/faults';
import type { MemoryFitProps } from '../../memory-fit';

/** A request with every default filled in. */
export interface ResolvedRequest {
  readonly model: ModelArchitecture;
  readonly card: Card;
  readonly settings: FitSettings;
}

const WHOLE_NUMBERS: Record<string, Bounds> = {
  tensorParallel: { min: 1, max: 1024 },
  pipelineParallel: { min: 1, max: 64 },
  contextLength: { min: 1, max: 100_000_000, unit: 'tokens' },
  concurrency: { min: 1, max: 65_536, unit: 'requests' },
  maxNumSeqs: { min: 1, max: 65_536, unit: 'requests' },
  maxNumBatchedTokens: { min: 1, max: 1_048_576, unit: 'tokens' },
  gpuShare: { min: 1, max: 48, unit: 'pods' },
};

// A process keeps about so much of a GPU for its CUDA context, outside its share.
const CONTEXT_GIB = 0.6;

/** Checks a request and fills in the defaults; throws one ValidationError with every fault. */
export function resolveRequest(request: MemoryFitProps): ResolvedRequest {
  const faults = Faults.at('MemoryFit');
  checkNumbers(faults, request);
  const card = checkInstance(faults, request);
  faults.throwIfAny();
  const model = request.model._architecture;
  const settings = fillIn(request, model, card);
  checkTensorParallel(faults, model, settings.tensorParallel, request.instance.gpuCount);
  checkCard(faults, model, card, settings.dtype, settings.kvCacheDtype);
  checkQuantization(faults, model, settings.quantization);
  checkLimits(faults, request, settings, model);
  checkShare(faults, request, settings);
  faults.throwIfAny();
  return { model, card, settings };
}

function checkNumbers(faults: Faults, request: MemoryFitProps): void {
  for (const [property, bounds] of Object.entries(WHOLE_NUMBERS)) {
    const value = request[property as keyof MemoryFitProps] as number | undefined;
    checkLiteral(faults, property, value);
    checkInteger(faults, property, value, bounds);
  }
  checkLiteral(faults, 'gpuMemoryUtilization', request.gpuMemoryUtilization);
  checkNumber(faults, 'gpuMemoryUtilization', request.gpuMemoryUtilization, { min: 0.01, max: 1 });
}

function checkInstance(faults: Faults, { instance }: MemoryFitProps): Card {
  faults.check(instance.llmExclusion === undefined, 'unsupported-accelerator',
    `instance ${instance.name} is declined: ${instance.llmExclusion}; choose an instance with whole NVIDIA GPUs, such as g6e.xlarge`);
  const { name = '', usableGiB = 0, computeCapability = 0 } = instance.gpu ?? {};
  return { name, usableGiB, computeCapability };
}

function fillIn(request: MemoryFitProps, model: ModelArchitecture, card: Card): FitSettings {
  const defaults = batchDefaults(card);
  const concurrency = request.concurrency ?? 1;
  const seqs = request.maxNumSeqs ?? Math.min(Math.max(defaults.maxNumSeqs, concurrency), request.maxNumBatchedTokens ?? Infinity);
  return {
    tensorParallel: request.tensorParallel ?? 1,
    pipelineParallel: request.pipelineParallel ?? 1,
    contextLength: request.contextLength ?? model.maxPositionEmbeddings,
    concurrency,
    kvCacheDtype: request.kvCacheDtype ?? KvCacheDtype.AUTO,
    quantization: request.quantization ?? WeightQuantization.CHECKPOINT,
    dtype: request.dtype ?? ModelDtype.AUTO,
    gpuMemoryUtilization: request.gpuMemoryUtilization ?? defaultUtilization(card, request.gpuShare ?? 1),
    maxNumSeqs: seqs,
    maxNumBatchedTokens: request.maxNumBatchedTokens ?? Math.max(defaults.maxNumBatchedTokens, seqs),
    enforceEager: request.enforceEager ?? false,
  };
}

/** vLLM's default, or on a shared GPU an equal part of it, less the context that each process keeps. */
function defaultUtilization(card: Card, share: number): number {
  if (share === 1) return VLLM_0_33.defaultUtilization;
  const part = VLLM_0_33.defaultUtilization / share - CONTEXT_GIB / card.usableGiB;
  return Math.max(Math.floor(part * 100) / 100, 0.01);
}

function checkLimits(faults: Faults, request: MemoryFitProps, settings: FitSettings, model: ModelArchitecture): void {
  faults.check(settings.contextLength <= model.maxPositionEmbeddings, 'context-too-long',
    `contextLength ${settings.contextLength} is longer than the ${model.maxPositionEmbeddings} tokens of ${model.id}; `
    + 'use at most that, or a model with a longer context');
  faults.check(settings.concurrency <= settings.maxNumSeqs, 'concurrency-above-max-num-seqs',
    `concurrency ${settings.concurrency} is more than maxNumSeqs ${settings.maxNumSeqs}, so requests would wait; `
    + 'raise maxNumSeqs or leave it out');
  faults.check(settings.maxNumSeqs <= settings.maxNumBatchedTokens, 'max-num-seqs-above-batched-tokens',
    `maxNumSeqs ${settings.maxNumSeqs} is more than maxNumBatchedTokens ${settings.maxNumBatchedTokens}, which vLLM refuses; `
    + 'raise maxNumBatchedTokens or lower maxNumSeqs');
  faults.check(settings.pipelineParallel <= model.layers, 'too-many-stages',
    `pipelineParallel ${request.pipelineParallel} is more than the ${model.layers} layers of ${model.id}; use at most that`);
}

function checkShare(faults: Faults, request: MemoryFitProps, settings: FitSettings): void {
  const share = request.gpuShare ?? 1;
  if (share === 1) return;
  faults.check(settings.tensorParallel * settings.pipelineParallel === 1, 'gpu-share-with-parallelism',
    `gpuShare ${share} gives a pod a part of one GPU, tensorParallel ${settings.tensorParallel} and pipelineParallel `
    + `${settings.pipelineParallel} ask for several; leave one of them out`);
  faults.check(settings.gpuMemoryUtilization < 1 / share, 'gpu-share-too-large',
    `gpuMemoryUtilization ${settings.gpuMemoryUtilization} is not below 1/${share}, and ${share} pods share the GPU without isolation; `
    + `use less than ${(1 / share).toFixed(2)} or leave it out`);
}
