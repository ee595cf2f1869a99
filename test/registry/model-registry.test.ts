import { App, Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import fc from 'fast-check';
import { objectsOf } from './support';
import { MlCluster } from '../../lib/cluster';
import { ALLOW_DATA_DESTRUCTION } from '../../lib/core/private/removal';
import { isValidationError } from '../../lib/core/private/validation-error';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry, type ModelRegistryProps } from '../../lib/registry/model-registry';
import { RegistryDatabase } from '../../lib/registry/registry-database';
import { ReleaseRecord } from '../../lib/registry/release-record';
import { fakeCluster } from '../cluster/support';

const image = ecs.ContainerImage.fromRegistry('example.com/mlflow:1');

function make(props: Partial<ModelRegistryProps> = {}, context?: Record<string, unknown>) {
  const app = new App({ context });
  const stack = new Stack(app, 'Stack');
  const network = new MlNetwork(stack, 'Network');
  const registry = new ModelRegistry(stack, 'Models', { network, image, ...props });
  return { app, stack, network, registry };
}

describe('a registry by default', () => {
  const { stack, registry } = make();
  const template = Template.fromStack(stack);

  test('keeps its metadata in a protected, encrypted, private PostgreSQL', () => {
    template.hasResource('AWS::RDS::DBInstance', {
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
      Properties: Match.objectLike({
        Engine: 'postgres', EngineVersion: '17', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: '20', MaxAllocatedStorage: 100,
        StorageType: 'gp3', StorageEncrypted: true, PubliclyAccessible: false, DeletionProtection: true, BackupRetentionPeriod: 7,
        MultiAZ: false, CACertificateIdentifier: 'rds-ca-rsa2048-g1', EnableCloudwatchLogsExports: ['postgresql', 'upgrade'],
      }),
    });
    template.allResourcesProperties('AWS::RDS::DBInstance', { EnablePerformanceInsights: Match.absent() });
  });

  test('keeps the release records, and lets go what would hold the network when the stack goes', () => {
    template.allResources('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
    template.resourceCountIs('AWS::DynamoDB::Table', 1);
    const retained = Object.values(template.toJSON().Resources as Record<string, { Type: string; DeletionPolicy?: string }>)
      .filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain').map(({ Type }) => Type);
    expect(retained.filter((type) => type.startsWith('AWS::EC2') || type.startsWith('AWS::RDS'))).toEqual([]);
  });

  test('gives its database up with a snapshot once the protection is off', () => {
    const unprotected = make({ database: RegistryDatabase.postgres({ deletionProtection: false }) });
    Template.fromStack(unprotected.stack).hasResource('AWS::RDS::DBInstance', { DeletionPolicy: 'Snapshot', Properties: Match.objectLike({ DeletionProtection: false }) });
  });

  test('lets only the server into the database', () => {
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 5432 } }));
    expect(ingress).toHaveLength(1);
    const server = stack.resolve(registry.server.securityGroup.securityGroupId) as unknown;
    expect(ingress[0]?.Properties.SourceSecurityGroupId).toEqual(server);
  });

  test('runs the registry server of the runtime with the password from the secret', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512',
      Memory: '1024',
      ContainerDefinitions: [Match.objectLike({
        Command: ['python', '-m', 'ml_platform_runtime', 'registry-server'],
        EntryPoint: Match.absent(),
        Secrets: [
          { Name: 'ML_DATABASE_USER', ValueFrom: { 'Fn::Join': ['', [Match.anyValue(), ':username::']] } },
          { Name: 'ML_DATABASE_PASSWORD', ValueFrom: { 'Fn::Join': ['', [Match.anyValue(), ':password::']] } },
        ],
        Environment: Match.arrayWith([{ Name: 'MLFLOW_WORKERS', Value: '1' }]),
      })],
    });
    template.hasResourceProperties('AWS::ECS::Service', { HealthCheckGracePeriodSeconds: 180, DesiredCount: 1 });
  });

  test('has no costly container insights', () => {
    template.hasResourceProperties('AWS::ECS::Cluster', { ClusterSettings: [{ Name: 'containerInsights', Value: 'disabled' }] });
  });

  test('keeps release records in a table with recovery, protection and a stream', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'model', KeyType: 'HASH' }, { AttributeName: 'item', KeyType: 'RANGE' }],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  test('gives the server no right on release records', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy'));
    expect(policies.length).toBeGreaterThan(0);
    expect(JSON.stringify(policies)).not.toContain('dynamodb:');
  });

  test('says where it is', () => {
    expect(registry.trackingUri).toBe('http://mlflow.ml.internal');
    expect(registry.hostName).toBe('mlflow.ml.internal');
    expect(registry.alarms.map(({ node }) => node.path)).toEqual([
      'Stack/Models/Server/UnhealthyHostsAlarm', 'Stack/Models/Server/ErrorsAlarm', 'Stack/Models/Server/LatencyAlarm', 'Stack/Models/Server/TooFewTasksAlarm',
      'Stack/Models/Database/FreeStorageAlarm', 'Stack/Models/Database/CpuAlarm',
    ]);
  });

  test('has paths that are contract: changing one replaces a database', () => {
    expect(registry.node.children.map(({ node }) => node.id)).toEqual(
      ['Artifacts', 'Releases', 'DatabaseSecurityGroup', 'DatabaseSecret', 'Database', 'Server']);
    const ids = (type: string) => Object.keys(template.findResources(type));
    expect(ids('AWS::RDS::DBInstance')).toEqual(['ModelsDatabase6C938EC6']);
    expect(ids('AWS::DynamoDB::Table')).toEqual(['ModelsReleasesFC5ED220']);
    expect(template.findResources('AWS::S3::Bucket')).toHaveProperty('ModelsArtifactsCB731E2C');
  });
});

