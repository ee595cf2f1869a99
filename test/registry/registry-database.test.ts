import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { costAtRest } from '../../lib/core/cost/cost-at-rest';
import { Faults } from '../../lib/core/private/faults';
import { ALLOW_DATA_DESTRUCTION } from '../../lib/core/private/removal';
import { MlNetwork } from '../../lib/network/ml-network';
import { auroraDatabase } from '../../lib/registry/blueprint/database';
import { ModelRegistry, type ModelRegistryProps } from '../../lib/registry/model-registry';
import { type AuroraServerlessOptions, RegistryDatabase } from '../../lib/registry/registry-database';
import { nag, validate } from '../conformance/cloudformation-oracles';

const image = ecs.ContainerImage.fromRegistry('example.com/mlflow:1');

function make(options?: AuroraServerlessOptions, props: Partial<ModelRegistryProps> = {}, context?: Record<string, unknown>) {
  const app = new App({ context });
  const stack = new Stack(app, 'Stack');
  const network = new MlNetwork(stack, 'Network');
  const registry = new ModelRegistry(stack, 'Models', { network, image, database: RegistryDatabase.auroraServerless(options), ...props });
  return { app, stack, registry, template: () => Template.fromStack(stack) };
}

function serverVariables(template: Template): Record<string, unknown> {
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
  const [container] = task?.Properties.ContainerDefinitions as { Environment: { Name: string; Value: unknown }[]; Secrets: { Name: string; ValueFrom: unknown }[] }[];
  return Object.fromEntries([...container?.Environment.map(({ Name, Value }) => [Name, Value]) ?? [], ...container?.Secrets.map(({ Name, ValueFrom }) => [Name, ValueFrom]) ?? []]);
}

describe('an Aurora cluster', () => {
  const { registry, stack, template } = make();

  test('is encrypted, backed up, protected, private and small by default', () => {
    template().hasResource('AWS::RDS::DBCluster', {
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
      Properties: Match.objectLike({
        Engine: 'aurora-postgresql', EngineVersion: Match.stringLikeRegexp('^17\\.'), StorageEncrypted: true, DeletionProtection: true, BackupRetentionPeriod: 7,
        CopyTagsToSnapshot: true, DatabaseName: 'mlflow', Port: 5432, EnableCloudwatchLogsExports: ['postgresql'],
        ServerlessV2ScalingConfiguration: { MinCapacity: 0.5, MaxCapacity: 2 },
      }),
    });
    template().resourceCountIs('AWS::RDS::DBInstance', 1);
    template().hasResourceProperties('AWS::RDS::DBInstance', { DBInstanceClass: 'db.serverless', PubliclyAccessible: false, CACertificateIdentifier: 'rds-ca-rsa2048-g1' });
  });

  test('is what the server connects to, and nobody else', () => {
    const { ML_DATABASE_HOST, ML_DATABASE_PORT, ML_DATABASE_NAME, MLFLOW_SQLALCHEMYSTORE_POOLCLASS } = serverVariables(template());
    expect(ML_DATABASE_HOST).toEqual(stack.resolve(registry.databaseCluster?.clusterEndpoint.hostname));
    expect([ML_DATABASE_PORT, ML_DATABASE_NAME, MLFLOW_SQLALCHEMYSTORE_POOLCLASS]).toEqual(['5432', 'mlflow', undefined]);
    const ingress = Object.values(template().findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 5432 } }));
    expect(ingress.map(({ Properties }) => Properties.SourceSecurityGroupId as unknown)).toEqual([stack.resolve(registry.server.securityGroup.securityGroupId)]);
    expect(registry.databaseInstance).toBeUndefined();
  });

  test('tells when it cannot grow any more', () => {
    expect(registry.alarms.map(({ node }) => node.path)).toContain('Stack/Models/Database/CapacityAlarm');
    template().hasResourceProperties('AWS::CloudWatch::Alarm', { Namespace: 'AWS/RDS', MetricName: 'ACUUtilization', Threshold: 90, Statistic: 'Average' });
  });

  test('takes every choice', () => {
    const other = make({
      minCapacity: 1, maxCapacity: 8.5, readers: 2, backupRetention: Duration.days(14), port: 5433, deletionProtection: false,
    }).template();
    other.hasResource('AWS::RDS::DBCluster', {
      DeletionPolicy: 'Snapshot',
      Properties: Match.objectLike({
        BackupRetentionPeriod: 14, Port: 5433, DeletionProtection: false, ServerlessV2ScalingConfiguration: { MinCapacity: 1, MaxCapacity: 8.5 },
      }),
    });
    other.resourceCountIs('AWS::RDS::DBInstance', 3);
    other.hasResourceProperties('AWS::RDS::DBInstance', { PromotionTier: 1 });
    expect(serverVariables(other).ML_DATABASE_PORT).toBe('5433');
  });

  test('that may pause meets a server that keeps no connection, which would keep it awake', () => {
    const pausing = make({ minCapacity: 0 }).template();
    pausing.hasResourceProperties('AWS::RDS::DBCluster', { ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 2, SecondsUntilAutoPause: 300 } });
    expect(serverVariables(pausing).MLFLOW_SQLALCHEMYSTORE_POOLCLASS).toBe('NullPool');
    make({ minCapacity: 0, autoPause: Duration.hours(2) }).template().hasResourceProperties('AWS::RDS::DBCluster', {
      ServerlessV2ScalingConfiguration: Match.objectLike({ SecondsUntilAutoPause: 7200 }),
    });
  });

  test('goes with the stack only when two keys turn', () => {
    const doomed = make({}, { removalPolicy: RemovalPolicy.DESTROY }, { [ALLOW_DATA_DESTRUCTION]: true });
    doomed.template().hasResource('AWS::RDS::DBCluster', { DeletionPolicy: 'Delete', Properties: Match.objectLike({ DeletionProtection: false }) });
  });

  test.each<[string, AuroraServerlessOptions]>([
    ['by default', {}], ['that may pause', { minCapacity: 0 }], ['with readers and without protection', { readers: 1, deletionProtection: false }],
  ])('%s is what CloudFormation takes and what cdk-nag has nothing to say about', (_, options) => {
    expect(validate(make(options).app)).toEqual([]);
    expect(nag(make(options).app).filter(({ where }) => where.includes('Models'))).toEqual([]);
  }, 60_000);

  test('refuses what cannot work, where it is written', () => {
    expect(() => RegistryDatabase.auroraServerless({
      minCapacity: 0.3, maxCapacity: 0.5, autoPause: Duration.seconds(10), readers: 16, backupRetention: Duration.days(0), port: 22,
    })).toThrow('ValidationError at RegistryDatabase.auroraServerless: 7 faults\n'
      + '  - [invalid-min-capacity] minCapacity 0.3 is not from 0 to 256 capacity units in steps of 0.5; use a value in that range\n'
      + '  - [invalid-max-capacity] maxCapacity 0.5 is not from 1 to 256 capacity units in steps of 0.5; use a value in that range\n'
      + '  - [invalid-auto-pause] autoPause 10 is not a whole number from 300 to 86400 seconds; use a value in that range\n'
      + '  - [auto-pause-without-zero] autoPause is given, but minCapacity 0.3 never lets the cluster pause; set minCapacity to 0 or leave autoPause out\n'
      + '  - [invalid-readers] readers 16 is not a whole number from 0 to 15; use a value in that range\n'
      + '  - [invalid-backup-retention] backupRetention 0 is not a whole number from 1 to 35 days; use a value in that range\n'
      + '  - [invalid-port] port 22 is not a whole number from 1150 to 65535; use a value in that range');
    expect(() => RegistryDatabase.auroraServerless({ minCapacity: 4 })).toThrow(
      '[max-capacity-below-min-capacity]: maxCapacity 2 is below minCapacity 4; raise maxCapacity or lower minCapacity');
  });

  test('is decided as data', () => {
    const { alarms, ...plan } = auroraDatabase(Faults.at('test'), { destroy: false });
    expect(plan).toStrictEqual({
      engineVersion: '17.7', majorVersion: '17', minCapacity: 0.5, maxCapacity: 2, readers: 0, backupDays: 7, port: 5432, databaseName: 'mlflow', userName: 'mlflow',
      certificateAuthority: 'rds-ca-rsa2048-g1', logExports: ['postgresql'], deletionProtection: true, finalSnapshot: true, environment: {},
    });
    expect(alarms).toHaveLength(1);
  });

  test('costs its least capacity at rest, and nothing while it pauses', () => {
    const bill = (options: AuroraServerlessOptions) => costAtRest(make(options).template().toJSON()).lines
      .filter(({ type }) => type.startsWith('AWS::RDS::DB')).filter(({ type }) => type !== 'AWS::RDS::DBSubnetGroup');
    expect(bill({}).map(({ kind, item }) => [kind, item])).toEqual([
      ['at rest', 'Aurora capacity unit at least'], ['by use', 'in the line of its cluster'],
    ]);
    // 0.5 units x 730 hours x 0.12 USD; a reader costs the same again
    expect(bill({}).reduce((sum, { monthly }) => sum + monthly, 0)).toBeCloseTo(43.8, 6);
    expect(bill({ readers: 1 }).reduce((sum, { monthly }) => sum + monthly, 0)).toBeCloseTo(87.6, 6);
    expect(bill({ minCapacity: 0 }).map(({ kind, monthly }) => [kind, monthly])).toEqual([['by use', 0], ['by use', 0]]);
  });
});

