import { App, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf } from './support';
import { Column, DataLake, DataLakeProps, IcebergType, Zone } from '../../lib/data';

function stackWith(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Data');
}

function lakeTemplate(props?: DataLakeProps, context?: Record<string, unknown>): Template {
  const stack = stackWith(context);
  new DataLake(stack, 'Lake', props);
  return Template.fromStack(stack);
}

const ZONES = Object.values(Zone);
const allow = { 'cdk-ml-platform:allow-data-destruction': true };

/** The buckets of the zones, without the one of the logs. */
function zoneBuckets(template: Template): any[] {
  return Object.values(template.findResources('AWS::S3::Bucket', { Properties: { VersioningConfiguration: { Status: 'Enabled' } } }));
}

describe('a lake', () => {
  test('has a bucket for each zone, one for logs, and a database, and nothing that runs', () => {
    const template = lakeTemplate();
    expect(zoneBuckets(template)).toHaveLength(ZONES.length);
    template.resourceCountIs('AWS::S3::Bucket', ZONES.length + 1);
    template.resourceCountIs('AWS::Glue::Database', 1);
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.resourceCountIs('AWS::KMS::Key', 0);
  });

  test('keeps everything when the stack goes', () => {
    const template = lakeTemplate();
    for (const type of ['AWS::S3::Bucket', 'AWS::Glue::Database']) {
      template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  test('is private, encrypted and takes TLS only, logs included', () => {
    const template = lakeTemplate();
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
    });
    template.resourceCountIs('AWS::S3::BucketPolicy', ZONES.length + 1);
    template.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]) },
    });
  });

  test('drops old versions after 30 days and unfinished uploads after 7', () => {
    for (const bucket of zoneBuckets(lakeTemplate())) {
      expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
        { Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
      ]);
    }
  });

  test('keeps old versions as long as asked', () => {
    const [bucket] = zoneBuckets(lakeTemplate({ noncurrentVersionExpiration: Duration.days(365) }));
    expect(bucket.Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 365 });
  });

  test('tells EventBridge about objects', () => {
    for (const bucket of zoneBuckets(lakeTemplate())) {
      expect(bucket.Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    }
  });

  test('logs each zone below its own prefix', () => {
    const prefixes = zoneBuckets(lakeTemplate()).map((bucket) => bucket.Properties.LoggingConfiguration.LogFilePrefix);
    expect(prefixes.sort()).toEqual(['artifacts/', 'curated/', 'processed/', 'raw/']);
  });

  test('goes without logs where asked', () => {
    const template = lakeTemplate({ accessLogs: false });
    template.resourceCountIs('AWS::S3::Bucket', ZONES.length);
    for (const bucket of zoneBuckets(template)) expect(bucket.Properties.LoggingConfiguration).toBeUndefined();
  });

  test('encrypts with a key of the user, with few requests for it', () => {
    const stack = stackWith();
    new DataLake(stack, 'Lake', { encryptionKey: new kms.Key(stack, 'Key') });
    for (const bucket of zoneBuckets(Template.fromStack(stack))) {
      expect(bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0]).toMatchObject({
        BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' },
      });
    }
  });

  test('has constant child paths', () => {
    const stack = stackWith();
    const lake = new DataLake(stack, 'Lake');
    const paths = lake.node.findAll().filter((child) => CfnResource.isCfnResource(child)).map((child) => child.node.path).sort();
    expect(paths).toEqual([
      'Data/Lake/AccessLogs/Policy/Resource', 'Data/Lake/AccessLogs/Resource',
      'Data/Lake/ArtifactsBucket/Policy/Resource', 'Data/Lake/ArtifactsBucket/Resource',
      'Data/Lake/CuratedBucket/Policy/Resource', 'Data/Lake/CuratedBucket/Resource',
      'Data/Lake/Database',
      'Data/Lake/ProcessedBucket/Policy/Resource', 'Data/Lake/ProcessedBucket/Resource',
      'Data/Lake/RawBucket/Policy/Resource', 'Data/Lake/RawBucket/Resource',
    ]);
  });

  test('lives twice in one stack under two database names', () => {
    const stack = stackWith();
    const [one, two] = [new DataLake(stack, 'One'), new DataLake(stack, 'Two')];
    expect(one.databaseName).not.toBe(two.databaseName);
    Template.fromStack(stack).resourceCountIs('AWS::Glue::Database', 2);
  });

  test('exports its buckets from the first day, so that the last consumer can go', () => {
    const exported = Object.values(lakeTemplate().findOutputs('*')).filter((output) => output.Export);
    expect(exported).toHaveLength(2 * ZONES.length);
  });
});

