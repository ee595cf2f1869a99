import type { Chart } from 'cdk8s';
import { serverPods, type ServerPodsBlueprint, type ServerPodsInput } from '../../lib/registry/blueprint/server-pods';
import { scrapeConfigChart } from '../../lib/registry/manifests/scrape-config';
import { registryNamespaceChart, serverPodsChart } from '../../lib/registry/manifests/server-pods';

/** The server in a cluster, as the registry decides on it. */
export function podsOf(changes: Partial<ServerPodsInput> = {}): ServerPodsBlueprint {
  return serverPods({
    name: 'mlflow',
    namespace: 'hardened',
    image: 'example.com/mlflow:1',
    architecture: 'amd64',
    command: ['python', '-m', 'ml_platform_runtime', 'registry-server'],
    environment: { ML_PORT: '5000' },
    secrets: [{ name: 'ML_DATABASE_PASSWORD', secret: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:database', field: 'password' }],
    secretStore: 'aws-secrets-manager',
    port: 5000,
    healthPath: '/health',
    startSeconds: 180,
    cpu: 512,
    memoryLimitMiB: 1024,
    replicas: 1,
    targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/mlflow/0123456789abcdef',
    callers: '10.0.0.0/16',
    databasePort: 5432,
    ...changes,
  });
}

/** What a registry gives to a cluster. */
export function samples(): Record<string, Chart> {
  return {
    'a server': serverPodsChart(podsOf()),
    'servers with metrics': serverPodsChart(podsOf({
      replicas: 3, metrics: { port: 9464, namespace: 'monitoring' }, secrets: [...podsOf().secrets, { name: 'ML_AUTH_SECRET_KEY', secret: 'registry/key' }],
    })),
    'a namespace': registryNamespaceChart('mlflow'),
    'metrics of tasks': scrapeConfigChart({ name: 'mlflow.ml.internal', namespace: 'hardened', dnsName: 'tasks.metrics.mlflow.ml.internal', port: 9464 }),
  };
}
