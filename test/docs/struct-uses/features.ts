import { Duration, RemovalPolicy, Size, type Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { template, theirs } from './support';
import * as platform from '../../../lib';
import { textNetwork } from '../../cluster/support';
import { image } from '../../network/support';
import type { StructUses } from '../literal-faults';

const { data, features } = platform;

interface Made {
  readonly stack: Stack;
  readonly store: platform.features.FeatureStore;
  readonly table: platform.data.IcebergTable;
}

function made(stack: Stack, given: Partial<platform.features.FeatureStoreProps> = {}): Made {
  const lake = new data.DataLake(stack, 'Lake', { databaseName: 'lake' });
  const table = lake.addTable('Customers', {
    columns: [
      data.Column.required('customer_id', data.IcebergType.LONG), data.Column.required('event_time', data.IcebergType.TIMESTAMPTZ),
      data.Column.optional('age', data.IcebergType.LONG),
    ],
  });
  return { stack, table, store: new features.FeatureStore(stack, 'Features', { network: given.network ?? textNetwork(stack), lake, image, projectName: 'shop', ...given }) };
}

function viewOptions({ table }: Made): platform.features.FeatureViewOptions {
  return { table, entities: ['customer_id'], features: [features.Feature.of('age', features.FeatureType.INT64)], timestampField: 'event_time' };
}

function view(all: Made, given: Partial<platform.features.FeatureViewOptions> = {}): platform.features.FeatureView {
  return all.store.addFeatureView('Profile', { ...viewOptions(all), ...given });
}

/** A store whose jobs show what is chosen for all of them. */
function withJob(stack: Stack, given: Partial<platform.features.FeatureStoreProps>): void {
  const all = made(stack, given);
  all.store.addMaterialization('Nightly', { views: [view(all)], schedule: WEEKLY });
}

function existing(stack: Stack, given: Partial<platform.features.FeatureDatabaseAttributes>): platform.features.FeatureDatabaseAttributes {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'database');
  const connections = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-2');
  return { host: 'database.example.com', secret, connections, ...given };
}

const PROMETHEUS = platform.monitoring.PrometheusStack.fromUrl({ serverUrl: 'http://prometheus:9090', namespace: 'other' });

interface OnCluster {
  readonly cluster: platform.cluster.IMlCluster;
  readonly externalSecrets: platform.cluster.ExternalSecrets;
  readonly network: platform.network.IMlNetwork;
}

/** A cluster with what a feature server needs there. */
function onCluster(stack: Stack): OnCluster {
  const cluster = theirs(stack, { installedApiGroups: ['feast.dev', 'monitoring.coreos.com'] });
  return { cluster, externalSecrets: new platform.cluster.ExternalSecrets(stack, 'ExternalSecrets', { cluster }), network: cluster.network };
}

const WEEKLY = scheduler.ScheduleExpression.rate(Duration.days(7));
const SIZES = { cpu: 1024, memoryLimitMiB: 4096 };

