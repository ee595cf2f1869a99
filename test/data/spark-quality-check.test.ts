import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { parse } from 'yaml';
import { faultsOf } from './support';
import {
  Column, DataContract, DataLake, IcebergTable, IcebergType, ISparkApplication, QualityChecks, QualitySample, QualityTrigger, SparkApplication, SparkArchitecture, SparkImage,
  SparkQualityCheck, SparkQualityCheckProps,
} from '../../lib/data';

const folder = mkdtempSync(join(tmpdir(), 'spark-quality-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const suite = join(folder, 'suite.json');
writeFileSync(suite, JSON.stringify({ name: 'orders', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } }] }));

const OURS = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/spark:v1';

function contract(pattern: string): DataContract {
  const file = join(folder, `${pattern.length}.json`);
  writeFileSync(file, JSON.stringify({
    table: 'orders', version: 1, checks: { country: { pattern } },
    schema: { 'type': 'struct', 'schema-id': 0, 'fields': [{ id: 1, name: 'country', type: 'string', required: false }] },
  }));
  return DataContract.fromFile(file);
}

function sparkOf(stack: Stack, image: SparkImage | undefined = SparkImage.fromUri(OURS, true)): ISparkApplication {
  return new SparkApplication(stack, 'Spark', { lake: new DataLake(stack, 'Lake'), image });
}

function make(given: (stack: Stack) => Partial<SparkQualityCheckProps> = () => ({}), stack = new Stack(new App(), 'Data')): { check: SparkQualityCheck; stack: Stack } {
  const props = given(stack);
  const check = new SparkQualityCheck(stack, 'Quality', {
    application: props.application ?? sparkOf(stack),
    table: IcebergTable.fromIcebergTableAttributes(stack, 'Orders', { tableName: 'orders', databaseName: 'shop', bucket: s3.Bucket.fromBucketName(stack, 'Theirs', 'lake') }),
    reportBucket: s3.Bucket.fromBucketName(stack, 'Reports', 'reports'),
    checks: [QualityChecks.suite(suite)],
    ...props,
  });
  return { check, stack };
}

const refused = (given: (stack: Stack) => Partial<SparkQualityCheckProps>): string[] => faultsOf(() => make(given));

