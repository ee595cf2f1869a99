import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf, newStack } from './support';
import { Faults } from '../../lib/core/private/faults';
import { InterfaceEndpoint, InternalLoadBalancerOptions, MlNetwork, MlNetworkProps } from '../../lib/network';
import { network } from '../../lib/network/blueprint/network';

function templateOf(props?: MlNetworkProps): Template {
  const stack = newStack();
  new MlNetwork(stack, 'Network', props);
  return Template.fromStack(stack);
}

const tagsOf = (resource: any): Record<string, string> => Object.fromEntries(resource.Properties.Tags.map((tag: any) => [tag.Key, tag.Value]));
const subnets = (template: Template): any[] => Object.values(template.findResources('AWS::EC2::Subnet'));

describe('a network', () => {
  test.each([[{}], [{ cidr: '172.20.0.0/18', availabilityZones: 3 }], [{ cidr: '192.168.4.0/22', availabilityZones: 4 }]])(
    'of %j gives each subnet the addresses that the blueprint says', (props: MlNetworkProps) => {
      const planned = network(Faults.at('N'), props).subnets.map(({ group, cidr }) => `${group} ${cidr}`);
      const made = subnets(templateOf(props)).map((subnet) => `${tagsOf(subnet)['aws-cdk:subnet-name']} ${subnet.Properties.CidrBlock}`);
      expect(made.sort()).toEqual(planned.sort());
    });

  test('has one NAT gateway in two zones by default', () => {
    const template = templateOf();
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
    template.resourceCountIs('AWS::EC2::Subnet', 4);
  });

  test('has as many NAT gateways as asked', () => {
    templateOf({ natGateways: 2 }).resourceCountIs('AWS::EC2::NatGateway', 2);
  });

  test('without NAT gateways isolates its private subnets', () => {
    const stack = newStack();
    const net = new MlNetwork(stack, 'Network', { natGateways: 0 });
    expect(net.routesOut).toBe(false);
    expect(net.vpc.isolatedSubnets).toHaveLength(2);
    expect(net.vpc.selectSubnets(net.privateSubnets).subnetIds).toHaveLength(2);
    Template.fromStack(stack).resourceCountIs('AWS::EC2::NatGateway', 0);
  });

  test('tags its subnets for the load balancers of a cluster that may come', () => {
    for (const subnet of subnets(templateOf())) {
      const tags = tagsOf(subnet);
      const expected = tags['aws-cdk:subnet-name'] === 'Public' ? 'kubernetes.io/role/elb' : 'kubernetes.io/role/internal-elb';
      expect(Object.keys(tags).filter((key) => key.startsWith('kubernetes.io/'))).toEqual([expected]);
      expect(tags[expected]).toBe('1');
    }
  });

  test('gives no public address on its own', () => {
    for (const subnet of subnets(templateOf())) expect(subnet.Properties.MapPublicIpOnLaunch).toBe(false);
  });

  test('reaches S3 and DynamoDB without a charge', () => {
    const endpoints = Object.values(templateOf().findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcEndpointType: 'Gateway' } }));
    expect(endpoints).toHaveLength(2);
    expect(JSON.stringify(endpoints)).toMatch(/\.s3"[\s\S]*\.dynamodb"/);
  });

  test('makes interface endpoints only when asked, for the VPC only, and says what they cost', () => {
    const stack = newStack();
    const net = new MlNetwork(stack, 'Network', { interfaceEndpoints: [InterfaceEndpoint.ECR_API, InterfaceEndpoint.EKS_AUTH] });
    const template = Template.fromStack(stack);
    template.resourcePropertiesCountIs('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', PrivateDnsEnabled: true }, 2);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: 'Interface endpoints of the ML platform',
      SecurityGroupIngress: [Match.objectLike({ FromPort: 443, ToPort: 443, CidrIp: { 'Fn::GetAtt': [Match.stringLikeRegexp('Network'), 'CidrBlock'] } })],
    });
    expect(net.interfaceEndpoints).toEqual(['ecr.api', 'eks-auth']);
    expect(net.interfaceEndpointCostPerMonth).toBe(29.2);
    Annotations.fromStack(stack).hasInfo('/Platform/Network', Match.stringLikeRegexp('2 interface endpoints in 2 zones cost about 29.20 USD a month'));
  });

  test('makes no interface endpoint by default', () => {
    templateOf().resourceCountIs('AWS::EC2::VPCEndpoint', 2);
  });

  test('logs rejected traffic for a month', () => {
    const template = templateOf();
    template.allResources('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete' });
    template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'REJECT', LogDestinationType: 'cloud-watch-logs', ResourceType: 'VPC' });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test('logs what is asked, as long as asked', () => {
    const template = templateOf({ flowLogTraffic: ec2.FlowLogTrafficType.ALL, flowLogRetention: logs.RetentionDays.ONE_YEAR });
    template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL' });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 365 });
  });

  test('closes the default security group', () => {
    templateOf().resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  test('has no load balancer until somebody asks for it', () => {
    templateOf().resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0);
  });

  test('has one load balancer, however often it is asked for', () => {
    const stack = newStack();
    const net = new MlNetwork(stack, 'Network');
    expect(net.loadBalancer).toBe(net.loadBalancer);
    Template.fromStack(stack).resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 1);
  });

  test('has constant paths of what must not be replaced', () => {
    const stack = newStack();
    const net = new MlNetwork(stack, 'Network');
    void net.loadBalancer;
    const paths = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child)).map((child) => child.node.path);
    expect(paths).toEqual(expect.arrayContaining([
      'Platform/Network/Resource/Resource',
      'Platform/Network/Resource/PrivateSubnet1/Subnet',
      'Platform/Network/Resource/PublicSubnet2/Subnet',
      'Platform/Network/Resource/PublicSubnet1/NATGateway',
      'Platform/Network/LoadBalancer/Resource/Resource',
      'Platform/Network/LoadBalancer/Resource/Listener/Resource',
      'Platform/Network/LoadBalancer/HostedZone/Resource',
      'Platform/Network/LoadBalancer/SecurityGroup/Resource',
    ]));
  });

  test('lives twice in one stack', () => {
    const stack = newStack();
    for (const id of ['One', 'Two']) void new MlNetwork(stack, id).loadBalancer;
    Template.fromStack(stack).resourceCountIs('AWS::EC2::VPC', 2);
  });

  test('uses the zones that its account really has, where the stack names one', () => {
    const env = { account: '111111111111', region: 'eu-central-1' };
    const key = 'availability-zones:account=111111111111:region=eu-central-1';
    const zones = (count: number) => {
      const stack = new Stack(new App({ context: { [key]: ['eu-central-1a', 'eu-central-1b'] } }), 'Platform', { env });
      return new MlNetwork(stack, 'Network', { availabilityZones: count }).vpc.availabilityZones;
    };
    expect(zones(2)).toEqual(['eu-central-1a', 'eu-central-1b']);
    expect(faultsOf(() => zones(3))).toEqual([
      '[too-many-availability-zones] availabilityZones 3 is more than the 2 that this account has in eu-central-1; use at most 2',
    ]);
  });

  test('leaves the choice of zones to the deployment, where the stack names none', () => {
    for (const subnet of subnets(templateOf())) expect(subnet.Properties.AvailabilityZone).toHaveProperty('Fn::Select');
    expect(subnets(templateOf({ availabilityZones: 4 }))).toHaveLength(8);
  });

  test('that is wrong is refused before anything exists', () => {
    const stack = newStack();
    expect(faultsOf(() => new MlNetwork(stack, 'Network', { cidr: '1.2.3.4/5', availabilityZones: 9 }))).toEqual([
      '[invalid-availability-zones] availabilityZones 9 is not a whole number from 2 to 4 zones; use a value in that range',
      '[invalid-cidr] cidr \'1.2.3.4/5\' is not an IPv4 block whose host bits are zero; use a private block such as \'10.0.0.0/16\'',
    ]);
    expect(stack.node.children).toHaveLength(0);
  });
});

