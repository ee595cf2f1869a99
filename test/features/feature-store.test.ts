import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { image, make, profile } from './support';
import { ALLOW_DATA_DESTRUCTION } from '../../lib/core/private/removal';
import { FeatureRegistry, FeatureStore, OfflineStore, OnlineStore } from '../../lib/features';
import { InternalService } from '../../lib/network/internal-service';
import { faultsOf } from '../data/support';

function count(stack: Stack): number {
  return Object.keys(Template.fromStack(stack).toJSON().Resources as object).length;
}

describe('a store by default', () => {
  const { stack, store } = make();
  const template = Template.fromStack(stack);

  test('keeps its registry in a protected, encrypted, private PostgreSQL of the smallest kind', () => {
    template.hasResource('AWS::RDS::DBInstance', {
      DeletionPolicy: 'Snapshot',
      Properties: Match.objectLike({
        Engine: 'postgres', EngineVersion: '17', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: '20', MaxAllocatedStorage: 100, StorageType: 'gp3',
        StorageEncrypted: true, PubliclyAccessible: false, DeletionProtection: true, BackupRetentionPeriod: 7, MultiAZ: false, DBName: 'feast',
        CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      }),
    });
    expect(store.registryInstance).toBeDefined();
    expect(store.alarms).toHaveLength(1);
  });

  test('lets Feast say where Athena puts a result, and stops a query that reads too much', () => {
    template.hasResourceProperties('AWS::Athena::WorkGroup', {
      WorkGroupConfiguration: Match.objectLike({ EnforceWorkGroupConfiguration: false, BytesScannedCutoffPerQuery: 107_374_182_400 }),
    });
  });

  test('forgets results after a day', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 1 })] },
    });
  });

  test('has nothing that runs, no table and no rule before somebody asks', () => {
    for (const type of ['AWS::ECS::Cluster', 'AWS::ECS::TaskDefinition', 'AWS::DynamoDB::Table', 'AWS::Events::Rule', 'AWS::StepFunctions::StateMachine']) {
      template.resourceCountIs(type, 0);
    }
  });

  test('lets nobody into the registry', () => {
    expect(Object.values(template.findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 5432 } }))).toEqual([]);
  });
});

describe('the registry', () => {
  test('is what its owner chose', () => {
    const { stack } = make({
      registry: FeatureRegistry.postgres({
        instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL), storage: Size.gibibytes(200), multiAz: true,
        backupRetention: Duration.days(14), deletionProtection: false,
      }),
    });
    Template.fromStack(stack).hasResourceProperties('AWS::RDS::DBInstance', {
      DBInstanceClass: 'db.t4g.small', AllocatedStorage: '200', MaxAllocatedStorage: 400, MultiAZ: true, BackupRetentionPeriod: 14, DeletionProtection: false,
    });
  });

  test('that exists creates nothing, and is told to readers', () => {
    const made = make();
    const secret = secretsmanager.Secret.fromSecretNameV2(made.stack, 'Login', 'feast');
    const { stack, store } = make({ registry: FeatureRegistry.existing({ host: 'db.example.com', port: 6000, databaseName: 'features', secret }) });
    Template.fromStack(stack).resourceCountIs('AWS::RDS::DBInstance', 0);
    expect(store.registryInstance).toBeUndefined();
    expect(store.readEnvironment).toMatchObject({ ML_DATABASE_HOST: 'db.example.com', ML_DATABASE_PORT: '6000', ML_DATABASE_NAME: 'features' });
    expect(Object.keys(store.readSecrets)).toEqual(['ML_DATABASE_USER', 'ML_DATABASE_PASSWORD']);
    expect(() => store.allowReadsFrom(new ec2.Connections())).not.toThrow();
  });

  test('refuses what RDS refuses', () => {
    expect(faultsOf(() => FeatureRegistry.postgres({ storage: Size.gibibytes(10), backupRetention: Duration.days(0) }))).toEqual([
      '[invalid-storage-gib] storageGiB 10 is not a whole number from 20 to 65536 GiB; use a value in that range',
      '[invalid-backup-retention] backupRetention 0 is not a whole number from 1 to 35 days; use a value in that range',
    ]);
    const secret = secretsmanager.Secret.fromSecretNameV2(make().stack, 'Login', 'feast');
    expect(faultsOf(() => FeatureRegistry.existing({ host: 'db', port: 0, secret }))).toEqual([
      '[invalid-port] port 0 is not a whole number from 1 to 65535; use a value in that range',
    ]);
  });
});

