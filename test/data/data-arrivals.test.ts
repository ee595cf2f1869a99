import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { faultsOf } from './support';
import { AnnouncementOptions, Column, DataArrivals, DataArrivalsProps, DataLake, IcebergTable, IcebergType, S3TableCatalog } from '../../lib/data';
import { PlatformBus } from '../../lib/network';

const columns = [Column.required('id', IcebergType.LONG)];

function setUp(props: Partial<DataArrivalsProps> = {}) {
  const stack = new Stack(new App({ context: { 'aws:cdk:disable-asset-staging': true } }), 'Data');
  const lake = new DataLake(stack, 'Lake', { databaseName: 'shop' });
  const { eventBus } = new PlatformBus(stack, 'Bus');
  return { stack, lake, arrivals: new DataArrivals(stack, 'Arrivals', { eventBus, ...props }) };
}

function announced(options?: AnnouncementOptions): Template {
  const { stack, lake, arrivals } = setUp();
  arrivals.addTable('Payments', lake.addTable('Payments', { columns }), options);
  return Template.fromStack(stack);
}

const rules = (template: Template): any[] => Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }: any) => Properties);
const tableRule = (template: Template) => rules(template).find(({ EventPattern }) => EventPattern);

describe('announcements of tables', () => {
  test('are made by one function without an image, called once an hour even without a table', () => {
    const template = Template.fromStack(setUp().stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'ml_platform_runtime.tables.arrivals.handler', Architectures: ['arm64'], Timeout: 90, MemorySize: 256,
      Environment: { Variables: { ML_ENVIRONMENT: 'default', ML_EVENT_BUS: { Ref: Match.stringLikeRegexp('^Bus') }, ML_ARRIVALS_TABLE: { Ref: Match.stringLikeRegexp('^ArrivalsState') } } },
      DeadLetterConfig: { TargetArn: Match.anyValue() },
      PackageType: Match.absent(),
    });
    expect(rules(template)).toEqual([expect.objectContaining({ ScheduleExpression: 'rate(1 hour)', Targets: [expect.objectContaining({ Input: '{"sweep":true}' })] })]);
  });

  test('follow the metadata files of the table, and say which table it is', () => {
    const { EventPattern, Targets: [target] } = tableRule(announced());
    expect(EventPattern).toEqual({
      'source': ['aws.s3'],
      'detail-type': ['Object Created'],
      'detail': {
        bucket: { name: [{ Ref: expect.stringContaining('ProcessedBucket') }] },
        object: { key: [{ wildcard: 'tables/payments/metadata/*.metadata.json' }] },
      },
    });
    expect(target.InputTransformer).toEqual({
      InputPathsMap: { 'detail-object-key': '$.detail.object.key', 'time': '$.time' },
      InputTemplate: '{"database":"shop","table":"payments","minRows":1,"key":<detail-object-key>,"time":<time>}',
    });
    expect(target.DeadLetterConfig).toBeDefined();
  });

  test.each<[string, AnnouncementOptions, string]>([
    ['of so many rows', { minRows: 1000 }, '"minRows":1000,"key"'],
    ['of closed partitions', { closedPartition: 'at_day' }, '"minRows":1,"partition":"at_day","key"'],
  ])('are made %s where asked', (_case, options, text) => {
    expect(tableRule(announced(options)).Targets[0].InputTransformer.InputTemplate).toContain(text);
  });

  test('read the table and nothing else, keep what was told, and publish to the bus', () => {
    const [policy]: any[] = Object.values(announced().findResources('AWS::IAM::Policy'));
    const statements: any[] = policy.Properties.PolicyDocument.Statement;
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['glue:GetTable', 's3:GetObject', 'events:PutEvents', 'dynamodb:PutItem', 'sqs:SendMessage']));
    expect(actions.filter((action: string) => /\*|Delete|s3:Put|glue:Update/.test(action))).toEqual([]);
    expect(JSON.stringify(statements)).toContain('/tables/payments/*');
  });

  test('ring when one of them could not be made', () => {
    const { stack } = setUp();
    const other = new Stack(new App(), 'Other');
    const arrivals = new DataArrivals(other, 'Arrivals', {
      eventBus: PlatformBus.fromEventBusName(other, 'Bus', 'theirs').eventBus, alarmActions: [new SnsAction(new sns.Topic(other, 'Topic'))],
    });
    expect(arrivals.alarm.node.path).toBe('Other/Arrivals/DeadLettersAlarm');
    Template.fromStack(other).hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 0, AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }] });
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', 1);
  });

  test('take an environment, and a key for what was told', () => {
    const { stack } = setUp({ environmentName: 'prod' });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: Match.objectLike({ ML_ENVIRONMENT: 'prod' }) } });
    const other = new Stack(new App(), 'Other');
    new DataArrivals(other, 'Arrivals', { eventBus: new PlatformBus(other, 'Bus').eventBus, encryptionKey: new kms.Key(other, 'Key') });
    Template.fromStack(other).hasResourceProperties('AWS::DynamoDB::Table', { BillingMode: 'PAY_PER_REQUEST', SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } });
  });

  test('are made of many tables, and of tables that exist, by the same function', () => {
    const { stack, lake, arrivals } = setUp();
    for (const id of ['One', 'Two']) arrivals.addTable(id, lake.addTable(id, { columns }));
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    arrivals.addTable('Old', IcebergTable.fromIcebergTableAttributes(stack, 'Old', { bucket, databaseName: 'shop', tableName: 'old', prefix: 'old/place/' }));
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.resourceCountIs('AWS::Events::Rule', 4);
    expect(JSON.stringify(rules(template))).toContain('"name":["theirs"]},"object":{"key":[{"wildcard":"old/place/metadata/*.metadata.json"}]}');
  });

  test.each<[string, AnnouncementOptions, string, number]>([
    ['every five minutes', {}, 'rate(5 minutes)', 300],
    ['as often as asked', { checkInterval: Duration.hours(1), minRows: 10 }, 'rate(1 hour)', 3600],
  ])('look at a table of S3 Tables %s, because S3 tells of none of its commits', (_case, options, rate, seconds) => {
    const { stack, arrivals } = setUp();
    const catalog = new S3TableCatalog(stack, 'Tables', { namespaceName: 'shop' });
    arrivals.addTable('Orders', catalog.addTable('Orders', { columns }), options);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Lambda::Function', 1);
    const [rule] = rules(template).filter(({ Targets: [target] }) => target.InputTransformer);
    expect(rule.ScheduleExpression).toBe(rate);
    expect(rule.EventPattern).toBeUndefined();
    expect(rule.Targets[0].DeadLetterConfig).toBeDefined();
    const { InputPathsMap, InputTemplate } = rule.Targets[0].InputTransformer;
    expect(InputPathsMap).toEqual({ time: '$.time' });
    expect(InputTemplate).toEqual({
      'Fn::Join': ['', [
        `{"database":"shop","table":"orders","minRows":${options.minRows ?? 1},"tableBucket":"`,
        stack.resolve(catalog.tableBucketArn), `","everySeconds":${seconds},"time":<time>}`,
      ]],
    });
    const statements: any[] = (Object.values(template.findResources('AWS::IAM::Policy'))[0] as any).Properties.PolicyDocument.Statement;
    expect(statements.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['s3tables:GetTableMetadataLocation', 's3tables:GetTableData']));
  });

  test('live twice in one stack', () => {
    const { stack } = setUp();
    new DataArrivals(stack, 'Second', { eventBus: PlatformBus.fromEventBusName(stack, 'Theirs', 'theirs').eventBus });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 2);
  });

  test('say every fault at once', () => {
    const { stack, lake, arrivals } = setUp();
    const table = lake.addTable('Payments', { columns });
    expect(faultsOf(() => arrivals.addTable('Payments', table, { minRows: 0, closedPartition: 'At Day' }))).toEqual([
      '[invalid-min-rows] minRows 0 is not a whole number from 1 to 9007199254740991; use a value in that range',
      '[invalid-closed-partition] closedPartition \'At Day\' is not allowed; use 1 to 255 lower-case letters, digits or underscores, not starting with a digit',
      '[rows-and-partition] minRows and closedPartition both say when rows are told of; keep one of them',
    ]);
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    const nowhere = IcebergTable.fromIcebergTableAttributes(stack, 'Nowhere', { bucket, databaseName: 'shop', tableName: 'old', prefix: '/' });
    expect(faultsOf(() => arrivals.addTable('Old', nowhere, { checkInterval: Duration.minutes(1) }))).toEqual([
      '[needless-check-interval] checkInterval is for S3 Tables, and S3 tells of every commit to this table at once; leave it out',
      '[no-object-events] table lies at \'s3://theirs/\', from where S3 sends no events; give a table of a lake or of an S3TableCatalog',
    ]);
    const ofS3 = new S3TableCatalog(stack, 'Tables').addTable('T', { columns });
    expect(faultsOf(() => arrivals.addTable('S3', ofS3, { minRows: 0, checkInterval: Duration.seconds(90) }))).toEqual([
      '[invalid-min-rows] minRows 0 is not a whole number from 1 to 9007199254740991; use a value in that range',
      '[check-interval-not-minutes] checkInterval of 90 seconds is not a whole number of minutes; use one',
    ]);
    expect(faultsOf(() => arrivals.addTable('S3', ofS3, { checkInterval: Duration.days(2) }))).toEqual([
      '[invalid-check-interval] checkInterval of 172800 seconds is not a whole number from 60 to 86400 seconds; use a duration in that range',
    ]);
    expect(faultsOf(() => setUp({ environmentName: 'my prod' }))).toEqual([
      '[invalid-environment-name] environmentName \'my prod\' is not allowed; use 1 to 64 characters without spaces',
    ]);
  });
});

test('the function\'s folder has what the handler imports, and neither features nor quality', () => {
  const app = new App();
  const stack = new Stack(app, 'Data');
  new DataArrivals(stack, 'Arrivals', { eventBus: new PlatformBus(stack, 'Bus').eventBus });
  const { directory } = app.synth();
  const [asset] = readdirSync(directory).filter((name) => existsSync(join(directory, name, 'ml_platform_runtime')));
  const files = readdirSync(join(directory, asset!), { recursive: true, encoding: 'utf8' });
  for (const name of ['tables/arrivals.py', 'events.py', 'config.py', 'record.py', 'aws.py', 'errors.py']) expect(files).toContain(`ml_platform_runtime/${name}`);
  expect(files.filter((name) => /pycache|features|quality/.test(name))).toEqual([]);
});
