import type { Duration, Size } from 'aws-cdk-lib';

/** Which GPUs are needed, whatever they are called. All that is said has to hold. */
export interface GpuNeed {
  /**
   * Least memory of one GPU, in GiB as EC2 reports it: 22.3 for A10G and L4, 44.7 for L40S, 80 for H100.
   *
   * @default - any
   */
  readonly minMemoryGiBPerGpu?: number;

  /**
   * Numbers of GPUs that a node may have.
   *
   * @default - any, up to `maxGpus`
   */
  readonly gpusPerNode?: number[];

  /**
   * Least compute capability: 7.5 Turing (T4), 8.0 Ampere, 8.9 Ada (L4, L40S), 9.0 Hopper, 10.0 Blackwell.
   *
   * @default - any
   * @see https://developer.nvidia.com/cuda-gpus
   */
  readonly minComputeCapability?: number;
}

/** The disks of the nodes of a pool. */
export interface NodeDiskOptions {
  /**
   * Size of the EBS volume that the node boots from, an encrypted gp3 volume. On Bottlerocket: of its data volume.
   *
   * @default - 100 GiB in a GPU pool, 50 GiB in a CPU pool
   */
  readonly size?: Size;

  /**
   * Whether images, logs and empty directories go to the instance's own NVMe disks where it has some, as one RAID 0.
   * They are gone when the instance stops.
   *
   * @default true
   */
  readonly localDisks?: boolean;

  /**
   * Room that unpacked images take on a node.
   *
   * @default - 30 GiB in a GPU pool, which is vLLM's image; 10 GiB in a CPU pool
   */
  readonly imageSize?: Size;

  /**
   * Room that model files take on a node. Models that are streamed from S3 into GPU memory take none.
   *
   * @default - none
   */
  readonly modelSize?: Size;

  /**
   * Whether layers of an image are fetched and unpacked side by side (SOCI). It wants 600 MiB/s of the disk: the volume is given
   * that much where the node has no NVMe disks.
   *
   * @default - true in a GPU pool, false in a CPU pool
   * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/doc/examples.md
   */
  readonly parallelPull?: boolean;
}

/** Days on which nodes may be replaced. */
export enum Weekday {
  /** Sunday. */
  SUNDAY = 'SUNDAY',
  /** Monday. */
  MONDAY = 'MONDAY',
  /** Tuesday. */
  TUESDAY = 'TUESDAY',
  /** Wednesday. */
  WEDNESDAY = 'WEDNESDAY',
  /** Thursday. */
  THURSDAY = 'THURSDAY',
  /** Friday. */
  FRIDAY = 'FRIDAY',
  /** Saturday. */
  SATURDAY = 'SATURDAY',
}

/** When nodes may be replaced because their image or their settings are out of date. */
export interface MaintenanceWindow {
  /** Hour at which the window opens, UTC, from 0 to 23. */
  readonly startHour: number;

  /** How long it stays open: whole hours, at most 23. */
  readonly duration: Duration;

  /**
   * Days on which it opens.
   *
   * @default - every day
   */
  readonly weekdays?: Weekday[];
}

/** When nodes of a pool are taken away. */
export interface NodeDisruptionOptions {
  /**
   * How long a GPU node stays once nothing runs on it, and a CPU node once it could be spared.
   *
   * @default - 5 minutes in a GPU pool, 1 minute in a CPU pool
   */
  readonly consolidateAfter?: Duration;

  /**
   * How long a node lives. It is then drained whatever the hour: windows do not hold expiry back. At most 21 days on EKS Auto Mode.
   *
   * @default - never with Karpenter, where a new image replaces nodes; 14 days on EKS Auto Mode
   * @see https://karpenter.sh/docs/concepts/disruption/#expiration
   */
  readonly expireAfter?: Duration;

  /**
   * How long a node may take to drain. After it, pods are deleted also where a disruption budget or the annotation
   * `karpenter.sh/do-not-disrupt` keeps them.
   *
   * @default - 1 hour where nodes expire or have a maintenance window; else no end: a pod that must not be disrupted keeps its node
   * @see https://karpenter.sh/docs/concepts/disruption/#terminationgraceperiod
   */
  readonly terminationGracePeriod?: Duration;

  /**
   * How many nodes may be taken away at the same time: a number or a percentage.
   *
   * @default '10%'
   */
  readonly maxUnavailable?: string;

  /**
   * When nodes may be replaced because their image or their settings are out of date.
   *
   * @default - any time, but nodes with pods that must not be disrupted stay
   */
  readonly maintenanceWindow?: MaintenanceWindow;
}
