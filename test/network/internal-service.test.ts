import { App, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { faultsOf, image, newStack } from './support';
import { Faults } from '../../lib/core/private/faults';
import { InterfaceEndpoint, InternalService, InternalServiceProps, MlNetwork } from '../../lib/network';
import { checkInternalService } from '../../lib/network/check-internal-service';

function make(props: Partial<InternalServiceProps> = {}) {
  const stack = newStack();
  const network = new MlNetwork(stack, 'Network');
  const service = new InternalService(stack, 'Service', { network, image, hostName: 'registry', ...props });
  return { stack, network, service, template: () => Template.fromStack(stack) };
}

const only = (template: Template, type: string): any => {
  const found = Object.values(template.findResources(type));
  expect(found).toHaveLength(1);
  return found[0];
};
const container = (template: Template) => only(template, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions[0];

describe('a service', () => {
  test('runs one container as an ordinary user on a read-only file system with a writable /tmp', () => {
    const template = make({ command: ['serve'], environment: { MODEL: 'fraud' } }).template();
    expect(container(template)).toMatchObject({
      Command: ['serve'],
      User: '10001:10001',
      ReadonlyRootFilesystem: true,
      MountPoints: [{ ContainerPath: '/tmp', SourceVolume: 'tmp', ReadOnly: false }],
      PortMappings: [{ ContainerPort: 8080, Protocol: 'tcp' }],
      Environment: [{ Name: 'ML_HOST', Value: '0.0.0.0' }, { Name: 'ML_PORT', Value: '8080' }, { Name: 'MODEL', Value: 'fraud' }],
    });
    expect(container(template).EntryPoint).toBeUndefined();
  });

  test('takes size, processor, disk and secrets', () => {
    const stack = newStack();
    const network = new MlNetwork(stack, 'Network');
    const secret = secrets.Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:db-abcdef');
    new InternalService(stack, 'Service', {
      network, image, hostName: 'a', cpu: 1024, memoryLimitMiB: 4096, cpuArchitecture: ecs.CpuArchitecture.ARM64, ephemeralStorageGiB: 50,
      secrets: { PASSWORD: ecs.Secret.fromSecretsManager(secret, 'password') },
    });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '1024', Memory: '4096', EphemeralStorage: { SizeInGiB: 50 }, RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
    expect(container(template).Secrets).toEqual([expect.objectContaining({ Name: 'PASSWORD' })]);
  });

  test('stands in private subnets, and rolls back a deployment that fails', () => {
    const { template, network, stack } = make();
    template().hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true }, MinimumHealthyPercent: 100, MaximumPercent: 200 },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED', Subnets: stack.resolve(network.vpc.privateSubnets.map(({ subnetId }) => subnetId)) } },
    });
  });

  test('is found by its host name, through a rule and a record', () => {
    const { template, service } = make();
    expect([service.hostName, service.url]).toEqual(['registry.ml.internal', 'http://registry.ml.internal']);
    template().hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['registry.ml.internal'] } }],
      Actions: [Match.objectLike({ Type: 'forward' })],
    });
    template().hasResourceProperties('AWS::Route53::RecordSet', { Name: 'registry.ml.internal.', Type: 'A', AliasTarget: Match.anyValue() });
  });

  test('is checked on its path and drained for its delay', () => {
    const { template } = make({ healthCheck: { path: '/ping', interval: Duration.seconds(30), gracePeriod: Duration.minutes(5) }, deregistrationDelay: Duration.seconds(5) });
    template().hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/ping', HealthCheckIntervalSeconds: 30, HealthCheckTimeoutSeconds: 5, HealthyThresholdCount: 2, UnhealthyThresholdCount: 3,
      TargetType: 'ip', TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '5' }]),
    });
    template().hasResourceProperties('AWS::ECS::Service', { HealthCheckGracePeriodSeconds: 300 });
  });

  test('is made after its listener rule: ECS refuses a target group without a load balancer', () => {
    const template = make().template();
    const [rule] = Object.keys(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule'));
    template.hasResource('AWS::ECS::Service', { DependsOn: Match.arrayWith([rule]) });
  });

  test('lets in the load balancer and nobody else', () => {
    const template = make().template();
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')) as any[];
    expect(ingress.map(({ Properties }) => [Properties.FromPort, Properties.ToPort])).toEqual([[8080, 8080]]);
    expect(ingress[0].Properties.SourceSecurityGroupId['Fn::GetAtt'][0]).toMatch(/^NetworkLoadBalancerSecurityGroup/);
    for (const group of Object.values(template.findResources('AWS::EC2::SecurityGroup')) as any[]) expect(group.Properties.SecurityGroupIngress).toBeUndefined();
  });

  test('keeps logs for a month, and as asked', () => {
    const { template } = make();
    template().hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
    make({ logRetention: logs.RetentionDays.ONE_WEEK, logRemovalPolicy: RemovalPolicy.RETAIN }).template()
      .hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Retain', Properties: { RetentionInDays: 7 } });
  });

  test('brings a cluster without Container Insights, or with them, or uses the one given', () => {
    const setting = (value: string) => ({ ClusterSettings: [{ Name: 'containerInsights', Value: value }] });
    make().template().hasResourceProperties('AWS::ECS::Cluster', setting('disabled'));
    make({ containerInsights: true }).template().hasResourceProperties('AWS::ECS::Cluster', setting('enabled'));
    const { stack, network } = make();
    const cluster = new ecs.Cluster(stack, 'Shared', { vpc: network.vpc });
    const second = new InternalService(stack, 'Second', { network, image, hostName: 'second', cluster });
    expect(second.node.tryFindChild('Cluster')).toBeUndefined();
    expect(second.cluster).toBe(cluster);
  });

  test('gives rights to its tasks, or to the role that was given', () => {
    const { service } = make();
    expect(service.grantPrincipal).toBe(service.taskRole.grantPrincipal);
    const stack = newStack();
    const taskRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const own = new InternalService(stack, 'Service', { network: new MlNetwork(stack, 'Network'), image, hostName: 'a', taskRole });
    expect(own.taskRole).toBe(taskRole);
  });

  test('has constant paths', () => {
    const { service } = make({ scaling: { maxTasks: 2, targetRequestsPerMinute: 600 } });
    const paths = service.node.findAll().filter((child) => CfnResource.isCfnResource(child)).map((child) => child.node.path.replace('Platform/Service/', ''));
    expect(paths.filter((path) => !path.includes('from ')).sort()).toEqual([
      'Cluster/Resource', 'ErrorsAlarm/Resource', 'LatencyAlarm/Resource', 'ListenerRule/Resource', 'Logs/Resource', 'Record/Resource',
      'Scaling/Cpu/Resource', 'Scaling/Requests/Resource', 'Scaling/Resource', 'SecurityGroup/Resource', 'Service/Service', 'TargetGroup/Resource',
      'TaskDefinition/ExecutionRole/DefaultPolicy/Resource', 'TaskDefinition/ExecutionRole/Resource', 'TaskDefinition/Resource',
      'TaskDefinition/TaskRole/Resource', 'TooFewTasksAlarm/Resource', 'UnhealthyHostsAlarm/Resource',
    ]);
  });
});

