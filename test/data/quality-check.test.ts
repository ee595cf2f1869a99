import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { faultsOf } from './support';
import {
  AthenaWorkgroup, Column, DataContract, DataLake, DataQualityCheck, DataQualityCheckProps, IcebergTable, IcebergType, Partition, QualityChecks, QualityEngine, QualitySample, QualityTrigger, S3Table, S3TableCatalog,
} from '../../lib/data';
import { textNetwork } from '../cluster/support';
import { image } from '../network/support';

const folder = mkdtempSync(join(tmpdir(), 'quality-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const SCHEMA = {
  'type': 'struct', 'schema-id': 0, 'identifier-field-ids': [1],
  'fields': [
    { id: 1, name: 'id', type: 'long', required: true },
    { id: 2, name: 'amount', type: 'double', required: false },
    { id: 3, name: 'country', type: 'string', required: false },
    { id: 4, name: 'at', type: 'timestamptz', required: false },
    { id: 5, name: 'price', type: 'decimal(12, 2)', required: false },
    { id: 6, name: 'address', type: { type: 'struct', fields: [{ id: 7, name: 'city', type: 'string', required: false }] }, required: false },
    { id: 8, name: 'tags', type: { 'type': 'list', 'element-id': 9, 'element': 'string', 'element-required': false }, required: false },
    { id: 10, name: 'paid', type: 'boolean', required: false },
  ],
};
const FINE = { amount: { min: 0, max: 100 }, country: { oneOf: ['DE', 'FR'] } };

let files = 0;
function contract(checks: object = FINE, changed: object = {}): DataContract {
  const file = join(folder, `c${++files}.json`);
  writeFileSync(file, JSON.stringify({ table: 'orders', version: 1, schema: SCHEMA, checks, ...changed }));
  return DataContract.fromFile(file);
}

function suite(document: unknown = { name: 'orders', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } }] }): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `s${++files}.json`);
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return file;
}

function stackWith(): Stack {
  return new Stack(new App(), 'Data');
}

function tableOf(stack: Stack): ReturnType<typeof IcebergTable.fromIcebergTableAttributes> {
  return IcebergTable.fromIcebergTableAttributes(stack, 'Orders', { tableName: 'orders', databaseName: 'shop', bucket: s3.Bucket.fromBucketName(stack, 'Lake', 'lake') });
}

function make(stack: Stack, given: Partial<DataQualityCheckProps> = {}, id = 'Quality'): DataQualityCheck {
  const once = <T>(name: string, create: () => T) => (stack.node.tryFindChild(name) as T | undefined) ?? create();
  return new DataQualityCheck(stack, id, {
    network: textNetworkOnce(stack),
    table: once('Orders', () => tableOf(stack)),
    reportBucket: once('Reports', () => s3.Bucket.fromBucketName(stack, 'Reports', 'reports')),
    checks: [QualityChecks.contract(contract())],
    image,
    ...given,
  });
}

const networks = new WeakMap<Stack, ReturnType<typeof textNetwork>>();
function textNetworkOnce(stack: Stack): ReturnType<typeof textNetwork> {
  const known = networks.get(stack) ?? textNetwork(stack);
  networks.set(stack, known);
  return known;
}

function athena(stack: Stack): QualityEngine {
  const resultBucket = s3.Bucket.fromBucketName(stack, 'Results', 'results');
  return QualityEngine.athena(AthenaWorkgroup.fromAthenaWorkgroupAttributes(stack, 'Workgroup', { workgroupName: 'checks', resultBucket }));
}

function template(given: Partial<DataQualityCheckProps> = {}): Template {
  const stack = stackWith();
  make(stack, given);
  return Template.fromStack(stack);
}

function bus(stack: Stack): events.IEventBus {
  return events.EventBus.fromEventBusName(stack, 'Bus', 'ml-platform');
}

function withBus(given: Partial<DataQualityCheckProps> = {}): Template {
  const stack = stackWith();
  make(stack, { eventBus: bus(stack), ...given });
  return Template.fromStack(stack);
}

function container(from: Template): any {
  const [definition] = Object.values(from.findResources('AWS::ECS::TaskDefinition')) as any[];
  return definition.Properties.ContainerDefinitions[0];
}

function environment(from: Template): Record<string, any> {
  return Object.fromEntries(container(from).Environment.map(({ Name, Value }: any) => [Name, Value]));
}

