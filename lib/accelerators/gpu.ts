import { CARDS } from './private/cards';

/** One graphics card as EC2 offers it: what fits into it and what it computes. */
export class Gpu {
  /** @internal */
  static _of(karpenterName: string, memoryMiB: number): Gpu {
    return new Gpu(karpenterName, memoryMiB);
  }

  /** NVIDIA's name, for example `L40S`. */
  readonly name: string;
  /** Value of the node label `karpenter.k8s.aws/instance-gpu-name`, for example `l40s`. https://karpenter.sh/docs/concepts/scheduling/ */
  readonly karpenterName: string;
  /** Memory in MiB as EC2's DescribeInstanceTypes and Karpenter's node label state it. */
  readonly memoryMiB: number;
  /** Memory in GiB that CUDA surely reports: 2 % below EC2's value, 14.56 on a T4, whose error correction takes more. */
  readonly usableGiB: number;
  /** NVIDIA's compute capability, for example 8.9. https://developer.nvidia.com/cuda/gpus */
  readonly computeCapability: number;
  /** Whether it computes in bfloat16: compute capability 8.0 or higher. */
  readonly supportsBfloat16: boolean;
  /** Whether it computes in FP8: compute capability 8.9 or higher. */
  readonly supportsFp8: boolean;
  /** Whether it can be cut into MIG slices. */
  readonly migCapable: boolean;
  private readonly profiles: readonly string[];

  private constructor(karpenterName: string, memoryMiB: number) {
    const facts = CARDS[karpenterName] ?? { name: karpenterName.toUpperCase(), computeCapability: 0 };
    this.name = facts.name;
    this.karpenterName = karpenterName;
    this.memoryMiB = memoryMiB;
    this.usableGiB = facts.usableGiB ?? memoryMiB * 0.98 / 1024;
    this.computeCapability = facts.computeCapability;
    this.supportsBfloat16 = facts.computeCapability >= 8.0;
    this.supportsFp8 = facts.computeCapability >= 8.9;
    this.profiles = facts.migProfiles?.[memoryMiB] ?? [];
    this.migCapable = this.profiles.length > 0;
  }

  /**
   * Names of the MIG slices that the card can be cut into, smallest first, for example `1g.10gb`; empty without MIG.
   *
   * https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html
   */
  get migProfiles(): string[] {
    return [...this.profiles];
  }
}