describe('scaling', () => {
  test('follows CPU and requests within its bounds, and leaves the count alone', () => {
    const template = make({ scaling: { minTasks: 2, maxTasks: 6, targetCpuPercent: 50, targetRequestsPerMinute: 900 } }).template();
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 6, ServiceNamespace: 'ecs' });
    const policies = (Object.values(template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy')) as any[])
      .map(({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration)
      .map((policy) => [policy.PredefinedMetricSpecification.PredefinedMetricType, policy.TargetValue]);
    expect(policies).toEqual([['ECSServiceAverageCPUUtilization', 50], ['ALBRequestCountPerTarget', 900]]);
    expect(only(template, 'AWS::ECS::Service').Properties.DesiredCount).toBeUndefined();
  });

  test('is absent by default', () => {
    make().template().resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
  });
});

describe('alarms and metrics', () => {
  test('alarms watch this target group and do what they are told', () => {
    const stack = newStack();
    const topic = new sns.Topic(stack, 'Topic');
    new InternalService(stack, 'Service', { network: new MlNetwork(stack, 'Network'), image, hostName: 'a', alarmActions: [new SnsAction(topic)] });
    const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')) as any[];
    expect(alarms).toHaveLength(4);
    for (const { Properties } of alarms) {
      expect(Properties.AlarmActions).toEqual([stack.resolve(topic.topicArn)]);
      expect(JSON.stringify(Properties)).toContain('TargetGroupFullName');
    }
  });

  test('metrics name the load balancer and the target group', () => {
    const { service, stack } = make();
    const metrics = [
      service.metricRequestCount(), service.metricServerErrors(), service.metricResponseTime(), service.metricHealthyHosts(), service.metricUnhealthyHosts(),
    ];
    expect(metrics.map(({ metricName, statistic }) => `${statistic} ${metricName}`)).toEqual([
      'Sum RequestCount', 'Sum HTTPCode_Target_5XX_Count', 'p99 TargetResponseTime', 'Minimum HealthyHostCount', 'Maximum UnHealthyHostCount',
    ]);
    for (const metric of metrics) expect(Object.keys(stack.resolve(metric.dimensions))).toEqual(['LoadBalancer', 'TargetGroup']);
    expect(service.metricRequestCount({ period: Duration.minutes(1), statistic: cloudwatch.Stats.AVERAGE })).toMatchObject({ statistic: 'Average' });
    expect(service.metricCpuUtilization().namespace).toBe('AWS/ECS');
    expect(service.metricMemoryUtilization().metricName).toBe('MemoryUtilization');
  });
});

describe('services of several stacks', () => {
  function estate() {
    const app = new App();
    const networkStack = newStack('Network', app);
    const network = new MlNetwork(networkStack, 'Network');
    const stacks = ['One', 'Two'].map((id) => newStack(id, app));
    const services = stacks.map((stack, index) => new InternalService(stack, 'Service', {
      network, image, hostName: `host-${index}`, scaling: { maxTasks: 2, targetRequestsPerMinute: 60 },
    }));
    return { app, network, networkStack, stacks, services };
  }
  const exportsOf = (app: App) => Object.values(app.synth().getStackByName('Network').template.Outputs ?? {}).map((output: any) => output.Export?.Name).sort();
  const typesOf = (app: App, id: string): string[] => Object.values<any>(app.synth().getStackByName(id).template.Resources).map(({ Type }) => Type);

  test('share the load balancer, and put nothing of theirs into the network\'s stack', () => {
    const alone = new App();
    void new MlNetwork(newStack('Network', alone), 'Network').loadBalancer;
    const { app } = estate();
    expect(typesOf(app, 'Network').sort()).toEqual(typesOf(alone, 'Network').sort());
    for (const id of ['One', 'Two']) expect(app.synth().getStackByName(id).dependencies.map((dependency) => dependency.id)).toEqual(expect.arrayContaining(['Network']));
  });

  test('come and go without a change of the network\'s exports', () => {
    const alone = new App();
    void new MlNetwork(newStack('Network', alone), 'Network').loadBalancer;
    expect(exportsOf(estate().app)).toEqual(exportsOf(alone));
    expect(exportsOf(alone).length).toBeGreaterThan(5);
  });

  test('export nothing themselves, so that each of them can be deleted', () => {
    const { app } = estate();
    for (const id of ['One', 'Two']) expect(app.synth().getStackByName(id).template.Outputs).toBeUndefined();
  });

  test('let in one caller with one rule, in the caller\'s stack: AWS refuses the same rule twice', () => {
    const { app, network, services } = estate();
    const callers = newStack('Callers', app);
    const caller = new ec2.SecurityGroup(callers, 'Caller', { vpc: network.vpc, allowAllOutbound: false });
    for (const service of services) service.connections.allowDefaultPortFrom(caller);
    expect(typesOf(app, 'Callers').sort()).toEqual(['AWS::EC2::SecurityGroup', 'AWS::EC2::SecurityGroupEgress', 'AWS::EC2::SecurityGroupIngress']);
    for (const id of ['Network', 'One', 'Two']) expect(app.synth().getStackByName(id).dependencies.map((dependency) => dependency.id)).not.toContain('Callers');
    Template.fromStack(callers).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 80, ToPort: 80, SourceSecurityGroupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('Caller'), 'GroupId'] },
    });
  });

  test('call each other', () => {
    const { app, services } = estate();
    const [one, two] = services as [InternalService, InternalService];
    one.connections.allowDefaultPortFrom(two.securityGroup);
    two.connections.allowDefaultPortFrom(one.securityGroup);
    expect(() => app.synth()).not.toThrow();
    for (const id of ['One', 'Two']) expect(typesOf(app, id).filter((type) => type === 'AWS::EC2::SecurityGroupIngress')).toHaveLength(2);
  });

  test('let in a caller of the stack that holds the VPC without a cycle', () => {
    const app = new App();
    const base = newStack('Base', app);
    const vpc = new ec2.Vpc(base, 'Vpc');
    const bastion = new ec2.SecurityGroup(base, 'Bastion', { vpc });
    const stack = newStack('Platform', app);
    const service = new InternalService(stack, 'Service', { network: MlNetwork.fromVpc(stack, 'Network', vpc), image, hostName: 'a' });
    service.connections.allowDefaultPortFrom(bastion);
    expect(typesOf(app, 'Base')).not.toContain('AWS::EC2::SecurityGroupIngress');
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 80, SourceSecurityGroupId: { 'Fn::ImportValue': Match.stringLikeRegexp('Bastion') } });
  });

  test('let in addresses and imported groups, each once', () => {
    const { app, services, stacks } = estate();
    for (const [index, service] of services.entries()) {
      service.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.0.0.0/8'));
      service.connections.allowDefaultPortFrom(ec2.SecurityGroup.fromSecurityGroupId(stacks[index] as Stack, 'Office', 'sg-12345678'));
    }
    const rules = Object.values<any>(app.synth().getStackByName('Network').template.Resources).filter(({ Type }) => Type === 'AWS::EC2::SecurityGroupIngress');
    expect(rules.map(({ Properties }) => Properties.CidrIp ?? Properties.SourceSecurityGroupId)).toEqual(['10.0.0.0/8', 'sg-12345678']);
  });
});

