/** What comes with a GPU at least, on every node that a pod may be placed on. */
export interface LlmNode {
  readonly vcpusPerGpu: number;
  readonly memoryGiBPerGpu: number;
  readonly networkGbps: number;
}

/** What the blueprint wants to know about a GPU pool: a cluster's `IGpuNodePool` fits. */
export interface LlmPool {
  readonly poolName: string;
  readonly usesSpot: boolean;
  readonly hasOnDemand: boolean;
  readonly maxGpus: number;
  readonly diskGiB: number;
  readonly gpuResource: string;
  readonly podsPerGpu: number;
}

/** Where a service stands and how its model is split there. */
export interface LlmPlan {
  readonly pool: LlmPool;
  /** EC2 instance types that pods may be placed on, cheapest first. */
  readonly instanceTypes: readonly string[];
  readonly node: LlmNode;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly nodesPerReplica: number;
  readonly replicas: number;
  readonly contextLength: number;
  /** Size of the checkpoint: what is read at start. */
  readonly weightsGiB: number;
}

/** GPUs that one pod asks for. */
export function gpusPerPod(plan: LlmPlan): number {
  return plan.tensorParallel * plan.pipelineParallel / plan.nodesPerReplica;
}

/** GPUs that all pods of the service take from the pool, shared ones by their share. */
export function gpusOfService(plan: LlmPlan): number {
  return Math.ceil(plan.replicas * plan.nodesPerReplica * gpusPerPod(plan) / plan.pool.podsPerGpu);
}

/** Whether pods may lose their node with two minutes' notice. */
export function standsOnSpot(plan: LlmPlan): boolean {
  return plan.pool.usesSpot;
}
