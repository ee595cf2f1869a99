import { CloudwatchLogGroup } from '@cdktn/provider-aws/lib/cloudwatch-log-group';
import { DataAwsAvailabilityZones } from '@cdktn/provider-aws/lib/data-aws-availability-zones';
import { DataAwsRegion } from '@cdktn/provider-aws/lib/data-aws-region';
import { DefaultSecurityGroup } from '@cdktn/provider-aws/lib/default-security-group';
import { Eip } from '@cdktn/provider-aws/lib/eip';
import { FlowLog } from '@cdktn/provider-aws/lib/flow-log';
import { IamRole } from '@cdktn/provider-aws/lib/iam-role';
import { IamRolePolicy } from '@cdktn/provider-aws/lib/iam-role-policy';
import { InternetGateway } from '@cdktn/provider-aws/lib/internet-gateway';
import { NatGateway } from '@cdktn/provider-aws/lib/nat-gateway';
import { Route } from '@cdktn/provider-aws/lib/route';
import { RouteTable } from '@cdktn/provider-aws/lib/route-table';
import { RouteTableAssociation } from '@cdktn/provider-aws/lib/route-table-association';
import { SecurityGroup } from '@cdktn/provider-aws/lib/security-group';
import { Subnet } from '@cdktn/provider-aws/lib/subnet';
import { Vpc } from '@cdktn/provider-aws/lib/vpc';
import { VpcEndpoint } from '@cdktn/provider-aws/lib/vpc-endpoint';
import { Fn } from 'cdktn';
import { Construct } from 'constructs';
import type { IMlNetwork, MlNetworkAttributes } from './interfaces';
import { checkLiteral, checkOneOf } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import type { InterfaceEndpoint } from '../../network/blueprint/interface-endpoint';
import { network, type NetworkBlueprint, type SubnetBlueprint } from '../../network/blueprint/network';
import { adoptStack } from '../private/adopt-stack';
import { policyDocument } from '../private/grant';

const EVERYWHERE = '0.0.0.0/0';

/** Days that CloudWatch Logs can keep a log. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** Traffic that a flow log shows. */
export enum FlowLogTrafficType {
  /** What security groups and network ACLs let through. */
  ACCEPT = 'ACCEPT',
  /** All of it. */
  ALL = 'ALL',
  /** What security groups or network ACLs refuse. */
  REJECT = 'REJECT',
}

/** Properties of a network. */
export interface MlNetworkProps {
  /**
   * Block of IPv4 addresses, /16 to /22, in a private range.
   *
   * @default '10.0.0.0/16'
   */
  readonly cidr?: string;
  /**
   * Availability Zones with subnets, 2 to 4. Addresses for 4 are set aside, so that zones can be added later.
   *
   * @default 2
   */
  readonly availabilityZones?: number;
  /**
   * NAT gateways, 0 to one for each zone. With 0 nothing in private subnets reaches the internet.
   *
   * @default 1
   */
  readonly natGateways?: number;
  /**
   * Services that get an interface endpoint, for about 7.30 USD a month and zone each (us-east-1).
   *
   * @default - none
   */
  readonly interfaceEndpoints?: InterfaceEndpoint[];
  /**
   * Which traffic goes to the flow log. Rejected traffic shows scans and missing rules at a fraction of the cost of all.
   *
   * @default FlowLogTrafficType.REJECT
   */
  readonly flowLogTraffic?: FlowLogTrafficType;
  /**
   * How long flow logs are kept, in days: one of the numbers that CloudWatch Logs takes.
   *
   * @default 30
   */
  readonly flowLogRetention?: number;
}

/**
 * A VPC with public and private subnets, NAT, gateway endpoints for S3 and DynamoDB, a flow log, a default security
 * group that lets nothing through, and the tags by which a cluster's load balancers find their subnets.
 *
 * The Terraform twin of `network.MlNetwork`: the same blueprint decides both.
 *
 * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc
 */
export class MlNetwork extends Construct implements IMlNetwork {
  /** An existing network; creates nothing. */
  static fromNetworkAttributes(scope: Construct, id: string, attributes: MlNetworkAttributes): IMlNetwork {
    return new ImportedNetwork(scope, id, attributes);
  }

