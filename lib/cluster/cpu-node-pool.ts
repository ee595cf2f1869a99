import { Construct } from 'constructs';
import { Capacity } from './blueprint/capacity';
import type { NodeImage } from './blueprint/node-image';
import { planCpuPool } from './blueprint/node-pool-cpu';
import type { NodeDiskOptions, NodeDisruptionOptions } from './blueprint/node-pool-options';
import type { RequiredQuota } from './blueprint/quotas';
import type { IMlCluster } from './interfaces';
import type { ManifestRelease } from './manifest-release';
import { checkCluster, ensureProvisioner, installPool, zonesOf } from './private/node-pool-install';
import { NodePools } from './private/node-pools';
import { kebab } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Processors of nodes. */
export enum NodeArchitecture {
  /** Intel and AMD. */
  AMD64 = 'amd64',
  /** Graviton. */
  ARM64 = 'arm64',
}

/** Keeps pods off a node that do not tolerate it. https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface NodeTaint {
  /** Key of the taint. */
  readonly key: string;
  /**
   * Value of the taint.
   *
   * @default - none
   */
  readonly value?: string;
  /**
   * What the taint does: `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
   *
   * @default 'NoSchedule'
   */
  readonly effect?: string;
}

/** Options of a pool of CPU nodes. */
export interface CpuNodePoolOptions {
  /** Largest number of vCPUs that the pool makes, of each kind of capacity that it may use. */
  readonly maxVcpus: number;

  /**
   * Name of the pool: value of the node label `ml-platform/node-pool`, and name of its NodePool.
   *
   * @default - the id in kebab case
   */
  readonly poolName?: string;

  /**
   * EC2 instance types, for example `m7i.xlarge`.
   *
   * @default - those of `families`
   */
  readonly instanceTypes?: string[];

  /**
   * EC2 instance families, for example `m7i`.
   *
   * @default - general-purpose, compute and memory-optimized ones (c, m, r) from generation 6 on
   */
  readonly families?: string[];

  /**
   * Processors of the nodes.
   *
   * @default NodeArchitecture.AMD64
   */
  readonly architecture?: NodeArchitecture;

  /**
   * Where the nodes come from, in order.
   *
   * @default Capacity.spotWithOnDemandFallback()
   */
  readonly capacity?: Capacity;

  /**
   * Availability Zones of the nodes.
   *
   * @default - all of the network
   */
  readonly availabilityZones?: string[];

  /**
   * What nodes boot from. With EKS Auto Mode there is no choice.
   *
   * @default - NodeImage.al2023() of the platform version
   */
  readonly image?: NodeImage;

  /**
   * The nodes' disks.
   *
   * @default - 50 GiB, and the instance's NVMe disks where it has some
   */
  readonly disk?: NodeDiskOptions;

  /**
   * When nodes are taken away.
   *
   * @default - 1 minute after they could be spared
   */
  readonly disruption?: NodeDisruptionOptions;

  /**
   * Taints of the nodes.
   *
   * @default - none: every pod may run there
   */
  readonly taints?: NodeTaint[];

  /**
   * Tags of the instances and their volumes.
   *
   * @default - those that Karpenter sets
   */
  readonly tags?: { readonly [key: string]: string };
}

/** Properties of a pool of CPU nodes. */
export interface CpuNodePoolProps extends CpuNodePoolOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;
}

/**
 * Nodes without GPUs, made when pods ask for them and gone when their pods fit elsewhere. Pods select the pool by the label
 * `ml-platform/node-pool`; those that select nothing may be placed there too, unless it has taints.
 *
 * Fails with `mixed-architectures`, `accelerated-instance`, `unknown-zone`, `image-larger-than-disk`, `unsupported-on-auto-mode`,
 * `duplicate-pool-name` and others.
 *
 * @see https://karpenter.sh/docs/concepts/nodepools/
 */
export class CpuNodePool extends Construct {
  /** Value of the node label `ml-platform/node-pool`. */
  readonly poolName: string;
  /** Names of the NodePools, the one that is tried first at the front. */
  readonly nodePoolNames: string[];
  /** EC2 quotas that the pool can need, at most. Empty where all instances are of classes beside EC2's Standard one. */
  readonly requiredQuotas: RequiredQuota[];
  /** The pool's objects in the cluster. */
  readonly release: ManifestRelease;

  constructor(scope: Construct, id: string, props: CpuNodePoolProps) {
    const { cluster } = props;
    const faults = Faults.of(scope, id);
    const poolName = props.poolName ?? kebab(id);
    const { maxVcpus, instanceTypes, families, architecture, availabilityZones, image, disk, disruption, taints, tags } = props;
    const plan = planCpuPool(faults, {
      poolName, maxVcpus, instanceTypes, families, architecture, availabilityZones, image, disk, disruption, taints, tags,
      capacity: props.capacity ?? Capacity.spotWithOnDemandFallback(),
      networkZones: zonesOf(cluster),
      provisioning: cluster.nodeProvisioning,
      pinnedImage: (family) => cluster.platformVersion.nodeImage(family),
    });
    checkCluster(faults, cluster, poolName);
    faults.throwIfAny();
    ensureProvisioner(cluster);

    super(scope, id);
    this.poolName = poolName;
    this.nodePoolNames = plan.nodePools.map(({ name }) => name);
    this.requiredQuotas = [...plan.quotas];
    this.release = installPool(this, cluster, plan);
    NodePools.of(cluster).require(cluster, this);
  }
}
