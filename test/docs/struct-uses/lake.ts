import { Duration, Size, type Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { template } from './support';
import * as platform from '../../../lib';
import type { StructUses } from '../literal-faults';

const { data, network } = platform;

const COLUMNS = [data.Column.required('id', data.IcebergType.LONG)];

function rule(stack: Stack, given: Partial<platform.network.EventRuleOptions>): void {
  new network.PlatformBus(stack, 'Bus').onEvent('Rule', {
    detailTypes: [platform.DetailType.DATA_ARRIVED], target: new targets.SqsQueue(new sqs.Queue(stack, 'Inbox')), ...given,
  });
}

function role(stack: Stack): iam.Role {
  return new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
}

const MSK = 'arn:aws:kafka:eu-west-1:111122223333:cluster/events/11111111-2222-3333-4444-555555555555-1';

function ingest(stack: Stack, given: Partial<platform.data.FirehoseIngestionProps>): void {
  const lake = new data.DataLake(stack, 'Lake');
  const table = lake.addTable('Table', { columns: COLUMNS });
  new data.FirehoseIngestion(stack, 'Ingestion', { table, errorBucket: lake.bucket(data.Zone.RAW), ...given });
}

/** No template shows what starts a run. */
function sparkRun(stack: Stack, given: Partial<platform.data.SparkJobProps>): unknown {
  const application = data.SparkApplication.fromSparkApplicationAttributes(stack, 'Spark', { applicationId: 'a' });
  return stack.resolve(new data.SparkJob(stack, 'Job', { application, entryPoint: 's3://code/job.py', ...given }).run);
}

/** What is made from structs of the bus, the lake, its ingestion and its engines. */
export const LAKE_USES: StructUses = {
  'network.PlatformBusProps': template<platform.network.PlatformBusProps>((stack, given) => { new network.PlatformBus(stack, 'Bus', given); }),
  'network.EventRuleOptions': template<platform.network.EventRuleOptions>(rule),
  'network.EventRuleProps': template<platform.network.EventRuleProps>((stack, given) => {
    new network.EventRule(stack, 'Rule', {
      eventBus: network.PlatformBus.fromEventBusName(stack, 'Bus', 'theirs').eventBus,
      detailTypes: [platform.DetailType.DATA_ARRIVED],
      target: new targets.SqsQueue(new sqs.Queue(stack, 'Inbox')),
      ...given,
    });
  }),
  'data.AutomaticMaintenance': template<platform.data.AutomaticMaintenance>((stack, given) => {
    new data.DataLake(stack, 'Lake').addTable('Table', { columns: COLUMNS, maintenance: data.TableMaintenance.automatic(given) });
  }),
  'data.ZoneTransition': template<platform.data.ZoneTransition>((stack, given) => {
    new data.DataLake(stack, 'Lake', { transitions: [{ zone: data.Zone.RAW, ...given }] });
  }, { after: Duration.days(60) }),
  'data.S3TableCatalogProps': template<platform.data.S3TableCatalogProps>((stack, given) => {
    new data.S3TableCatalog(stack, 'Tables', given).addTable('Table', { columns: COLUMNS });
  }),
  'data.S3TableOptions': template<platform.data.S3TableOptions>((stack, given) => {
    new data.S3TableCatalog(stack, 'Tables').addTable('Table', { columns: COLUMNS, ...given });
  }, { maintenance: data.TableMaintenance.none() }),
  'data.S3TableProps': template<platform.data.S3TableProps>((stack, given) => {
    new data.S3Table(stack, 'Table', { catalog: new data.S3TableCatalog(stack, 'Tables'), columns: COLUMNS, ...given });
  }, { maintenance: data.TableMaintenance.none() }),
  'data.DataLakeBuckets': template<platform.data.DataLakeBuckets>((stack, given) => {
    const processed = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    const lake = data.DataLake.fromBuckets(stack, 'Lake', { processed, databaseName: 'shop', ...given });
    new data.IcebergTable(stack, 'Table', { lake, columns: COLUMNS }).grants.read(role(stack));
  }),
  'data.IcebergTableAttributes': template<platform.data.IcebergTableAttributes>((stack, given) => {
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    data.IcebergTable.fromIcebergTableAttributes(stack, 'Table', { bucket, databaseName: 'shop', tableName: 'orders', ...given }).grants.read(role(stack));
  }),
  'data.DataArrivalsProps': template<platform.data.DataArrivalsProps>((stack, given) => {
    new data.DataArrivals(stack, 'Arrivals', { eventBus: network.PlatformBus.fromEventBusName(stack, 'Bus', 'theirs').eventBus, ...given });
  }),
  'data.AnnouncementOptions': template<platform.data.AnnouncementOptions>((stack, given) => {
    const { eventBus } = network.PlatformBus.fromEventBusName(stack, 'Bus', 'theirs');
    const table = new data.DataLake(stack, 'Lake').addTable('Table', { columns: COLUMNS });
    new data.DataArrivals(stack, 'Arrivals', { eventBus }).addTable('Table', table, given);
  }),
  'data.AthenaWorkgroupProps': template<platform.data.AthenaWorkgroupProps>((stack, given) => { new data.AthenaWorkgroup(stack, 'Queries', given); }, {
    scanLimitPerQuery: Size.gibibytes(1),
  }),
  'data.AthenaWorkgroupAttributes': template<platform.data.AthenaWorkgroupAttributes>((stack, given) => {
    const resultBucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    data.AthenaWorkgroup.fromAthenaWorkgroupAttributes(stack, 'Queries', { workgroupName: 'w', resultBucket, ...given }).grants.query(role(stack));
  }),
  'data.FirehoseIngestionProps': template<platform.data.FirehoseIngestionProps>((stack, given) => { ingest(stack, given); }, {
    source: data.FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 'orders' }), bufferSize: Size.mebibytes(5), bufferInterval: Duration.seconds(30),
    retryDuration: Duration.seconds(30), freshnessAlarm: Duration.minutes(15),
  }),
  'data.MskTopicAttributes': template<platform.data.MskTopicAttributes>((stack, given) => {
    ingest(stack, { source: data.FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 'orders', ...given }) });
  }),
  'data.SparkApplicationProps': template<platform.data.SparkApplicationProps>((stack, given) => {
    new data.SparkApplication(stack, 'Spark', { lake: new data.DataLake(stack, 'Lake'), ...given });
  }, { releaseLabel: 'emr-7.10.0' }),
  'data.SparkJobOptions': template<platform.data.SparkJobOptions>((stack, given) => sparkRun(stack, given), { workerVcpu: 8, workerMemoryGb: 8, maxExecutors: 2 }),
  'data.SparkJobProps': template<platform.data.SparkJobProps>((stack, given) => sparkRun(stack, given), { workerVcpu: 8, workerMemoryGb: 8, maxExecutors: 2 }),
};
