/** What EC2 does not say about a card. */
export interface CardFacts {
  readonly name: string;
  /** https://developer.nvidia.com/cuda/gpus */
  readonly computeCapability: number;
  /** Profiles by memory in MiB as EC2 states it, without those for media engines and graphics. */
  readonly migProfiles?: Readonly<Record<number, readonly string[]>>;
  /** Memory that CUDA reports, in GiB, where it is further below EC2's value than 2 %: error correction takes some. */
  readonly usableGiB?: number;
}

/**
 * By the name that Karpenter gives a card.
 *
 * MIG profiles: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html, for the B300
 * https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/release-notes.html (25.10.0), for the GB200
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AcceleratorPartitionConfig.html.
 */
export const CARDS: Readonly<Record<string, CardFacts>> = {
  't4': { name: 'T4', computeCapability: 7.5, usableGiB: 14.56 },
  't4g': { name: 'T4G', computeCapability: 7.5, usableGiB: 14.56 },
  'v100': { name: 'V100', computeCapability: 7.0 },
  'a10g': { name: 'A10G', computeCapability: 8.6 },
  'l4': { name: 'L4', computeCapability: 8.9 },
  'l40s': { name: 'L40S', computeCapability: 8.9 },
  'rtx-pro-4500': {
    name: 'RTX PRO 4500',
    computeCapability: 12.0,
    migProfiles: { 32768: ['1g.16gb', '2g.32gb'] },
  },
  'rtx-pro-server-6000': {
    name: 'RTX PRO 6000',
    computeCapability: 12.0,
    migProfiles: { 98304: ['1g.24gb', '2g.48gb', '4g.96gb'] },
  },
  'a100': {
    name: 'A100',
    computeCapability: 8.0,
    migProfiles: {
      40960: ['1g.5gb', '1g.10gb', '2g.10gb', '3g.20gb', '4g.20gb', '7g.40gb'],
      81920: ['1g.10gb', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb'],
    },
  },
  'h100': {
    name: 'H100',
    computeCapability: 9.0,
    migProfiles: { 81920: ['1g.10gb', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb'] },
  },
  'h200': {
    name: 'H200',
    computeCapability: 9.0,
    migProfiles: { 144384: ['1g.18gb', '1g.35gb', '2g.35gb', '3g.71gb', '4g.71gb', '7g.141gb'] },
  },
  'b200': {
    name: 'B200',
    computeCapability: 10.0,
    migProfiles: {
      183359: ['1g.23gb', '1g.45gb', '2g.45gb', '3g.90gb', '4g.90gb', '7g.180gb'],
      // the same chip in a GB200
      189440: ['1g.23gb', '1g.47gb', '2g.47gb', '3g.93gb', '4g.93gb', '7g.186gb'],
    },
  },
  'b300': {
    name: 'B300',
    computeCapability: 10.3,
    migProfiles: { 275040: ['1g.34gb', '1g.67gb', '2g.67gb', '3g.135gb', '4g.135gb', '7g.269gb'] },
  },
};
