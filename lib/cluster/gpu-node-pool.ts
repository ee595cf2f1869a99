import { Construct } from 'constructs';
import { Capacity } from './blueprint/capacity';
import type { GpuSharing } from './blueprint/gpu-sharing';
import { GpuSoftware } from './blueprint/gpu-software';
import type { NodeImage } from './blueprint/node-image';
import { planGpuPool, type GpuPoolChoices } from './blueprint/node-pool-gpu';
import type { GpuNeed, NodeDiskOptions, NodeDisruptionOptions } from './blueprint/node-pool-options';
import { NodeProvisioning } from './blueprint/node-provisioning';
import type { RequiredQuota } from './blueprint/quotas';
import type { IGpuNodePool, IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { fallbackHours, fallbackRuleChart } from './manifests/node-pool-rules';
import { ensureGpuSoftware } from './private/gpu-software-install';
import { checkCluster, ensureProvisioner, installPool, zonesOf } from './private/node-pool-install';
import { NodePools } from './private/node-pools';
import { checkNumber, kebab } from '../core/private/checks';
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
   * @default - any: all x86 instance types with whole NVIDIA GPUs from Turing (T4) on that the image has a driver for
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

/** Options of the rule about on-demand nodes that stand in for spot. */
export interface FallbackRuleOptions {
  /**
   * Node-hours in the last day above which an alert fires.
   *
   * @default 12
   */
  readonly maxHoursPerDay?: number;

  /**
   * Namespace of the rule.
   *
   * @default 'kube-system'
   */
  readonly namespace?: string;
}

/**
 * Nodes with GPUs, made when pods ask for them and gone when nothing runs on them any more.
 *
 * Pods select the pool by the label `ml-platform/node-pool`, tolerate the taint `nvidia.com/gpu` and ask for `gpuResource`. A node
 * with a pod is never taken away to save money; annotate pods with `karpenter.sh/do-not-disrupt: "true"` to keep them
 * from being moved for a new image too.
 *
 * Each kind of capacity is a NodePool of its own, because nothing but expiry moves a node back to a cheaper kind. By default the
 * pool offers every x86 instance type with whole NVIDIA GPUs from Turing (T4) on that EKS's image has a driver for: pods narrow it down.
 *
 * Fails with `unknown-instance`, `unknown-gpu`, `no-instance-fits`, `max-gpus-below-node`, `mixed-architectures`, `driver-too-old`,
 * `mig-not-supported`, `image-larger-than-disk`, `unknown-zone`, `unsupported-on-auto-mode`, `duplicate-pool-name` and others.
 *
 * @see https://karpenter.sh/docs/concepts/nodepools/
 */
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
  /** Names of the NodePools, the one that is tried first at the front. */
  readonly nodePoolNames: string[];
  /** EC2 quotas that the pool can need, at most. */
  readonly requiredQuotas: RequiredQuota[];
  /** The pool's objects in the cluster. */
  readonly release: ManifestRelease;
  private readonly cluster: IMlCluster;
  private readonly fallbackName?: string;

  constructor(scope: Construct, id: string, props: GpuNodePoolProps) {
    const { cluster, sharing } = props;
    const faults = Faults.of(scope, id);
    const capacity = props.capacity ?? Capacity.spotWithOnDemandFallback();
    const software = props.software ?? GpuSoftware.auto();
    const poolName = props.poolName ?? kebab(id);
    const plan = planGpuPool(faults, {
      ...requestOf(props), poolName, capacity, software, networkZones: zonesOf(cluster), provisioning: cluster.nodeProvisioning,
      pinnedImage: (family) => cluster.platformVersion.nodeImage(family),
    });
    checkCluster(faults, cluster, poolName);
    faults.throwIfAny();
    ensureGpuSoftware(cluster, { ami: plan.ami, software, sharing, poolName });
    ensureProvisioner(cluster);

    super(scope, id);
    this.cluster = cluster;
    this.poolName = poolName;
    this.instanceTypes = [...plan.instanceTypes];
    this.usesSpot = capacity.usesSpot;
    this.hasOnDemand = capacity.hasOnDemand;
    this.maxGpus = props.maxGpus;
    this.diskGiB = plan.roomGiB;
    this.gpuResource = sharing?.gpuResource ?? 'nvidia.com/gpu';
    this.podsPerGpu = sharing?.podsPerGpu ?? 1;
    this.nodePoolNames = plan.nodePools.map(({ name }) => name);
    this.requiredQuotas = [...plan.quotas];
    this.fallbackName = this.usesSpot && cluster.nodeProvisioning === NodeProvisioning.KARPENTER
      ? this.nodePoolNames.find((name) => name === `${poolName}-on-demand`)
      : undefined;
    this.release = installPool(this, cluster, plan);
    NodePools.of(cluster).add(this);
    NodePools.of(cluster).require(cluster, this);
  }

  /**
   * PromQL for the hours of the last day that on-demand nodes stood in for spot, all nodes together. Karpenter has to be scraped:
   * see `KarpenterProps.serviceMonitor`. Undefined without such a fallback, and with EKS Auto Mode, which shows no metrics of Karpenter.
   */
  get onDemandFallbackHoursQuery(): string | undefined {
    return this.fallbackName === undefined ? undefined : fallbackHours(this.fallbackName);
  }

  /**
   * Records the hours that on-demand nodes stand in for spot, as `ml_platform:on_demand_fallback_node_hours:1d`, and warns when they
   * are too many. The cluster needs the definition of PrometheusRule.
   *
   * @throws a ValidationError [no-fallback], [invalid-max-hours-per-day]
   */
  addFallbackRule(id: string, options: FallbackRuleOptions = {}): ManifestRelease {
    const faults = Faults.ofConstruct(this);
    const name = this.fallbackName;
    faults.check(name !== undefined, 'no-fallback',
      'the pool has no on-demand nodes that stand in for spot, or EKS Auto Mode makes them and shows no metrics; use Capacity.spotWithOnDemandFallback() with NodeProvisioning.KARPENTER');
    checkNumber(faults, 'maxHoursPerDay', options.maxHoursPerDay, { min: 0, max: 1_000_000, unit: 'hours' });
    faults.throwIfAny();
    const { namespace = 'kube-system', maxHoursPerDay = 12 } = options;
    const chart = fallbackRuleChart({ poolName: this.poolName, nodePool: name ?? '', namespace, maxHoursPerDay });
    return new ManifestRelease(this, id, { cluster: this.cluster, chart });
  }
}

/** The properties that the blueprint decides on as they are. */
function requestOf(props: GpuNodePoolProps): GpuPoolChoices {
  const { maxGpus, instanceTypes, gpus, need, availabilityZones, image, disk, sharing, disruption, tags } = props;
  return { maxGpus, instanceTypes, gpus, need, availabilityZones, image, disk, sharing, disruption, tags };
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
