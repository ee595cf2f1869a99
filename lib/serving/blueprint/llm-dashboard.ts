import { errorShare, p95 } from './llm-alerts';
import { LLM_METRICS, metricsOf, ofGpus, type LlmMetricsScope } from './llm-metrics';

/** What a dashboard shows. */
export interface LlmDashboardRequest extends LlmMetricsScope {
  /** Name of the model, for the title. */
  readonly model: string;
  /** What one replica costs. */
  readonly usdPerHourAndReplica: number;
}

interface Panel {
  readonly title: string;
  /** A unit of Grafana's. */
  readonly unit: string;
  /** Legend to expression. */
  readonly series: Readonly<Record<string, string>>;
  readonly description?: string;
}

/** Panels in rows of three, on Grafana's grid of 24 columns. */
const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 8;

/** A Grafana dashboard of one language model. https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/ */
export function llmDashboard(request: LlmDashboardRequest): Record<string, unknown> {
  return {
    uid: `llm-${request.namespace}-${request.service}`.slice(0, 40),
    title: `LLM ${request.namespace}/${request.service}`,
    description: request.model,
    tags: ['ml-platform', 'llm'],
    timezone: 'browser',
    editable: false,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
    panels: panels(request).map(panelOf),
  };
}

function panels(request: LlmDashboardRequest): Panel[] {
  return [...latency(request), ...load(request), ...hardware(request)];
}

function latency(request: LlmDashboardRequest): Panel[] {
  const where = metricsOf(request);
  return [
    { title: 'Time to first token', unit: 's', series: { p95: p95(LLM_METRICS.timeToFirstToken, where()), mean: mean(LLM_METRICS.timeToFirstToken, where()) } },
    { title: 'Time per output token', unit: 's', series: { p95: p95(LLM_METRICS.timePerOutputToken, where()), mean: mean(LLM_METRICS.timePerOutputToken, where()) } },
    { title: 'Errors', unit: 'percentunit', series: { 'HTTP 5xx': errorShare(where) } },
  ];
}

function load(request: LlmDashboardRequest): Panel[] {
  const where = metricsOf(request);
  const rate = (metric: string): string => `sum(rate(${metric}${where()}[5m]))`;
  const replicas = `count(count by (pod) (${LLM_METRICS.running}${where()}))`;
  return [
    { title: 'Tokens per second', unit: 'short', series: { read: rate(LLM_METRICS.promptTokens), written: rate(LLM_METRICS.generatedTokens) } },
    { title: 'Requests', unit: 'short', series: { running: `sum(${LLM_METRICS.running}${where()})`, waiting: `sum(${LLM_METRICS.waiting}${where()})` } },
    {
      title: 'Cost per million written tokens',
      unit: 'currencyUSD',
      description: `Replicas at ${request.usdPerHourAndReplica} USD an hour, on demand, by what they write. Nothing is shown while nothing is written.`,
      series: { USD: `${replicas} * ${request.usdPerHourAndReplica} / (${rate(LLM_METRICS.generatedTokens)} * 3600 / 1e6 > 0)` },
    },
    { title: 'KV cache', unit: 'percentunit', series: { '{{pod}}': `max by (pod) (${LLM_METRICS.kvCacheUsage}${where()})` } },
    { title: 'Prefix cache hits', unit: 'percentunit', series: { hits: `${rate(LLM_METRICS.prefixCacheHits)} / ${rate(LLM_METRICS.prefixCacheQueries)}` } },
    { title: 'Preemptions per second', unit: 'short', series: { preemptions: rate(LLM_METRICS.preemptions) } },
  ];
}

function hardware(request: LlmDashboardRequest): Panel[] {
  const each = (metric: string): Panel['series'] => ({ '{{exported_pod}} GPU {{gpu}}': `max by (exported_pod, gpu) (${ofGpus(request, metric)})` });
  return [
    { title: 'GPU utilization', unit: 'percent', series: each(LLM_METRICS.gpuUtilization) },
    { title: 'GPU memory', unit: 'mbytes', series: each(LLM_METRICS.gpuMemoryUsed) },
    { title: 'GPU power', unit: 'watt', series: each(LLM_METRICS.gpuPower) },
  ];
}

function mean(histogram: string, labels: string): string {
  return `sum(rate(${histogram}_sum${labels}[5m])) / sum(rate(${histogram}_count${labels}[5m]))`;
}

function panelOf(panel: Panel, index: number): Record<string, unknown> {
  const datasource = { type: 'prometheus', uid: '${datasource}' };
  return {
    id: index + 1,
    type: 'timeseries',
    title: panel.title,
    ...panel.description === undefined ? {} : { description: panel.description },
    datasource,
    gridPos: { x: index % COLUMNS * WIDTH, y: Math.floor(index / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    targets: Object.entries(panel.series).map(([legendFormat, expr], target) => ({ refId: String.fromCharCode(65 + target), datasource, expr, legendFormat })),
  };
}
