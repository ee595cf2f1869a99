import { writeFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { faultsOf } from './support';
import { Column, DataLake, IcebergType, SparkApplication, SparkApplicationProps, SparkArchitecture, SparkJob, SparkJobOptions } from '../../lib/data';
import { failedRuns } from '../../lib/data/blueprint/spark';
import { MlNetwork } from '../../lib/network';

const program = join(mkdtempSync(join(tmpdir(), 'spark-')), 'daily.py');
writeFileSync(program, 'print(1)\n');

function setUp(props: (stack: Stack) => Partial<SparkApplicationProps> = () => ({})) {
  const stack = new Stack(new App(), 'Data');
  const lake = new DataLake(stack, 'Lake');
  return { stack, lake, spark: new SparkApplication(stack, 'Spark', { lake, ...props(stack) }) };
}

const applicationOf = (stack: Stack): any => (Object.values(Template.fromStack(stack).findResources('AWS::EMRServerless::Application'))[0] as any).Properties;
const statementsOf = (stack: Stack): any[] => Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
  .flatMap(({ Properties }: any) => Properties.PolicyDocument.Statement);

describe('a Spark application', () => {
  test('starts with a job, stops after 15 minutes, and never has more than 16 vCPUs', () => {
    const { stack, spark } = setUp();
    expect(applicationOf(stack)).toMatchObject({
      Type: 'SPARK', ReleaseLabel: 'emr-7.9.0', Architecture: 'ARM64',
      MaximumCapacity: { Cpu: '16 vCPU', Memory: '64 GB' },
      AutoStartConfiguration: { Enabled: true },
      AutoStopConfiguration: { Enabled: true, IdleTimeoutMinutes: 15 },
      MonitoringConfiguration: { CloudWatchLoggingConfiguration: { Enabled: true }, ManagedPersistenceMonitoringConfiguration: { Enabled: true } },
    });
    expect(applicationOf(stack).NetworkConfiguration).toBeUndefined();
    expect(applicationOf(stack).InitialCapacity).toBeUndefined();
    expect(spark.maxUsdPerHour).toBe(0.97);
  });

  test('costs in an hour what the README says of a driver and an executor', () => {
    const readme = readFileSync(join(__dirname, '../../lib/data/README.md'), 'utf8');
    const said = /([\d.]+) USD for a driver and one executor of the default size in an hour/.exec(readme)?.[1];
    expect(setUp(() => ({ maxVcpu: 8, maxMemoryGb: 32 })).spark.maxUsdPerHour).toBe(Number(said));
  });

  test('has Iceberg and Glue configured, with new tables in the lake', () => {
    const [{ Classification, Properties }] = applicationOf(setUp().stack).RuntimeConfiguration;
    expect(Classification).toBe('spark-defaults');
    expect(Properties).toEqual({
      'spark.jars': '/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar',
      'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
      'spark.sql.defaultCatalog': 'glue_catalog',
      'spark.sql.catalog.glue_catalog': 'org.apache.iceberg.spark.SparkCatalog',
      'spark.sql.catalog.glue_catalog.catalog-impl': 'org.apache.iceberg.aws.glue.GlueCatalog',
      'spark.sql.catalog.glue_catalog.io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
      'spark.sql.catalog.glue_catalog.warehouse': { 'Fn::Join': ['', ['s3://', { Ref: expect.stringContaining('ProcessedBucket') }, '/tables']] },
    });
  });

  test('takes another size, release, processor, time and key', () => {
    const { stack, spark } = setUp((scope) => ({
      maxVcpu: 100, maxMemoryGb: 400, releaseLabel: 'emr-7.10.0', architecture: SparkArchitecture.X86_64, idleTimeout: Duration.minutes(1), encryptionKey: new kms.Key(scope, 'Key'),
    }));
    expect(applicationOf(stack)).toMatchObject({
      ReleaseLabel: 'emr-7.10.0', Architecture: 'X86_64', MaximumCapacity: { Cpu: '100 vCPU', Memory: '400 GB' }, AutoStopConfiguration: { IdleTimeoutMinutes: 1 },
      MonitoringConfiguration: { ManagedPersistenceMonitoringConfiguration: { EncryptionKeyArn: { 'Fn::GetAtt': [expect.stringContaining('Key'), 'Arn'] } } },
    });
    expect(spark.maxUsdPerHour).toBe(7.57);
  });

  test('stands in a network where asked', () => {
    const { stack, spark } = setUp((scope) => ({ network: new MlNetwork(scope, 'Network') }));
    expect(applicationOf(stack).NetworkConfiguration).toEqual({
      SubnetIds: [expect.anything(), expect.anything()], SecurityGroupIds: [stack.resolve(spark.securityGroup!.securityGroupId)],
    });
  });

  test('that exists creates nothing and runs jobs of any size', () => {
    const stack = new Stack(new App(), 'Data');
    const application = SparkApplication.fromSparkApplicationAttributes(stack, 'Spark', { applicationId: '00f1' });
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toEqual([]);
    const job = new SparkJob(stack, 'Job', { application, entryPoint: 's3://code/job.py', maxExecutors: 500 });
    expect(job.run.applicationId).toBe('00f1');
    expect(JSON.stringify(stack.resolve(application.applicationArn))).toContain(':/applications/00f1');
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => setUp(() => ({ releaseLabel: 'emr-6.15.0', maxVcpu: 0, maxMemoryGb: 1, idleTimeout: Duration.seconds(90), architecture: 'SPARC' as SparkArchitecture })))).toEqual([
      '[invalid-architecture] architecture \'SPARC\' is not one of \'ARM64\', \'X86_64\'; choose one of them',
      '[invalid-release-label] releaseLabel \'emr-6.15.0\' is not allowed; use a release of EMR from 7 on, for example emr-7.9.0',
      '[invalid-max-vcpu] maxVcpu 0 is not a whole number from 1 to 10000 vCPU; use a value in that range',
      '[invalid-max-memory-gb] maxMemoryGb 1 is not a whole number from 2 to 100000 GB; use a value in that range',
      '[idle-timeout-not-minutes] idleTimeout of 90 seconds is not a whole number of minutes; use one',
    ]);
  });
});