describe('destroying data', () => {
  const one = '[data-destruction-not-allowed] removalPolicy asks to delete data together with its resource, but the context '
    + '\'cdk-ml-platform:allow-data-destruction\' is not true; set it as well to lose the data, or leave the property out to keep the data';

  test('needs the context too', () => {
    expect(faultsOf(() => lakeTemplate({ removalPolicy: RemovalPolicy.DESTROY }))).toEqual([one]);
  });

  test('needs the property too', () => {
    lakeTemplate({}, allow).allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
  });

  test('empties and deletes the buckets with both keys', () => {
    const template = lakeTemplate({ removalPolicy: RemovalPolicy.DESTROY }, allow);
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    template.resourceCountIs('Custom::S3AutoDeleteObjects', ZONES.length + 1);
  });
});

describe('validation', () => {
  test('lists every fault of a lake at once', () => {
    expect(faultsOf(() => lakeTemplate({ databaseName: 'My-Lake', noncurrentVersionExpiration: Duration.hours(36), removalPolicy: RemovalPolicy.SNAPSHOT }))).toEqual([
      '[invalid-database-name] databaseName \'My-Lake\' is not allowed; use 1 to 128 lower-case letters, digits or underscores, starting with a letter',
      '[invalid-noncurrent-version-expiration] noncurrentVersionExpiration of 1.5 days is not a whole number from 1 to 36500 days; use a duration in that range',
      '[invalid-removal-policy] removalPolicy \'snapshot\' is not one of \'retain\', \'retain-on-update-or-delete\', \'destroy\'; choose one of them',
    ]);
  });

  test('creates nothing when it fails', () => {
    const stack = stackWith();
    faultsOf(() => new DataLake(stack, 'Lake', { databaseName: 'x y' }));
    expect(stack.node.children).toHaveLength(0);
  });
});

describe('grants on a zone', () => {
  function statementsOf(give: (lake: DataLake, role: iam.Role) => void): any[] {
    const stack = stackWith();
    const lake = new DataLake(stack, 'Lake');
    give(lake, new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    return (Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))[0] as any).Properties.PolicyDocument.Statement;
  }

  test('let a reader read that zone and no other', () => {
    const statements = statementsOf((lake, role) => lake.grants.read(role, Zone.CURATED));
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual(['s3:GetBucketLocation', 's3:GetObject', 's3:ListBucket']);
    expect(JSON.stringify(statements)).toContain('LakeCuratedBucket');
    expect(JSON.stringify(statements)).not.toMatch(/Lake(Raw|Processed|Artifacts)Bucket/);
  });

  test('let a writer write and delete too', () => {
    const actions = statementsOf((lake, role) => lake.grants.write(role, Zone.RAW)).flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['s3:GetObject', 's3:PutObject', 's3:DeleteObject']));
    expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
  });
});

describe('an imported lake', () => {
  function imported(stack: Stack) {
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'my-lake');
    return DataLake.fromBuckets(stack, 'Lake', { raw: bucket, processed: bucket, databaseName: 'shop' });
  }

  test('creates nothing', () => {
    const stack = stackWith();
    const lake = imported(stack);
    expect(lake.bucket(Zone.RAW).bucketName).toBe('my-lake');
    expect(lake.databaseName).toBe('shop');
    expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
  });

  test('says which zone it lacks', () => {
    expect(faultsOf(() => imported(stackWith()).bucket(Zone.ARTIFACTS))).toEqual([
      '[unknown-zone] zone \'artifacts\' has no bucket in this imported lake, which has raw, processed; name one in DataLake.fromBuckets',
    ]);
  });

  test('gives rights on its buckets', () => {
    const stack = stackWith();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    imported(stack).grants.read(role, Zone.RAW);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 1);
  });
});

test('a lake adds tables under their ids', () => {
  const stack = stackWith();
  const table = new DataLake(stack, 'Lake').addTable('CardPayments', { columns: [Column.required('id', IcebergType.LONG)] });
  expect(table.node.path).toBe('Data/Lake/CardPayments');
  expect(table.tableName).toBe('card_payments');
});
