import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type { IConstruct } from 'constructs';

/** The network that a platform stands in. */
export interface IMlNetwork extends IConstruct {
  /** The VPC. */
  readonly vpc: ec2.IVpc;
  /** True if workloads in private subnets reach the internet, so public registries and AWS APIs without an endpoint. */
  readonly routesOut: boolean;
  /** Short names of the services that have an interface endpoint in the VPC, for example `eks` or `ecr.api`. */
  readonly interfaceEndpoints: string[];
  /** The platform's one internal load balancer; made when it is first asked for. */
  readonly loadBalancer: IInternalLoadBalancer;
}

/** The one internal load balancer of a network: services share it by host name. */
export interface IInternalLoadBalancer extends IConstruct {
  /** Listener that services add their rule to. */
  readonly listener: elbv2.IApplicationListener;
  /** Port of the listener: 443 with a certificate, else 80. */
  readonly port: number;
  /** `https` with a certificate, else `http`. */
  readonly scheme: string;
  /** Id of the load balancer's security group. */
  readonly securityGroupId: string;
  /** DNS name that AWS gave to the load balancer. */
  readonly dnsName: string;
  /** `app/name/id`, the value of the metric dimension LoadBalancer. */
  readonly fullName: string;
  /** Private hosted zone in which services get their name. */
  readonly hostedZone: route53.IHostedZone;
  /** Name of the hosted zone, for example `ml.internal`. */
  readonly domainName: string;
}
