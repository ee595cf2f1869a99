import { Duration, Size } from 'aws-cdk-lib';
import { ApiObject, App, Chart } from 'cdk8s';
import { Capacity, GpuSharing, GpuSoftware, NodeImage, NodeProvisioning, Weekday } from '../../lib/cluster';
import type { PoolPlan } from '../../lib/cluster/blueprint/node-pool';
import { planCpuPool, type CpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-cpu';
import { planGpuPool, type GpuPoolPlan, type GpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-gpu';
import type { NodePlacement } from '../../lib/cluster/manifests/node-class';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';
import { fallbackRuleChart } from '../../lib/cluster/manifests/node-pool-rules';
import { Faults } from '../../lib/core/private/faults';

/** A GPU pool as the blueprint decides on it; throws what it refuses. */
export function gpuPlan(request: Partial<GpuPoolRequest> = {}): GpuPoolPlan {
  return planned((faults) => planGpuPool(faults, {
    poolName: 'inference', maxGpus: 16, capacity: Capacity.spotWithOnDemandFallback(), software: GpuSoftware.auto(), networkZones: ['eu-west-1a', 'eu-west-1b'],
    provisioning: NodeProvisioning.KARPENTER, pinnedImage, ...request,
  }));
}

/** A CPU pool as the blueprint decides on it; throws what it refuses. */
export function cpuPlan(request: Partial<CpuPoolRequest> = {}): PoolPlan {
  return planned((faults) => planCpuPool(faults, {
    poolName: 'batch', maxVcpus: 64, capacity: Capacity.spotWithOnDemandFallback(), networkZones: ['eu-west-1a', 'eu-west-1b'],
    provisioning: NodeProvisioning.KARPENTER, pinnedImage, ...request,
  }));
}

/** Where the nodes of the samples stand. */
export const PLACEMENT: NodePlacement = {
  subnetIds: ['subnet-0a', 'subnet-0b'], securityGroupId: 'sg-01', clusterName: 'ml', instanceProfile: 'ml-nodes', role: 'ml-nodes',
};

/** The objects of pools in their smallest, fullest and oddest settings, for a real API server. */
export function samples(): Record<string, Chart> {
  const chart = (plan: PoolPlan, placement: Partial<NodePlacement> = {}) => nodePoolChart(plan, { ...PLACEMENT, ...placement });
  const everything = {
    availabilityZones: ['eu-west-1a'], tags: { team: 'search' },
    disk: { size: Size.gibibytes(500), localDisks: false, imageSize: Size.gibibytes(40), modelSize: Size.gibibytes(200) },
    disruption: {
      consolidateAfter: Duration.seconds(90), expireAfter: Duration.days(30), terminationGracePeriod: Duration.minutes(30), maxUnavailable: '1',
      maintenanceWindow: { startHour: 23, duration: Duration.hours(5), weekdays: [Weekday.SATURDAY, Weekday.WEDNESDAY] },
    },
  };
  return {
    'smallest GPU pool': chart(gpuPlan()),
    'one instance type': chart(gpuPlan({ poolName: 'a', instanceTypes: ['g6e.xlarge'], maxGpus: 1, capacity: Capacity.onDemand() })),
    'GPU pool with everything': chart(gpuPlan({
      ...everything, capacity: Capacity.reserved({ reservationIds: ['cr-0123456789abcdef0', 'cr-1'], otherwise: Capacity.spotWithOnDemandFallback({ expireAfter: Duration.minutes(90), max: 4 }) }),
    })),
    'capacity block': chart(gpuPlan({ gpus: ['H200'], capacity: Capacity.capacityBlock({ reservationIds: ['cr-1'], otherwise: Capacity.onDemand() }) })),
    'shared in time': chart(gpuPlan({ gpus: ['L4', 'L40S'], sharing: GpuSharing.timeSlicing(4) })),
    'shared in time on Bottlerocket': chart(gpuPlan({ gpus: ['L4'], image: NodeImage.bottlerocket(), sharing: GpuSharing.timeSlicing(2) })),
    'cut into slices': chart(gpuPlan({ gpus: ['A100', 'H100'], instanceTypes: undefined, need: { minMemoryGiBPerGpu: 80 }, sharing: GpuSharing.mig('1g.10gb') })),
    'an image of one\'s own': chart(gpuPlan({ instanceTypes: ['g7.2xlarge'], image: NodeImage.customAl2023({ imageIds: ['ami-0123456789abcdef0'] }), software: GpuSoftware.none() })),
    'Arm': chart(gpuPlan({ gpus: ['T4G'] })),
    'found by tags': chart(gpuPlan(), { securityGroupId: undefined }),
    'longest name': chart(gpuPlan({ poolName: 'p'.repeat(50) })),
    'smallest CPU pool': chart(cpuPlan()),
    'CPU pool with everything': chart(cpuPlan({
      ...everything, instanceTypes: ['m7g.xlarge', 'c7g.xlarge'], image: NodeImage.bottlerocket('v1.65.0'),
      taints: [{ key: 'example.com/batch' }, { key: 'night', value: 'only', effect: 'NoExecute' }],
    })),
    'CPU pool by family': chart(cpuPlan({ families: ['m7i', 'c7i'], capacity: Capacity.spot() })),
    // no server but EKS's has Auto Mode's NodeClass
    'GPU pool on Auto Mode, without its class': withoutKind(chart(gpuPlan({ provisioning: NodeProvisioning.AUTO_MODE })), 'NodeClass'),
    'CPU pool on Auto Mode, without its class': withoutKind(chart(cpuPlan({ provisioning: NodeProvisioning.AUTO_MODE })), 'NodeClass'),
    'fallback rule': fallbackRuleChart({ poolName: 'inference', nodePool: 'inference-on-demand', namespace: 'kube-system', maxHoursPerDay: 12 }),
  };
}

function planned<T>(plan: (faults: Faults) => T): T {
  const faults = Faults.at('Stack/Pool');
  const result = plan(faults);
  faults.throwIfAny();
  return result;
}

function pinnedImage(family: string): string {
  return family === 'al2023' ? 'v20260903' : 'v1.65.0';
}

function withoutKind(chart: Chart, kind: string): Chart {
  const rest = new Chart(new App(), 'rest');
  chart.toJson().filter((object: { kind?: string }) => object.kind !== kind).forEach((object: any, index: number) => new ApiObject(rest, `Object${index}`, object));
  return rest;
}
