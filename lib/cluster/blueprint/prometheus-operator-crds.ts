/** The group of ServiceMonitors and rules. */
export const MONITORING_GROUP = 'monitoring.coreos.com';

/** Custom resources that the chart defines. */
export const MONITORING_KINDS = [
  'Alertmanager', 'AlertmanagerConfig', 'PodMonitor', 'Probe', 'Prometheus', 'PrometheusAgent', 'PrometheusRule', 'ScrapeConfig',
  'ServiceMonitor', 'ThanosRuler',
].map((kind) => `${MONITORING_GROUP}/${kind}`);
