import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from '../../cluster/manifests/basics';

/** Tasks whose metrics are read. */
export interface ScrapedTasks {
  readonly name: string;
  /** Namespace of Prometheus. */
  readonly namespace: string;
  /** Name with an A record for each task. */
  readonly dnsName: string;
  readonly port: number;
}

/** What the Prometheus operator reads of tasks outside of the cluster. https://prometheus-operator.dev/docs/developer/scrapeconfig/ */
export function scrapeConfigChart({ name, namespace, dnsName, port }: ScrapedTasks): Chart {
  const chart = emptyChart('scrape-config');
  new ApiObject(chart, 'ScrapeConfig', {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'ScrapeConfig',
    metadata: { name, namespace },
    spec: {
      jobName: name,
      dnsSDConfigs: [{ names: [dnsName], type: 'A', port, refreshInterval: '30s' }],
      metricsPath: '/metrics',
      scrapeInterval: '30s',
    },
  });
  return chart;
}
