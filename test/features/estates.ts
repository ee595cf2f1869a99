import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { customersOf, image, profile } from './support';
import { ExternalSecrets, FeastOperator, MlCluster } from '../../lib/cluster';
import { DataLake } from '../../lib/data';
import { type ClusterFeatureServerOptions, FeatureRegistry, FeatureStore, OfflineStore, OnlineStore } from '../../lib/features';
import { MlNetwork } from '../../lib/network/ml-network';
import { fakeCluster } from '../cluster/support';
import { ROLES_TWICE, type Estate } from '../support/estate';

type OnCluster = Pick<ClusterFeatureServerOptions, 'cluster' | 'externalSecrets'>;

/** Everything that the room makes, with every variant of its backends. */
function estate(): App {
  const app = new App();
  const shared = new Stack(app, 'Shared');
  const network = new MlNetwork(shared, 'Network');
  const lake = new DataLake(shared, 'Lake', { databaseName: 'lake' });
  const eventBus = new events.EventBus(shared, 'Bus');
  const customers = customersOf(lake);
  const stack = new Stack(app, 'Features');
  const store = new FeatureStore(stack, 'Features', {
    network, lake, image, eventBus, online: OnlineStore.dynamoDb({ encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }) }),
  });
  const view = store.addFeatureView('Profile', profile(customers, { ttl: Duration.days(90) }));
  store.addFeatureView('Archive', profile(customers, { online: false }));
  store.addMaterialization('Nightly', {
    views: [view], schedule: scheduler.ScheduleExpression.rate(Duration.days(1)), onDataArrived: true, maxFreshness: Duration.days(2), expectedRows: 1000,
  });
  store.addApply('Apply', { featureRepo: 'test/features' });
  store.addFeatureServer('Server');
  const role = new iam.Role(new Stack(app, 'Team'), 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  for (const give of ['readOnline', 'writeOnline', 'readOffline', 'materialize', 'apply'] as const) store.grants[give](role);
  const onCluster = clusterOf(app, network);
  store.addClusterFeatureServer('OnCluster', { ...onCluster, callers: ['shop'] });
  others(stack, network, lake, onCluster);
  return app;
}

/** A cluster with what feature servers need there. */
function clusterOf(app: App, network: MlNetwork): OnCluster {
  const stack = new Stack(app, 'Platform');
  const theirs = eks.Cluster.fromClusterAttributes(stack, 'Existing', {
    clusterName: 'theirs', clusterSecurityGroupId: 'sg-0123456789abcdef0', kubectlProvider: fakeCluster(stack).kubectlProvider,
  });
  const cluster = MlCluster.fromCluster(stack, 'Cluster', theirs, { network });
  new FeastOperator(stack, 'FeastOperator', { cluster });
  return { cluster, externalSecrets: new ExternalSecrets(stack, 'ExternalSecrets', { cluster }) };
}

function others(stack: Stack, network: MlNetwork, lake: DataLake, onCluster: OnCluster): void {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Existing', 'feast');
  const connections = new ec2.Connections({ securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0')], defaultPort: ec2.Port.tcp(5432) });
  const registry = FeatureRegistry.existing({ host: 'db.example.com', secret, connections: { connections } });
  const cached = new FeatureStore(stack, 'Cached', {
    network, lake, image, registry, offline: OfflineStore.iceberg(), online: OnlineStore.valkey({ maxStorage: Size.gibibytes(2), keyTtl: Duration.days(7) }),
  });
  cached.addFeatureView('Profile', profile(customersOf2(stack, lake)));
  cached.addFeatureServer('Server');
  cached.addClusterFeatureServer('OnCluster', onCluster);
  const role = new iam.Role(stack, 'Redshift', { assumedBy: new iam.ServicePrincipal('redshift.amazonaws.com') });
  const warehouse = new FeatureStore(stack, 'Warehouse', {
    network, image, online: OnlineStore.postgres(),
    offline: OfflineStore.redshiftServerless({
      workgroupName: 'wg', workgroupArn: 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/1', databaseName: 'dev', role,
    }),
  });
  warehouse.addClusterFeatureServer('OnCluster', onCluster);
  const view = warehouse.addFeatureView('Profile', profile(customersOf2(stack, lake, 'Second')));
  warehouse.addMaterialization('Hourly', { views: [view], schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)) });
}

function customersOf2(stack: Stack, lake: DataLake, id = 'First') {
  return customersOf(new DataLake(stack, `${id}Lake`, { databaseName: `${id.toLowerCase()}_${lake.databaseName}` }));
}

export const ESTATES: Record<string, Estate> = {
  'feature stores': {
    make: estate,
    explained: [
      ROLES_TWICE,
      { rule: 'W3691', message: /^Engine version '17' for engine 'postgres'/, reason: 'a major version is what RDS resolves to its default minor version' },
    ],
    ofTheTest: ({ where }) => /^(Shared|Platform|Features\/(First|Second)Lake)/.test(where),
  },
};