describe('choices', () => {
  test('every property has its way into the template', () => {
    const action = { bind: () => ({ alarmActionArn: 'arn:aws:sns:eu-west-1:111122223333:alarms' }) };
    const { stack } = make({
      artifactPrefix: 'team/mlflow', hostName: 'registry', workers: 2, cpu: 1024, memoryLimitMiB: 2048, allowedHosts: ['ml.example.com:443'],
      alarmActions: [action], containerInsights: true, desiredCount: 2,
      database: RegistryDatabase.postgres({
        instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL), storage: Size.gibibytes(50), maxStorage: Size.gibibytes(50),
        multiAz: true, backupRetention: Duration.days(14), port: 5433,
      }),
    });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      DBInstanceClass: 'db.t4g.small', AllocatedStorage: '50', MaxAllocatedStorage: Match.absent(), MultiAZ: true, BackupRetentionPeriod: 14, Port: '5433',
    });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '1024', Memory: '2048',
      ContainerDefinitions: [Match.objectLike({
        Environment: Match.arrayWith([
          { Name: 'MLFLOW_SERVER_ALLOWED_HOSTS', Value: Match.stringLikeRegexp('^registry\\.ml\\.internal,registry\\.ml\\.internal:80,.*,ml\\.example\\.com:443$') },
          { Name: 'MLFLOW_WORKERS', Value: '2' },
        ]),
      })],
    });
    template.hasResourceProperties('AWS::ECS::Service', { DesiredCount: 2 });
    template.hasResourceProperties('AWS::ECS::Cluster', { ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }] });
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('/team/mlflow/*');
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: ['arn:aws:sns:eu-west-1:111122223333:alarms'] });
  });

  test('a database that exists is used and nothing is created for it', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const network = new MlNetwork(stack, 'Network');
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shared/mlflow');
    new ModelRegistry(stack, 'Models', {
      network, image,
      database: RegistryDatabase.existing({
        host: 'db.example.com', port: 6432, databaseName: 'ml', secret,
        securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'DatabaseGroup', 'sg-0123456789abcdef0'),
      }),
    });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::RDS::DBInstance', 0);
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({
        Environment: Match.arrayWith([
          { Name: 'ML_DATABASE_HOST', Value: 'db.example.com' }, { Name: 'ML_DATABASE_PORT', Value: '6432' }, { Name: 'ML_DATABASE_NAME', Value: 'ml' },
        ]),
      })],
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: 'sg-0123456789abcdef0', FromPort: 6432 });
  });

  test('a bucket that exists holds the artifacts, and its key is granted', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const key = new kms.Key(stack, 'Key');
    const bucket = new s3.Bucket(stack, 'Lake', { encryptionKey: key });
    const registry = new ModelRegistry(stack, 'Models', { network: new MlNetwork(stack, 'Network'), image, artifactBucket: bucket });
    expect(registry.artifactBucket).toBe(bucket);
    const policies = JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policies).toContain('kms:GenerateDataKey*');
    expect(registry.node.tryFindChild('Artifacts')).toBeUndefined();
  });
});