describe('a database that a secret describes', () => {
  function fromSecret(options?: Parameters<typeof RegistryDatabase.fromSecret>[1]) {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shared/mlflow');
    new ModelRegistry(stack, 'Models', { network: new MlNetwork(stack, 'Network'), image, database: RegistryDatabase.fromSecret(secret, options) });
    return { app, template: Template.fromStack(stack) };
  }

  test('gives its whole address by reference, and nothing is created for it', () => {
    const { template } = fromSecret();
    const variables = serverVariables(template);
    for (const [name, field] of Object.entries({
      ML_DATABASE_HOST: 'host', ML_DATABASE_PORT: 'port', ML_DATABASE_NAME: 'dbname', ML_DATABASE_USER: 'username', ML_DATABASE_PASSWORD: 'password',
    })) expect(JSON.stringify(variables[name])).toContain(`secret:shared/mlflow:${field}::`);
    for (const type of ['AWS::RDS::DBInstance', 'AWS::RDS::DBCluster', 'AWS::SecretsManager::Secret']) template.resourceCountIs(type, 0);
    expect(Object.keys(template.findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 5432 } }))).toEqual([]);
  });

  test('lets the server in where its security group is known', () => {
    const stack = new Stack(new App(), 'Stack');
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0');
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shared/mlflow');
    new ModelRegistry(stack, 'Models', {
      network: new MlNetwork(stack, 'Network'), image, database: RegistryDatabase.fromSecret(secret, { securityGroup, port: 6432 }),
    });
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: 'sg-0123456789abcdef0', FromPort: 6432 });
    expect(() => RegistryDatabase.fromSecret(secret, { port: 0 })).toThrow(
      'ValidationError at RegistryDatabase.fromSecret [invalid-port]: port 0 is not a whole number from 1 to 65535; use a value in that range');
  });

  test('is what CloudFormation takes', () => {
    expect(validate(fromSecret().app)).toEqual([]);
  }, 60_000);
});
