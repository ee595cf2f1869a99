import { Stack } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { DrainProvider, DrainResource } from './drain-resource';
import { InstallationOrder } from './installation-order';
import { NodePools } from './node-pools';
import type { PlatformVersion } from '../../core/versions';
import type { IMlNetwork } from '../../network/interfaces';
import type { ManifestDelivery } from '../blueprint/manifest-delivery';
import type { NodeProvisioning } from '../blueprint/node-provisioning';
import type { RequiredQuota } from '../blueprint/quotas';
import { CpuNodePool, type CpuNodePoolOptions } from '../cpu-node-pool';
import { GpuNodePool, type GpuNodePoolOptions } from '../gpu-node-pool';
import { HelmAddOn, type HelmAddOnOptions } from '../helm-add-on';
import type { IGpuNodePool, IMlCluster } from '../interfaces';
import { ManifestRelease, type ManifestReleaseOptions } from '../manifest-release';
import { WorkloadIdentity, type WorkloadIdentityOptions } from '../workload-identity';

/**
 * What every cluster offers, made or imported.
 *
 * @internal
 */
export abstract class BaseCluster extends Construct implements IMlCluster {
  abstract readonly cluster: eks.ICluster;
  abstract readonly clusterName: string;
  abstract readonly network: IMlNetwork;
  abstract readonly platformVersion: PlatformVersion;
  abstract readonly delivery: ManifestDelivery;
  abstract readonly imageMirror?: string;
  abstract readonly nodeProvisioning: NodeProvisioning;

  /** GPU pools of the cluster, in the order in which they were added. */
  get gpuNodePools(): IGpuNodePool[] {
    return NodePools.of(this).gpu;
  }

  /** EC2 quotas that all pools together can need, at most. */
  get requiredQuotas(): RequiredQuota[] {
    return NodePools.of(this).requiredQuotas;
  }

  /** Adds nodes with GPUs, in the cluster's own scope. Elsewhere use `new GpuNodePool(this, ...)`. */
  addGpuNodePool(id: string, options: GpuNodePoolOptions): GpuNodePool {
    return new GpuNodePool(this, id, {
      cluster: this,
      maxGpus: options.maxGpus,
      poolName: options.poolName,
      instanceTypes: options.instanceTypes,
      gpus: options.gpus,
      need: options.need,
      capacity: options.capacity,
      availabilityZones: options.availabilityZones,
      image: options.image,
      disk: options.disk,
      sharing: options.sharing,
      software: options.software,
      disruption: options.disruption,
      tags: options.tags,
    });
  }

  /** Adds nodes without GPUs, in the cluster's own scope. Elsewhere use `new CpuNodePool(this, ...)`. */
  addCpuNodePool(id: string, options: CpuNodePoolOptions): CpuNodePool {
    return new CpuNodePool(this, id, {
      cluster: this,
      maxVcpus: options.maxVcpus,
      poolName: options.poolName,
      instanceTypes: options.instanceTypes,
      families: options.families,
      architecture: options.architecture,
      capacity: options.capacity,
      availabilityZones: options.availabilityZones,
      image: options.image,
      disk: options.disk,
      disruption: options.disruption,
      taints: options.taints,
      tags: options.tags,
    });
  }

  /** Installs a chart of the platform version, in the cluster's own scope. Elsewhere use `new HelmAddOn(this, ...)`. */
  addHelmAddOn(id: string, options: HelmAddOnOptions): HelmAddOn {
    return new HelmAddOn(this, id, {
      cluster: this,
      chart: options.chart,
      chartVersion: options.chartVersion,
      name: options.name,
      namespace: options.namespace,
      podSecurity: options.podSecurity,
      values: options.values,
      overrides: options.overrides,
      relations: options.relations,
      images: options.images,
      identities: options.identities,
      skipCrds: options.skipCrds,
      timeout: options.timeout,
    });
  }

  /**
   * Installs the objects of a cdk8s chart, in the cluster's own scope. Elsewhere use `new ManifestRelease(this, ...)`.
   *
   * @param chart its objects are read now: add them first
   */
  addManifests(id: string, chart: Chart, options: ManifestReleaseOptions = {}): ManifestRelease {
    return new ManifestRelease(this, id, {
      cluster: this,
      chart,
      releaseName: options.releaseName,
      namespace: options.namespace,
      requires: options.requires,
      wait: options.wait,
      timeout: options.timeout,
    });
  }

  /** Gives pods AWS rights, in the cluster's own scope. Elsewhere use `new WorkloadIdentity(this, ...)`. */
  addWorkloadIdentity(id: string, options: WorkloadIdentityOptions): WorkloadIdentity {
    return new WorkloadIdentity(this, id, {
      cluster: this,
      namespace: options.namespace,
      serviceAccountName: options.serviceAccountName,
      createServiceAccount: options.createServiceAccount,
      mountApiToken: options.mountApiToken,
    });
  }

  /** Lets controllers have what they made removed before they go; the handlers are made when the first drain needs them. */
  protected useDrains(): void {
    InstallationOrder.of(this).makeDrain = (stack) => {
      const provider = (this.node.tryFindChild('DrainProvider') as DrainProvider | undefined)
        ?? new DrainProvider(this, 'DrainProvider', { cluster: this });
      // one for each stack with controllers, under a name that does not depend on which controller came first
      return stack === Stack.of(this)
        ? new DrainResource(this, 'Drain', { cluster: this, provider })
        : new DrainResource(stack, `Drain${this.node.addr.slice(-8)}`, { cluster: this, provider });
    };
  }
}
