import { App as CdkApp, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { App, TerraformStack } from 'cdktn';
import * as fc from 'fast-check';
import { outcome, removeSynthesized, resourcesByPath, resourcesOf, synthesize } from './synthesize';
import { Faults } from '../../lib/core/private/faults';
import { network as decide, type NetworkInput } from '../../lib/network/blueprint/network';
import { MlNetwork as CdkMlNetwork } from '../../lib/network/ml-network';
import { FlowLogTrafficType, InterfaceEndpoint, MlNetwork } from '../../lib/terraform/network';

afterAll(removeSynthesized);

describe('a network in Terraform', () => {
  test('is what the blueprint decided', () => {
    const props = { cidr: '10.32.0.0/18', availabilityZones: 3, natGateways: 2 };
    const blueprint = decide(Faults.at('Network'), props);
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network', props); });
    const subnets = resourcesByPath(program, 'aws_subnet');
    const decided = Object.fromEntries(blueprint.subnets.map((subnet) => [`Network/${subnet.group}Subnet${subnet.zone + 1}`, subnet]));
    expect(resourcesOf(program, 'aws_vpc')[0]).toMatchObject({ cidr_block: '10.32.0.0/18', enable_dns_hostnames: true, enable_dns_support: true });
    expect(Object.keys(subnets).sort()).toEqual(Object.keys(decided).sort());
    for (const [path, subnet] of Object.entries(subnets)) {
      expect(subnet).toMatchObject({ cidr_block: decided[path]!.cidr, map_public_ip_on_launch: false, tags: decided[path]!.tags });
      expect(subnet.availability_zone).toBe(`\${element(data.aws_availability_zones.${Object.keys(program.data!.aws_availability_zones!)[0]}.names, ${decided[path]!.zone})}`);
    }
    expect(resourcesOf(program, 'aws_nat_gateway')).toHaveLength(2);
    expect(resourcesOf(program, 'aws_vpc_endpoint').map((endpoint) => String(endpoint.service_name).split('.').pop())).toEqual([...blueprint.gatewayEndpoints].sort());
  });

  test('leaves subnets where they are when a region gains a zone', () => {
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network'); });
    expect(resourcesOf(program, 'aws_subnet').map(({ lifecycle }) => lifecycle)).toEqual(Array(4).fill({ ignore_changes: ['availability_zone'] }));
  });

  test('is the network that the CDK makes', () => {
    const props = { cidr: '172.20.0.0/16', availabilityZones: 3, natGateways: 2, interfaceEndpoints: [InterfaceEndpoint.STS, InterfaceEndpoint.ECR_API] };
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network', props); });
    const cdk = new Stack(new CdkApp(), 'Stack');
    new CdkMlNetwork(cdk, 'Network', props);
    const template = Template.fromStack(cdk);
    const expected = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties as Record<string, unknown>);
    const roleTags = (tags: unknown) => Object.entries(tags as Record<string, string>).filter(([key]) => key.startsWith('kubernetes.io/'));
    const listed = (tags: unknown) => roleTags(Object.fromEntries((tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value])));
    expect(resourcesOf(program, 'aws_subnet').map((subnet) => ({ cidr: subnet.cidr_block, tags: roleTags(subnet.tags), ip: subnet.map_public_ip_on_launch })).sort(byCidr))
      .toEqual(expected('AWS::EC2::Subnet').map((subnet) => ({ cidr: subnet.CidrBlock, tags: listed(subnet.Tags), ip: subnet.MapPublicIpOnLaunch })).sort(byCidr));
    expect(resourcesOf(program, 'aws_vpc')[0]).toMatchObject({ cidr_block: '172.20.0.0/16', enable_dns_hostnames: expected('AWS::EC2::VPC')[0]!.EnableDnsHostnames });
    expect(resourcesOf(program, 'aws_nat_gateway')).toHaveLength(expected('AWS::EC2::NatGateway').length);
    expect(resourcesOf(program, 'aws_vpc_endpoint').map((endpoint) => [endpoint.vpc_endpoint_type, lastPart(endpoint.service_name)]).sort())
      .toEqual(expected('AWS::EC2::VPCEndpoint').map((endpoint) => [endpoint.VpcEndpointType, lastPart(endpoint.ServiceName)]).sort());
    expect(resourcesOf(program, 'aws_flow_log')[0]?.traffic_type).toBe(expected('AWS::EC2::FlowLog')[0]!.TrafficType);
    expect(resourcesOf(program, 'aws_cloudwatch_log_group')[0]?.retention_in_days).toBe(expected('AWS::Logs::LogGroup')[0]!.RetentionInDays);
  });

  test('sends each private subnet through the gateway of its zone, or of another where it has none', () => {
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network', { availabilityZones: 3, natGateways: 2 }); });
    const gateways = resourcesOf(program, 'aws_route').flatMap((route) => route.nat_gateway_id === undefined ? [] : [route.nat_gateway_id]);
    expect(gateways).toHaveLength(3);
    expect(gateways[2]).toBe(gateways[0]);
    expect(gateways[1]).not.toBe(gateways[0]);
  });

  test('has no way out of private subnets without a NAT gateway', () => {
    let routesOut = true;
    const { program } = synthesize((stack) => { routesOut = new MlNetwork(stack, 'Network', { natGateways: 0 }).routesOut; });
    expect(routesOut).toBe(false);
    expect(program.resource).not.toHaveProperty('aws_nat_gateway');
    expect(program.resource).not.toHaveProperty('aws_eip');
    expect(resourcesOf(program, 'aws_route')).toHaveLength(1);
  });

  test('makes the interface endpoints that were asked for, open to the VPC only', () => {
    const { program } = synthesize((stack) => {
      new MlNetwork(stack, 'Network', { interfaceEndpoints: [InterfaceEndpoint.ECR_API, InterfaceEndpoint.of('sagemaker.runtime')] });
    });
    const interfaces = resourcesOf(program, 'aws_vpc_endpoint').filter((endpoint) => endpoint.vpc_endpoint_type === 'Interface');
    expect(interfaces).toHaveLength(2);
    expect(interfaces.every((endpoint) => endpoint.private_dns_enabled === true && (endpoint.subnet_ids as string[]).length === 2)).toBe(true);
    const [group] = resourcesOf(program, 'aws_security_group');
    expect(group?.ingress).toEqual([expect.objectContaining({ from_port: 443, to_port: 443, cidr_blocks: [expect.stringMatching(/^\$\{aws_vpc\..*\.cidr_block\}$/)] })]);
    expect(group).not.toHaveProperty('egress');
  });

  test('leaves the default security group without a rule', () => {
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network'); });
    const [group] = resourcesOf(program, 'aws_default_security_group');
    expect(group).toBeDefined();
    expect(group).not.toHaveProperty('ingress');
    expect(group).not.toHaveProperty('egress');
  });

  test('logs rejected traffic for 30 days, or what is asked for', () => {
    const byDefault = synthesize((stack) => { new MlNetwork(stack, 'Network'); }).program;
    expect(resourcesOf(byDefault, 'aws_flow_log')[0]?.traffic_type).toBe('REJECT');
    expect(resourcesOf(byDefault, 'aws_cloudwatch_log_group')[0]?.retention_in_days).toBe(30);
    const asked = synthesize((stack) => { new MlNetwork(stack, 'Network', { flowLogTraffic: FlowLogTrafficType.ALL, flowLogRetention: 7 }); }).program;
    expect(resourcesOf(asked, 'aws_flow_log')[0]?.traffic_type).toBe('ALL');
    expect(resourcesOf(asked, 'aws_cloudwatch_log_group')[0]?.retention_in_days).toBe(7);
  });

  test('stands twice in one stack', () => {
    const { program } = synthesize((stack) => {
      new MlNetwork(stack, 'One');
      new MlNetwork(stack, 'Two', { cidr: '10.1.0.0/16' });
    });
    expect(resourcesOf(program, 'aws_vpc')).toHaveLength(2);
  });

  test('keeps its paths', () => {
    const { program } = synthesize((stack) => { new MlNetwork(stack, 'Network', { interfaceEndpoints: [InterfaceEndpoint.ECR_API] }); });
    const paths = Object.values({ ...program.data, ...program.resource }).flatMap((byId) => Object.values(byId))
      .map((resource) => (resource['//'] as { metadata: { path: string } }).metadata.path.replace('Stack/Network/', ''));
    expect(paths.sort()).toEqual([
      'DefaultSecurityGroup', 'DynamoDbEndpoint', 'EcrApiEndpoint', 'EndpointsSecurityGroup', 'FlowLog', 'FlowLogPolicy', 'FlowLogRole', 'FlowLogs',
      'InternetGateway', 'NatAddress1', 'NatGateway1', 'PrivateDefaultRoute1', 'PrivateDefaultRoute2', 'PrivateRoutes1', 'PrivateRoutes2',
      'PrivateRoutesOfSubnet1', 'PrivateRoutesOfSubnet2', 'PrivateSubnet1', 'PrivateSubnet2', 'PublicDefaultRoute', 'PublicRoutes',
      'PublicRoutesOfSubnet1', 'PublicRoutesOfSubnet2', 'PublicSubnet1', 'PublicSubnet2', 'Region', 'Resource', 'S3Endpoint', 'Zones',
    ]);
  });

  test('is imported without creating anything', () => {
    const { program } = synthesize((stack) => {
      const net = MlNetwork.fromNetworkAttributes(stack, 'Network', { vpcId: 'vpc-1', privateSubnetIds: ['subnet-1'], interfaceEndpoints: [InterfaceEndpoint.STS] });
      expect(net).toMatchObject({ vpcId: 'vpc-1', privateSubnetIds: ['subnet-1'], publicSubnetIds: [], routesOut: true, interfaceEndpoints: ['sts'] });
    });
    expect(program.resource).toBeUndefined();
    expect(program.data).toBeUndefined();
  });
});

