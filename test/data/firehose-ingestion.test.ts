import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { faultsOf } from './support';
import { Column, DataLake, FirehoseIngestion, FirehoseIngestionProps, FirehoseSource, IcebergType, S3TableCatalog, Zone } from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG)];
const MSK = 'arn:aws:kafka:eu-west-1:111122223333:cluster/events/11111111-2222-3333-4444-555555555555-1';

function ingest(props: (stack: Stack) => Partial<FirehoseIngestionProps> = () => ({})) {
  const stack = new Stack(new App(), 'Data');
  const lake = new DataLake(stack, 'Lake', { databaseName: 'shop' });
  const table = lake.addTable('Orders', { columns });
  const ingestion = new FirehoseIngestion(stack, 'Ingestion', { table, errorBucket: lake.bucket(Zone.RAW), ...props(stack) });
  return { stack, ingestion, lake, table };
}

function streamOf(props?: (stack: Stack) => Partial<FirehoseIngestionProps>): any {
  return (Object.values(Template.fromStack(ingest(props).stack).findResources('AWS::KinesisFirehose::DeliveryStream'))[0] as any).Properties;
}

const actionsOf = (stack: Stack): string[] => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  .flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement.flatMap(({ Action }: any) => Action));

describe('an ingestion', () => {
  test('takes records from programs, adds them to the table, and keeps those that are refused', () => {
    const stream = streamOf();
    expect(stream.DeliveryStreamType).toBe('DirectPut');
    expect(stream.DeliveryStreamEncryptionConfigurationInput).toEqual({ KeyType: 'AWS_OWNED_CMK' });
    expect(stream.IcebergDestinationConfiguration).toMatchObject({
      AppendOnly: true,
      CatalogConfiguration: { CatalogArn: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':glue:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':catalog']] } },
      DestinationTableConfigurationList: [{ DestinationDatabaseName: 'shop', DestinationTableName: 'orders' }],
      BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 128 },
      RetryOptions: { DurationInSeconds: 3600 },
      s3BackupMode: 'FailedDataOnly',
      S3Configuration: { BucketARN: { 'Fn::GetAtt': [expect.stringContaining('RawBucket'), 'Arn'] }, ErrorOutputPrefix: 'firehose-errors/orders/' },
      CloudWatchLoggingOptions: { Enabled: true },
    });
    expect(stream.IcebergDestinationConfiguration.ProcessingConfiguration).toBeUndefined();
  });

  test('replaces rows of the same key, and says so for each record', () => {
    const { IcebergDestinationConfiguration: destination } = streamOf(() => ({ uniqueKeys: ['id'] }));
    expect(destination.AppendOnly).toBe(false);
    expect(destination.DestinationTableConfigurationList).toEqual([{ DestinationDatabaseName: 'shop', DestinationTableName: 'orders', UniqueKeys: ['id'] }]);
    expect(destination.ProcessingConfiguration).toEqual({
      Enabled: true,
      Processors: [{
        Type: 'MetadataExtraction',
        Parameters: [
          { ParameterName: 'MetadataExtractionQuery', ParameterValue: '{destinationDatabaseName:"shop",destinationTableName:"orders",operation:"update"}' },
          { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
        ],
      }],
    });
  });

  test('takes other times, sizes and places', () => {
    expect(streamOf(() => ({
      bufferInterval: Duration.seconds(60), bufferSize: Size.mebibytes(5), retryDuration: Duration.minutes(10), errorPrefix: 'refused',
    })).IcebergDestinationConfiguration).toMatchObject({
      BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 5 }, RetryOptions: { DurationInSeconds: 600 }, S3Configuration: { ErrorOutputPrefix: 'refused/' },
    });
  });

  test('encrypts the stream with a key', () => {
    expect(streamOf((stack) => ({ encryptionKey: new kms.Key(stack, 'Key') })).DeliveryStreamEncryptionConfigurationInput)
      .toEqual({ KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: { 'Fn::GetAtt': [expect.stringContaining('Key'), 'Arn'] } });
  });

  test('reads a Kinesis stream', () => {
    const { stack } = ingest((scope) => ({ source: FirehoseSource.kinesis(new kinesis.Stream(scope, 'Stream')) }));
    const actions = actionsOf(stack);
    expect(actions).toEqual(expect.arrayContaining(['kinesis:GetRecords', 'kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:ListShards']));
    const stream = streamOf((scope) => ({ source: FirehoseSource.kinesis(new kinesis.Stream(scope, 'Stream')) }));
    expect(stream).toMatchObject({ DeliveryStreamType: 'KinesisStreamAsSource', KinesisStreamSourceConfiguration: { KinesisStreamARN: expect.anything() } });
    expect(stream.DeliveryStreamEncryptionConfigurationInput).toBeUndefined();
  });

  test.each([[undefined, 'PRIVATE'], [false, 'PUBLIC']])('reads a topic of MSK (private: %s)', (privateConnectivity, connectivity) => {
    const { stack } = ingest(() => ({ source: FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 'orders', privateConnectivity }) }));
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
      DeliveryStreamType: 'MSKAsSource', MSKSourceConfiguration: { MSKClusterARN: MSK, TopicName: 'orders', AuthenticationConfiguration: { Connectivity: connectivity } },
    });
    const text = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(text).toContain(`${MSK.replace(':cluster/', ':topic/')}/orders`);
    expect(text).toContain(`${MSK.replace(':cluster/', ':group/')}/*`);
  });

  test('acts as a role for this table, this prefix and its own log', () => {
    const { stack } = ingest();
    expect(actionsOf(stack)).toEqual(expect.arrayContaining(['glue:UpdateTable', 's3:PutObject', 'logs:PutLogEvents', 's3:ListBucketMultipartUploads']));
    const template = Template.fromStack(stack);
    const [role]: any[] = Object.values(template.findResources('AWS::IAM::Role'));
    expect(role.Properties.AssumeRolePolicyDocument.Statement[0]).toMatchObject({
      Principal: { Service: 'firehose.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    const [stream]: any[] = Object.values(template.findResources('AWS::KinesisFirehose::DeliveryStream'));
    expect(stream.DependsOn).toEqual(expect.arrayContaining([Object.keys(template.findResources('AWS::IAM::Policy'))[0]]));
  });

  test('rings when rows are refused or late', () => {
    const { stack } = ingest((scope) => ({ alarmActions: [new SnsAction(new sns.Topic(scope, 'Topic'))], freshnessAlarm: Duration.minutes(10) }));
    const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(({ Properties }: any) => Properties);
    expect(alarms.map(({ MetricName, Threshold, AlarmActions, Dimensions }) => [MetricName, Threshold, AlarmActions.length, Dimensions[0].Name])).toEqual([
      ['DeliveryToIceberg.FailedRowCount', 0, 1, 'DeliveryStreamName'], ['DeliveryToIceberg.DataFreshness', 600, 1, 'DeliveryStreamName'],
    ]);
  });

  test('lets a program put records, and nobody where they come from a stream', () => {
    const { stack, ingestion } = ingest();
    ingestion.grants.put(new iam.Role(stack, 'Shop', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    expect(actionsOf(stack)).toEqual(expect.arrayContaining(['firehose:PutRecord', 'firehose:PutRecordBatch']));
    const other = ingest(() => ({ source: FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 'orders' }) }));
    expect(faultsOf(() => other.ingestion.grants.put(other.ingestion.role))).toEqual(['[not-direct-put] records come from a stream or topic; write there, and grant there']);
  });

  test('shows how many rows came', () => {
    expect(ingest().ingestion.metricSuccessfulRows().toMetricConfig().metricStat).toMatchObject({ namespace: 'AWS/Firehose', metricName: 'DeliveryToIceberg.SuccessfulRowCount' });
  });

  test('lives twice in one stack', () => {
    const { stack, table, lake } = ingest();
    new FirehoseIngestion(stack, 'Second', { table, errorBucket: lake.bucket(Zone.RAW), errorPrefix: 'second' });
    Template.fromStack(stack).resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 2);
  });

  test('refuses a table of S3 Tables, which it could not reach', () => {
    expect(faultsOf(() => ingest((stack) => ({ table: new S3TableCatalog(stack, 'Tables').addTable('Clicks', { columns }) })))).toEqual([
      '[table-of-s3-tables] table is one of S3 Tables, which Firehose reaches through an integration of the account only; give a table of a lake, or let programs append '
      + 'by Iceberg\'s REST protocol',
    ]);
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => ingest((stack) => ({
      uniqueKeys: ['Id', 'a', 'a'], errorPrefix: '/x', bufferInterval: Duration.hours(1), bufferSize: Size.gibibytes(1), retryDuration: Duration.hours(3),
      freshnessAlarm: Duration.seconds(5), encryptionKey: new kms.Key(stack, 'Key'), source: FirehoseSource.mskTopic({ clusterArn: MSK, topicName: 't' }),
    })))).toEqual([
      '[invalid-unique-keys] uniqueKeys \'Id\' is not allowed; use 1 to 255 lower-case letters, digits or underscores, not starting with a digit',
      '[duplicate-unique-keys] uniqueKeys names \'a\' more than once; keep one of them',
      '[invalid-error-prefix] errorPrefix \'/x\' is not allowed; use names separated by slashes, without a slash at the ends',
      '[invalid-buffer-interval] bufferInterval of 3600 seconds is not a whole number from 0 to 900 seconds; use a duration in that range',
      '[invalid-buffer-size] bufferSize of 1024 MiB is not a whole number from 1 to 128 MiB; use a size in that range',
      '[invalid-retry-duration] retryDuration of 10800 seconds is not a whole number from 0 to 7200 seconds; use a duration in that range',
      '[invalid-freshness-alarm] freshnessAlarm of 5 seconds is not a whole number from 3660 to 86400 seconds; use a duration in that range',
      '[key-without-direct-put] encryptionKey encrypts records that programs put themselves, but source is a stream or topic with an encryption of its own; leave it out',
    ]);
  });
});