/** What is made from structs of the feature store. */
export const FEATURE_USES: StructUses = {
  'features.FeatureStoreProps': template<platform.features.FeatureStoreProps>(withJob, {
    registry: features.FeatureRegistry.postgres({ backupRetention: Duration.days(9) }),
    offline: features.OfflineStore.iceberg(),
    online: features.OnlineStore.valkey(),
    cpuArchitecture: ecs.CpuArchitecture.ARM64,
    removalPolicy: RemovalPolicy.DESTROY,
  }),
  'features.FeatureRegistryPostgresOptions': template<platform.features.FeatureRegistryPostgresOptions>((stack, given) => {
    made(stack, { registry: features.FeatureRegistry.postgres(given) });
  }),
  'features.FeatureDatabaseAttributes': template<platform.features.FeatureDatabaseAttributes>((stack, given) => {
    const { store } = made(stack, { registry: features.FeatureRegistry.existing(existing(stack, given)) });
    store.addFeatureServer('Server');
  }),
  'features.AthenaOfflineStoreOptions': template<platform.features.AthenaOfflineStoreOptions>((stack, given) => {
    made(stack, { offline: features.OfflineStore.athena(given) });
  }, { scanLimit: Size.gibibytes(1) }),
  'features.DynamoDbOnlineStoreOptions': template<platform.features.DynamoDbOnlineStoreOptions>((stack, given) => {
    withJob(stack, { online: features.OnlineStore.dynamoDb(given) });
  }),
  'features.ValkeyOnlineStoreOptions': template<platform.features.ValkeyOnlineStoreOptions>((stack, given) => {
    made(stack, { online: features.OnlineStore.valkey(given) });
  }),
  'features.PostgresOnlineStoreOptions': template<platform.features.PostgresOnlineStoreOptions>((stack, given) => {
    withJob(stack, { online: features.OnlineStore.postgres(given) });
  }, { schema: 'values' }),
  'features.FeatureViewOptions': template<platform.features.FeatureViewOptions>((stack, given) => { view(made(stack), given); }),
  'features.FeatureViewProps': template<platform.features.FeatureViewProps>((stack, given) => {
    const all = made(stack);
    new features.FeatureView(stack, 'Profile', { store: all.store, ...viewOptions(all), ...given });
  }),
  'features.FeatureApplyOptions': template<platform.features.FeatureApplyOptions>((stack, given) => {
    made(stack).store.addApply('Apply', { featureRepo: __dirname, ...given });
  }, SIZES),
  'features.FeatureApplyProps': template<platform.features.FeatureApplyProps>((stack, given) => {
    new features.FeatureApply(stack, 'Apply', { store: made(stack).store, featureRepo: __dirname, ...given });
  }, SIZES),
  'features.FeatureMaterializationOptions': template<platform.features.FeatureMaterializationOptions>((stack, given) => {
    const all = made(stack, { eventBus: platformBus(stack) });
    all.store.addMaterialization('Nightly', { views: [view(all)], schedule: WEEKLY, ...given });
  }, SIZES),
  'features.FeatureMaterializationProps': template<platform.features.FeatureMaterializationProps>((stack, given) => {
    const all = made(stack, { eventBus: platformBus(stack) });
    new features.FeatureMaterialization(stack, 'Nightly', { store: all.store, views: [view(all)], schedule: WEEKLY, ...given });
  }, SIZES),
  'features.FeatureSkewCheckOptions': template<platform.features.FeatureSkewCheckOptions>((stack, given) => {
    const all = made(stack);
    all.store.addSkewCheck('Skew', { views: [view(all)], ...given });
  }, { ...SIZES, threshold: 0.5 }),
  'features.FeatureSkewCheckProps': template<platform.features.FeatureSkewCheckProps>((stack, given) => {
    const all = made(stack);
    new features.FeatureSkewCheck(stack, 'Skew', { store: all.store, views: [view(all)], ...given });
  }, { ...SIZES, threshold: 0.5 }),
  'features.ClusterFeatureServerOptions': template<platform.features.ClusterFeatureServerOptions>((stack, given) => {
    const { cluster, externalSecrets, network } = onCluster(stack);
    made(stack, { network }).store.addClusterFeatureServer('Server', { cluster, externalSecrets, ...given });
  }, { prometheus: PROMETHEUS }),
  'features.ClusterFeatureServerProps': template<platform.features.ClusterFeatureServerProps>((stack, given) => {
    const { cluster, externalSecrets, network } = onCluster(stack);
    new features.ClusterFeatureServer(stack, 'Server', { store: made(stack, { network }).store, cluster, externalSecrets, ...given });
  }, { prometheus: PROMETHEUS }),
  'features.FeatureServerOptions': template<platform.features.FeatureServerOptions>((stack, given) => { made(stack).store.addFeatureServer('Server', given); }),
  'features.FeatureServerProps': template<platform.features.FeatureServerProps>((stack, given) => {
    new features.FeatureServer(stack, 'Server', { store: made(stack).store, ...given });
  }),
};

function platformBus(stack: Stack): events.EventBus {
  return new events.EventBus(stack, 'Bus');
}
