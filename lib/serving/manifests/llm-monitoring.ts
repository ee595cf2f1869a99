import type { ApiObjectProps } from 'cdk8s';
import type { LlmAlertOptions } from '../blueprint/llm-alert-options';
import { llmRules } from '../blueprint/llm-alerts';
import { llmDashboard, type LlmDashboardRequest } from '../blueprint/llm-dashboard';

/** What is watched, and by whom. */
export interface LlmMonitoringRequest extends LlmDashboardRequest {
  /** Labels of the Service whose pods are scraped. */
  readonly selector: Readonly<Record<string, string>>;
  /** Port of the pods that metrics are read from. */
  readonly port: number;
  readonly alerts?: LlmAlertOptions;
}

/** Label of pods whose value Prometheus copies to the metrics. */
const SERVICE_LABEL = 'ml-platform/service';

/** What the Prometheus operator and Grafana's sidecar need to watch one language model. */
export function llmMonitoring(request: LlmMonitoringRequest): Record<'Monitor' | 'Rules' | 'Dashboard', ApiObjectProps> {
  const { namespace, service } = request;
  const metadata = { name: service, namespace };
  return {
    Monitor: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata,
      spec: {
        selector: { matchLabels: { ...request.selector } },
        podTargetLabels: [SERVICE_LABEL],
        // the number of the pods' port: Services of KServe's name theirs as they like
        endpoints: [{ targetPort: request.port, path: '/metrics', interval: '15s' }],
      },
    },
    Rules: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata,
      spec: { groups: [{ name: `llm-${namespace}-${service}`, rules: llmRules(request, request.alerts) }] },
    },
    Dashboard: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${service}-dashboard`, namespace, labels: { grafana_dashboard: '1' } },
      data: { [`${namespace}-${service}.json`]: JSON.stringify(llmDashboard(request)) },
    },
  };
}