  /** The VPC itself. */
  readonly resource: Vpc;
  /** Subnets with public addresses, in the order of their zones. */
  readonly publicSubnets: Subnet[];
  /** Subnets where workloads stand, in the order of their zones. */
  readonly privateSubnets: Subnet[];
  /** Where the flow log goes. */
  readonly flowLogGroup: CloudwatchLogGroup;
  readonly vpcId: string;
  readonly publicSubnetIds: string[];
  readonly privateSubnetIds: string[];
  readonly routesOut: boolean;
  readonly interfaceEndpoints: string[];

  private readonly blueprint: NetworkBlueprint;
  private readonly zones: DataAwsAvailabilityZones;
  private readonly region: DataAwsRegion;

  constructor(scope: Construct, id: string, props: MlNetworkProps = {}) {
    const faults = Faults.of(scope, id);
    const blueprint = network(faults, props);
    checkLiteral(faults, 'flowLogRetention', props.flowLogRetention);
    checkOneOf(faults, 'flowLogRetention', props.flowLogRetention, RETENTION_DAYS);
    faults.throwIfAny();
    super(scope, id);
    adoptStack(this);
    this.blueprint = blueprint;
    this.routesOut = blueprint.routesOut;
    this.interfaceEndpoints = blueprint.interfaceEndpoints;
    this.zones = new DataAwsAvailabilityZones(this, 'Zones', { state: 'available', filter: [{ name: 'opt-in-status', values: ['opt-in-not-required'] }] });
    this.region = new DataAwsRegion(this, 'Region');
    this.resource = new Vpc(this, 'Resource', { cidrBlock: blueprint.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: this.tags() });
    this.vpcId = this.resource.id;
    // without a rule of its own it lets nothing in or out
    new DefaultSecurityGroup(this, 'DefaultSecurityGroup', { vpcId: this.vpcId, tags: this.tags('default: unused') });
    this.publicSubnets = this.subnets('Public');
    this.privateSubnets = this.subnets('Private');
    this.publicSubnetIds = this.publicSubnets.map((subnet) => subnet.id);
    this.privateSubnetIds = this.privateSubnets.map((subnet) => subnet.id);
    this.addGatewayEndpoints([this.routePublicSubnets(), ...this.routePrivateSubnets()]);
    this.addInterfaceEndpoints();
    this.flowLogGroup = this.addFlowLog(props);
  }

  private subnets(group: string): Subnet[] {
    return this.blueprint.subnets.filter((subnet) => subnet.group === group).map((subnet) => this.subnet(subnet));
  }

  private subnet({ group, zone, cidr, tags }: SubnetBlueprint): Subnet {
    const id = `${group}Subnet${zone + 1}`;
    return new Subnet(this, id, {
      vpcId: this.vpcId,
      cidrBlock: cidr,
      availabilityZone: Fn.element(this.zones.names, zone),
      mapPublicIpOnLaunch: false,
      tags: { ...this.tags(id), ...tags },
      // the list of zones is read at each run: one that is new in the middle would replace subnets
      lifecycle: { ignoreChanges: ['availability_zone'] },
    });
  }

  private routePublicSubnets(): RouteTable {
    const gateway = new InternetGateway(this, 'InternetGateway', { vpcId: this.vpcId, tags: this.tags() });
    const table = new RouteTable(this, 'PublicRoutes', { vpcId: this.vpcId, tags: this.tags('PublicRoutes') });
    new Route(this, 'PublicDefaultRoute', { routeTableId: table.id, destinationCidrBlock: EVERYWHERE, gatewayId: gateway.id });
    this.publicSubnets.forEach((subnet, zone) => {
      new RouteTableAssociation(this, `PublicRoutesOfSubnet${zone + 1}`, { subnetId: subnet.id, routeTableId: table.id });
    });
    return table;
  }

  private routePrivateSubnets(): RouteTable[] {
    const gateways = this.natGateways();
    return this.privateSubnets.map((subnet, zone) => {
      const number = zone + 1;
      const table = new RouteTable(this, `PrivateRoutes${number}`, { vpcId: this.vpcId, tags: this.tags(`PrivateRoutes${number}`) });
      const gateway = gateways[zone % Math.max(gateways.length, 1)];
      if (gateway) new Route(this, `PrivateDefaultRoute${number}`, { routeTableId: table.id, destinationCidrBlock: EVERYWHERE, natGatewayId: gateway.id });
      new RouteTableAssociation(this, `PrivateRoutesOfSubnet${number}`, { subnetId: subnet.id, routeTableId: table.id });
      return table;
    });
  }

