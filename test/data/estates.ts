import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  AthenaWorkgroup, ColdStorage, Column, DataArrivals, DataContract, DataLake, DataQualityCheck, FirehoseIngestion, FirehoseSource, IcebergTable, IcebergType, Partition,
  QualityChecks, QualityEngine, QualitySample, QualityTrigger, S3TableCatalog, Sort, SparkApplication, SparkImage, SparkQualityCheck, TableMaintenance, TableMigrations, Zone,
} from '../../lib/data';
import { MlNetwork, PlatformBus } from '../../lib/network';
import { image as taskImage } from '../network/support';
import { ROLES_TWICE, type Estate } from '../support/estate';

const MSK = 'arn:aws:kafka:eu-west-1:111122223333:cluster/events/11111111-2222-3333-4444-555555555555-1';
const columns = [Column.required('id', IcebergType.LONG), Column.optional('amount', IcebergType.decimal(12, 2))];
const folder = mkdtempSync(join(tmpdir(), 'data-estates-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const keyOf = (stack: Stack): kms.Key => new kms.Key(stack, 'Key', { enableKeyRotation: true });
const roleOf = (stack: Stack, service = 'ecs-tasks'): iam.Role => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal(`${service}.amazonaws.com`) });

function inOneStack(build: (stack: Stack) => void, context: Record<string, unknown> = {}): () => App {
  return () => {
    const app = new App({ context: { 'aws:cdk:disable-asset-staging': true, ...context } });
    build(new Stack(app, 'Data'));
    return app;
  };
}

/** A lake and its bus in one stack, checks of two kinds in another, as teams have them. */
function qualityChecks(): App {
  const app = new App({ context: { 'cdk-ml-platform:update-contracts': true } });
  const shared = new Stack(app, 'Shared');
  const network = new MlNetwork(shared, 'Network');
  const { eventBus } = new PlatformBus(shared, 'Bus');
  const lake = new DataLake(shared, 'Lake', { encryptionKey: keyOf(shared) });
  const contract = DataContract.fromColumns(join(folder, 'orders.json'), {
    columns: [Column.required('id', IcebergType.LONG), Column.optional('country', IcebergType.STRING), Column.optional('at', IcebergType.TIMESTAMPTZ)],
    checks: { country: { oneOf: ['DE', 'FR'], pattern: '^[A-Z]{2}$' }, at: { maxAge: Duration.hours(1) } },
  });
  const orders = lake.addTable('Orders', { contract });
  const suite = join(folder, 'suite.json');
  writeFileSync(suite, JSON.stringify({ name: 'orders', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } }] }));
  const stack = new Stack(app, 'Quality');
  const triggers = [QualityTrigger.onDataArrived(), QualityTrigger.rate(Duration.hours(6)), QualityTrigger.cron('0 6 * * ? *')];
  new DataQualityCheck(stack, 'Contract', { network, table: orders, reportBucket: lake.bucket(Zone.ARTIFACTS), eventBus, triggers, image: taskImage });
  new DataQualityCheck(stack, 'Suite', {
    network, image: taskImage, checks: [QualityChecks.suite(suite)],
    table: IcebergTable.fromIcebergTableAttributes(stack, 'Theirs', { tableName: 'returns', databaseName: 'shop', bucket: s3.Bucket.fromBucketName(stack, 'TheirLake', 'lake') }),
    reportBucket: s3.Bucket.fromBucketName(stack, 'Reports', 'reports'),
  });
  new DataQualityCheck(stack, 'Athena', {
    network, image: taskImage, eventBus, table: lake.addTable('Events', { columns: [Column.optional('id', IcebergType.LONG), Column.optional('at', IcebergType.TIMESTAMPTZ)], partitionBy: [Partition.day('at')] }),
    checks: [QualityChecks.suite(suite)], reportBucket: lake.bucket(Zone.ARTIFACTS),
    engine: QualityEngine.athena(new AthenaWorkgroup(shared, 'Queries')), sample: QualitySample.newestPartition(),
  });
  const image = SparkImage.fromUri('111122223333.dkr.ecr.eu-west-1.amazonaws.com/spark:v1', true);
  new SparkQualityCheck(stack, 'Spark', {
    application: new SparkApplication(shared, 'Spark', { lake, image }),
    table: orders, reportBucket: lake.bucket(Zone.ARTIFACTS), reportPrefix: 'quality/spark', eventBus, triggers,
  });
  return app;
}