describe('the load balancer', () => {
  function balancerTemplate(loadBalancer: InternalLoadBalancerOptions = {}): Template {
    const stack = newStack();
    void new MlNetwork(stack, 'Network', { loadBalancer }).loadBalancer;
    return Template.fromStack(stack);
  }
  const attributesOf = (template: Template): Record<string, unknown> => {
    const [balancer] = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::LoadBalancer')) as any[];
    return Object.fromEntries(balancer.Properties.LoadBalancerAttributes.map((attribute: any) => [attribute.Key, attribute.Value]));
  };

  test('is internal, drops invalid headers and answers 404 to hosts that nobody serves', () => {
    const template = balancerTemplate();
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
    expect(attributesOf(template)).toMatchObject({ 'routing.http.drop_invalid_header_fields.enabled': 'true', 'deletion_protection.enabled': 'false' });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80, Protocol: 'HTTP', DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    });
  });

  test('lets nobody in and sends to the VPC only', () => {
    const template = balancerTemplate();
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: 'Internal load balancer of the ML platform',
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [Match.objectLike({ CidrIp: { 'Fn::GetAtt': [Match.anyValue(), 'CidrBlock'] }, IpProtocol: 'tcp' })],
    });
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });

  test('speaks TLS 1.2 or newer with a certificate', () => {
    const stack = newStack();
    const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-central-1:111111111111:certificate/1');
    const { loadBalancer } = new MlNetwork(stack, 'Network', { loadBalancer: { certificate, domainName: 'ml.example.com', deletionProtection: true } });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443, Protocol: 'HTTPS', SslPolicy: Match.stringLikeRegexp('^ELBSecurityPolicy-TLS13-1-2-'),
    });
    template.hasResourceProperties('AWS::Route53::HostedZone', { Name: 'ml.example.com.' });
    expect([loadBalancer.protocol, loadBalancer.port]).toEqual(['https', 443]);
    expect(attributesOf(template)).toMatchObject({ 'deletion_protection.enabled': 'true' });
  });

  test('logs to a bucket that AWS may write to before it is asked to', () => {
    const template = balancerTemplate();
    expect(attributesOf(template)).toMatchObject({ 'access_logs.s3.enabled': 'true' });
    const [policyId, policy] = Object.entries(template.findResources('AWS::S3::BucketPolicy'))[0] as [string, any];
    expect(policy.Properties.PolicyDocument.Statement).toEqual(expect.arrayContaining([
      expect.objectContaining({ Action: 's3:PutObject', Effect: 'Allow', Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' } }),
    ]));
    template.hasResource('AWS::ElasticLoadBalancingV2::LoadBalancer', { DependsOn: Match.arrayWith([policyId]) });
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', Properties: { LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 90 })] } } });
  });

  test('logs nothing where asked', () => {
    const template = balancerTemplate({ accessLogs: false });
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(attributesOf(template)).not.toHaveProperty('access_logs.s3.enabled');
  });

  test('that is wrong is refused', () => {
    const stack = newStack();
    const bucket = new s3.Bucket(stack, 'Bucket', { encryptionKey: new kms.Key(stack, 'Key') });
    const net = new MlNetwork(stack, 'Network', { loadBalancer: { domainName: 'internal', accessLogs: false, accessLogsBucket: bucket } });
    expect(faultsOf(() => net.loadBalancer)).toEqual([
      '[invalid-domain-name] domainName \'internal\' is not allowed; use a domain name of at most 200 lower-case characters with at least one dot',
      '[access-logs-bucket-unused] accessLogsBucket is given, but accessLogs is false; remove one of the two',
      '[access-logs-bucket-encrypted] accessLogsBucket is encrypted with a KMS key, which load balancers cannot write with; use a bucket with S3-managed encryption',
    ]);
  });
});