  private natGateways(): NatGateway[] {
    return this.publicSubnets.slice(0, this.blueprint.natGateways).map((subnet, zone) => {
      const address = new Eip(this, `NatAddress${zone + 1}`, { domain: 'vpc', tags: this.tags(`NatAddress${zone + 1}`) });
      return new NatGateway(this, `NatGateway${zone + 1}`, { subnetId: subnet.id, allocationId: address.id, tags: this.tags(`NatGateway${zone + 1}`) });
    });
  }

  private addGatewayEndpoints(tables: RouteTable[]): void {
    for (const service of this.blueprint.gatewayEndpoints) {
      new VpcEndpoint(this, service === 'dynamodb' ? 'DynamoDbEndpoint' : `${pascal(service)}Endpoint`, {
        vpcId: this.vpcId,
        serviceName: this.serviceName(service),
        vpcEndpointType: 'Gateway',
        routeTableIds: tables.map((table) => table.id),
        tags: this.tags(service),
      });
    }
  }

  private addInterfaceEndpoints(): void {
    if (this.interfaceEndpoints.length === 0) return;
    const group = new SecurityGroup(this, 'EndpointsSecurityGroup', {
      vpcId: this.vpcId,
      description: 'HTTPS from the VPC to interface endpoints',
      ingress: [{ description: 'HTTPS from the VPC', protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: [this.resource.cidrBlock] }],
      tags: this.tags('interface endpoints'),
    });
    for (const service of this.interfaceEndpoints) {
      new VpcEndpoint(this, `${pascal(service)}Endpoint`, {
        vpcId: this.vpcId,
        serviceName: this.serviceName(service),
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: this.privateSubnetIds,
        securityGroupIds: [group.id],
        tags: this.tags(service),
      });
    }
  }

  private addFlowLog({ flowLogTraffic, flowLogRetention }: MlNetworkProps): CloudwatchLogGroup {
    const group = new CloudwatchLogGroup(this, 'FlowLogs', { retentionInDays: flowLogRetention ?? 30, tags: this.tags('FlowLogs') });
    const role = new IamRole(this, 'FlowLogRole', {
      assumeRolePolicy: policyDocument([{ Effect: 'Allow', Principal: { Service: 'vpc-flow-logs.amazonaws.com' }, Action: 'sts:AssumeRole' }]),
      tags: this.tags('FlowLogRole'),
    });
    const writes = new IamRolePolicy(this, 'FlowLogPolicy', {
      role: role.name,
      policy: policyDocument([{ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], Resource: [group.arn, `${group.arn}:*`] }]),
    });
    new FlowLog(this, 'FlowLog', {
      vpcId: this.vpcId,
      trafficType: flowLogTraffic ?? FlowLogTrafficType.REJECT,
      logDestinationType: 'cloud-watch-logs',
      logDestination: group.arn,
      iamRoleArn: role.arn,
      tags: this.tags('FlowLog'),
      dependsOn: [writes],
    });
    return group;
  }

  private serviceName(shortName: string): string {
    return `com.amazonaws.${this.region.region}.${shortName}`;
  }

  /** The name that the console shows. */
  private tags(part?: string): { Name: string } {
    return { Name: part === undefined ? this.node.path : `${this.node.path}/${part}` };
  }
}

/** `ecr.api` as a part of an id: `EcrApi`. */
function pascal(shortName: string): string {
  return shortName.replace(/(?:^|[^a-z0-9])([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

class ImportedNetwork extends Construct implements IMlNetwork {
  readonly vpcId: string;
  readonly publicSubnetIds: string[];
  readonly privateSubnetIds: string[];
  readonly routesOut: boolean;
  readonly interfaceEndpoints: string[];

  constructor(scope: Construct, id: string, attributes: MlNetworkAttributes) {
    super(scope, id);
    this.vpcId = attributes.vpcId;
    this.publicSubnetIds = [...attributes.publicSubnetIds ?? []];
    this.privateSubnetIds = [...attributes.privateSubnetIds];
    this.routesOut = attributes.routesOut ?? true;
    this.interfaceEndpoints = (attributes.interfaceEndpoints ?? []).map((endpoint) => endpoint.shortName).sort();
  }
}
