import { EngineProfile, VLLM_0_33 } from '../../lib/accelerators/private/memory/engine';

/**
 * Engines before the one that the library describes: published logs are mostly of these. What differs is how the sampler
 * works, whether CUDA graphs come off the budget, and when the ranks' communication buffers are made.
 */
const OLDER: [number, Partial<EngineProfile>][] = [
  // sorts the logits of every request: 38.6 bytes each, over four models of the calibration set
  [9, { peakBytesPerLogit: 38.6, budgetsCudaGraphs: false, communicationGiB: 0.42, concurrentBatches: 1 }],
  [12, { peakBytesPerLogit: 38.6, budgetsCudaGraphs: false, concurrentBatches: 1 }],
  // Triton kernels for top-k and top-p: https://github.com/vllm-project/vllm/pull/33538
  [17, { peakBytesPerLogit: 14, budgetsCudaGraphs: false }],
  // FlashInfer: https://github.com/vllm-project/vllm/pull/40376, graphs come off the budget
  [21, { peakBytesPerLogit: 14 }],
  // model runner V2, whose profile run samples without any parameter: https://github.com/vllm-project/vllm/pull/57926
  [29, { peakBytesPerLogit: 2, residentBytesPerLogit: VLLM_0_33.residentBytesPerLogit }],
];

/** Profile of a version from 0.9 on. */
export function engineOf(version: string): EngineProfile {
  const minor = Number(version.split('.')[1]);
  if (minor >= 33) return VLLM_0_33;
  const older = OLDER.filter(([since]) => since <= minor).at(-1)?.[1];
  return { ...VLLM_0_33, residentBytesPerLogit: 0, ...older, version };
}