/** The state machine's definition, with references as their logical ids. */
function machine(from: Template): any {
  const [resource] = Object.values(from.findResources('AWS::StepFunctions::StateMachine')) as any[];
  const joined = resource.Properties.DefinitionString['Fn::Join'][1] as any[];
  return JSON.parse(joined.map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/[{}"]/g, ''))).join(''));
}

function statements(from: Template, policy: string): any[] {
  const [found] = Object.entries(from.findResources('AWS::IAM::Policy')).filter(([id]) => id.includes(policy));
  return (found?.[1] as any).Properties.PolicyDocument.Statement;
}

describe('a check by contract', () => {
  test('is one small task, a state machine and two alarms, and nothing that runs or listens', () => {
    const found = template();
    found.resourceCountIs('AWS::ECS::TaskDefinition', 1);
    found.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
    found.resourceCountIs('AWS::CloudWatch::Alarm', 2);
    for (const type of ['AWS::ECS::Service', 'AWS::Lambda::Function', 'AWS::Events::Rule', 'AWS::Scheduler::Schedule', 'AWS::SQS::Queue', 'AWS::S3::Bucket']) found.resourceCountIs(type, 0);
    found.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '512', Memory: '2048', RuntimePlatform: { CpuArchitecture: 'X86_64' } });
  });

  test('runs as an ordinary user who writes to /tmp only', () => {
    expect(container(template())).toMatchObject({
      Command: ['python', '-m', 'ml_platform_runtime', 'quality', 'check'],
      User: '10001:10001', ReadonlyRootFilesystem: true,
      MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' }],
    });
  });

  test('is told what to check, and where to write', () => {
    const told = environment(template());
    expect(told).toMatchObject({
      ML_QUALITY_TABLE: 'shop.orders', ML_QUALITY_SAMPLE: 'all', ML_QUALITY_MEMORY_MIB: '256', ML_QUALITY_NAME: 'Data/Quality',
      ML_QUALITY_METRICS_NAMESPACE: 'MlPlatform/Data', HOME: '/tmp',
    });
    expect(JSON.stringify(told.ML_QUALITY_REPORT)).toBe('"s3://reports/quality/shop.orders"');
    expect(JSON.stringify(told.ML_QUALITY_CONTRACT)).toMatch(/s3:\/\/cdk-hnb659fds-assets.*\.json/);
    for (const name of ['ML_QUALITY_SUITES', 'ML_EVENT_BUS', 'ML_ENVIRONMENT', 'ML_QUALITY_SHOW_VALUES', 'ML_CATALOG']) expect(told).not.toHaveProperty(name);
  });

  test('takes the contract of the table where none is named', () => {
    const stack = stackWith();
    const table = Object.create(tableOf(stack), { contract: { value: contract() } });
    make(stack, { table, checks: undefined });
    expect(environment(Template.fromStack(stack))).toHaveProperty('ML_QUALITY_CONTRACT');
  });

  test('builds the image that has no Great Expectations', () => {
    const stack = stackWith();
    make(stack, { image: undefined });
    make(stack, { image: undefined, checks: [QualityChecks.suite(suite())], reportPrefix: 'other' }, 'Suite');
    const app = stack.node.root as App;
    const manifest = Object.values((app.synth().artifacts.find(({ id }) => id === 'Data.assets') as any).contents.dockerImages) as any[];
    expect(manifest.map(({ source }) => source.dockerBuildTarget).sort()).toEqual(['data', 'quality']);
  });
});

