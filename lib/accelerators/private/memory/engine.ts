import { Card } from './card';

/**
 * What the memory of one generation of vLLM follows from. The library describes one engine; the tests hold others,
 * because most published server logs are older.
 */
export interface EngineProfile {
  readonly version: string;
  /** `gpu_memory_utilization` when nobody sets it. */
  readonly defaultUtilization: number;
  /** Bytes for each logit (`max_num_seqs` x vocabulary) that the sampler holds for good. */
  readonly residentBytesPerLogit: number;
  /** Bytes for each logit at the peak of the sampler in the profile run. */
  readonly peakBytesPerLogit: number;
  /** Whether an estimate of the CUDA graphs is taken off the budget before the KV cache is sized. */
  readonly budgetsCudaGraphs: boolean;
  /** GiB that communication between ranks takes inside the budget; 0 where its buffers are made before the first look at the card. */
  readonly communicationGiB: number;
  /** Steps that may be scheduled at the same time without pipeline parallel: 2 under asynchronous scheduling. */
  readonly concurrentBatches: number;
}

/**
 * vLLM 0.33.0 with model runner V2. Per logit, resident: int32 counts for penalties and one bit for the prompt
 * (vllm/v1/worker/gpu/sample/penalties.py). At the peak: 16-bit logits, their fp32 copy, FlashInfer's masked logits and
 * probabilities, both fp32 (vllm/v1/worker/gpu/sample/sampler.py, flashinfer 0.7.2 sampling.py).
 */
export const VLLM_0_33: EngineProfile = {
  version: '0.33.0',
  defaultUtilization: 0.92,
  residentBytesPerLogit: 4 + 1 / 8,
  peakBytesPerLogit: 2 + 4 + 4 + 4,
  budgetsCudaGraphs: true,
  communicationGiB: 0,
  concurrentBatches: 2,
};

/** `max_num_seqs` and `max_num_batched_tokens` of a server. */
export interface BatchLimits {
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
}

/** vLLM's defaults for the API server by card: vllm/engine/arg_utils.py `get_batch_defaults`. */
export function batchDefaults(card: Card): BatchLimits {
  if (card.usableGiB >= 160) return { maxNumSeqs: 1024, maxNumBatchedTokens: 16384 };
  if (card.usableGiB >= 70 && !card.name.startsWith('A100')) return { maxNumSeqs: 1024, maxNumBatchedTokens: 8192 };
  return { maxNumSeqs: 256, maxNumBatchedTokens: 2048 };
}
