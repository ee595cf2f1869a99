import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type { IConstruct } from 'constructs';
import type { EventRule, EventRuleOptions } from './event-rule';
import type { PlatformBusGrants } from './platform-bus-grants';

/** The network that a platform stands in. */
export interface IMlNetwork extends IConstruct {
  /** The VPC. */
  readonly vpc: ec2.IVpc;
  /** Where workloads stand: private subnets with a route out, else isolated ones. */
  readonly privateSubnets: ec2.SubnetSelection;
  /** True if workloads in private subnets reach the internet, so public registries and AWS APIs without an endpoint. */
  readonly routesOut: boolean;
  /** Short names of the services that have an interface endpoint in the VPC, for example `eks` or `ecr.api`. */
  readonly interfaceEndpoints: string[];
  /** The platform's one internal load balancer; made when it is first asked for. */
  readonly loadBalancer: IInternalLoadBalancer;
}

/**
 * The one internal load balancer of a network: services share it by host name.
 *
 * Its `connections` say who may call: they are shared by all services behind it.
 */
export interface IInternalLoadBalancer extends IConstruct, ec2.IConnectable {
  /** Listener that services add their rule to. */
  readonly listener: elbv2.IApplicationListener;
  /** Port of the listener: 443 with a certificate, else 80. */
  readonly port: number;
  /** `https` with a certificate, else `http`. */
  readonly protocol: string;
  /** Id of the load balancer's security group. */
  readonly securityGroupId: string;
  /** DNS name that AWS gave to the load balancer. */
  readonly dnsName: string;
  /** Hosted zone of `dnsName`, for alias records. */
  readonly canonicalHostedZoneId: string;
  /** `app/name/id`, the value of the metric dimension LoadBalancer. */
  readonly fullName: string;
  /** Private hosted zone in which services get their name. */
  readonly hostedZone: route53.IHostedZone;
  /** Name of the hosted zone, for example `ml.internal`. */
  readonly domainName: string;
}

/** A service that answers inside the network under its own host name. */
export interface IInternalService extends IConstruct, ec2.IConnectable, iam.IGrantable {
  /** Full host name, for example `registry.ml.internal`. */
  readonly hostName: string;
  /** Base address without a slash at the end, for example `http://registry.ml.internal`. */
  readonly url: string;
  /** The tasks' own security group: what the tasks call (a database, a cache) lets this one in. */
  readonly securityGroup: ec2.ISecurityGroup;
}

/** The EventBridge bus by which the rooms of a platform talk. */
export interface IPlatformBus extends IConstruct {
  /** The bus: what rooms take as `eventBus`. */
  readonly eventBus: events.IEventBus;
  /** Who may do what with the bus. */
  readonly grants: PlatformBusGrants;

  /**
   * Sends events to a target, with a dead-letter queue and its alarm.
   *
   * The rule stands in the stack of the bus. A listener in another stack makes an `EventRule` there, so that the bus knows nobody.
   *
   * @returns the rule
   */
  onEvent(id: string, options: EventRuleOptions): EventRule;
}
