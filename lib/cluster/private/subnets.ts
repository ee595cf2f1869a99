import { Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Faults } from '../../core/private/faults';
import type { IMlNetwork } from '../../network/interfaces';

/** The private subnets of a network, which EKS wants in two zones at least. */
export function privateSubnetsOf(faults: Faults, network: IMlNetwork): ec2.SubnetSelection {
  const { vpc } = network;
  const all = [...vpc.privateSubnets, ...vpc.isolatedSubnets];
  const some = faults.check(all.length > 0, 'no-private-subnets',
    'network has no private subnets, and a private endpoint stands in them; give the network private subnets');
  if (!some) return network.privateSubnets;
  const { availabilityZones } = vpc.selectSubnets(network.privateSubnets);
  const zones = new Set(availabilityZones);
  const unknown = availabilityZones.some((zone) => Token.isUnresolved(zone));
  faults.check(unknown || zones.size >= 2, 'too-few-zones',
    `network has private subnets in ${zones.size} Availability Zone, and EKS wants two; give the network subnets in another zone`);
  return network.privateSubnets;
}