describe('wrong input of a network in Terraform', () => {
  test('is refused with every fault, before anything exists', () => {
    const stack = new TerraformStack(new App(), 'Stack');
    expect(() => new MlNetwork(stack, 'Network', { cidr: '8.8.8.0/24', availabilityZones: 9 })).toThrow([
      'ValidationError at Stack/Network: 3 faults',
      '  - [invalid-availability-zones] availabilityZones 9 is not a whole number from 2 to 4 zones; use a value in that range',
      "  - [invalid-cidr] cidr '8.8.8.0/24' has a mask of 24, allowed are 16 to 22: smaller blocks do not hold 4 zones; use a private block such as '10.0.0.0/16'",
      "  - [public-cidr] cidr '8.8.8.0/24' is not in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10; use a private block such as '10.0.0.0/16'",
    ].join('\n'));
    expect(stack.node.children).toHaveLength(0);
  });

  test('names the days that a flow log can be kept', () => {
    const stack = new TerraformStack(new App(), 'Stack');
    expect(() => new MlNetwork(stack, 'Network', { flowLogRetention: 31 })).toThrow('[invalid-flow-log-retention]: flowLogRetention 31 is not one of 1, 3, 5, 7, 14, 30, 60,');
  });

  test('is the same error as the blueprint gives, and else the program follows the blueprint', () => {
    const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) => fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong });
    const inputs = fc.record({
      cidr: mostly(fc.constantFrom('10.0.0.0/16', '172.16.0.0/20', '192.168.64.0/22', '100.64.0.0/18'), fc.oneof(fc.constantFrom('10.0.0.1/16', '${TfToken[a.0]}', ''), fc.string())),
      availabilityZones: mostly(fc.integer({ min: 2, max: 4 }), fc.oneof(fc.integer(), fc.double())),
      natGateways: mostly(fc.integer({ min: 0, max: 3 }), fc.oneof(fc.integer(), fc.double())),
      interfaceEndpoints: mostly<InterfaceEndpoint[]>(fc.subarray([InterfaceEndpoint.EKS, InterfaceEndpoint.LOGS, InterfaceEndpoint.STS]), fc.constant([InterfaceEndpoint.of('s3'), InterfaceEndpoint.EKS, InterfaceEndpoint.EKS])),
    }, { requiredKeys: [] });
    fc.assert(fc.property(inputs, (input: NetworkInput) => {
      const expected = outcome(() => { const faults = Faults.at('Stack/Network'); const blueprint = decide(faults, input); faults.throwIfAny(); return blueprint.subnets.map((subnet) => subnet.cidr).sort(); });
      const actual = outcome(() => resourcesOf(synthesize((stack) => { new MlNetwork(stack, 'Network', input); }).program, 'aws_subnet').map((subnet) => subnet.cidr_block).sort());
      expect(actual).toEqual(expected);
    }), { numRuns: 50 });
  }, 60_000);
});

function byCidr(left: { cidr: unknown }, right: { cidr: unknown }): number {
  return String(left.cidr).localeCompare(String(right.cidr));
}

/** The service of an endpoint, in either engine's words. */
function lastPart(serviceName: unknown): string {
  return /([a-z0-9]+)["\]}]*$/.exec(typeof serviceName === 'string' ? serviceName : JSON.stringify(serviceName))?.[1] ?? '';
}
