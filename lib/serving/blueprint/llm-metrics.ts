/**
 * Metrics of vLLM and of NVIDIA's DCGM exporter, as they are exported.
 *
 * https://docs.vllm.ai/en/stable/usage/metrics/, https://github.com/NVIDIA/dcgm-exporter/blob/main/etc/dcp-metrics-included.csv
 */
export const LLM_METRICS = {
  timeToFirstToken: 'vllm:time_to_first_token_seconds',
  timePerOutputToken: 'vllm:request_time_per_output_token_seconds',
  requestLatency: 'vllm:e2e_request_latency_seconds',
  running: 'vllm:num_requests_running',
  waiting: 'vllm:num_requests_waiting',
  kvCacheUsage: 'vllm:kv_cache_usage_perc',
  preemptions: 'vllm:num_preemptions_total',
  promptTokens: 'vllm:prompt_tokens_total',
  generatedTokens: 'vllm:generation_tokens_total',
  prefixCacheQueries: 'vllm:prefix_cache_queries_total',
  prefixCacheHits: 'vllm:prefix_cache_hits_total',
  finishedRequests: 'vllm:request_success_total',
  httpRequests: 'http_requests_total',
  gpuUtilization: 'DCGM_FI_DEV_GPU_UTIL',
  gpuMemoryUsed: 'DCGM_FI_DEV_FB_USED',
  gpuPower: 'DCGM_FI_DEV_POWER_USAGE',
} as const;

/** Whose metrics: one service. */
export interface LlmMetricsScope {
  readonly namespace: string;
  readonly service: string;
}

/** Labels that tell a service's servers in Prometheus: its monitor copies the pods' label `ml-platform/service`. */
export function llmMetricLabels(scope: LlmMetricsScope): Record<string, string> {
  return { namespace: scope.namespace, ml_platform_service: scope.service };
}

/** Writes the selector of a service's servers, with more matchers where they are given. */
export function metricsOf(scope: LlmMetricsScope): (extra?: string) => string {
  const own = Object.entries(llmMetricLabels(scope)).map(([name, value]) => `${name}="${value}"`);
  return (extra) => `{${[...own, ...extra === undefined ? [] : [extra]].join(', ')}}`;
}

/**
 * What a metric of GPUs says of a service's GPUs. The exporter names the pod that holds a GPU; Prometheus renames these labels,
 * because they are its own names for the exporter's pod. Which pods are the service's, its servers' metrics say.
 *
 * @param aggregate wraps the selector, for example in `avg_over_time(...[1h])`
 */
export function ofGpus(scope: LlmMetricsScope, metric: string, aggregate = (selector: string): string => selector): string {
  const pods = `label_replace(${LLM_METRICS.running}${metricsOf(scope)()}, "exported_pod", "$1", "pod", "(.+)")`;
  return `${aggregate(`${metric}{exported_namespace="${scope.namespace}"}`)} * on (exported_pod) group_left () group by (exported_pod) (${pods})`;
}
