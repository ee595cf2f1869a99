import { gpusPerPod, type LlmPlan } from './llm-plan';

/** What a pod asks of its node besides GPUs. */
export interface PodShare {
  /** Whole or half CPUs. */
  readonly cpus: number;
  readonly memoryGiB: number;
}

/** What daemons, the kubelet and the kernel leave of a node, on the smallest ones. */
const ALLOCATABLE = 0.75;

/** A pod's share of the smallest node that it may come to, by its share of that node's GPUs. */
export function podShare(plan: LlmPlan): PodShare {
  const share = gpusPerPod(plan) / plan.pool.podsPerGpu * ALLOCATABLE;
  return {
    cpus: Math.max(0.5, Math.floor(plan.node.vcpusPerGpu * share * 2) / 2),
    memoryGiB: Math.max(1, Math.floor(plan.node.memoryGiBPerGpu * share)),
  };
}
