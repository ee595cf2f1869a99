import { Annotations, Fn, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { InterfaceEndpoint } from './blueprint/interface-endpoint';
import { network, NetworkBlueprint } from './blueprint/network';
import { IInternalLoadBalancer, IMlNetwork } from './interfaces';
import type { InternalLoadBalancer, InternalLoadBalancerOptions } from './internal-load-balancer';
import { pinExports } from './pin-exports';
import { ImportedNetwork } from './private/imported-network';
import { makeLoadBalancer } from './private/make-load-balancer';
import { pascal } from './private/pascal';
import { Faults } from '../core/private/faults';

/** Properties of a network. */
export interface MlNetworkProps {
  /**
   * Private IPv4 block of the VPC, with a mask of 16 to 22. It cannot be changed later.
   *
   * @default '10.0.0.0/16'
   */
  readonly cidr?: string;

  /**
   * Number of Availability Zones, 2 to 4. More can be added later without moving a subnet.
   *
   * @default 2
   */
  readonly availabilityZones?: number;

  /**
   * Number of NAT gateways, from 0 to one in each zone. Each costs about 32.85 USD a month and 0.045 USD per GB
   * (us-east-1). With 0, private subnets have no route out: what runs there needs interface endpoints.
   *
   * @default 1
   */
  readonly natGateways?: number;

  /**
   * AWS services that get an interface endpoint. Each costs about 7.30 USD a month and zone (us-east-1).
   *
   * @default - none; S3 and DynamoDB always have a gateway endpoint, which is free
   */
  readonly interfaceEndpoints?: InterfaceEndpoint[];

  /**
   * Which traffic goes to the flow log. Rejected traffic shows scans and missing rules at a fraction of the cost of all.
   *
   * @default ec2.FlowLogTrafficType.REJECT
   */
  readonly flowLogTraffic?: ec2.FlowLogTrafficType;

  /**
   * How long flow logs are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly flowLogRetention?: logs.RetentionDays;

  /**
   * Choices about the internal load balancer, which is made when the first service asks for it.
   *
   * @default - HTTP on port 80 in the zone `ml.internal`, access logs on
   */
  readonly loadBalancer?: InternalLoadBalancerOptions;
}

/** What the library has to know about a VPC that exists. */
export interface MlNetworkFromVpcOptions {
  /**
   * Whether workloads in the private subnets reach the internet.
   *
   * @default - true if the VPC has private subnets with egress
   */
  readonly routesOut?: boolean;

  /**
   * Services that have an interface endpoint in the VPC.
   *
   * @default - none
   */
  readonly interfaceEndpoints?: InterfaceEndpoint[];

  /**
   * Subnets for workloads and the load balancer, of at least two zones.
   *
   * @default - the private subnets with egress, else the isolated ones
   */
  readonly privateSubnets?: ec2.SubnetSelection;

  /**
   * Blocks of addresses of the VPC, where it has more than one or was imported without any.
   *
   * @default - the VPC's first block
   */
  readonly vpcCidrBlocks?: string[];

  /**
   * Choices about the internal load balancer, which is made when the first service asks for it.
   *
   * @default - HTTP on port 80 in the zone `ml.internal`, access logs on
   */
  readonly loadBalancer?: InternalLoadBalancerOptions;
}

/**
 * The network of a platform: a VPC with public and private subnets, one NAT gateway, free gateway endpoints for S3
 * and DynamoDB, a flow log, a default security group that lets nothing through, and one internal load balancer.
 *
 * At rest, with the defaults: about 32.85 USD a month for the NAT gateway and 3.65 USD for its address
 * (us-east-1), before the load balancer.
 *
 * Fails with `invalid-cidr`, `public-cidr`, `invalid-availability-zones`, `invalid-nat-gateways`,
 * `duplicate-interface-endpoints` or `needless-interface-endpoint`.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-example-private-subnets-nat.html
 */
export class MlNetwork extends Construct implements IMlNetwork {
  /**
   * Uses a VPC that exists. Nothing is created but, when the first service asks for it, the load balancer.
   *
   * Fails with `no-private-subnets` if the VPC has none.
   */
  static fromVpc(scope: Construct, id: string, vpc: ec2.IVpc, options: MlNetworkFromVpcOptions = {}): IMlNetwork {
    const faults = Faults.of(scope, id);
    faults.check(options.privateSubnets !== undefined || vpc.privateSubnets.length + vpc.isolatedSubnets.length > 0, 'no-private-subnets',
      'vpc has neither private nor isolated subnets, and workloads do not run in public ones; add private subnets or name some in privateSubnets');
    faults.throwIfAny();
    const egress = vpc.privateSubnets.length > 0;
    return new ImportedNetwork(scope, id, {
      vpc,
      privateSubnets: options.privateSubnets ?? { subnetType: egress ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED },
      routesOut: options.routesOut ?? egress,
      interfaceEndpoints: (options.interfaceEndpoints ?? []).map((endpoint) => endpoint.shortName),
      loadBalancer: options.loadBalancer,
      cidrBlocks: options.vpcCidrBlocks,
    });
  }

  readonly vpc: ec2.IVpc;
  readonly privateSubnets: ec2.SubnetSelection;
  readonly routesOut: boolean;
  /** What the interface endpoints cost at rest, in USD a month in us-east-1, without data. */
  readonly interfaceEndpointCostPerMonth: number;
  /** Where the flow log goes. */
  readonly flowLogGroup: logs.LogGroup;
  private readonly plan: NetworkBlueprint;
  private readonly balancerOptions: InternalLoadBalancerOptions;
  private balancer?: InternalLoadBalancer;

  constructor(scope: Construct, id: string, props: MlNetworkProps = {}) {
    const faults = Faults.of(scope, id);
    const plan = network(faults, {
      cidr: props.cidr,
      availabilityZones: props.availabilityZones,
      natGateways: props.natGateways,
      interfaceEndpoints: props.interfaceEndpoints,
    });
    const zones = faults.ok ? zonesOf(faults, Stack.of(scope), plan.availabilityZones) : [];
    faults.throwIfAny();
    super(scope, id);

    this.plan = plan;
    this.routesOut = plan.routesOut;
    this.interfaceEndpointCostPerMonth = plan.interfaceEndpointCostPerMonth;
    this.balancerOptions = props.loadBalancer ?? {};
    const vpc = this.makeVpc(plan, zones);
    this.vpc = vpc;
    this.privateSubnets = { subnetType: privateType(plan) };
    this.flowLogGroup = this.makeFlowLog(props);
    this.makeGatewayEndpoints();
    this.makeInterfaceEndpoints(plan);
    pinExports(this, [vpc.vpcId, vpc.vpcCidrBlock, ...vpc.selectSubnets(this.privateSubnets).subnetIds]);
  }

  get interfaceEndpoints(): string[] {
    return [...this.plan.interfaceEndpoints];
  }

  get loadBalancer(): IInternalLoadBalancer {
    this.balancer ??= makeLoadBalancer(this, { vpc: this.vpc, vpcSubnets: this.privateSubnets }, this.balancerOptions);
    return this.balancer;
  }

  private makeVpc(plan: NetworkBlueprint, zones: string[]): ec2.Vpc {
    const vpc = new ec2.Vpc(this, 'Resource', {
      ipAddresses: ec2.IpAddresses.cidr(plan.cidr),
      availabilityZones: zones,
      reservedAzs: plan.reservedZones,
      natGateways: plan.natGateways,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [
        { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: plan.publicMask, mapPublicIpOnLaunch: false },
        { name: 'Private', subnetType: privateType(plan), cidrMask: plan.privateMask },
      ],
    });
    // aws-cdk-lib appends a stand-in for each reserved zone to the list that it then shows as the VPC's zones
    zones.length = plan.availabilityZones;
    for (const subnet of vpc.publicSubnets) tag(subnet, plan.publicTags);
    for (const subnet of vpc.selectSubnets({ subnetType: privateType(plan) }).subnets) tag(subnet, plan.privateTags);
    return vpc;
  }

  private makeFlowLog(props: MlNetworkProps): logs.LogGroup {
    const group = new logs.LogGroup(this, 'FlowLogs', {
      retention: props.flowLogRetention ?? logs.RetentionDays.ONE_MONTH,
      // what only says something about a network that is gone goes with it, as logs are billed by what they hold
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, 'FlowLogRole', { assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com') });
    new ec2.FlowLog(this, 'FlowLog', {
      resourceType: ec2.FlowLogResourceType.fromVpc(this.vpc),
      trafficType: props.flowLogTraffic ?? ec2.FlowLogTrafficType.REJECT,
      destination: ec2.FlowLogDestination.toCloudWatchLogs(group, role),
    });
    return group;
  }

  private makeGatewayEndpoints(): void {
    this.vpc.addGatewayEndpoint('S3Endpoint', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    this.vpc.addGatewayEndpoint('DynamoDbEndpoint', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
  }

  private makeInterfaceEndpoints(plan: NetworkBlueprint): void {
    if (plan.interfaceEndpoints.length === 0) return;
    const securityGroup = new ec2.SecurityGroup(this, 'EndpointsSecurityGroup', {
      vpc: this.vpc, allowAllOutbound: false, description: 'Interface endpoints of the ML platform',
    });
    securityGroup.addIngressRule(ec2.Peer.ipv4(this.vpc.vpcCidrBlock), ec2.Port.tcp(443), 'HTTPS from the VPC');
    for (const shortName of plan.interfaceEndpoints) {
      new ec2.InterfaceVpcEndpoint(this, `${pascal(shortName)}Endpoint`, {
        vpc: this.vpc,
        service: new ec2.InterfaceVpcEndpointAwsService(shortName),
        subnets: this.privateSubnets,
        securityGroups: [securityGroup],
        open: false,
        privateDnsEnabled: true,
      });
    }
    Annotations.of(this).addInfoV2('cdk-ml-platform:interface-endpoint-cost',
      `${plan.interfaceEndpoints.length} interface endpoints in ${plan.availabilityZones} zones cost about ${plan.interfaceEndpointCostPerMonth.toFixed(2)} USD a month at rest (us-east-1)`);
  }
}

function privateType(plan: NetworkBlueprint): ec2.SubnetType {
  return plan.routesOut ? ec2.SubnetType.PRIVATE_WITH_EGRESS : ec2.SubnetType.PRIVATE_ISOLATED;
}

function tag(subnet: ec2.ISubnet, tags: { [key: string]: string }): void {
  for (const [key, value] of Object.entries(tags)) Tags.of(subnet).add(key, value);
}

/** The first zones of the region: chosen at deploy time, unless the stack names its account and region. */
function zonesOf(faults: Faults, stack: Stack, count: number): string[] {
  if (Token.isUnresolved(stack.region) || Token.isUnresolved(stack.account)) {
    return Array.from({ length: count }, (_, index) => Fn.select(index, Fn.getAzs()));
  }
  const all = stack.availabilityZones;
  // before the CDK command line has looked the zones up, stand-ins take their place
  const known = all.length > 0 && !all.some((zone) => zone.startsWith('dummy'));
  if (!known) return Array.from({ length: count }, (_, index) => all[index] ?? `dummy1${'abcd'[index]}`);
  faults.check(all.length >= count, 'too-many-availability-zones',
    `availabilityZones ${count} is more than the ${all.length} that this account has in ${stack.region}; use at most ${all.length}`);
  return all.slice(0, count);
}
