import type { Duration } from 'aws-cdk-lib';
import type { LlmAlertOptions } from './llm-alert-options';
import { LLM_METRICS, metricsOf, ofGpus, type LlmMetricsScope } from './llm-metrics';
import { checkNumber } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A rule as the Prometheus operator takes it. https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Rule */
export interface LlmRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Adds what is wrong with the thresholds. */
export function checkLlmAlerts(faults: Faults, options: LlmAlertOptions = {}): void {
  checkNumber(faults, 'alerts.errorPercent', options.errorPercent, { min: 0.01, max: 100, unit: 'percent' });
  checkNumber(faults, 'alerts.waitingRequests', options.waitingRequests, { min: 0.1, max: 100_000 });
  checkNumber(faults, 'alerts.kvCachePercent', options.kvCachePercent, { min: 1, max: 100, unit: 'percent' });
  checkNumber(faults, 'alerts.idleGpuPercent', options.idleGpuPercent, { min: 0.1, max: 100, unit: 'percent' });
}

/** What is watched of a language model: latency, errors, queue, cache, idle GPUs, and whether anybody answers. */
export function llmRules(scope: LlmMetricsScope, options: LlmAlertOptions = {}): LlmRule[] {
  const { namespace, service } = scope;
  const where = metricsOf(scope);
  const { timeToFirstToken, timePerOutputToken, errorPercent = 2, waitingRequests = 20, kvCachePercent = 95, idleGpuPercent = 5 } = options;
  const rule = (alert: string, severity: string, wait: string, expr: string, summary: string): LlmRule => ({
    alert, expr, for: wait, labels: { severity, namespace, ml_platform_service: service }, annotations: { summary },
  });
  return [
    rule('LlmDown', 'critical', '10m', `absent(up${where()} == 1)`,
      `No replica of ${namespace}/${service} answers.`),
    rule('LlmTimeToFirstTokenHigh', 'warning', '10m', `${p95(LLM_METRICS.timeToFirstToken, where())} > ${seconds(timeToFirstToken, 5)}`,
      `The first token of ${namespace}/${service} takes {{ $value | humanizeDuration }} at the 95th percentile.`),
    rule('LlmTimePerOutputTokenHigh', 'warning', '10m', `${p95(LLM_METRICS.timePerOutputToken, where())} > ${seconds(timePerOutputToken, 0.1)}`,
      `Each token of ${namespace}/${service} takes {{ $value | humanizeDuration }} at the 95th percentile.`),
    rule('LlmErrorRateHigh', 'critical', '5m', `${errorShare(where)} > ${ratio(errorPercent)}`,
      `{{ $value | humanizePercentage }} of the requests to ${namespace}/${service} end in an error of the server.`),
    rule('LlmQueueLong', 'warning', '5m', `avg(avg_over_time(${LLM_METRICS.waiting}${where()}[5m])) > ${waitingRequests}`,
      `{{ $value | humanize }} requests wait in each replica of ${namespace}/${service}.`),
    rule('LlmKvCacheSaturated', 'warning', '10m', `max(avg_over_time(${LLM_METRICS.kvCacheUsage}${where()}[5m])) > ${ratio(kvCachePercent)}`,
      `A replica of ${namespace}/${service} uses {{ $value | humanizePercentage }} of its KV cache.`),
    rule('LlmGpuIdle', 'info', '1h', `max(${ofGpus(scope, LLM_METRICS.gpuUtilization, (selector) => `avg_over_time(${selector}[1h])`)}) < ${idleGpuPercent}`,
      `The GPUs of ${namespace}/${service} are idle: {{ $value | humanize }} % used for an hour.`),
  ];
}

/** Share of requests that end in HTTP 5xx, without a value where there are no requests. */
export function errorShare(where: (extra?: string) => string): string {
  return `sum(rate(${LLM_METRICS.httpRequests}${where('status="5xx"')}[5m])) / sum(rate(${LLM_METRICS.httpRequests}${where()}[5m]))`;
}

/** The 95th percentile of a histogram, over all replicas. */
export function p95(histogram: string, labels: string): string {
  return `histogram_quantile(0.95, sum by (le) (rate(${histogram}_bucket${labels}[5m])))`;
}

function seconds(duration: Duration | undefined, standard: number): number {
  return duration === undefined ? standard : duration.toMilliseconds() / 1000;
}

function ratio(percent: number): number {
  return Number((percent / 100).toFixed(6));
}