describe('rights', () => {
  test('of the task are the table, its check file, the reports and nothing else', () => {
    const found = statements(template(), 'TaskDefinitionTaskRole');
    expect(found.flatMap(({ Action }) => Action).sort()).toEqual([
      'glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 's3:GetBucketLocation', 's3:GetObject', 's3:GetObject', 's3:GetObject', 's3:ListBucket', 's3:PutObject',
    ].sort());
    const [writes] = found.filter(({ Action }) => Action.includes('s3:PutObject'));
    expect(JSON.stringify(writes.Resource)).toContain(':s3:::reports/quality/shop.orders/*');
  });

  test('reach the bus only where there is one', () => {
    const [send] = statements(withBus(), 'TaskDefinitionTaskRole').filter(({ Action }) => Action === 'events:PutEvents');
    expect(JSON.stringify(send.Resource)).toContain('event-bus/ml-platform');
  });

  test('reach an Athena workgroup, its results and the table where it counts', () => {
    const stack = stackWith();
    make(stack, { engine: athena(stack) });
    const found = statements(Template.fromStack(stack), 'TaskDefinitionTaskRole');
    const [query] = found.filter(({ Action }) => Action.includes('athena:StartQueryExecution'));
    expect(JSON.stringify(query.Resource)).toMatch(/:workgroup\/checks"/);
    expect(found.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['athena:GetQueryExecution', 'athena:GetQueryResults', 'glue:GetTable']));
    const writes = found.filter(({ Action }) => Action.includes('s3:PutObject')).map(({ Resource }) => JSON.stringify(Resource));
    expect(writes.join()).toMatch(/:s3:::results\/athena-results\/\*.*:s3:::reports\/quality\/shop.orders\/\*|:s3:::reports\/quality\/shop.orders\/\*.*:s3:::results\/athena-results\/\*/);
    expect(found.filter(({ Resource }) => Resource === '*')).toEqual([]);
  });

  test('include the key of the report bucket', () => {
    const stack = stackWith();
    make(stack, { reportBucket: new s3.Bucket(stack, 'Encrypted', { encryptionKey: new kms.Key(stack, 'Key') }) });
    const keys = statements(Template.fromStack(stack), 'TaskDefinitionTaskRole').filter(({ Action }) => JSON.stringify(Action).includes('kms:'));
    expect(keys.map(({ Action }) => Action)).toEqual([['kms:Decrypt', 'kms:GenerateDataKey']]);
  });

  test('of the state machine end at its own task and cluster', () => {
    const found = statements(template(), 'StateMachineRole');
    expect(found.map(({ Action }) => Action)).toEqual([
      'ecs:RunTask', 'ecs:TagResource', ['ecs:StopTask', 'ecs:DescribeTasks'], 'iam:PassRole', ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      'cloudwatch:PutMetricData',
    ]);
    expect(found[0]).toMatchObject({ Condition: { ArnEquals: { 'ecs:cluster': expect.anything() } } });
    expect(found[3]).toMatchObject({ Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } });
    expect(found[5]).toMatchObject({ Resource: '*', Condition: { StringEquals: { 'cloudwatch:namespace': 'MlPlatform/Data' } } });
  });
});

describe('the state machine', () => {
  test('passes on a snapshot, and does without one', () => {
    const { StartAt, States } = machine(template());
    expect(StartAt).toBe('Defaults');
    expect(States.Defaults.Result).toEqual({ snapshotId: '', correlationId: '', causationId: '' });
    expect(States.Settings.Parameters).toEqual({ 'given.$': 'States.JsonMerge($.defaults, $$.Execution.Input, false)' });
    expect(States.Check.Parameters.Overrides.ContainerOverrides).toEqual([{
      Name: 'Container',
      Environment: [
        { 'Name': 'ML_QUALITY_SNAPSHOT', 'Value.$': '$.given.snapshotId' },
        { 'Name': 'ML_QUALITY_CORRELATION_ID', 'Value.$': '$.given.correlationId' },
        { 'Name': 'ML_QUALITY_CAUSATION_ID', 'Value.$': '$.given.causationId' },
      ],
    }]);
    expect(States.Check.TimeoutSeconds).toBe(3600);
  });

  test('ends every way but the good one in a failure', () => {
    const { States } = machine(template());
    const ends = Object.values(States).filter(({ Type, End }: any) => Type === 'Fail' || Type === 'Succeed' || End) as any[];
    expect(ends.map(({ Type, Error }) => [Type, Error])).toEqual([['Pass', undefined], ['Fail', 'DataQualityFailed'], ['Fail', 'QualityCheckFailed']]);
    expect(States.Check).toMatchObject({ Next: 'Passed', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Verdict' }] });
    expect(States.Verdict.Default).toBe('CountWithoutVerdict');
  });

  test('waits as long as asked', () => {
    expect(machine(template({ timeout: Duration.minutes(5) })).States.Check.TimeoutSeconds).toBe(300);
  });

  test('is a step of another one, which then waits for it', () => {
    const stack = stackWith();
    const check = make(stack);
    const step = check.asStep(stack, 'Step', { snapshotId: sfn.JsonPath.stringAt('$.snapshotId') });
    new sfn.StateMachine(stack, 'Pipeline', { definitionBody: sfn.DefinitionBody.fromChainable(step) });
    new sfn.StateMachine(stack, 'Other', { definitionBody: sfn.DefinitionBody.fromChainable(check.asStep(stack, 'Plain')) });
    const steps = Object.entries(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine')).filter(([id]) => !id.startsWith('Quality'));
    const [other, pipeline] = steps.sort().map(([, one]: [string, any]) => (one.Properties.DefinitionString['Fn::Join'][1] as unknown[]).filter((part) => typeof part === 'string').join(''));
    expect(pipeline).toContain('states:startExecution.sync');
    expect(pipeline).toContain('"snapshotId.$":"$.snapshotId"');
    expect(other).toContain('"Input":{}');
  });
});

describe('triggers', () => {
  test('without any but with a bus are arrivals of this table, with the snapshot of the event', () => {
    const found = withBus();
    found.resourceCountIs('AWS::Events::Rule', 1);
    found.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'source': ['ml-platform.data'], 'detail-type': ['Data Arrived'], 'detail': { subject: { name: ['shop.orders'] } } },
      Targets: [Match.objectLike({
        DeadLetterConfig: { Arn: Match.anyValue() },
        InputTransformer: {
          InputPathsMap: { 'detail-snapshotId': '$.detail.snapshotId', 'detail-correlationId': '$.detail.correlationId', 'detail-eventId': '$.detail.eventId' },
          InputTemplate: '{"snapshotId":<detail-snapshotId>,"correlationId":<detail-correlationId>,"causationId":<detail-eventId>}',
        },
      })],
    });
    found.resourceCountIs('AWS::CloudWatch::Alarm', 3);
    expect(environment(found)).toMatchObject({ ML_EVENT_BUS: 'ml-platform', ML_ENVIRONMENT: 'default' });
  });

  test('can be none though there is a bus', () => {
    const found = withBus({ triggers: [], environmentName: 'prod' });
    found.resourceCountIs('AWS::Events::Rule', 0);
    expect(environment(found).ML_ENVIRONMENT).toBe('prod');
  });

  test('by time are schedules with a dead-letter queue and its alarm', () => {
    const found = template({ triggers: [QualityTrigger.rate(Duration.hours(6)), QualityTrigger.rate(Duration.minutes(1)), QualityTrigger.cron('0 6 * * ? *')] });
    const schedules = Object.values(found.findResources('AWS::Scheduler::Schedule')) as any[];
    expect(schedules.map(({ Properties }) => Properties.ScheduleExpression)).toEqual(['rate(360 minutes)', 'rate(1 minute)', 'cron(0 6 * * ? *)']);
    for (const { Properties } of schedules) expect(Properties.Target).toMatchObject({ Input: '{}', DeadLetterConfig: { Arn: expect.anything() } });
    found.resourceCountIs('AWS::SQS::Queue', 1);
    found.resourceCountIs('AWS::CloudWatch::Alarm', 3);
  });
});