/** The state machine's definition, with references as their logical ids. */
function machine(stack: Stack): any {
  const [resource] = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine')) as any[];
  const joined = resource.Properties.DefinitionString['Fn::Join'][1] as any[];
  return JSON.parse(joined.map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replace(/[{}"]/g, ''))).join(''));
}

function statements(stack: Stack, policy: string): any[] {
  const [found] = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(([id]) => id.includes(policy));
  return (found?.[1] as any).Properties.PolicyDocument.Statement;
}

const application = (stack: Stack): any => (Object.values(Template.fromStack(stack).findResources('AWS::EMRServerless::Application'))[0] as any).Properties;

describe('the image of an application', () => {
  test('is EMR\'s own where none is given', () => {
    const stack = new Stack(new App(), 'Data');
    const spark = new SparkApplication(stack, 'Spark', { lake: new DataLake(stack, 'Lake') });
    expect(application(stack).ImageConfiguration).toBeUndefined();
    expect(spark.checksQuality).toBe(false);
  });

  test.each([[SparkArchitecture.ARM64, 'linux/arm64'], [SparkArchitecture.X86_64, 'linux/amd64']])('for checks is built on that of the release, for %s', (architecture, platform) => {
    const app = new App();
    const stack = new Stack(app, 'Data');
    const spark = new SparkApplication(stack, 'Spark', { lake: new DataLake(stack, 'Lake'), image: SparkImage.quality(), releaseLabel: 'emr-7.10.0', architecture });
    expect(spark.checksQuality).toBe(true);
    expect(application(stack).ImageConfiguration).toEqual({ ImageUri: { 'Fn::Sub': expect.stringContaining('.dkr.ecr.') } });
    const { dockerImages } = JSON.parse(readFileSync(join(app.synth().directory, 'Data.assets.json'), 'utf8'));
    expect(Object.values(dockerImages).map(({ source }: any) => source)).toEqual([
      { directory: expect.any(String), dockerBuildTarget: 'quality-spark', platform, dockerBuildArgs: { EMR_IMAGE: 'public.ecr.aws/emr-serverless/spark/emr-7.10.0:latest' } },
    ]);
  });

  test('can be one of your own', () => {
    const stack = new Stack(new App(), 'Data');
    expect(sparkOf(stack, SparkImage.fromUri(OURS)).checksQuality).toBe(false);
    expect(application(stack).ImageConfiguration).toEqual({ ImageUri: OURS });
  });

  test('lies where the repository of assets lets EMR Serverless in, as the CDK CLI bootstraps it', () => {
    const text = readFileSync(require.resolve('aws-cdk/lib/api/bootstrap/bootstrap-template.yaml'), 'utf8');
    const { Resources } = parse(text, { logLevel: 'error' });
    const found = Resources.ContainerAssetsRepository.Properties.RepositoryPolicyText.Statement
      .find(({ Principal }: any) => Principal.Service === 'emr-serverless.amazonaws.com');
    expect(found.Action).toEqual(expect.arrayContaining(['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:DescribeImages']));
  });
});

describe('a check on Spark', () => {
  test('is one job, a state machine and three alarms, and nothing of Fargate', () => {
    const { stack, check } = make();
    const found = Template.fromStack(stack);
    found.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
    found.resourceCountIs('AWS::CloudWatch::Alarm', 3);
    for (const type of ['AWS::ECS::TaskDefinition', 'AWS::ECS::Cluster', 'AWS::EC2::SecurityGroup', 'AWS::Scheduler::Schedule']) found.resourceCountIs(type, 0);
    expect(check.alarms).toHaveLength(2);
    expect(stack.resolve(check.reportLocation)).toBe('s3://reports/quality/shop.orders');
  });

  test('starts the program of the package in the image\'s Python', () => {
    const { States: { Check } } = machine(make().stack);
    expect(Check).toMatchObject({ Type: 'Task', Resource: expect.stringMatching(/:states:::emr-serverless:startJobRun\.sync$/) });
    const { EntryPoint, SparkSubmitParameters } = Check.Parameters.JobDriver.SparkSubmit;
    expect(EntryPoint).toMatch(/s3:\/\/\S+\.py$/);
    for (const name of ['spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON', 'spark.emr-serverless.driverEnv.PYSPARK_PYTHON', 'spark.executorEnv.PYSPARK_PYTHON']) {
      expect(SparkSubmitParameters).toContain(`--conf ${name}=/opt/venv/bin/python`);
    }
    expect(readFileSync('lib/runtime/Dockerfile', 'utf8')).toContain('python3.11 -m venv /opt/venv');
    expect(Check.Parameters).toMatchObject({ Name: 'Data/Quality/Job', ExecutionTimeoutMinutes: 60 });
  });

  test('is told what to check, where to write, and that Spark counts', () => {
    const { stack } = make((scope) => ({
      eventBus: events.EventBus.fromEventBusName(scope, 'Bus', 'ml-platform'), environmentName: 'prod', showValues: true, sample: QualitySample.newestPartition('day'),
    }));
    expect(machine(stack).States.Environment.Parameters).toEqual({
      'ML_QUALITY_TABLE': 'shop.orders',
      'ML_QUALITY_REPORT': 's3://reports/quality/shop.orders',
      'ML_QUALITY_SAMPLE': 'newest-partition:day',
      'ML_QUALITY_NAME': 'Data/Quality',
      'ML_QUALITY_SUITES': expect.stringMatching(/s3:\/\/\S+\.json$/),
      'ML_QUALITY_SHOW_VALUES': 'true',
      'ML_EVENT_BUS': 'ml-platform',
      'ML_ENVIRONMENT': 'prod',
      'ML_QUALITY_ON_SPARK': 'true',
      'AWS_REGION': 'Ref:AWS::Region',
      'ML_QUALITY_SNAPSHOT.$': '$.given.snapshotId',
      'ML_QUALITY_CORRELATION_ID.$': '$.given.correlationId',
      'ML_QUALITY_CAUSATION_ID.$': '$.given.causationId',
      'ML_QUALITY_VERDICT.$': expect.stringContaining('s3://reports/'),
    });
  });

  test('lets the job read the table and its checks, write its reports and send to the bus', () => {
    const { stack } = make((scope) => ({
      eventBus: events.EventBus.fromEventBusName(scope, 'Bus', 'ml-platform'),
      reportBucket: new s3.Bucket(scope, 'Encrypted', { encryptionKey: new kms.Key(scope, 'Key') }),
    }));
    const found = statements(stack, 'QualityJobRole');
    const written = found.filter(({ Action }) => [Action].flat().includes('s3:PutObject'));
    expect(written).toHaveLength(1);
    expect(JSON.stringify(written[0].Resource)).toContain('/quality/shop.orders/*');
    expect(found.some(({ Action }) => [Action].flat().includes('glue:GetTable'))).toBe(true);
    expect(found.some(({ Action }) => [Action].flat().includes('events:PutEvents'))).toBe(true);
    expect(found.some(({ Action }) => [Action].flat().includes('kms:GenerateDataKey'))).toBe(true);
    expect(found.flatMap(({ Action }) => Action).filter((action: string) => /^(glue|s3):(Create|Update|Delete)/.test(action))).toEqual([]);
  });

  test('lets the state machine start this job, hear of its end, read verdicts and count', () => {
    const found = statements(make().stack, 'StateMachineRole');
    expect(found.map(({ Action }) => Action)).toEqual([
      'emr-serverless:StartJobRun', ['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'], 'iam:PassRole',
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], 's3:GetObject', 'cloudwatch:PutMetricData',
    ]);
    expect(JSON.stringify(found[3].Resource)).toContain(':rule/StepFunctionsGetEventsForEMRServerlessJobRule');
    expect(JSON.stringify(found[4].Resource)).toContain('/quality/shop.orders/runs/*');
  });

  test('takes another size, time and properties, which win', () => {
    const { stack } = make(() => ({ workerVcpu: 2, workerMemoryGb: 8, maxExecutors: 1, timeout: Duration.minutes(10), sparkProperties: { 'spark.executorEnv.PYSPARK_PYTHON': '/my/python' } }));
    const { TimeoutSeconds, States } = machine(stack);
    const { SparkSubmitParameters } = States.Check.Parameters.JobDriver.SparkSubmit;
    expect(SparkSubmitParameters).toContain('--conf spark.executor.cores=2');
    expect(SparkSubmitParameters).toContain('--conf spark.executorEnv.PYSPARK_PYTHON=/my/python');
    expect(States.Check.Parameters.ExecutionTimeoutMinutes).toBe(10);
    // the application starts first
    expect(TimeoutSeconds).toBeGreaterThan(600);
  });

  test('is started by arrivals and by time, and calls whoever is named', () => {
    const { stack } = make((scope) => ({
      eventBus: events.EventBus.fromEventBusName(scope, 'Bus', 'ml-platform'),
      triggers: [QualityTrigger.onDataArrived(), QualityTrigger.rate(Duration.days(1))],
      alarmActions: [new actions.SnsAction(new sns.Topic(scope, 'Topic'))],
    }));
    const found = Template.fromStack(stack);
    found.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['Data Arrived'] }) });
    found.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1440 minutes)' });
    // the alarm of the job itself would call a second time
    const called = Object.values(found.findResources('AWS::CloudWatch::Alarm')).filter(({ Properties }: any) => Properties.AlarmActions);
    expect(called).toHaveLength(4);
    expect(called.some(({ Properties }: any) => Properties.AlarmDescription.includes?.('/Job: '))).toBe(false);
  });

  test('runs in an application that exists', () => {
    const { stack } = make((scope) => ({ application: SparkApplication.fromSparkApplicationAttributes(scope, 'Known', { applicationId: '00f1' }) }));
    expect(machine(stack).States.Check.Parameters.ApplicationId).toBe('00f1');
  });
});

