import type { Construct } from 'constructs';
import { InternalLoadBalancer, type InternalLoadBalancerOptions, type InternalLoadBalancerProps } from '../internal-load-balancer';

/** Where a load balancer stands; what it is like is for the user to say. */
export type LoadBalancerPlace = Pick<InternalLoadBalancerProps, 'vpc' | 'vpcSubnets' | 'targetCidrBlocks'>;

/** The one load balancer of a network. */
export function makeLoadBalancer(scope: Construct, place: LoadBalancerPlace, options: InternalLoadBalancerOptions = {}): InternalLoadBalancer {
  return new InternalLoadBalancer(scope, 'LoadBalancer', {
    vpc: place.vpc,
    vpcSubnets: place.vpcSubnets,
    targetCidrBlocks: place.targetCidrBlocks,
    certificate: options.certificate,
    domainName: options.domainName,
    accessLogs: options.accessLogs,
    accessLogsBucket: options.accessLogsBucket,
    deletionProtection: options.deletionProtection,
    idleTimeout: options.idleTimeout,
  });
}