describe('alarms and metrics', () => {
  test('tell bad data from runs without a verdict', () => {
    const stack = stackWith();
    const topic = new sns.Topic(stack, 'Topic');
    const check = make(stack, { eventBus: bus(stack), triggers: [QualityTrigger.onDataArrived(), QualityTrigger.rate(Duration.days(1))], alarmActions: [new actions.SnsAction(topic)] });
    const found = Template.fromStack(stack);
    const dimensions = [{ Name: 'Check', Value: 'Data/Quality' }, { Name: 'Table', Value: 'shop.orders' }];
    found.hasResourceProperties('AWS::CloudWatch::Alarm', { Namespace: 'MlPlatform/Data', MetricName: 'FailedChecks', Dimensions: dimensions, Threshold: 0, TreatMissingData: 'ignore', Statistic: 'Maximum' });
    found.hasResourceProperties('AWS::CloudWatch::Alarm', { Namespace: 'MlPlatform/Data', MetricName: 'RunsWithoutVerdict', Dimensions: dimensions, Threshold: 0, TreatMissingData: 'notBreaching', Statistic: 'Sum' });
    expect(check.alarms).toHaveLength(4);
    found.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: Match.stringLikeRegexp('Topic') }] });
    expect(machine(found).States.CountWithoutVerdict.Parameters).toMatchObject({
      Namespace: 'MlPlatform/Data', MetricData: [{ MetricName: 'RunsWithoutVerdict', Value: 1, Dimensions: expect.arrayContaining(dimensions) }],
    });
  });

  test('can be had in another shape', () => {
    const check = make(stackWith());
    expect(check.metricFailedChecks({ statistic: cloudwatch.Stats.AVERAGE })).toMatchObject({ metricName: 'FailedChecks', statistic: 'Average' });
    expect(check.metricRowsChecked({ period: Duration.days(1) }).period.toDays()).toBe(1);
    expect(check.metricRunsWithoutVerdict().statistic).toBe('Sum');
  });
});

