import { Construct } from 'constructs';
import { Capacity } from './blueprint/capacity';
import type { GpuSharing } from './blueprint/gpu-sharing';
import type { GpuSoftware } from './blueprint/gpu-software';
import type { NodeImage } from './blueprint/node-image';
import type { GpuNeed, NodeDiskOptions, NodeDisruptionOptions } from './blueprint/node-pool-options';
import type { RequiredQuota } from './blueprint/quotas';
import type { IGpuNodePool, IMlCluster } from './interfaces';
import { NodePools } from './private/node-pools';
import { kebab } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Options of a pool of GPU nodes. */
export interface GpuNodePoolOptions {
  /** Largest number of GPUs that the pool makes, of each kind of capacity that it may use. */
  readonly maxGpus: number;

  /**
   * Name of the pool: value of the node label `ml-platform/node-pool`, and name of its NodePool.
   *
   * @default - the id in kebab case
   */
  readonly poolName?: string;

  /**
   * EC2 instance types, for example `g6e.xlarge`. All of one architecture.
   *
   * @default - those that `gpus` and `need` leave
   */
  readonly instanceTypes?: string[];

  /**
   * Names of GPUs, for example `L40S`.
   *
   * @default - any
   */
  readonly gpus?: string[];

  /**
   * Which GPUs are needed, whatever they are called.
   *
   * @default - any: all x86 instance types with whole NVIDIA GPUs that the image has a driver for
   */
  readonly need?: GpuNeed;

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
   * @default - 100 GiB, and the instance's NVMe disks where it has some
   */
  readonly disk?: NodeDiskOptions;

  /**
   * How several pods share one GPU.
   *
   * @default - not at all
   */
  readonly sharing?: GpuSharing;

  /**
   * What runs on the nodes so that pods can ask for GPUs and metrics say what the GPUs do.
   *
   * @default GpuSoftware.auto()
   */
  readonly software?: GpuSoftware;

  /**
   * When nodes are taken away. A node with a running model is not, unless its time is up.
   *
   * @default - 5 minutes after the last pod
   */
  readonly disruption?: NodeDisruptionOptions;

  /**
   * Tags of the instances and their volumes.
   *
   * @default - those that Karpenter sets
   */
  readonly tags?: { readonly [key: string]: string };
}

/** Properties of a pool of GPU nodes. */
export interface GpuNodePoolProps extends GpuNodePoolOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;
}

/** What has to be known about a pool that exists. */
export interface GpuNodePoolAttributes {
  /** Value of the node label `ml-platform/node-pool`. */
  readonly poolName: string;
  /** EC2 instance types that the pool may supply, for example `g6e.xlarge`. */
  readonly instanceTypes: string[];
  /** Largest number of GPUs that the pool makes. */
  readonly maxGpus: number;
  /**
   * Room for images, models and logs on the node with the smallest disk, in GiB.
   *
   * @default 100
   */
  readonly diskGiB?: number;
  /**
   * Whether nodes may be spot instances.
   *
   * @default true
   */
  readonly usesSpot?: boolean;
  /**
   * Whether the pool also has capacity that is not spot.
   *
   * @default true
   */
  readonly hasOnDemand?: boolean;
  /**
   * How several pods share one GPU.
   *
   * @default - not at all
   */
  readonly sharing?: GpuSharing;
}

/** Nodes with GPUs, made when pods ask for them. */
export class GpuNodePool extends Construct implements IGpuNodePool {
  /** Uses a pool that exists. Nothing is created. */
  static fromAttributes(scope: Construct, id: string, attributes: GpuNodePoolAttributes): IGpuNodePool {
    return new ImportedGpuNodePool(scope, id, attributes);
  }

  readonly poolName: string;
  readonly instanceTypes: string[];
  readonly usesSpot: boolean;
  readonly hasOnDemand: boolean;
  readonly maxGpus: number;
  readonly diskGiB: number;
  readonly gpuResource: string;
  readonly podsPerGpu: number;
  /** EC2 quotas that the pool can need, at most. */
  readonly requiredQuotas: RequiredQuota[];

  constructor(scope: Construct, id: string, props: GpuNodePoolProps) {
    const faults = Faults.of(scope, id);
    faults.throwIfAny();
    super(scope, id);
    const capacity = props.capacity ?? Capacity.spotWithOnDemandFallback();
    this.poolName = props.poolName ?? kebab(id);
    this.instanceTypes = [...props.instanceTypes ?? []].sort();
    this.usesSpot = capacity.usesSpot;
    this.hasOnDemand = capacity.hasOnDemand;
    this.maxGpus = props.maxGpus;
    this.diskGiB = 100;
    this.gpuResource = props.sharing?.gpuResource ?? 'nvidia.com/gpu';
    this.podsPerGpu = props.sharing?.podsPerGpu ?? 1;
    this.requiredQuotas = [];
    NodePools.of(props.cluster).add(this);
  }
}

class ImportedGpuNodePool extends Construct implements IGpuNodePool {
  readonly poolName: string;
  readonly instanceTypes: string[];
  readonly usesSpot: boolean;
  readonly hasOnDemand: boolean;
  readonly maxGpus: number;
  readonly diskGiB: number;
  readonly gpuResource: string;
  readonly podsPerGpu: number;

  constructor(scope: Construct, id: string, attributes: GpuNodePoolAttributes) {
    super(scope, id);
    this.poolName = attributes.poolName;
    this.instanceTypes = [...attributes.instanceTypes].sort();
    this.usesSpot = attributes.usesSpot ?? true;
    this.hasOnDemand = attributes.hasOnDemand ?? true;
    this.maxGpus = attributes.maxGpus;
    this.diskGiB = attributes.diskGiB ?? 100;
    this.gpuResource = attributes.sharing?.gpuResource ?? 'nvidia.com/gpu';
    this.podsPerGpu = attributes.sharing?.podsPerGpu ?? 1;
  }
}
