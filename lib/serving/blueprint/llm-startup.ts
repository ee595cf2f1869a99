import type { LlmWeights } from './llm-weights';

/** How long a start takes, and how long it may take. */
export interface Startup {
  /** What is expected, in seconds. */
  readonly expectedSeconds: number;
  /** When the kubelet gives up, in seconds. */
  readonly budgetSeconds: number;
}

/** Streaming read 14.99 GiB in 15.0 s, memory-mapped files from a disk in 50.6 s. https://docs.vllm.ai/en/latest/models/extensions/runai_model_streamer/ */
const STREAMED_GIB_PER_SECOND = 1;
const CACHED_GIB_PER_SECOND = 0.3;
/** A download from the Hub at 1 Gbit/s. */
const DOWNLOADED_GIB_PER_SECOND = 0.11;

/** Imports, CUDA, compilation and graph capture of a model that the node has not seen. */
const ENGINE_SECONDS = 150;
/** How much slower a bad day is. */
const SLACK = 3;
/** A start that fails is repeated from its beginning, so patience is cheap. */
const LEAST_BUDGET_SECONDS = 600;

/** Estimates a start from what is read and from where. */
export function startup(weights: LlmWeights, weightsGiB: number, networkGbps: number): Startup {
  const network = Math.max(networkGbps, 0.5) / 8;
  const speed = {
    's3': Math.min(STREAMED_GIB_PER_SECOND, network),
    'registry': Math.min(STREAMED_GIB_PER_SECOND, network),
    'hugging-face': Math.min(DOWNLOADED_GIB_PER_SECOND, network),
    'node-cache': CACHED_GIB_PER_SECOND,
  }[weights.type];
  const expectedSeconds = Math.ceil(weightsGiB / speed + ENGINE_SECONDS);
  return { expectedSeconds, budgetSeconds: Math.max(LEAST_BUDGET_SECONDS, Math.ceil(expectedSeconds * SLACK / 10) * 10) };
}
