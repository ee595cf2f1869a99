import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BaseCluster } from './base-cluster';
import { InstallationOrder } from './installation-order';
import { NodePools } from './node-pools';
import { Faults } from '../../core/private/faults';
import type { PlatformVersion } from '../../core/versions';
import type { IMlNetwork } from '../../network/interfaces';
import type { InstalledAlready } from '../blueprint/add-on-graph';
import { AUTO_MODE_GROUPS } from '../blueprint/auto-mode';
import type { ManifestDelivery } from '../blueprint/manifest-delivery';
import { NodeProvisioning } from '../blueprint/node-provisioning';
import type { IGpuNodePool } from '../interfaces';

/** What an imported cluster knows. */
export interface ImportedClusterProps {
  readonly cluster: eks.ICluster;
  readonly network: IMlNetwork;
  readonly platformVersion: PlatformVersion;
  readonly delivery: ManifestDelivery;
  readonly imageMirror?: string;
  readonly nodeProvisioning: NodeProvisioning;
  readonly autoModeNodeRole?: iam.IRole;
  readonly gpuNodePools: IGpuNodePool[];
  readonly installed: InstalledAlready;
  readonly drainOnDelete: boolean;
}

/** A cluster around one that exists. It creates nothing but, when a controller asks for it, the drain. */
export class ImportedCluster extends BaseCluster {
  readonly cluster: eks.ICluster;
  readonly clusterName: string;
  readonly network: IMlNetwork;
  readonly platformVersion: PlatformVersion;
  readonly delivery: ManifestDelivery;
  readonly imageMirror?: string;
  readonly nodeProvisioning: NodeProvisioning;

  constructor(scope: Construct, id: string, props: ImportedClusterProps) {
    const faults = Faults.of(scope, id);
    faults.check(props.delivery.type !== 'helm' || props.cluster.kubectlProvider?.role !== undefined, 'missing-kubectl-provider',
      'cluster has no kubectlProvider with a role, and ManifestDelivery.helm() installs charts by it; give kubectlProvider to Cluster.fromClusterAttributes, or choose yaml or gitOps delivery');
    faults.throwIfAny();
    super(scope, id);
    this.cluster = props.cluster;
    this.clusterName = props.cluster.clusterName;
    this.network = props.network;
    this.platformVersion = props.platformVersion;
    this.delivery = props.delivery;
    this.imageMirror = props.imageMirror;
    this.nodeProvisioning = props.nodeProvisioning;
    const auto = props.nodeProvisioning === NodeProvisioning.AUTO_MODE;
    const { addOns, apiGroups } = props.installed;
    InstallationOrder.of(this).installed = { addOns, apiGroups: [...apiGroups, ...auto ? AUTO_MODE_GROUPS : []] };
    NodePools.of(this).autoModeRole = props.autoModeNodeRole;
    for (const pool of props.gpuNodePools) NodePools.of(this).add(pool);
    if (props.drainOnDelete) this.useDrains();
  }
}
