import type { Stack } from 'aws-cdk-lib';
import { plain, template, theirs } from './support';
import * as platform from '../../../lib';
import { testStack } from '../../cluster/support';
import type { StructUses } from '../literal-faults';

const { cluster } = platform;
const { Capacity, GpuSoftware } = cluster;

/** A cluster of somebody else whose nodes are made by a Karpenter of somebody else. */
function withKarpenter(stack: Stack): platform.cluster.IMlCluster {
  const imported = theirs(stack, { installedApiGroups: ['monitoring.coreos.com'] });
  cluster.Karpenter.fromAttributes(stack, 'Karpenter', { cluster: imported, instanceProfileName: 'nodes' });
  return imported;
}

function gpus(stack: Stack, given: Partial<platform.cluster.GpuNodePoolOptions>): platform.cluster.GpuNodePool {
  return withKarpenter(stack).addGpuNodePool('Gpus', { maxGpus: 8, instanceTypes: ['g6.xlarge'], ...given });
}

function cpus(stack: Stack, given: Partial<platform.cluster.CpuNodePoolOptions>): void {
  withKarpenter(stack).addCpuNodePool('Cpus', { maxVcpus: 64, ...given });
}

/** What is made from structs of node pools. */
export const NODE_POOL_USES: StructUses = {
  'cluster.GpuNodePoolOptions': template<platform.cluster.GpuNodePoolOptions>((stack, given) => { gpus(stack, given); }, {
    capacity: Capacity.onDemand(), software: GpuSoftware.none(),
  }),
  'cluster.GpuNodePoolAttributes': plain<platform.cluster.GpuNodePoolAttributes>((given) => {
    const pool = cluster.GpuNodePool.fromAttributes(testStack(), 'Pool', { poolName: 'gpus', instanceTypes: ['g6.xlarge'], maxGpus: 8, ...given });
    return [pool.diskGiB, pool.usesSpot, pool.hasOnDemand];
  }),
  'cluster.FallbackRuleOptions': template<platform.cluster.FallbackRuleOptions>((stack, given) => {
    gpus(stack, { software: GpuSoftware.none() }).addFallbackRule('Rule', given);
  }),
  'cluster.CpuNodePoolOptions': template<platform.cluster.CpuNodePoolOptions>(cpus, { capacity: Capacity.onDemand() }),
  'cluster.NodeTaint': template<platform.cluster.NodeTaint>((stack, given) => { cpus(stack, { taints: [{ key: 'team', ...given }] }); }, {
    effect: 'NoExecute',
  }),
  'cluster.NodeDiskOptions': template<platform.cluster.NodeDiskOptions>((stack, disk) => { cpus(stack, { disk, instanceTypes: ['m6id.xlarge'] }); }),
  'cluster.NodeDisruptionOptions': template<platform.cluster.NodeDisruptionOptions>((stack, disruption) => { cpus(stack, { disruption }); }, {
    maxUnavailable: '2',
  }),
  'cluster.OnDemandFallbackOptions': template<platform.cluster.OnDemandFallbackOptions>((stack, given) => {
    cpus(stack, { capacity: Capacity.spotWithOnDemandFallback(given) });
  }),
};