describe('a Spark job', () => {
  function job(options: Partial<SparkJobOptions> = {}) {
    const made = setUp();
    return { ...made, job: made.spark.addJob('Daily', { entryPoint: program, ...options }) };
  }

  test('says how it is started, with a driver and three executors that fill the application', () => {
    const { stack, job: { run } } = job({ arguments: ['--day', 'today'] });
    expect(stack.resolve(run)).toEqual({
      applicationId: { 'Fn::GetAtt': ['Spark184A4B5E', 'ApplicationId'] },
      name: 'Data/Spark/Daily',
      executionRoleArn: { 'Fn::GetAtt': [expect.stringContaining('SparkDailyRole'), 'Arn'] },
      entryPoint: { 'Fn::Sub': expect.stringMatching(/^s3:\/\/.*\.py$/) },
      entryPointArguments: ['--day', 'today'],
      // 16 GB less a tenth for what is not Java's
      sparkSubmitParameters: '--conf spark.driver.cores=4 --conf spark.driver.memory=14894m --conf spark.executor.cores=4 --conf spark.executor.memory=14894m '
        + '--conf spark.dynamicAllocation.initialExecutors=1 --conf spark.dynamicAllocation.maxExecutors=3',
      executionTimeoutMinutes: 60,
    });
  });

  test('takes another size, time and properties', () => {
    const { run } = job({ workerVcpu: 1, workerMemoryGb: 2, maxExecutors: 10, timeout: Duration.hours(3), sparkProperties: { 'spark.executor.memory': '1g' } }).job;
    expect(run.executionTimeoutMinutes).toBe(180);
    expect(run.sparkSubmitParameters).toContain('--conf spark.driver.memory=1664m');
    expect(run.sparkSubmitParameters).toContain('--conf spark.executor.memory=1g');
    expect(run.sparkSubmitParameters).toContain('maxExecutors=10');
  });

  test('acts as a role that reads its program, writes its log, and gets the tables that it is given', () => {
    const { stack, lake, job: made } = job();
    lake.addTable('Orders', { columns: [Column.required('id', IcebergType.LONG)] }).grants.write(made);
    const actions = statementsOf(stack).flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['s3:GetObject', 'logs:PutLogEvents', 'glue:UpdateTable']));
    expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
    const [role]: any[] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(role.Properties.AssumeRolePolicyDocument.Statement[0].Principal).toEqual({ Service: 'emr-serverless.amazonaws.com' });
  });

  test('is started by whom it is granted, who may pass this role to EMR only', () => {
    const { stack, job: made } = job();
    made.grants.start(new iam.Role(stack, 'Starter', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') }));
    expect(statementsOf(stack)).toEqual(expect.arrayContaining([
      expect.objectContaining({ Action: 'emr-serverless:StartJobRun', Resource: { 'Fn::GetAtt': ['Spark184A4B5E', 'Arn'] } }),
      expect.objectContaining({ Action: 'iam:PassRole', Condition: { StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } } }),
    ]));
  });

  test('rings when one of its own runs failed, was cancelled or took too long, and keeps which', () => {
    const made = setUp();
    const topic = new sns.Topic(made.stack, 'Topic');
    const daily = made.spark.addJob('Daily', { entryPoint: program, alarmActions: [new SnsAction(topic)] });
    const template = Template.fromStack(made.stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        'source': ['aws.emr-serverless'],
        'detail-type': ['EMR Serverless Job Run State Change'],
        'detail': { applicationId: [made.stack.resolve(made.spark.applicationId)], jobRunName: [daily.run.name], state: ['FAILED', 'CANCELLED'] },
      },
      Targets: [Match.objectLike({ Arn: made.stack.resolve(daily.failedRuns.queueArn) })],
    });
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1209600 });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/Events', MetricName: 'Invocations', Statistic: 'Sum', Period: 300, Threshold: 0, ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1, TreatMissingData: 'notBreaching',
      Dimensions: [{ Name: 'RuleName', Value: { Ref: Object.keys(template.findResources('AWS::Events::Rule'))[0] } }],
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
    });
    expect(daily.metricFailedRuns({ period: Duration.hours(1) }).period.toMinutes()).toBe(60);
    Template.fromStack(job().stack).hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() });
  });

  test('looks for what EMR\'s events say', () => {
    // https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html; the guide's sample has no name,
    // events of runs that were started with one carry it as jobRunName
    const event: Record<string, any> = {
      'detail-type': 'EMR Serverless Job Run State Change',
      'source': 'aws.emr-serverless',
      'detail': {
        jobRunId: '00f1cbn5g4bb0c01', jobRunName: 'Data/Spark/Daily', applicationId: '00f1982r1uukb925',
        arn: 'arn:aws:emr-serverless:us-east-1:123456789012:/applications/00f1982r1uukb925/jobruns/00f1cbn5g4bb0c01',
        releaseLabel: 'emr-7.9.0', state: 'FAILED', previousState: 'RUNNING',
      },
    };
    const { source, detailType, detail } = failedRuns('00f1982r1uukb925', 'Data/Spark/Daily');
    expect([source, detailType]).toEqual([[event.source], [event['detail-type']]]);
    for (const [field, values] of Object.entries(detail)) expect(values).toContain(event.detail[field]);
  });

  test('lives twice in one application', () => {
    const { stack, spark } = job();
    spark.addJob('Weekly', { entryPoint: program });
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 2);
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => job({ workerVcpu: 3, maxExecutors: 0, timeout: Duration.seconds(5), sparkProperties: { 'jars': 'x', 'spark.a': 'b c' } }))).toEqual([
      '[invalid-worker-vcpu] workerVcpu 3 is not a size of a worker; use 1, 2, 4, 8, 16',
      '[invalid-max-executors] maxExecutors 0 is not a whole number from 1 to 1000; use a value in that range',
      '[invalid-timeout] timeout of 5 seconds is not a whole number from 60 to 5184000 seconds; use a duration in that range',
      '[invalid-spark-properties] sparkProperties \'jars\' is not allowed; use names that start with spark.',
      '[invalid-spark-properties] sparkProperties[spark.a] \'b c\' is not allowed; use a value without spaces',
    ]);
    expect(faultsOf(() => job({ workerMemoryGb: 40 }))).toEqual([
      '[invalid-worker-memory-gb] workerMemoryGb 40 is not a whole number from 8 to 30 GB, with 4 vCPU; use a value in that range',
      '[job-over-capacity] a driver and 3 executors take 16 vCPU and 160 GB, but the application stops at 16 vCPU and 64 GB; raise maxVcpu and maxMemoryGb there, '
      + 'or use fewer or smaller workers',
    ]);
  });
});