describe('options', () => {
  test('of the task', () => {
    const stack = stackWith();
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Theirs', { clusterName: 'theirs', vpc: textNetworkOnce(stack).vpc });
    make(stack, { cluster, cpu: 2048, memoryLimitMiB: 8192, cpuArchitecture: ecs.CpuArchitecture.ARM64, showValues: true, reportPrefix: 'a/b', sample: QualitySample.newestSnapshot() });
    const found = Template.fromStack(stack);
    found.resourceCountIs('AWS::ECS::Cluster', 0);
    found.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '2048', Memory: '8192', RuntimePlatform: { CpuArchitecture: 'ARM64' } });
    expect(environment(found)).toMatchObject({ ML_QUALITY_SHOW_VALUES: 'true', ML_QUALITY_MEMORY_MIB: '1024', ML_QUALITY_SAMPLE: 'newest-snapshot', ML_QUALITY_REPORT: 's3://reports/a/b' });
  });

  test('of the sample', () => {
    const sampled = (given: Partial<DataQualityCheckProps>) => environment(template(given)).ML_QUALITY_SAMPLE as string;
    expect(sampled({ sample: QualitySample.rows(500) })).toBe('rows:500');
    expect(sampled({ sample: QualitySample.newestPartition(), checks: [QualityChecks.suite(suite())] })).toBe('newest-partition');
    expect(sampled({ sample: QualitySample.newestPartition('day'), checks: [QualityChecks.suite(suite())] })).toBe('newest-partition:day');
    expect(sampled({ sample: QualitySample.all(), checks: [QualityChecks.suite(suite())] })).toBe('all');
    expect(sampled({ checks: [QualityChecks.suite(suite())] })).toBe('rows:100000');
  });

  test('of the engine', () => {
    expect(environment(template({ engine: QualityEngine.task() }))).not.toHaveProperty('ML_QUALITY_ATHENA_WORKGROUP');
    const stack = stackWith();
    make(stack, { engine: athena(stack), checks: [QualityChecks.suite(suite())] });
    expect(environment(Template.fromStack(stack))).toMatchObject({ ML_QUALITY_ATHENA_WORKGROUP: 'checks', ML_QUALITY_SAMPLE: 'all' });
  });

  test('a suite brings a larger task and its own file', () => {
    const found = template({ checks: [QualityChecks.contract(contract()), QualityChecks.suite(suite()), QualityChecks.suite(suite({ name: 'two', expectations: [{ type: 'expect_it', kwargs: {} }] }))] });
    found.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '4096' });
    expect(JSON.stringify(environment(found).ML_QUALITY_SUITES).match(/\.json/g)).toHaveLength(2);
    expect(statements(found, 'TaskDefinitionTaskRole').filter(({ Action }) => Action === 's3:GetObject')).toHaveLength(4);
  });

  test('a table of S3 Tables is asked of its own catalog', () => {
    const stack = stackWith();
    const catalog = S3TableCatalog.fromS3TableCatalogAttributes(stack, 'Tables', { tableBucketArn: 'arn:aws:s3tables:eu-west-1:111111111111:bucket/b', namespaceName: 'shop' });
    make(stack, { table: new S3Table(stack, 'Sales', { catalog, tableName: 'orders', columns: [Column.required('id', IcebergType.LONG)] }) });
    expect(environment(Template.fromStack(stack))).toMatchObject({ ML_CATALOG: 's3tables', ML_WAREHOUSE: 'arn:aws:s3tables:eu-west-1:111111111111:bucket/b' });
  });
});

test('two checks of one table stand in one stack', () => {
  const stack = stackWith();
  make(stack, { eventBus: bus(stack) }, 'One');
  make(stack, { reportPrefix: 'quality/second', triggers: [QualityTrigger.rate(Duration.hours(1))] }, 'Two');
  Template.fromStack(stack).resourceCountIs('AWS::StepFunctions::StateMachine', 2);
});

test('children have constant paths', () => {
  const stack = stackWith();
  const check = make(stack, { eventBus: bus(stack), triggers: [QualityTrigger.onDataArrived(), QualityTrigger.rate(Duration.hours(1))] });
  const paths = check.node.findAll().filter((child) => CfnResource.isCfnResource(child)).map((child) => child.node.path.replace('Data/Quality/', ''));
  expect(paths.sort()).toEqual([
    'BadDataAlarm/Resource', 'Cluster/Resource', 'Logs/Resource', 'NoVerdictAlarm/Resource',
    'OnDataArrived/DeadLetters/Policy/Resource', 'OnDataArrived/DeadLetters/Resource', 'OnDataArrived/DeadLettersAlarm/Resource', 'OnDataArrived/Rule/Resource',
    'Schedule1/Resource', 'ScheduleDeadLetters/Policy/Resource', 'ScheduleDeadLetters/Resource', 'ScheduleDeadLettersAlarm/Resource',
    'SecurityGroup/Resource', 'StateMachine/EventsRole/DefaultPolicy/Resource', 'StateMachine/EventsRole/Resource',
    'StateMachine/Resource', 'StateMachine/Role/DefaultPolicy/Resource', 'StateMachine/Role/Resource',
    'TaskDefinition/ExecutionRole/DefaultPolicy/Resource', 'TaskDefinition/ExecutionRole/Resource', 'TaskDefinition/Resource',
    'TaskDefinition/TaskRole/DefaultPolicy/Resource', 'TaskDefinition/TaskRole/Resource',
  ]);
});

