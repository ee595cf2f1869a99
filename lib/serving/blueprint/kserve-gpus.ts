import type { ModelGpus } from './kserve-model';
import type { ModelServer } from './model-runtime-servers';
import { AcceleratedInstance } from '../../accelerators/accelerated-instance';
import { checkInteger, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What is known about a GPU pool: a cluster's `IGpuNodePool` fits. */
export interface ModelGpuPool {
  readonly poolName: string;
  readonly instanceTypes: readonly string[];
  readonly usesSpot: boolean;
  readonly maxGpus: number;
  readonly diskGiB: number;
  readonly gpuResource: string;
  readonly podsPerGpu: number;
}

/** What a user asks for. */
export interface ModelGpuRequest {
  readonly pool: ModelGpuPool;
  readonly count?: number;
  readonly instanceTypes?: readonly string[];
}

/** Decides which GPUs a pod gets, and refuses those that the pool cannot supply or the server cannot use. */
export function modelGpus(
  faults: Faults, server: ModelServer, request: ModelGpuRequest | undefined, replicas: number,
): ModelGpus | undefined {
  if (request === undefined) {
    faults.check(server.gpu !== 'required', 'missing-gpus',
      `runtime '${server.name}' runs on GPUs only, but gpu is not given; give gpu: { pool: cluster.addGpuNodePool(...) }`);
    return undefined;
  }
  const { pool, count = 1 } = request;
  faults.check(server.gpu !== 'none', 'unsupported-gpus',
    `gpu is given, but runtime '${server.name}' does not use GPUs; leave gpu out, or choose a runtime that does, such as ModelRuntime.onnx()`);
  checkCount(faults, server, pool, count, replicas);
  const instanceTypes = checkInstances(faults, pool, request.instanceTypes ?? []);
  checkCards(faults, server, instanceTypes.length === 0 ? pool.instanceTypes : instanceTypes);
  return { poolName: pool.poolName, resource: pool.gpuResource, count, usesSpot: pool.usesSpot, instanceTypes };
}

function checkCount(faults: Faults, server: ModelServer, pool: ModelGpuPool, count: number, replicas: number): void {
  checkInteger(faults, 'gpu.count', count, { min: 1, max: server.maxGpus ?? 16 });
  faults.check(pool.podsPerGpu === 1 || count === 1, 'shared-gpu-count',
    `gpu.count ${show(count)} asks for several shares of GPUs, but pool '${pool.poolName}' shares each among ${pool.podsPerGpu} pods, and shares of one GPU add up to nothing; ask for 1, or use a pool without sharing`);
  const needed = Math.ceil(replicas * count / pool.podsPerGpu);
  faults.check(!(needed > pool.maxGpus), 'too-few-gpus',
    `${replicas} replicas with gpu.count ${show(count)} need ${needed} GPUs, but pool '${pool.poolName}' makes at most ${pool.maxGpus}; lower the replicas, or raise the pool's maxGpus`);
}

function checkInstances(faults: Faults, pool: ModelGpuPool, instanceTypes: readonly string[]): string[] {
  checkUnique(faults, 'gpu.instanceTypes', instanceTypes);
  const missing = instanceTypes.filter((it) => !pool.instanceTypes.includes(it));
  faults.check(missing.length === 0, 'instance-not-in-pool',
    `gpu.instanceTypes names ${missing.join(', ')}, which pool '${pool.poolName}' does not supply; it supplies ${show([...pool.instanceTypes])}`);
  return [...instanceTypes].sort();
}

/** What the cards of the instances have to be. A type that the catalogue does not know is let through. */
function checkCards(faults: Faults, server: ModelServer, instanceTypes: readonly string[]): void {
  const known = new Map(AcceleratedInstance.all().map((it) => [it.name, it]));
  const instances = instanceTypes.flatMap((name) => known.get(name) ?? []);
  const arm = instances.filter((it) => it.architecture !== 'amd64').map((it) => it.name);
  faults.check(server.amd64Only !== true || arm.length < instances.length || arm.length === 0, 'unsupported-architecture',
    `runtime '${server.name}' has an image for amd64 only, but ${arm.join(', ')} have Arm processors; use a pool with x86 instances`);
  const least = server.computeCapability ?? 0;
  const old = instances.flatMap(({ name, gpu }) => (gpu !== undefined && gpu.computeCapability < least ? [`${name} (${gpu.name})`] : []));
  faults.check(old.length === 0, 'unsupported-gpus',
    `runtime '${server.name}' needs compute capability ${least} or higher, which ${old.join(', ')} have not; name newer ones in gpu.instanceTypes`);
  const kinds = [...new Set(instances.flatMap((it) => it.gpu?.name ?? []))];
  faults.check(server.oneKindOfGpu !== true || kinds.length <= 1, 'mixed-gpus',
    `runtime '${server.name}' runs engines that are compiled for one kind of GPU, but the pods may come to ${kinds.join(', ')}; name instances with one kind in gpu.instanceTypes`);
}
