import type { LlmPlan } from './llm-plan';
import { cachePath, type HuggingFaceWeights, type LlmWeights, type S3Weights, type SecretKey } from './llm-weights';
import { podShare } from './pod-resources';

/** Port of vLLM's HTTP server; also where its metrics are. */
export const LLM_PORT = 8000;
/** Where fetched files lie: the model's address and LoRA adapters. */
export const FETCHED = '/var/run/llm';
/** Address of the model for `--config`, written when the pod starts. */
export const MODEL_CONFIG = `${FETCHED}/model.yaml`;
/** Home of the server: caches of compilers and of the Hugging Face Hub. */
export const LLM_HOME = '/home/vllm';

/** A LoRA adapter that is fetched before the server starts. */
export interface LlmAdapter {
  readonly name: string;
  readonly weights: S3Weights | HuggingFaceWeights;
}

/** What the engine is told, in words of its own. https://docs.vllm.ai/en/v0.33.0/configuration/engine_args/ */
export interface LlmEngine {
  readonly modelId: string;
  readonly servedModelName: string;
  readonly weights: LlmWeights;
  readonly dtype: string;
  readonly quantization: string;
  readonly kvCacheDtype: string;
  readonly gpuMemoryUtilization?: number;
  readonly maxNumSeqs?: number;
  readonly maxNumBatchedTokens?: number;
  readonly prefixCaching?: boolean;
  readonly enforceEager: boolean;
  readonly trustRemoteCode: boolean;
  readonly toolCallParser?: string;
  readonly reasoningParser?: string;
  readonly adapters: readonly LlmAdapter[];
  readonly maxLoraRank?: number;
  readonly apiKey?: SecretKey;
  readonly drainSeconds: number;
  readonly extraArgs: readonly string[];
}

/** Everything after `vllm serve`. */
export function serveArgs(engine: LlmEngine, plan: LlmPlan): string[] {
  return [
    ...modelArgs(engine),
    ...flag('--served-model-name', engine.servedModelName),
    ...flag('--port', LLM_PORT),
    ...flag('--tensor-parallel-size', plan.tensorParallel, 1),
    ...flag('--pipeline-parallel-size', plan.pipelineParallel, 1),
    ...memoryArgs(engine, plan),
    ...loadArgs(engine.weights, plan),
    ...loraArgs(engine),
    ...featureArgs(engine),
    // requests that run are finished; the kubelet waits a little longer
    ...flag('--shutdown-timeout', engine.drainSeconds),
    ...flag('--disable-access-log-for-endpoints', '/health,/metrics'),
    ...engine.extraArgs,
  ];
}

/** What decides whether the model fits: these hold for every form that the engine runs in. */
export function memoryArgs(engine: LlmEngine, plan: LlmPlan): string[] {
  return [
    ...flag('--max-model-len', plan.contextLength),
    ...flag('--dtype', engine.dtype, 'auto'),
    ...flag('--quantization', engine.quantization, 'checkpoint'),
    ...flag('--kv-cache-dtype', engine.kvCacheDtype, 'auto'),
    ...flag('--gpu-memory-utilization', engine.gpuMemoryUtilization),
    ...flag('--max-num-seqs', engine.maxNumSeqs),
    ...flag('--max-num-batched-tokens', engine.maxNumBatchedTokens),
    ...engine.enforceEager ? ['--enforce-eager'] : [],
  ];
}

/** What the server offers beyond answering. */
export function featureArgs(engine: LlmEngine): string[] {
  const caching = { true: ['--enable-prefix-caching'], false: ['--no-enable-prefix-caching'], undefined: [] };
  return [
    ...caching[`${engine.prefixCaching}`],
    ...engine.toolCallParser === undefined ? [] : ['--enable-auto-tool-choice', ...flag('--tool-call-parser', engine.toolCallParser)],
    ...flag('--reasoning-parser', engine.reasoningParser),
    ...engine.trustRemoteCode ? ['--trust-remote-code'] : [],
  ];
}

function modelArgs({ weights, modelId }: LlmEngine): string[] {
  switch (weights.type) {
    case 's3': return [weights.uri];
    case 'hugging-face': return [weights.id ?? modelId, ...flag('--revision', weights.revision)];
    case 'node-cache': return [cachePath(weights)];
    case 'registry': return ['--config', MODEL_CONFIG];
  }
}

function loadArgs(weights: LlmWeights, plan: LlmPlan): string[] {
  if (weights.type === 'hugging-face') return [];
  const ranks = plan.tensorParallel * plan.pipelineParallel;
  const options = {
    concurrency: 16,
    // each rank reads its part once instead of all of it
    ...ranks > 1 ? { distributed: true } : { memory_limit: streamBufferBytes(plan) },
  };
  return ['--load-format', 'runai_streamer', '--model-loader-extra-config', JSON.stringify(options)];
}

const GIB = 2 ** 30;

/**
 * The streamer's buffer in host memory: its own default of 40 GB is more than a small node has. It has to hold the largest
 * tensor, which stays below 4 GiB in models that one GPU holds.
 */
function streamBufferBytes(plan: LlmPlan): number {
  return Math.max(4, Math.floor(podShare(plan).memoryGiB / 3)) * GIB;
}

function loraArgs({ adapters, maxLoraRank }: LlmEngine): string[] {
  if (adapters.length === 0) return [];
  return [
    '--enable-lora',
    ...flag('--max-loras', adapters.length),
    ...flag('--max-lora-rank', maxLoraRank, 16),
    '--lora-modules', ...adapters.map((adapter) => `${adapter.name}=${adapterPath(adapter)}`),
  ];
}

/** Where an adapter lies when the server starts. */
export function adapterPath({ name }: LlmAdapter): string {
  return `${FETCHED}/adapters/${name}`;
}

function flag(name: string, value: string | number | undefined, leftOut?: string | number): string[] {
  return value === undefined || value === leftOut ? [] : [name, String(value)];
}
