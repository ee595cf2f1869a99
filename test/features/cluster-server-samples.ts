import type { Chart } from 'cdk8s';
import { Faults } from '../../lib/core/private/faults';
import { clusterServer, type ClusterServerInput, type ClusterStore } from '../../lib/features/blueprint/cluster-server';
import { sqlRegistry, type YamlMap } from '../../lib/features/blueprint/feature-store-yaml';
import { clusterServerChart } from '../../lib/features/manifests/cluster-server';

/** Each online store of ours as its backend writes it; feature-store-yaml.test.ts and cluster-feature-server.test.ts hold them together. */
export const ONLINE: Readonly<Record<string, YamlMap>> = {
  dynamodb: { type: 'dynamodb', region: '$AWS_REGION', table_name_template: '{project}.{table_name}', consistent_reads: false },
  redis: {
    type: 'redis', redis_type: 'redis_cluster',
    connection_string: '$FEAST_ONLINE_CONNECTION,username=$FEAST_ONLINE_USER,password=$FEAST_ONLINE_PASSWORD', key_ttl_seconds: 604800,
  },
  postgres: {
    type: 'postgres', host: '$FEAST_ONLINE_HOST', port: '$FEAST_ONLINE_PORT', database: '$FEAST_ONLINE_DATABASE', db_schema: 'online',
    user: '$FEAST_ONLINE_USER', password: '$FEAST_ONLINE_PASSWORD', sslmode: 'require',
  },
};

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:feast-AbCdEf';

/** What a server has to know of a store. */
export function storeWith(type: string): ClusterStore {
  const variables = ['ML_DATABASE_USER', 'ML_DATABASE_PASSWORD', ...type === 'dynamodb' ? [] : ['FEAST_ONLINE_USER', 'FEAST_ONLINE_PASSWORD']];
  return {
    registry: sqlRegistry(),
    online: ONLINE[type] ?? {},
    environment: { AWS_REGION: 'eu-west-1', ML_DATABASE_HOST: 'db.example.com', ML_DATABASE_PORT: '5432', ML_DATABASE_NAME: 'feast', ...onlineEnvironment(type) },
    secrets: variables.map((variable) => ({ variable, secretId: SECRET, field: variable.endsWith('USER') ? 'username' : 'password' })),
    ports: type === 'redis' ? [5432, 6379] : [5432],
  };
}

function onlineEnvironment(type: string): Record<string, string> {
  if (type === 'redis') return { FEAST_ONLINE_CONNECTION: 'cache.example.com:6379,ssl=true' };
  return type === 'postgres' ? { FEAST_ONLINE_HOST: 'db.example.com', FEAST_ONLINE_PORT: '5432', FEAST_ONLINE_DATABASE: 'feast' } : {};
}

/** The objects of a server with an online store. */
export function serverWith(type: string, input: Partial<ClusterServerInput> = {}): Chart {
  const faults = Faults.at('samples');
  const plan = clusterServer(faults, { project: `shop_${type}`, onlineType: type, ...input });
  faults.throwIfAny();
  return clusterServerChart(plan, storeWith(type), 'example.com/features:1');
}

/** Charts of servers in their smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  return {
    'a server that reads DynamoDB': serverWith('dynamodb'),
    'a server that reads Valkey, for callers and Prometheus': serverWith('redis', { callers: ['shop', 'web'], metricsNamespace: 'monitoring', replicas: 100, vcpus: 64, memoryMiB: 65_536 }),
    'a server that reads PostgreSQL, one pod, the longest name': serverWith('postgres', { serverName: `a${'b'.repeat(45)}`, replicas: 1, vcpus: 0.1, memoryMiB: 512 }),
  };
}
