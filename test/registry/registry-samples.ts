import type { Chart } from 'cdk8s';
import { scrapeConfigChart } from '../../lib/registry/manifests/scrape-config';

/** What a registry gives to a cluster. */
export function samples(): Record<string, Chart> {
  return {
    'metrics of tasks': scrapeConfigChart({ name: 'mlflow.ml.internal', namespace: 'hardened', dnsName: 'tasks.metrics.mlflow.ml.internal', port: 9464 }),
  };
}