describe('data', () => {
  test('cannot be asked to become a snapshot as a whole: that is one fault, not a silent other policy', () => {
    expect(() => make({ removalPolicy: RemovalPolicy.SNAPSHOT })).toThrow(
      "ValidationError at Stack/Models [invalid-removal-policy]: removalPolicy 'snapshot' is not one of 'retain', 'retain-on-update-or-delete', 'destroy'; choose one of them");
  });

  test('goes with the stack only when two keys turn', () => {
    const { stack } = make({ removalPolicy: RemovalPolicy.DESTROY }, { [ALLOW_DATA_DESTRUCTION]: true });
    const template = Template.fromStack(stack);
    template.hasResource('AWS::RDS::DBInstance', { DeletionPolicy: 'Delete', Properties: Match.objectLike({ DeletionProtection: false }) });
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete', Properties: Match.objectLike({ DeletionProtectionEnabled: false }) });
    template.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });

  test('stays, and the wish is an error, when the context says nothing', () => {
    const expected = "[data-destruction-not-allowed]: removalPolicy asks to delete data together with its resource, but the context 'cdk-ml-platform:allow-data-destruction' is not true";
    expect(() => make({ removalPolicy: RemovalPolicy.DESTROY })).toThrow(`ValidationError at Stack/Models ${expected}`);
    expect(() => new ReleaseRecord(new Stack(), 'Releases', { removalPolicy: RemovalPolicy.DESTROY })).toThrow(`ValidationError at Default/Releases ${expected}`);
  });
});

