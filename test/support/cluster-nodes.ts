import type { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import type { KubernetesClient, KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

/** What Karpenter takes off the memory that EC2 states: https://karpenter.sh/docs/reference/settings/ (vm-memory-overhead-percent). */
const VM_OVERHEAD = 0.075;
/** Requests of what runs on every node of EKS with GPUs: network, proxy, disks, identity, device plugin, exporters. */
const DAEMONS = { millicores: 300, mebibytes: 512 };
const EVICTION_MIB = 100;

/** Where a node stands. */
export interface NodePlace {
  readonly name: string;
  readonly pool: string;
  readonly zone?: string;
}

/**
 * A node of a GPU pool as EKS registers one of this instance type: its cards, its labels, the pool's taint, and what is left of
 * CPU and memory for pods; `gpus` is what the device plugin advertises where cards are shared. Reserved is what AL2023 reserves: https://github.com/awslabs/amazon-eks-ami (kubelet's kubeReserved).
 */
export function gpuNode(
  instance: AcceleratedInstance, place: NodePlace, gpus: Readonly<Record<string, string>> = { 'nvidia.com/gpu': String(instance.gpuCount) },
): KubernetesObject {
  const pods = instance.vcpus > 30 ? 250 : 110;
  const shares = [[1, 60], [1, 10], [2, 5], [Infinity, 2.5]] as const;
  let cores = instance.vcpus;
  const reservedMillicores = shares.reduce((sum, [count, each]) => {
    const taken = Math.min(count, cores);
    cores -= taken;
    return sum + taken * each;
  }, 0);
  const mebibytes = instance.memoryGiB * 1024 * (1 - VM_OVERHEAD) - (255 + 11 * pods) - EVICTION_MIB - DAEMONS.mebibytes;
  return node(place, {
    labels: { 'node.kubernetes.io/instance-type': instance.name, 'kubernetes.io/arch': instance.architecture, 'ml-platform/node-pool': place.pool },
    taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }],
    allocatable: {
      'cpu': `${Math.floor(instance.vcpus * 1000 - reservedMillicores - DAEMONS.millicores)}m`,
      'memory': `${Math.floor(mebibytes)}Mi`,
      'ephemeral-storage': '180Gi',
      'pods': String(pods),
      ...gpus,
    },
  });
}

/** A node without cards, for everything else. */
export function cpuNode(place: NodePlace): KubernetesObject {
  return node(place, { labels: {}, taints: [], allocatable: { 'cpu': '3500m', 'memory': '14Gi', 'ephemeral-storage': '40Gi', 'pods': '58' } });
}

/** Makes nodes, ready for pods: nobody else takes the taint off that every new node gets. */
export async function addNodes(client: KubernetesClient, nodes: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(nodes.map(async (wanted) => {
    await client.create(wanted);
    const path = `/api/v1/nodes/${wanted.metadata?.name}`;
    const { body } = await client.request('GET', path);
    const { status, body: answer } = await client.request('PUT', path, { ...body, spec: wanted.spec });
    if (status >= 300) throw new Error(answer.message);
  }));
}

function node({ name, zone = 'eu-west-1a' }: NodePlace, { labels, taints, allocatable }: { labels: object; taints: readonly object[]; allocatable: object }): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'topology.kubernetes.io/zone': zone, ...labels } },
    spec: { taints },
    status: { capacity: allocatable, allocatable, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
  };
}