describe('an imported VPC', () => {
  test('serves two services', () => {
    const stack = newStack();
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: ['subnet-1', 'subnet-2'], vpcCidrBlock: '10.1.0.0/16',
    });
    const network = MlNetwork.fromVpc(stack, 'Network', vpc);
    for (const hostName of ['one', 'two']) new InternalService(stack, hostName, { network, image, hostName });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 1);
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::ListenerRule', 2);
    template.resourceCountIs('AWS::EC2::VPC', 0);
  });
});

describe('validation', () => {
  test('names both services where a host name is taken', () => {
    const { stack, network } = make();
    expect(faultsOf(() => new InternalService(stack, 'Second', { network, image, hostName: 'registry' }))).toEqual([
      '[host-name-taken] hostName \'registry.ml.internal\' is already that of Platform/Service behind this load balancer; choose another one',
    ]);
  });

  test('names both hosts where a priority is taken', () => {
    const { stack, network, service } = make({ listenerPriority: 77 });
    void service;
    expect(faultsOf(() => new InternalService(stack, 'Second', { network, image, hostName: 'second', listenerPriority: 77 }))).toEqual([
      '[listener-priority-taken] listenerPriority 77 of \'second.ml.internal\' is already that of \'registry.ml.internal\' (Platform/Service); '
      + 'set listenerPriority of one of them to a free number from 1 to 50000',
    ]);
  });

  test('does not hold a name for a service that was refused', () => {
    const { stack, network } = make();
    faultsOf(() => new InternalService(stack, 'Second', { network, image, hostName: 'second', cpu: 3 }));
    expect(() => new InternalService(stack, 'Second', { network, image, hostName: 'second' })).not.toThrow();
  });

  test('lets another load balancer have the same host name', () => {
    const { stack } = make();
    expect(() => new InternalService(stack, 'Second', { network: new MlNetwork(stack, 'Other'), image, hostName: 'registry' })).not.toThrow();
  });

  test('lists the endpoints without which tasks could not start', () => {
    const stack = newStack();
    const network = new MlNetwork(stack, 'Network', { natGateways: 0, interfaceEndpoints: [InterfaceEndpoint.LOGS] });
    expect(faultsOf(() => new InternalService(stack, 'Service', { network, image, hostName: 'a' }))).toEqual([
      '[no-route-out] network has no route out and no interface endpoint for ecr.api, ecr.dkr, so tasks could not start; '
      + 'add these interfaceEndpoints to the network or give it natGateways: 1',
    ]);
  });

  test('can be asked for beforehand by a construct on top: under its path, without a claim, secrets by name', () => {
    const { stack, network } = make();
    const isolated = new MlNetwork(stack, 'Isolated', { natGateways: 0, interfaceEndpoints: [InterfaceEndpoint.LOGS, InterfaceEndpoint.ECR_API, InterfaceEndpoint.ECR_DKR] });
    const faults = Faults.of(stack, 'OnTop').add('of-its-own', 'something else is wrong');
    checkInternalService(faults, { network, hostName: 'registry' });
    checkInternalService(faults, { network: isolated, hostName: 'second', secretNames: ['PASSWORD'] });
    expect(() => faults.throwIfAny()).toThrow(
      'ValidationError at Platform/OnTop: 3 faults\n'
      + '  - [of-its-own] something else is wrong\n'
      + '  - [host-name-taken] hostName \'registry.ml.internal\' is already that of Platform/Service behind this load balancer; choose another one\n'
      + '  - [no-route-out] network has no route out and no interface endpoint for secretsmanager');
    const free = Faults.at('Free');
    for (const _time of [1, 2]) expect(checkInternalService(free, { network, hostName: 'second' }).hostName).toBe('second.ml.internal');
    expect(free.ok).toBe(true);
  });

  test('happens before anything of the service exists', () => {
    const { stack, network } = make();
    faultsOf(() => new InternalService(stack, 'Second', { network, image, hostName: 'Second' }));
    expect(stack.node.tryFindChild('Second')).toBeUndefined();
  });
});
