import type { GpuSharing } from './gpu-sharing';
import type { GpuSoftware } from './gpu-software';
import { gpuNodeLabels, type GpuNodeImage } from './gpu-software-nodes';
import { checkPool, nodeClassOf, nodePoolsOf, type PoolPlan, type PoolRequest } from './node-pool';
import { planDisk } from './node-pool-disk';
import { planDisruption } from './node-pool-disruption';
import { selectInstances } from './node-pool-instances';
import type { GpuNeed, NodeDiskOptions, NodeDisruptionOptions } from './node-pool-options';
import { capacityOverlays, checkSharing, sharesOf } from './node-pool-sharing';
import { poolTiers, type PoolTier } from './node-pool-tiers';
import { userData } from './node-pool-user-data';
import { NodeProvisioning } from './node-provisioning';
import type { RequiredQuota } from './quotas';
import { requiredQuota, sumQuotas } from './quotas-needed';
import type { AcceleratedInstance, InstanceQuota } from '../../accelerators/accelerated-instance';
import type { Faults } from '../../core/private/faults';

/** What a user chooses, as it is written. */
export interface GpuPoolChoices extends Pick<PoolRequest, 'availabilityZones' | 'image' | 'tags'> {
  readonly maxGpus: number;
  readonly instanceTypes?: readonly string[];
  readonly gpus?: readonly string[];
  readonly need?: GpuNeed;
  readonly disk?: NodeDiskOptions;
  readonly sharing?: GpuSharing;
  readonly disruption?: NodeDisruptionOptions;
}

/** What a GPU pool is asked. */
export interface GpuPoolRequest extends PoolRequest, GpuPoolChoices {
  readonly software: GpuSoftware;
}

/** What is decided about a GPU pool. */
export interface GpuPoolPlan extends PoolPlan {
  readonly instanceTypes: readonly string[];
  readonly ami: GpuNodeImage;
  readonly roomGiB: number;
}

/** Keeps pods off that ask for no GPU: NVIDIA's components and pods that ask for the resource tolerate it. */
const GPU_TAINT = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };

/** Decides on a GPU pool, and refuses what cannot work. */
export function planGpuPool(faults: Faults, request: GpuPoolRequest): GpuPoolPlan {
  const { poolName, provisioning, maxGpus, sharing, software, capacity } = request;
  const auto = provisioning === NodeProvisioning.AUTO_MODE;
  const family = request.image?.family ?? 'al2023';
  const ami = auto ? 'auto-mode' : family as GpuNodeImage;
  checkPool(faults, request);
  const instances = selectInstances(faults, { ...request, stockDriver: !auto && request.image?.imageIds === undefined });
  checkSharing(faults, sharing, instances);
  checkSharingOnImage(faults, sharing, ami);
  const disk = planDisk(faults, {
    options: request.disk, defaults: { sizeGiB: 100, imageGiB: 30, parallelPull: true }, instances,
    systemOnVolume: ami === 'al2023', provisioning,
  });
  const disruption = planDisruption(faults, request.disruption, { gpu: true, provisioning });
  const tiers = poolTiers(poolName, capacity, maxGpus);
  return {
    poolName, provisioning, ami,
    instanceTypes: instances.map(({ name }) => name),
    roomGiB: disk.roomGiB,
    nodeClass: nodeClassOf(request, disk, auto ? undefined : userData({ family, parallelPull: disk.parallelPull, sharing })),
    nodePools: nodePoolsOf(request, tiers, {
      disruption,
      labels: gpuNodeLabels({ ami, software, sharing }),
      taints: [GPU_TAINT],
      requirements: [
        { key: 'node.kubernetes.io/instance-type', operator: 'In', values: instances.map(({ name }) => name) },
        { key: 'kubernetes.io/arch', operator: 'In', values: [instances[0]?.architecture ?? 'amd64'] },
      ],
      limits: (max) => limitsOf(max, sharing, instances),
    }),
    overlays: capacityOverlays(sharing, instances),
    quotas: sumQuotas(tiers.flatMap((tier) => quotasOf(tier, instances))),
  };
}

function checkSharingOnImage(faults: Faults, sharing: GpuSharing | undefined, ami: GpuNodeImage): void {
  if (sharing === undefined) return;
  faults.check(ami !== 'auto-mode', 'unsupported-on-auto-mode',
    'sharing cannot be chosen with EKS Auto Mode, which runs NVIDIA\'s device plugin itself; leave it out, or use NodeProvisioning.KARPENTER');
  faults.check(ami !== 'bottlerocket' || sharing.profile === undefined, 'mig-on-bottlerocket',
    'sharing by MIG is done by the GPU Operator\'s MIG manager, which Bottlerocket has no place for; use NodeImage.al2023(), or GpuSharing.timeSlicing()');
}

/** Karpenter counts what nodes say they have: shares where GPUs are shared, and no whole GPU beside MIG slices. */
function limitsOf(max: number, sharing: GpuSharing | undefined, instances: readonly AcceleratedInstance[]): Record<string, string> {
  const shares = Math.max(1, ...instances.map(({ gpu }) => sharesOf(sharing, gpu)));
  if (sharing?.profile !== undefined) return { 'nvidia.com/gpu': String(max), [sharing.gpuResource]: String(max * shares) };
  return { 'nvidia.com/gpu': String(max * shares) };
}

/** The quotas that one kind of capacity counts towards; Capacity Blocks count towards none. */
function quotasOf(tier: PoolTier, instances: readonly AcceleratedInstance[]): RequiredQuota[] {
  if (tier.reservationType === 'capacity-block') return [];
  const uses = new Map<string, { quota: InstanceQuota; choices: Map<string, { gpus: number; vcpus: number }> }>();
  for (const { quotaSpot, quotaOnDemand, gpuCount, vcpus } of instances) {
    const quota = tier.capacityType === 'spot' ? quotaSpot : quotaOnDemand;
    if (quota === undefined) continue;
    const use = uses.get(quota.code) ?? { quota, choices: new Map() };
    uses.set(quota.code, use);
    use.choices.set(`${gpuCount}/${vcpus}`, { gpus: gpuCount, vcpus });
  }
  return [...uses.values()].map(({ quota: { code, name }, choices }) =>
    requiredQuota({ code, name, choices: [...choices.values()], maxGpus: tier.max }));
}
