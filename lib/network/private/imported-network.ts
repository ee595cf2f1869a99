import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { IInternalLoadBalancer, IMlNetwork } from '../interfaces';
import type { InternalLoadBalancer, InternalLoadBalancerOptions } from '../internal-load-balancer';
import { makeLoadBalancer } from './make-load-balancer';

/** What an imported network knows. */
export interface ImportedNetworkProps {
  readonly vpc: ec2.IVpc;
  readonly privateSubnets: ec2.SubnetSelection;
  readonly routesOut: boolean;
  readonly interfaceEndpoints: string[];
  readonly loadBalancer?: InternalLoadBalancerOptions;
  readonly cidrBlocks?: string[];
}

/** A network around a VPC that exists. It creates nothing but, when asked for, the load balancer. */
export class ImportedNetwork extends Construct implements IMlNetwork {
  readonly vpc: ec2.IVpc;
  readonly privateSubnets: ec2.SubnetSelection;
  readonly routesOut: boolean;
  private balancer?: InternalLoadBalancer;

  constructor(scope: Construct, id: string, private readonly props: ImportedNetworkProps) {
    super(scope, id);
    this.vpc = props.vpc;
    this.privateSubnets = props.privateSubnets;
    this.routesOut = props.routesOut;
  }

  get interfaceEndpoints(): string[] {
    return [...this.props.interfaceEndpoints];
  }

  get loadBalancer(): IInternalLoadBalancer {
    const place = { vpc: this.vpc, vpcSubnets: this.privateSubnets, targetCidrBlocks: this.props.cidrBlocks };
    this.balancer ??= makeLoadBalancer(this, place, this.props.loadBalancer);
    return this.balancer;
  }
}
