import { App, CfnResource, Duration, Size, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf } from './support';
import { AthenaWorkgroup, AthenaWorkgroupProps, IAthenaWorkgroup } from '../../lib/data';

const newStack = () => new Stack(new App(), 'Data');
const role = (stack: Stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });

function template(props?: AthenaWorkgroupProps): Template {
  const stack = newStack();
  new AthenaWorkgroup(stack, 'Queries', props);
  return Template.fromStack(stack);
}

const propertiesOf = (of: Template, type: string): any => (Object.values(of.findResources(type))[0] as any)?.Properties;

describe('a workgroup', () => {
  test('enforces a limit of 200 GiB, engine 3, metrics, and encrypted results in a bucket of its own', () => {
    const made = template();
    const bucket = Object.keys(made.findResources('AWS::S3::Bucket'))[0];
    expect(propertiesOf(made, 'AWS::Athena::WorkGroup')).toMatchObject({
      Name: 'Data-Queries-3857C2CF',
      RecursiveDeleteOption: true,
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        PublishCloudWatchMetricsEnabled: true,
        BytesScannedCutoffPerQuery: 214_748_364_800,
        EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
        ResultConfiguration: {
          OutputLocation: { 'Fn::Join': ['', ['s3://', { Ref: bucket }, '/athena-results/']] },
          ExpectedBucketOwner: { Ref: 'AWS::AccountId' },
          EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
        },
      },
    });
    expect(propertiesOf(made, 'AWS::S3::Bucket').LifecycleConfiguration.Rules).toEqual([
      { Status: 'Enabled', ExpirationInDays: 7, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ]);
    expect(JSON.stringify(propertiesOf(made, 'AWS::S3::BucketPolicy'))).toContain('"aws:SecureTransport":"false"');
  });

  test('takes a name, a limit, a prefix and an age', () => {
    const made = template({ workgroupName: 'science', scanLimitPerQuery: Size.tebibytes(2), resultPrefix: 'team/a', resultRetention: Duration.days(30) });
    const { Name, WorkGroupConfiguration: configuration } = propertiesOf(made, 'AWS::Athena::WorkGroup');
    expect([Name, configuration.BytesScannedCutoffPerQuery]).toEqual(['science', 2 * 1024 ** 4]);
    expect(JSON.stringify(configuration.ResultConfiguration.OutputLocation)).toContain('/team/a/');
    expect(propertiesOf(made, 'AWS::S3::Bucket').LifecycleConfiguration.Rules[0].ExpirationInDays).toBe(30);
  });

  test('encrypts results and their bucket with a key', () => {
    const stack = newStack();
    const key = new kms.Key(stack, 'Key');
    const workgroup = new AthenaWorkgroup(stack, 'Queries', { encryptionKey: key });
    workgroup.grants.query(role(stack));
    const made = Template.fromStack(stack);
    expect(propertiesOf(made, 'AWS::Athena::WorkGroup').WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration)
      .toEqual({ EncryptionOption: 'SSE_KMS', KmsKey: stack.resolve(key.keyArn) });
    expect(propertiesOf(made, 'AWS::S3::Bucket').BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm).toBe('aws:kms');
    expect(propertiesOf(made, 'AWS::IAM::Policy').PolicyDocument.Statement.at(-1)).toMatchObject({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'] });
  });

  test('uses a bucket of yours, with the key of the results beside it', () => {
    const stack = newStack();
    const workgroup = new AthenaWorkgroup(stack, 'Queries', { resultBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'mine'), encryptionKey: new kms.Key(stack, 'Key') });
    workgroup.grants.query(role(stack));
    const made = Template.fromStack(stack);
    made.resourceCountIs('AWS::S3::Bucket', 0);
    expect(workgroup.resultLocation).toBe('s3://mine/athena-results/');
    expect(JSON.stringify(propertiesOf(made, 'AWS::IAM::Policy'))).toContain('kms:GenerateDataKey');
  });

  function statementsOf(workgroup: (stack: Stack) => IAthenaWorkgroup): any[] {
    const stack = newStack();
    workgroup(stack).grants.query(role(stack));
    return propertiesOf(Template.fromStack(stack), 'AWS::IAM::Policy').PolicyDocument.Statement;
  }

  test('lets somebody query in it and read the results, and touch no other bucket', () => {
    const statements = statementsOf((stack) => new AthenaWorkgroup(stack, 'Queries'));
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['athena:StartQueryExecution', 'athena:GetQueryResults', 's3:PutObject', 's3:GetBucketLocation']));
    expect(actions.filter((action: string) => /\*|athena:(Create|Update|Delete)|s3:Delete/.test(action))).toEqual([]);
    expect(JSON.stringify(statements)).toContain(':workgroup/Data-Queries-3857C2CF');
    expect(JSON.stringify(statements)).toContain('/athena-results/*');
  });

  test('that exists creates nothing, and gives rights', () => {
    const existing = (stack: Stack) => AthenaWorkgroup.fromAthenaWorkgroupAttributes(stack, 'Queries', {
      workgroupName: 'primary', resultBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs'), resultPrefix: 'out',
    });
    const stack = newStack();
    expect(existing(stack).resultLocation).toBe('s3://theirs/out/');
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toEqual([]);
    expect(JSON.stringify(statementsOf(existing))).toContain(':workgroup/primary');
  });

  test('shows how much was read', () => {
    const stack = newStack();
    expect(new AthenaWorkgroup(stack, 'Queries', { workgroupName: 'w' }).metricProcessedBytes({ period: Duration.hours(1) }).toMetricConfig().metricStat).toMatchObject({
      namespace: 'AWS/Athena', metricName: 'ProcessedBytes', statistic: 'Sum', period: Duration.hours(1),
    });
  });

  test('lives twice in one stack', () => {
    const stack = newStack();
    const names = ['One', 'Two'].map((id) => new AthenaWorkgroup(stack, id).workgroupName);
    expect(new Set(names).size).toBe(2);
    Template.fromStack(stack).resourceCountIs('AWS::Athena::WorkGroup', 2);
  });

  test('says every fault at once', () => {
    const stack = newStack();
    expect(faultsOf(() => new AthenaWorkgroup(stack, 'Queries', {
      workgroupName: 'my group', scanLimitPerQuery: Size.mebibytes(9), resultRetention: Duration.hours(1), resultPrefix: '/x/',
      resultBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'mine'),
    }))).toEqual([
      '[invalid-workgroup-name] workgroupName \'my group\' is not allowed; use 1 to 128 letters, digits, dots, underscores or hyphens',
      '[invalid-result-prefix] resultPrefix \'/x/\' is not allowed; use names separated by slashes, without a slash at the ends',
      '[invalid-scan-limit-per-query] scanLimitPerQuery of 9437184 bytes is less than Athena takes, which is 10 MB; use 10 MB or more',
      '[invalid-result-retention] resultRetention of 0.041666666666666664 days is not a whole number from 1 to 36500 days; use a duration in that range',
      '[retention-of-foreign-bucket] resultRetention is for the bucket of the workgroup, but resultBucket is yours; give that bucket a lifecycle rule of its own',
    ]);
    expect(faultsOf(() => template({ scanLimitPerQuery: Size.gibibytes(Token.asNumber({ Ref: 'Gib' })) }))).toEqual([
      '[unresolved-scan-limit-per-query] scanLimitPerQuery is known only at deploy time, but it is checked at synthesis; give a literal',
    ]);
  });
});