describe('wrong input', () => {
  test('is refused with every fault in one error, before anything exists', () => {
    const stack = new Stack(new App(), 'Stack');
    const network = new MlNetwork(stack, 'Network');
    expect(() => new ModelRegistry(stack, 'Models', { network, image, hostName: 'ML', workers: 0, artifactPrefix: '/' })).toThrow(
      'ValidationError at Stack/Models: 3 faults\n'
      + "  - [invalid-host-name] hostName 'ML' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit\n"
      + '  - [invalid-workers] workers 0 is not a whole number from 1 to 16; use a value in that range\n'
      + "  - [invalid-artifact-prefix] artifactPrefix '/' is not allowed; use a path without slashes at its ends, for example mlflow");
    expect(stack.node.tryFindChild('Models')).toBeUndefined();
  });

  test('of the registry and of its service is one error of the registry, and nothing is created', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const network = new MlNetwork(new Stack(app, 'Network'), 'Network', { natGateways: 0 });
    expect(() => new ModelRegistry(stack, 'Models', { network, image, cpu: 300, artifactPrefix: '/', desiredCount: -1, listenerPriority: 0 })).toThrow(
      'ValidationError at Stack/Models: 5 faults\n'
      + '  - [invalid-cpu] cpu 300 is not a Fargate size; use one of 256, 512, 1024, 2048, 4096, 8192, 16384 CPU units\n'
      + "  - [invalid-artifact-prefix] artifactPrefix '/' is not allowed; use a path without slashes at its ends, for example mlflow\n"
      + '  - [invalid-listener-priority] listenerPriority 0 is not a whole number from 1 to 50000; use a value in that range\n'
      + '  - [invalid-desired-count] desiredCount -1 is not a whole number from 0 to 5000 tasks; use a value in that range\n'
      + '  - [no-route-out] network has no route out and no interface endpoint for ecr.api, ecr.dkr, logs, secretsmanager, so tasks could not start; '
      + 'add these interfaceEndpoints to the network or give it natGateways: 1');
    expect(stack.node.children).toHaveLength(0);
  });

  test('in a network where the host name is taken leaves nothing behind and does not hold a name', () => {
    const { app, network } = make();
    const stack = new Stack(app, 'Other');
    expect(() => new ModelRegistry(stack, 'Models', { network, image, workers: 0 })).toThrow(
      'ValidationError at Other/Models: 2 faults\n'
      + '  - [invalid-workers] workers 0 is not a whole number from 1 to 16; use a value in that range\n'
      + "  - [host-name-taken] hostName 'mlflow.ml.internal' is already that of Stack/Models/Server behind this load balancer; choose another one");
    expect(() => new ModelRegistry(stack, 'Models', { network, image, hostName: 'mlflow-two', workers: 0 })).toThrow('ValidationError at Other/Models [invalid-workers]');
    expect(stack.node.children).toHaveLength(0);
    expect(new ModelRegistry(stack, 'Models', { network, image, hostName: 'mlflow-two' }).hostName).toBe('mlflow-two.ml.internal');
  });

  test('of the database is refused where it is written', () => {
    expect(() => RegistryDatabase.postgres({ backupRetention: Duration.days(0), port: 22 })).toThrow(
      'ValidationError at RegistryDatabase.postgres: 2 faults\n'
      + '  - [invalid-backup-retention] backupRetention 0 is not a whole number from 1 to 35 days; use a value in that range\n'
      + '  - [invalid-port] port 22 is not a whole number from 1150 to 65535; use a value in that range');
  });

  test('names of models and aliases are refused at once', () => {
    const { registry } = make();
    expect(() => registry.model('a/b')).toThrow(
      "ValidationError at Stack/Models [invalid-model-name]: modelName 'a/b' is not allowed; use 1 to 128 letters, digits, dots, hyphens, underscores or spaces, starting with a letter or digit");
    expect(() => registry.model('fraud').alias('latest')).toThrow('ValidationError at Stack/Models [invalid-alias]: alias \'latest\' is not allowed;');
  });

  test('of any kind ends in a template or a ValidationError', () => {
    let made = 0;
    const number = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 4 }), fc.constantFrom(512, 1024, 2048, 4096), fc.integer(), fc.double());
    fc.assert(fc.property(fc.record({
      hostName: fc.oneof(fc.constant(undefined), fc.string(), fc.constant('registry')), artifactPrefix: fc.oneof(fc.constant(undefined), fc.string()),
      workers: number, cpu: number, memoryLimitMiB: number, desiredCount: number,
      allowedHosts: fc.option(fc.array(fc.string({ maxLength: 5 }), { maxLength: 2 }), { nil: undefined }),
    }), (random) => {
      try {
        const { stack } = make(random);
        Template.fromStack(stack).resourceCountIs('AWS::RDS::DBInstance', 1);
        made++;
      } catch (error) {
        if (!isValidationError(error)) throw error;
      }
    }), {
      numRuns: 50, examples: [[{
        hostName: undefined, artifactPrefix: undefined, workers: undefined, cpu: undefined, memoryLimitMiB: undefined,
        desiredCount: undefined, allowedHosts: undefined,
      }]],
    });
    expect(made).toBeGreaterThan(0);
  });
});

