import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Chart } from 'cdk8s';
import type { IConstruct } from 'constructs';
import type { ManifestDelivery } from './blueprint/manifest-delivery';
import type { NodeProvisioning } from './blueprint/node-provisioning';
import type { RequiredQuota } from './blueprint/quotas';
import type { CpuNodePool, CpuNodePoolOptions } from './cpu-node-pool';
import type { GpuNodePool, GpuNodePoolOptions } from './gpu-node-pool';
import type { HelmAddOn, HelmAddOnOptions } from './helm-add-on';
import type { ManifestRelease, ManifestReleaseOptions } from './manifest-release';
import type { WorkloadIdentity, WorkloadIdentityOptions } from './workload-identity';
import type { PlatformVersion } from '../core/versions';
import type { IMlNetwork } from '../network/interfaces';

/** A Kubernetes cluster of the platform. */
export interface IMlCluster extends IConstruct {
  /** The cluster as aws-cdk-lib knows it. */
  readonly cluster: eks.ICluster;
  /** Name of the cluster. */
  readonly clusterName: string;
  /** The network that the cluster stands in. */
  readonly network: IMlNetwork;
  /** The versions that are installed. */
  readonly platformVersion: PlatformVersion;
  /** How objects and charts get into the cluster. */
  readonly delivery: ManifestDelivery;
  /** Registry prefix that images and charts are taken from; undefined where they come from their own registries. */
  readonly imageMirror?: string;
  /** Who makes the nodes that pools ask for. */
  readonly nodeProvisioning: NodeProvisioning;
  /** GPU pools of the cluster, in the order in which they were added. */
  readonly gpuNodePools: IGpuNodePool[];
  /** EC2 quotas that all pools together can need, at most. */
  readonly requiredQuotas: RequiredQuota[];

  /** Installs a chart of the platform version, in the cluster's own scope. Elsewhere use `new HelmAddOn(this, ...)`. */
  addHelmAddOn(id: string, options: HelmAddOnOptions): HelmAddOn;
  /**
   * Installs the objects of a cdk8s chart, in the cluster's own scope. Elsewhere use `new ManifestRelease(this, ...)`.
   *
   * @param chart its objects are read now: add them first
   */
  addManifests(id: string, chart: Chart, options?: ManifestReleaseOptions): ManifestRelease;
  /** Adds nodes with GPUs, in the cluster's own scope. Elsewhere use `new GpuNodePool(this, ...)`. */
  addGpuNodePool(id: string, options: GpuNodePoolOptions): GpuNodePool;
  /** Adds nodes without GPUs, in the cluster's own scope. Elsewhere use `new CpuNodePool(this, ...)`. */
  addCpuNodePool(id: string, options: CpuNodePoolOptions): CpuNodePool;
  /** Gives pods AWS rights, in the cluster's own scope. Elsewhere use `new WorkloadIdentity(this, ...)`. */
  addWorkloadIdentity(id: string, options: WorkloadIdentityOptions): WorkloadIdentity;
}

/** A ServiceAccount that has AWS rights. */
export interface IWorkloadIdentity extends IConstruct, iam.IGrantable {
  /** Namespace of the ServiceAccount. */
  readonly namespace: string;
  /** Name of the ServiceAccount: pods name it in `spec.serviceAccountName`. */
  readonly serviceAccountName: string;
  /** Role that the pods assume. */
  readonly role: iam.IRole;
}

/** Karpenter, as node pools see it. */
export interface IKarpenter extends IConstruct {
  /** Name of the instance profile of the nodes. */
  readonly instanceProfileName: string;
}

/** GPU nodes that pods can be placed on. Pods select them by the label `ml-platform/node-pool`. */
export interface IGpuNodePool extends IConstruct {
  /** Value of the node label `ml-platform/node-pool`. */
  readonly poolName: string;
  /** EC2 instance types that the pool may supply, sorted, for example `g6e.xlarge`. */
  readonly instanceTypes: string[];
  /** Whether nodes may be spot instances, which go with two minutes' notice. */
  readonly usesSpot: boolean;
  /** Whether the pool also has capacity that is not spot. */
  readonly hasOnDemand: boolean;
  /** Largest number of GPUs that the pool makes, of each kind of capacity that it may use. */
  readonly maxGpus: number;
  /** Room for images and models on the node with the smallest disk, in GiB: what the system and kubelet keep free is taken off. */
  readonly diskGiB: number;
  /** The resource that pods ask for: `nvidia.com/gpu`, or a slice such as `nvidia.com/mig-1g.10gb`. */
  readonly gpuResource: string;
  /** Pods that share one GPU by time slicing; 1 where it is not shared. */
  readonly podsPerGpu: number;
}
