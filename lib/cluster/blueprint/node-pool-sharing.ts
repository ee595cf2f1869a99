import type { GpuSharing } from './gpu-sharing';
import type { AcceleratedInstance } from '../../accelerators/accelerated-instance';
import type { Gpu } from '../../accelerators/gpu';
import type { Faults } from '../../core/private/faults';

/** What Karpenter has to believe about instance types: a NodeOverlay. https://karpenter.sh/docs/concepts/nodeoverlays/ */
export interface CapacityOverlay {
  /** Instance types of equal capacity. */
  readonly instanceTypes: readonly string[];
  /** Resource and how much of it a node has. */
  readonly resource: string;
  readonly amount: number;
}

const MIG_PROFILE = /^(\d+)g\.(\d+)gb$/;

/** Refuses to cut up cards that cannot be cut so. */
export function checkSharing(faults: Faults, sharing: GpuSharing | undefined, instances: readonly AcceleratedInstance[]): void {
  const profile = sharing?.profile;
  if (profile === undefined) return;
  const without = instances.filter(({ gpu }) => gpu?.migProfiles.includes(profile) !== true);
  const first = without[0];
  if (first === undefined) return;
  const others = without.length > 1 ? ` and ${without.length - 1} other types` : '';
  const can = first.gpu?.migCapable === true ? `can be cut into ${first.gpu.migProfiles.join(', ')}` : 'cannot be cut into slices';
  faults.add('mig-not-supported',
    `sharing asks for the MIG profile '${profile}', and the ${first.gpu?.name} of ${first.name}${others} ${can}; choose GPUs that have the profile by gpus or instanceTypes, or use GpuSharing.timeSlicing()`);
}

/** How many pods' worth of the shared resource a whole GPU is. */
export function sharesOf(sharing: GpuSharing | undefined, gpu: Gpu | undefined): number {
  if (sharing === undefined || gpu === undefined) return 1;
  return sharing.profile === undefined ? sharing.podsPerGpu : migSlices(sharing.profile, gpu);
}

/** Karpenter knows whole GPUs only: without this it makes a node for each share, or none at all for a MIG slice. */
export function capacityOverlays(sharing: GpuSharing | undefined, instances: readonly AcceleratedInstance[]): CapacityOverlay[] {
  if (sharing === undefined) return [];
  const byAmount = new Map<number, string[]>();
  for (const { name, gpu, gpuCount } of instances) {
    const amount = gpuCount * sharesOf(sharing, gpu);
    byAmount.set(amount, [...byAmount.get(amount) ?? [], name]);
  }
  return [...byAmount].sort(([a], [b]) => a - b)
    .map(([amount, instanceTypes]) => ({ instanceTypes, resource: sharing.gpuResource, amount }));
}

/**
 * Slices of one card: as many as its compute slices and its memory allow.
 * https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html
 */
function migSlices(profile: string, gpu: Gpu): number {
  const whole = parse(gpu.migProfiles[gpu.migProfiles.length - 1] ?? profile);
  const slice = parse(profile);
  return Math.min(Math.floor(whole.compute / slice.compute), Math.round(whole.memory / slice.memory));
}

function parse(profile: string): { compute: number; memory: number } {
  const [, compute = '1', memory = '1'] = MIG_PROFILE.exec(profile) ?? [];
  return { compute: Number(compute), memory: Number(memory) };
}