describe('metrics', () => {
  const prometheus = (stack: Stack, network: MlNetwork) => new ec2.SecurityGroup(stack, 'Prometheus', { vpc: network.vpc });

  test('are told by no task unless somebody asks', () => {
    const { stack, network, registry } = make();
    expect(registry.metricsAddress).toBeUndefined();
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ServiceDiscovery::PrivateDnsNamespace', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('ML_METRICS_PORT');
    expect(() => registry.allowMetricsFrom(prometheus(stack, network))).toThrow(
      'ValidationError at Stack/Models [no-metrics]: allowMetricsFrom needs metrics, and the registry tells none; give it metrics: {}');
  });

  test('are told by every task under a name of their own, to those who are let in', () => {
    const { stack, registry } = make({ metrics: {} });
    expect(registry.metricsAddress).toBe('tasks.metrics.mlflow.ml.internal:9464');
    const before = Template.fromStack(stack);
    expect(Object.keys(before.findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 9464 } }))).toEqual([]);
    before.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Environment: Match.arrayWith([{ Name: 'ML_METRICS_PORT', Value: '9464' }]) })],
    });
    before.hasResourceProperties('AWS::ServiceDiscovery::PrivateDnsNamespace', { Name: 'metrics.mlflow.ml.internal' });
    before.hasResourceProperties('AWS::ServiceDiscovery::Service', {
      Name: 'tasks', DnsConfig: { DnsRecords: [{ TTL: 15, Type: 'A' }], RoutingPolicy: 'MULTIVALUE' },
    });
    before.hasResourceProperties('AWS::ECS::Service', { ServiceRegistries: [{ RegistryArn: Match.anyValue() }] });
    // the load balancer knows nothing of the port: neither a rule nor a target group
    expect(JSON.stringify(Object.values(before.toJSON().Resources as Record<string, { Type: string }>)
      .filter(({ Type }) => Type.startsWith('AWS::ElasticLoadBalancingV2')))).not.toContain('9464');

    const other = make({ metrics: { port: 9100 } });
    other.registry.allowMetricsFrom(prometheus(other.stack, other.network));
    expect(other.registry.metricsAddress).toBe('tasks.metrics.mlflow.ml.internal:9100');
    Template.fromStack(other.stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 9100, ToPort: 9100, IpProtocol: 'tcp', GroupId: other.stack.resolve(other.registry.server.securityGroup.securityGroupId),
    });
  });

  test('are read by the Prometheus of a cluster', () => {
    // assets are not staged, so that the chart lies where it was written
    const { stack, network, registry } = make({ metrics: {} }, { 'aws:cdk:disable-asset-staging': true });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network, installedApiGroups: ['monitoring.coreos.com'] });
    const release = registry.scrapeFrom(cluster, { serverUrl: 'http://prometheus.monitoring.svc:9090', namespace: 'monitoring' });
    expect(objectsOf(release)).toEqual([{
      apiVersion: 'monitoring.coreos.com/v1alpha1',
      kind: 'ScrapeConfig',
      metadata: { name: 'mlflow.ml.internal', namespace: 'monitoring' },
      spec: {
        jobName: 'mlflow.ml.internal',
        dnsSDConfigs: [{ names: ['tasks.metrics.mlflow.ml.internal'], type: 'A', port: 9464, refreshInterval: '30s' }],
        metricsPath: '/metrics', scrapeInterval: '30s',
      },
    }]);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 9464, GroupId: stack.resolve(registry.server.securityGroup.securityGroupId), SourceSecurityGroupId: 'sg-1',
    });
    expect(() => make().registry.scrapeFrom(cluster, { serverUrl: 'http://x', namespace: 'monitoring' })).toThrow('[no-metrics]: scrapeFrom needs metrics');
  });

  test.each([
    [{ port: 5000 }, "[metrics-port-taken]: metrics.port 5000 is the server's own; use another one, for example 9464"],
    [{ port: 80 }, '[invalid-metrics-port]: metrics.port 80 is not a whole number from 1024 to 65535; use a value in that range'],
  ])('on port %j are refused', (metrics, message) => {
    expect(() => make({ metrics })).toThrow(`ValidationError at Stack/Models ${message}`);
  });

  test('need memory beside the workers', () => {
    const memoryLimitMiB = 1024;
    expect(() => make({ metrics: {}, workers: 2, memoryLimitMiB })).toThrow(
      '[too-little-memory]: memoryLimitMiB 1024 is too little for workers 2, which need 1193 MiB with headroom; raise memoryLimitMiB or lower workers');
  });
});