export const ESTATES: Record<string, Estate> = {
  'a workgroup': {
    make: inOneStack((stack) => {
      new AthenaWorkgroup(stack, 'Queries', { encryptionKey: keyOf(stack) }).grants.query(roleOf(stack));
      new AthenaWorkgroup(stack, 'Plain');
    }),
  },
  'announcements': {
    make: inOneStack((stack) => {
      const { eventBus } = new PlatformBus(stack, 'Bus');
      const arrivals = new DataArrivals(stack, 'Arrivals', { eventBus });
      arrivals.addTable('Payments', new DataLake(stack, 'Lake').addTable('Payments', { columns }));
      arrivals.addTable('Clicks', new S3TableCatalog(stack, 'Tables').addTable('Clicks', { columns }));
    }),
    explained: [ROLES_TWICE],
  },
  'inventories and transitions': {
    make: inOneStack((stack) => {
      new DataLake(stack, 'One', { inventory: true, transitions: [{ zone: Zone.RAW }, { zone: Zone.ARTIFACTS, storage: ColdStorage.INFREQUENT_ACCESS }] });
      new DataLake(stack, 'Two', { inventory: true, accessLogs: false });
    }),
    // the access logs that were turned off
    ofTheTest: ({ rule, where }) => rule === 'AwsSolutions-S1' && where.startsWith('Data/Two/'),
  },
  'ingestion': {
    make: inOneStack((stack) => {
      const lake = new DataLake(stack, 'Lake');
      const [table, errorBucket] = [lake.addTable('Orders', { columns }), lake.bucket(Zone.RAW)];
      new FirehoseIngestion(stack, 'Programs', { table, errorBucket, uniqueKeys: ['id'] });
      new FirehoseIngestion(stack, 'Kinesis', { table, errorBucket, source: FirehoseSource.kinesis(new kinesis.Stream(stack, 'Stream')) });
      new FirehoseIngestion(stack, 'Msk', { table, errorBucket, source: FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 'orders' }) });
    }),
    ofTheTest: ({ where }) => where === 'Data/Stream/Resource',
  },
  'Lake Formation': {
    make: () => {
      const app = new App();
      const table = new DataLake(new Stack(app, 'Data'), 'Lake', { lakeFormation: true, databaseName: 'shop' }).addTable('Payments', { columns });
      table.grants.write(roleOf(new Stack(app, 'Team')));
      return app;
    },
  },
  'contracts and migrations': {
    make: () => {
      const app = new App({ context: { 'cdk-ml-platform:update-contracts': true } });
      const stack = new Stack(app, 'Data');
      const lake = new DataLake(stack, 'Lake', { encryptionKey: keyOf(stack) });
      const contract = DataContract.fromColumns(join(folder, 'payments.json'), { columns });
      new TableMigrations(new Stack(app, 'Team'), 'Migrations', {
        network: new MlNetwork(new Stack(app, 'Net'), 'Network'), tables: [lake.addTable('Payments', { contract })],
      });
      return app;
    },
    explained: [ROLES_TWICE],
  },
  'S3 Tables': {
    make: inOneStack((stack) => {
      const catalog = new S3TableCatalog(stack, 'Tables', { encryptionKey: keyOf(stack) });
      const table = catalog.addTable('Payments', {
        columns: [...columns, Column.optional('tags', IcebergType.list(IcebergType.STRING), { comment: 'any' })], maintenance: TableMaintenance.automatic(),
        partitionBy: [Partition.bucket('id', 16)], sortBy: [Sort.ascending('id')],
      });
      new S3TableCatalog(stack, 'Plain').addTable('Clicks', { columns });
      table.grants.write(roleOf(stack));
    }),
  },
  'Spark': {
    make: inOneStack((stack) => {
      const entryPoint = join(folder, 'daily.py');
      writeFileSync(entryPoint, 'print(1)\n');
      const spark = new SparkApplication(stack, 'Spark', { lake: new DataLake(stack, 'Lake'), encryptionKey: keyOf(stack), network: new MlNetwork(stack, 'Network') });
      spark.addJob('Daily', { entryPoint }).grants.start(roleOf(stack, 'states'));
    }),
    explained: [ROLES_TWICE],
  },
  'quality checks': { make: qualityChecks, explained: [ROLES_TWICE], ofTheTest: ({ where }) => !where.startsWith('Quality/') },
  'maintenance': {
    make: inOneStack((stack) => {
      const lake = new DataLake(stack, 'Lake', { encryptionKey: keyOf(stack) });
      lake.addTable('Payments', { columns, maintenance: TableMaintenance.automatic() });
      lake.addTable('Clicks', { columns, maintenance: TableMaintenance.compaction() });
    }),
  },
};
