import { join } from 'path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Column, DataLake, IcebergType, Zone } from '../../../lib/data';
import { Feature, FeatureStore, FeatureType, OfflineStore, OnlineStore } from '../../../lib/features';
import { MlNetwork } from '../../../lib/network/ml-network';

/** A lake with one table, and a store with its jobs: what lib/local/emulator/tests/test_features.py deploys and runs. */
const [, , outdir, image = ''] = process.argv;
const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Shop', { env: { account: '000000000000', region: 'us-east-1' } });
const network = MlNetwork.fromVpc(stack, 'Network', new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false }));
const lake = new DataLake(stack, 'Lake', { databaseName: 'lake' });
const customers = lake.addTable('Customers', {
  columns: [
    Column.required('customer_id', IcebergType.LONG), Column.required('event_time', IcebergType.TIMESTAMPTZ), Column.optional('age', IcebergType.LONG),
  ],
});
const store = new FeatureStore(stack, 'Features', {
  network, lake, projectName: 'shop', offline: OfflineStore.iceberg(), online: OnlineStore.dynamoDb(), image: ecs.ContainerImage.fromRegistry(image),
});
const profile = store.addFeatureView('Profile', {
  table: customers, entities: ['customer_id'], features: [Feature.of('age', FeatureType.INT64)], timestampField: 'event_time', ttl: Duration.days(90),
});
const apply = store.addApply('Apply', { featureRepo: join(__dirname, 'repo') });
const nightly = store.addMaterialization('Nightly', { views: [profile], schedule: scheduler.ScheduleExpression.rate(Duration.days(1)) });
const outputs = {
  Apply: apply.stateMachine.stateMachineArn, Nightly: nightly.stateMachine.stateMachineArn, Table: profile.table?.tableName ?? '',
  Bucket: lake.bucket(Zone.PROCESSED).bucketName, StoreYaml: store.storeYaml,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
app.synth();