describe('validation', () => {
  test('lists every check that its column cannot have, at once and before anything exists', () => {
    const stack = stackWith();
    const wrong = contract({
      'amount': { oneOf: [1, 2], pattern: 'x' },
      'country': { min: 1, pattern: '(DE' },
      'at': { min: 5, unique: true },
      'id': { oneOf: [1, 1.5, 'a'], maxAgeSeconds: 5 },
      'address': { unique: true },
      'tags': { unique: true },
      'address.city': { pattern: '(?!Ulm)' },
      'paid': { max: 1, oneOf: ['yes'] },
      'price': { oneOf: ['1.50', 'much'] },
    });
    textNetworkOnce(stack);
    tableOf(stack);
    s3.Bucket.fromBucketName(stack, 'Reports', 'reports');
    const before = stack.node.findAll().length;
    expect(faultsOf(() => make(stack, { checks: [QualityChecks.contract(wrong)] }))).toEqual([
      '[invalid-one-of] checks[\'amount\'].oneOf lists values of a double, which are hardly ever equal; use min and max',
      '[invalid-check-type] checks[\'amount\'].pattern is on a double, but it needs a string; remove it or name another column',
      '[invalid-check-type] checks[\'country\'].min is on a string, but it needs a number; remove it or name another column',
      '[invalid-pattern] checks[\'country\'].pattern \'(DE\' is no regular expression; close its brackets, or escape them',
      '[invalid-check-type] checks[\'at\'].min is on a timestamptz, but it needs a number; remove it or name another column',
      '[invalid-one-of] checks[\'id\'].oneOf has 1.5, which no value of a long is; remove it',
      '[invalid-one-of] checks[\'id\'].oneOf has \'a\', which no value of a long is; remove it',
      '[invalid-check-type] checks[\'id\'].maxAge is on a long, but it needs a date or timestamp; remove it or name another column',
      '[invalid-check-type] checks[\'address\'].unique is on a struct, but it needs no struct, list or map; remove it or name another column',
      '[invalid-check-type] checks[\'tags\'].unique is on a list, but it needs no struct, list or map; remove it or name another column',
      '[invalid-pattern] checks[\'address.city\'].pattern \'(?!Ulm)\' looks around or back, which RE2 does not; write it without (?=, (?!, (?<=, (?<! and \\1',
      '[invalid-check-type] checks[\'paid\'].max is on a boolean, but it needs a number; remove it or name another column',
      '[invalid-one-of] checks[\'paid\'].oneOf has \'yes\', which no value of a boolean is; remove it',
      '[invalid-one-of] checks[\'price\'].oneOf has \'much\', which no value of a decimal is; remove it',
    ]);
    expect(stack.node.findAll()).toHaveLength(before);
  });

  test('tells of a misspelt column and of a range that is turned round', () => {
    expect(faultsOf(() => template({ checks: [QualityChecks.contract(contract({ amuont: { min: 0 }, amount: { min: 5, max: 1 } }))] }))).toEqual([
      '[unknown-column] checks names column \'amuont\', which is not in columns; perhaps \'amount\' is meant',
      '[invalid-range] checks[\'amount\'] has min 5 above max 1; turn them round',
    ]);
  });

  test('takes what its columns can have', () => {
    template({
      checks: [QualityChecks.contract(contract({
        'at': { min: '2026-01-01T00:00:00Z', maxAgeSeconds: 60 }, 'price': { max: '99.99', oneOf: ['1.50', 2] }, 'address.city': { pattern: '(?i)^(?P<c>u)lm$' }, 'address': { maxNullShare: 0.5 },
      }))],
    });
  });

  test.each([
    [{ checks: undefined }, 'no-checks', 'checks is empty and the table has no contract, so nothing would be checked; give QualityChecks.contract or QualityChecks.suite'],
    [{ checks: [] }, 'no-checks', 'checks is empty and the table has no contract, so nothing would be checked; give QualityChecks.contract or QualityChecks.suite'],
    [{ checks: [QualityChecks.contract(contract()), QualityChecks.contract(contract())] }, 'duplicate-contract', 'checks has more than one contract, but a table has one; keep one of them'],
    [{ checks: [QualityChecks.contract(contract(FINE, { table: 'returns' }))] }, 'contract-of-another-table', 'checks has the contract of table \'returns\', not of \'orders\'; give the one of this table'],
    [{ checks: [QualityChecks.contract(contract({}, { schema: { 'type': 'struct', 'schema-id': 0, 'fields': [{ id: 1, name: 'a', type: 'long', required: false }] } }))] },
      'no-checks', 'the contract of \'orders\' has neither checks nor required columns, so nothing would be checked; add checks to it'],
    [{ checks: [QualityChecks.suite('none.json')] }, 'missing-suite', 'suite \'none.json\' does not exist; give the path of a file from the folder in which synthesis runs'],
    [{ sample: QualitySample.rows(0) }, 'invalid-sample-rows', 'sample.rows 0 is not a whole number from 1 to 100000000; use a value in that range'],
    [{ sample: QualitySample.rows(5), checks: [QualityChecks.contract(contract({ at: { maxAgeSeconds: 60 } }))] }, 'sample-hides-freshness',
      'sample takes rows from anywhere, and the contract asks for maxAge, whose newest row may not be among them; use QualitySample.all() or newestSnapshot()'],
    [{ triggers: [QualityTrigger.onDataArrived()] }, 'no-event-bus', 'triggers has onDataArrived, but there is no eventBus on which data could arrive; give eventBus'],
    [{ triggers: [QualityTrigger.rate(Duration.hours(1)), QualityTrigger.rate(Duration.minutes(60))] }, 'duplicate-triggers', 'triggers has rate(60 minutes) more than once; keep one of them'],
    [{ triggers: [QualityTrigger.rate(Duration.seconds(90))] }, 'invalid-triggers-rate', 'triggers.rate of 90 seconds is not in whole minutes; use whole minutes'],
    [{ triggers: [QualityTrigger.cron('0 6 * * *')] }, 'invalid-triggers-cron', 'triggers.cron \'0 6 * * *\' is not allowed; use six fields with a space between them, for example \'0 6 * * ? *\''],
    [{ timeout: Duration.seconds(5) }, 'invalid-timeout', 'timeout of 5 seconds is not a whole number from 60 to 86400 seconds; use a duration in that range'],
    [{ reportPrefix: '/a' }, 'invalid-report-prefix', 'reportPrefix \'/a\' is not allowed; use letters, digits and _ . = / - without a slash at the ends'],
    [{ cpu: 300 }, 'invalid-cpu', 'cpu 300 is not a Fargate size; use one of 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units'],
  ].map(([given, code, message]) => [code, message, given] as [string, string, Partial<DataQualityCheckProps>]))('fails with %s: %s', (code, message, given) => {
    expect(faultsOf(() => template(given))).toEqual([`[${code}] ${message}`]);
  });

  describe('of a check on Athena', () => {
    const refused = (given: Partial<DataQualityCheckProps>) => {
      const stack = stackWith();
      const engine = athena(stack);
      return faultsOf(() => make(stack, { engine, ...given }));
    };

    test.each([QualitySample.rows(10), QualitySample.newestSnapshot()])('refuses a sample that no query can take: %j', (sample) => {
      expect(refused({ sample })).toEqual([
        '[sample-not-on-athena] sample takes single rows or the files of a snapshot, which a query cannot; use QualitySample.all() or newestPartition(), or use QualityEngine.task()',
      ]);
    });

    test.each([['\\bx', '\\b'], ['[[:alpha:]]', '[:'], ['(?s)a.b', '(?'], ['\\pL', '\\p']])('refuses the pattern %s', (pattern, what) => {
      expect(refused({ checks: [QualityChecks.contract(contract({ country: { pattern } }))] })).toEqual([
        `[pattern-not-on-athena] checks['country'].pattern '${pattern}' has '${what}', which Athena reads in another way than RE2; write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or use QualityEngine.task()`,
      ]);
    });

    test.each(['^[A-Z]{2}$', '(?i)^de$', '\\d+\\.\\w', '(?:a|b)(?P<x>c)', '\\\\b', '\\_'])('takes the pattern %s', (pattern) => {
      const stack = stackWith();
      make(stack, { engine: athena(stack), checks: [QualityChecks.contract(contract({ country: { pattern } }))] });
    });

    test('refuses a table of S3 Tables', () => {
      const stack = stackWith();
      const table = Object.create(tableOf(stack), { s3TableCatalog: { value: { tableBucketArn: 'arn:aws:s3tables:eu-west-1:111111111111:bucket/b' } } });
      expect(faultsOf(() => make(stack, { table, engine: athena(stack) }))).toEqual([
        '[table-not-on-athena] engine is Athena, which finds a table of S3 Tables only once the account has joined it to Glue; use QualityEngine.task()',
      ]);
    });

    test('needs a way to Athena', () => {
      const stack = stackWith();
      networks.set(stack, textNetwork(stack, { routesOut: false, interfaceEndpoints: ['ecr.api', 'ecr.dkr', 'logs', 'glue'] }));
      expect(faultsOf(() => make(stack, { engine: athena(stack) }))).toEqual([
        '[no-route-out] network has no route out, and the task needs interface endpoints for athena; add them to the network, or give it a NAT gateway',
      ]);
    });
  });

  describe('of the newest partition', () => {
    const cut = (sample: QualitySample, partitionBy: Partition[]) => {
      const stack = stackWith();
      const columns = [Column.optional('at', IcebergType.TIMESTAMPTZ), Column.optional('day', IcebergType.DATE), Column.optional('dt', IcebergType.STRING)];
      const table = new DataLake(stack, 'Cut').addTable('Orders', { columns, partitionBy });
      const file = suite({ name: 'x', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'dt' } }] });
      return () => make(stack, { table, sample, checks: [QualityChecks.suite(file)] });
    };
    const TIME = 'sample is the newest partition, but the table has no partitions by time (it has ';
    const OR = '); name an identity partition with newestPartition(\'<column>\'), or use newestSnapshot()';

    test.each<[Partition[], string | undefined]>([
      [[Partition.hour('at')], undefined], [[Partition.bucket('dt', 4), Partition.identity('day')], undefined], [[Partition.identity('dt')], 'dt'], [[Partition.day('at')], 'at'],
    ])('takes %j', (partitionBy, column) => {
      cut(QualitySample.newestPartition(column), partitionBy)();
    });

    test.each<[Partition[], string | undefined, string]>([
      [[], undefined, `${TIME}none${OR}`],
      [[Partition.bucket('at', 4), Partition.identity('dt')], undefined, `${TIME}bucket[4](at), identity(dt)${OR}`],
      [[Partition.bucket('dt', 4)], 'dt', 'sample is the newest partition by \'dt\', but the table has no partitions by values or times of it (it has bucket[4](dt)); name another column, or use newestSnapshot()'],
    ])('refuses %j', (partitionBy, column, message) => {
      expect(faultsOf(cut(QualitySample.newestPartition(column), partitionBy))).toEqual([`[no-newest-partition] ${message}`]);
    });

    test('knows a table that exists by its contract', () => {
      const by = (sourceId: number, transform: string) => contract(FINE, { 'partition-spec': [{ 'source-id': sourceId, 'field-id': 1000, transform, 'name': 'part' }] });
      template({ checks: [QualityChecks.contract(by(4, 'month'))], sample: QualitySample.newestPartition() });
      expect(faultsOf(() => template({ checks: [QualityChecks.contract(by(7, 'identity'))], sample: QualitySample.newestPartition() }))).toEqual([
        `[no-newest-partition] ${TIME}identity(address.city)${OR}`,
      ]);
    });
  });

  test('refuses arrivals that are named twice', () => {
    expect(faultsOf(() => withBus({ triggers: [QualityTrigger.onDataArrived(), QualityTrigger.onDataArrived()] }))).toEqual([
      '[duplicate-triggers] triggers has onDataArrived more than once; keep one of them',
    ]);
  });

  test.each(['{', '[]', '{"name":"x","expectations":[]}', '{"name":"x","expectations":[{"kwargs":{}}]}', '{"expectations":[{"type":"expect_it"}]}'])('refuses the suite %s', (text) => {
    const file = suite(text);
    expect(faultsOf(() => template({ checks: [QualityChecks.suite(file)] }))).toEqual([
      `[invalid-suite] suite '${file}' is no suite of Great Expectations with a name and expectations; write it with suite.to_json_dict()`,
    ]);
  });

  test('finds a misspelt column of a suite by the contract', () => {
    const file = suite({ name: 'x', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'cuontry' } }, { type: 'expect_column_pair_values_to_be_equal', kwargs: { column_A: 'id', column_B: 'zzzzzzzz' } }] });
    expect(faultsOf(() => template({ checks: [QualityChecks.contract(contract()), QualityChecks.suite(file)] }))).toEqual([
      `[unknown-column] suite '${file}': expectations[0] names column 'cuontry', which is not in the table; perhaps 'country' is meant`,
      `[unknown-column] suite '${file}': expectations[1] names column 'zzzzzzzz', which is not in the table; name another one`,
    ]);
  });

  test('refuses a network in which no task could start', () => {
    const stack = stackWith();
    networks.set(stack, textNetwork(stack, { routesOut: false, interfaceEndpoints: ['ecr.api', 'logs'] }));
    expect(faultsOf(() => make(stack, { eventBus: bus(stack) }))).toEqual([
      '[no-route-out] network has no route out, and the task needs interface endpoints for ecr.dkr, glue, events; add them to the network, or give it a NAT gateway',
    ]);
  });
});