describe('an imported network', () => {
  const attributes = { vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: ['subnet-1', 'subnet-2'], vpcCidrBlock: '10.1.0.0/16' };

  test('creates nothing', () => {
    const stack = newStack();
    const net = MlNetwork.fromVpc(stack, 'Network', ec2.Vpc.fromVpcAttributes(stack, 'Vpc', attributes), { interfaceEndpoints: [InterfaceEndpoint.EKS] });
    expect(net.routesOut).toBe(true);
    expect(net.interfaceEndpoints).toEqual(['eks']);
    expect(net.vpc.selectSubnets(net.privateSubnets).subnetIds).toEqual(['subnet-1', 'subnet-2']);
    expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
  });

  test('of isolated subnets has no route out, unless told otherwise', () => {
    const stack = newStack();
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a', 'b'], isolatedSubnetIds: ['subnet-1', 'subnet-2'] });
    expect(MlNetwork.fromVpc(stack, 'One', vpc).routesOut).toBe(false);
    expect(MlNetwork.fromVpc(stack, 'Two', vpc, { routesOut: true }).routesOut).toBe(true);
  });

  test('makes its load balancer when asked for, confined to the VPC', () => {
    const stack = newStack();
    const net = MlNetwork.fromVpc(stack, 'Network', ec2.Vpc.fromVpcAttributes(stack, 'Vpc', attributes));
    expect(net.loadBalancer.node.path).toBe('Platform/Network/LoadBalancer');
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupEgress: [Match.objectLike({ CidrIp: '10.1.0.0/16' })] });
  });

  test('without addresses says what to do', () => {
    const stack = newStack();
    const { vpcCidrBlock, ...unknown } = attributes;
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', unknown);
    expect(faultsOf(() => MlNetwork.fromVpc(stack, 'Network', vpc).loadBalancer)).toEqual([
      '[unknown-vpc-cidr] vpc was imported without vpcCidrBlock, so the load balancer cannot be confined to it; import it with vpcCidrBlock, or set vpcCidrBlocks of MlNetwork.fromVpc',
    ]);
    void MlNetwork.fromVpc(stack, 'Other', vpc, { vpcCidrBlocks: [vpcCidrBlock, '100.64.0.0/16'] }).loadBalancer;
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '10.1.0.0/16' }), Match.objectLike({ CidrIp: '100.64.0.0/16' })],
    });
  });

  test('without private subnets is refused', () => {
    const stack = newStack();
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], publicSubnetIds: ['subnet-1'] });
    expect(faultsOf(() => MlNetwork.fromVpc(stack, 'Network', vpc))).toEqual([
      '[no-private-subnets] vpc has neither private nor isolated subnets, and workloads do not run in public ones; add private subnets or name some in privateSubnets',
    ]);
  });
});
