import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { NodePools } from './node-pools';
import type { Faults } from '../../core/private/faults';
import { AddOnRequirement } from '../blueprint/add-on-requirement';
import type { PoolPlan } from '../blueprint/node-pool';
import { NodeProvisioning } from '../blueprint/node-provisioning';
import type { IMlCluster } from '../interfaces';
import { Karpenter } from '../karpenter';
import { ManifestRelease } from '../manifest-release';
import type { NodePlacement } from '../manifests/node-class';
import { nodePoolChart } from '../manifests/node-pool';

/** Refuses a pool that its cluster cannot take. */
export function checkCluster(faults: Faults, cluster: IMlCluster, poolName: string): void {
  const pools = NodePools.of(cluster);
  const other = pools.ownerOf(poolName);
  faults.check(other === undefined, 'duplicate-pool-name', `poolName '${poolName}' is the name of ${other} already; choose another name`);
  faults.check(cluster.nodeProvisioning === NodeProvisioning.KARPENTER || pools.autoModeRole !== undefined, 'missing-auto-mode-role',
    'the cluster was imported without autoModeNodeRole, and nodes of EKS Auto Mode need one; give it to MlCluster.fromCluster()');
}

/** Makes sure that somebody makes nodes. */
export function ensureProvisioner(cluster: IMlCluster): void {
  if (cluster.nodeProvisioning === NodeProvisioning.KARPENTER) Karpenter.of(cluster);
}

/** Zones of the subnets that nodes stand in; may be known only at deploy time. */
export function zonesOf(cluster: IMlCluster): string[] {
  const { vpc, privateSubnets } = cluster.network;
  return [...new Set(vpc.selectSubnets(privateSubnets).availabilityZones)];
}

/** The objects of a pool in its cluster, after what makes nodes. */
export function installPool(scope: Construct, cluster: IMlCluster, plan: PoolPlan): ManifestRelease {
  const { karpenter, autoModeRole } = NodePools.of(cluster);
  return new ManifestRelease(scope, 'Nodes', {
    cluster,
    chart: nodePoolChart(plan, { ...placement(cluster), instanceProfile: karpenter?.instanceProfileName, role: autoModeRole?.roleName }),
    requires: karpenter === undefined ? [] : [AddOnRequirement.addOn('karpenter')],
  });
}

function placement(cluster: IMlCluster): NodePlacement {
  const { vpc, privateSubnets } = cluster.network;
  const securityGroupId = securityGroupOf(cluster);
  // files cannot hold what is known at deploy time
  const inFiles = cluster.delivery.type !== 'helm' && Token.isUnresolved(securityGroupId);
  return {
    subnetIds: vpc.selectSubnets(privateSubnets).subnetIds,
    securityGroupId: inFiles ? undefined : securityGroupId,
    clusterName: cluster.clusterName,
  };
}

/** The group that EKS made for the cluster; undefined where the import does not say it, and the getter of aws-cdk-lib throws. */
function securityGroupOf({ cluster }: IMlCluster): string | undefined {
  try {
    return cluster.clusterSecurityGroupId;
  } catch {
    return undefined;
  }
}