describe('rights', () => {
  test('to promote one model are rights on its records and nothing else', () => {
    const { stack, registry } = make();
    const role = new iam.Role(stack, 'Lifecycle', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    registry.model('fraud').grants.promote(role);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^Lifecycle'),
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [{
          Effect: 'Allow',
          Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
          Resource: stack.resolve(registry.releaseTable.tableArn),
          Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['fraud'] } },
        }],
      },
    });
  });

  test('to register reach artifacts only', () => {
    const { stack, registry } = make();
    const role = new iam.Role(stack, 'Training', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    registry.grants.register(role);
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('^Training') },
    }));
    expect(JSON.stringify(policy?.Properties.PolicyDocument.Statement.map((one: { Action: unknown }) => one.Action))).toBe(
      '[["s3:GetObject","s3:PutObject","s3:AbortMultipartUpload"],"s3:ListBucket"]');
  });

  test('to read cover records, history and artifacts', () => {
    const { stack, registry } = make();
    const role = new iam.Role(stack, 'Audit', { assumedBy: new iam.AccountRootPrincipal() });
    registry.grants.read(role);
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('^Audit') },
    }));
    expect(policy?.Properties.PolicyDocument.Statement.map((one: { Action: unknown }) => one.Action)).toEqual(
      [['dynamodb:GetItem', 'dynamodb:Query'], 's3:GetObject', 's3:ListBucket']);
  });
});

describe('a registry that exists', () => {
  test('creates nothing and gives all rights', () => {
    const stack = new Stack(new App(), 'Stack');
    const table = new ReleaseRecord(stack, 'Releases').table;
    const registry = ModelRegistry.fromModelRegistryAttributes(stack, 'Models', {
      trackingUri: 'https://mlflow.example.com', releaseTable: table, artifactBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'models'),
    });
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
    registry.model('fraud').grants.serve(role);
    const types = Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type);
    expect(types.sort()).toEqual(['AWS::DynamoDB::Table', 'AWS::IAM::Policy', 'AWS::IAM::Role']);
  });

  test('known by its address alone says what is missing', () => {
    const stack = new Stack(new App(), 'Stack');
    const registry = ModelRegistry.fromTrackingUri(stack, 'Models', 'https://mlflow.example.com');
    expect(Object.keys(Template.fromStack(stack).toJSON())).not.toContain('Resources');
    expect(registry.trackingUri).toBe('https://mlflow.example.com');
    expect(registry.model('fraud').alias('champion')).toStrictEqual({ modelName: 'fraud', alias: 'champion', registry });
    expect(() => registry.releaseTable).toThrow(
      'ValidationError at Stack/Models [unknown-release-table]: releaseTable of an imported registry is needed here and was not given; give it to ModelRegistry.fromModelRegistryAttributes');
    expect(() => registry.grants.register(new iam.AnyPrincipal())).toThrow('[unknown-artifact-bucket]');
    expect(() => registry.grants.promote(new iam.AnyPrincipal())).toThrow('[unknown-release-table]');
    expect(() => ModelRegistry.fromTrackingUri(stack, 'Wrong', 'mlflow.example.com')).toThrow('[invalid-tracking-uri]');
  });
});

test('two registries stand in one stack, under two host names', () => {
  const { stack, network } = make();
  new ModelRegistry(stack, 'Second', { network, image, hostName: 'mlflow-two' });
  Template.fromStack(stack).resourceCountIs('AWS::RDS::DBInstance', 2);
});