describe('values in Valkey', () => {
  const { stack, store } = make({ online: OnlineStore.valkey({ maxStorage: Size.gibibytes(2), maxUnitsPerSecond: 2000 }) });
  const template = Template.fromStack(stack);

  test('are in a serverless cache with a user group of its own, bounded in what it costs, and stay', () => {
    template.hasResource('AWS::ElastiCache::ServerlessCache', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        Engine: 'valkey', MajorEngineVersion: '8', SnapshotRetentionLimit: 1, UserGroupId: { Ref: Match.anyValue() },
        CacheUsageLimits: { DataStorage: { Maximum: 2, Unit: 'GB' }, ECPUPerSecond: { Maximum: 2000 } },
      }),
    });
  });

  test('are written by one user and only read by the other, with passwords that Feast can take apart', () => {
    const users = Object.values(template.findResources('AWS::ElastiCache::User')).map(({ Properties }) => Properties as Record<string, unknown>);
    expect(users.map(({ UserName }) => UserName)).toEqual(['feast-writer', 'feast-reader']);
    expect(users[1]?.AccessString).not.toMatch(/@write|@all(?!\b)|\+@all|@dangerous/);
    for (const { Engine, Passwords, NoPasswordRequired } of users) {
      expect(Engine).toBe('valkey');
      expect(NoPasswordRequired).toBeUndefined();
      expect(JSON.stringify(Passwords)).toContain('{{resolve:secretsmanager:');
    }
    const passwords = template.findResources('AWS::SecretsManager::Secret', { Properties: { GenerateSecretString: { ExcludePunctuation: true, RequireEachIncludedType: true } } });
    expect(Object.keys(passwords)).toHaveLength(2);
  });

  test('have names that ElastiCache takes', () => {
    const [cache] = Object.values(template.findResources('AWS::ElastiCache::ServerlessCache'));
    expect((cache?.Properties as { ServerlessCacheName: string }).ServerlessCacheName).toMatch(/^[a-z][a-z0-9-]{0,39}$/);
  });

  test('are reached through TLS', () => {
    expect(stack.resolve(store.readEnvironment.FEAST_ONLINE_CONNECTION)).toEqual({
      'Fn::Join': ['', [
        { 'Fn::GetAtt': [expect.any(String), 'Endpoint.Address'] }, ':', { 'Fn::GetAtt': [expect.any(String), 'Endpoint.Port'] }, ',ssl=true',
      ]],
    });
  });

  test('keep their defaults and take a key', () => {
    const made = make();
    new FeatureStore(made.stack, 'Second', { network: made.network, lake: made.lake, online: OnlineStore.valkey({ encryptionKey: new kms.Key(made.stack, 'Key'), keyTtl: Duration.days(1) }) });
    Template.fromStack(made.stack).hasResourceProperties('AWS::ElastiCache::ServerlessCache', {
      KmsKeyId: Match.anyValue(), CacheUsageLimits: { DataStorage: { Maximum: 10, Unit: 'GB' }, ECPUPerSecond: { Maximum: 5000 } },
    });
  });

  test('refuse bounds that ElastiCache does not have', () => {
    expect(faultsOf(() => OnlineStore.valkey({ maxStorage: Size.mebibytes(100), maxUnitsPerSecond: 1, keyTtl: Duration.millis(5) }))).toEqual([
      expect.stringMatching(/^\[invalid-max-storage\] maxStorage 0\.09765625 is not a whole number from 1 to 5000 GB/),
      '[invalid-max-units-per-second] maxUnitsPerSecond 1 is not a whole number from 1000 to 15000000; use a value in that range',
      '[invalid-key-ttl] keyTtl of 0.005 seconds is not a whole number from 1 to 3153600000 seconds; use a duration in that range',
    ]);
  });
});

describe('values in PostgreSQL', () => {
  test('are in the registry\'s database unless another is named', () => {
    const { store } = make({ online: OnlineStore.postgres() });
    expect(store.readEnvironment.FEAST_ONLINE_HOST).toBe(store.readEnvironment.ML_DATABASE_HOST);
    expect(store.readEnvironment.FEAST_ONLINE_DATABASE).toBe('feast');
    expect(Object.keys(store.readSecrets)).toEqual(['ML_DATABASE_USER', 'ML_DATABASE_PASSWORD', 'FEAST_ONLINE_USER', 'FEAST_ONLINE_PASSWORD']);
    expect(store.storeYaml).toContain('db_schema: "online"');
  });

  test('are in the database that is named', () => {
    const made = make();
    const secret = secretsmanager.Secret.fromSecretNameV2(made.stack, 'Login', 'values');
    const online = OnlineStore.postgres({ database: { host: 'values.example.com', databaseName: 'values', secret }, schema: 'shop' });
    const { store } = make({ online });
    expect(store.readEnvironment).toMatchObject({ FEAST_ONLINE_HOST: 'values.example.com', FEAST_ONLINE_PORT: '5432', FEAST_ONLINE_DATABASE: 'values' });
    expect(faultsOf(() => OnlineStore.postgres({ database: { host: 'x', port: 70_000, secret } }))[0]).toMatch(/^\[invalid-port\]/);
  });
});