describe('validation', () => {
  const NO_IMAGE = '[no-quality-image] application runs an image without Great Expectations and the library\'s checks; make it with image: SparkImage.quality()';

  test('needs an image with Great Expectations', () => {
    expect(refused((stack) => ({ application: new SparkApplication(stack, 'Plain', { lake: new DataLake(stack, 'Plainly') }) }))).toEqual([NO_IMAGE]);
    expect(refused((stack) => ({ application: sparkOf(stack, SparkImage.fromUri(OURS)) }))).toEqual([NO_IMAGE]);
    expect(refused((stack) => ({ application: SparkApplication.fromSparkApplicationAttributes(stack, 'Known', { applicationId: 'a', checksQuality: false }) }))).toEqual([NO_IMAGE]);
  });

  test('tells all faults at once', () => {
    expect(refused(() => ({ sample: QualitySample.rows(5), workerVcpu: 3, checks: [QualityChecks.contract(contract('\\bx'))] }))).toEqual([
      '[pattern-not-on-spark] checks[\'country\'].pattern \'\\bx\' has \'\\b\', which Spark reads in another way than RE2; write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or use DataQualityCheck',
      '[sample-not-on-spark] sample takes single rows or the files of a snapshot, which a query cannot; use QualitySample.all() or newestPartition(), or use DataQualityCheck',
      '[invalid-worker-vcpu] workerVcpu 3 is not a size of a worker; use 1, 2, 4, 8, 16',
    ]);
  });

  test('refuses what Spark cannot read: a time of day, and the catalog of S3 Tables', () => {
    const lake = (stack: Stack) => new DataLake(stack, 'Timed').addTable('Shifts', { columns: [Column.optional('id', IcebergType.LONG), Column.optional('begin', IcebergType.TIME)] });
    expect(refused((stack) => ({ table: lake(stack) }))).toEqual([
      '[table-not-on-spark] columns begin have the type time, and Spark reads no table with one; use DataQualityCheck',
    ]);
    expect(refused((stack) => ({ table: Object.create(lake(stack), { s3TableCatalog: { value: {} }, columnTypes: { value: {} } }), checks: [QualityChecks.suite(emptyColumns())] }))).toEqual([
      '[table-not-on-spark] engine is Spark, which is configured for the catalog of Glue, and the table is in S3 Tables; use DataQualityCheck',
    ]);
  });

  test('refuses a job that its application has no room for', () => {
    expect(refused(() => ({ maxExecutors: 9 }))).toEqual([expect.stringMatching(/^\[job-over-capacity\] a driver and 9 executors take 40 vCPU and 160 GB, but the application stops at 16 vCPU and 64 GB; /)]);
  });
});

/** A suite that names no column. */
function emptyColumns(): string {
  const file = join(folder, 'rows.json');
  writeFileSync(file, JSON.stringify({ name: 'rows', expectations: [{ type: 'expect_table_row_count_to_be_between', kwargs: { min_value: 1 } }] }));
  return file;
}