describe('a reader', () => {
  test('gets rights, the way, the address and the login', () => {
    const made = make({ online: OnlineStore.valkey() });
    const service = new InternalService(made.stack, 'Fraud', { network: made.network, image, hostName: 'fraud' });
    made.store.addReader(service);
    const template = Template.fromStack(made.stack);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({
        Environment: Match.arrayWith([Match.objectLike({ Name: 'FEAST_STORE_YAML' })]),
        Secrets: [
          Match.objectLike({ Name: 'ML_DATABASE_USER' }), Match.objectLike({ Name: 'ML_DATABASE_PASSWORD' }),
          Match.objectLike({ Name: 'FEAST_ONLINE_USER' }), Match.objectLike({ Name: 'FEAST_ONLINE_PASSWORD' }),
        ],
      })],
    });
    const ports = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => (Properties as { Description: string }).Description);
    expect(ports.filter((description) => description === 'features of shop')).toHaveLength(2);
  });
});

test('a reader of another stack makes no circle between the two', () => {
  const made = make({ online: OnlineStore.valkey() });
  const other = new Stack(made.app, 'Serving');
  const service = new InternalService(other, 'Fraud', { network: made.network, image, hostName: 'fraud' });
  made.store.addReader(service);
  expect(() => made.app.synth()).not.toThrow();
  expect(made.stack.dependencies).toEqual([]);
  expect(other.dependencies).toEqual([made.stack]);
});

describe('what becomes of the data', () => {
  test('is two keys, or nothing goes', () => {
    const gone = make({ removalPolicy: RemovalPolicy.DESTROY }, { [ALLOW_DATA_DESTRUCTION]: true });
    gone.store.addFeatureView('Profile', profile(gone.customers));
    const template = Template.fromStack(gone.stack);
    template.allResources('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
    template.allResources('AWS::RDS::DBInstance', { DeletionPolicy: 'Delete', Properties: Match.objectLike({ DeletionProtection: false }) });
    expect(faultsOf(() => make({ removalPolicy: RemovalPolicy.DESTROY }))[0]).toMatch(/^\[data-destruction-not-allowed\] removalPolicy asks to delete data/);
    expect(faultsOf(() => make({ removalPolicy: RemovalPolicy.SNAPSHOT }))[0]).toMatch(/^\[invalid-removal-policy\]/);
  });
});

describe('validation', () => {
  test('lists every fault of a store before anything exists', () => {
    const made = make();
    const before = made.stack.node.findAll().length;
    expect(faultsOf(() => new FeatureStore(made.stack, 'Features', { network: made.network, projectName: 'Shop-1' }))).toEqual([
      "[duplicate-id] id 'Features' is taken in 'Stack'; choose another id",
      "[invalid-project-name] projectName 'Shop-1' is not allowed; use 1 to 63 lower-case letters, digits or underscores, starting with a letter",
      '[no-lake] lake is not given, and Athena reads the tables of one; give it, or another OfflineStore as offline',
    ]);
    expect(made.stack.node.findAll()).toHaveLength(before);
  });

  test('wants an image where ours has no Spark', () => {
    const made = make();
    expect(faultsOf(() => new FeatureStore(made.stack, 'X', { network: made.network, offline: OfflineStore.spark() }))).toEqual([
      "[no-image] offline is Spark, which the library's own image does not have; give an image with Java, PySpark and ml_platform_runtime",
    ]);
  });

  test('of history names what Athena and Redshift take', () => {
    expect(faultsOf(() => OfflineStore.athena({ scanLimit: Size.mebibytes(1) }))).toEqual([
      '[invalid-scan-limit] scanLimit of 1048576 bytes is below 10 MB, the least that Athena takes; raise it',
    ]);
    const role = iam.Role.fromRoleArn(make().stack, 'Redshift', 'arn:aws:iam::123456789012:role/redshift');
    expect(faultsOf(() => OfflineStore.redshiftServerless({ workgroupName: 'wg', workgroupArn: 'wg', databaseName: 'dev', role }))).toEqual([
      "[invalid-workgroup-arn] workgroupArn 'wg' is not allowed; use arn:aws:redshift-serverless:<region>:<account>:workgroup/<id>",
    ]);
  });
});

test('two stores live in one stack', () => {
  const made = make({ online: OnlineStore.valkey() });
  const one = count(made.stack);
  const again = make({ online: OnlineStore.valkey() });
  new FeatureStore(again.stack, 'Second', { network: again.network, lake: again.lake, online: OnlineStore.valkey() });
  expect(count(again.stack)).toBeGreaterThan(one);
});

test('children keep their paths', () => {
  const made = make();
  made.store.addFeatureView('Profile', profile(made.customers));
  expect(made.store.node.children.map(({ node }) => node.id)).toEqual(['RegistrySecurityGroup', 'RegistrySecret', 'Registry', 'Staging', 'Workgroup', 'Profile']);
});
