import { type Candidate, type LlmDemand, loadOf, onSharedGpus, onWholeGpus, usableTypes } from './llm-candidates';
import { AcceleratedInstance } from '../../accelerators/accelerated-instance';
import { LlmPlacement } from '../../accelerators/llm-placement';
import { MemoryFit } from '../../accelerators/memory-fit';
import type { IGpuNodePool } from '../../cluster/interfaces';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { isValidationError } from '../../core/private/validation-error';

/** Where a service stands. */
export interface Placed {
  readonly pool: IGpuNodePool;
  /** What every pod may be placed on, cheapest first; all of them are split in the same way. */
  readonly placements: readonly Candidate[];
  readonly replicas: number;
  /** Memory on the cheapest of them. */
  readonly fit: MemoryFit;
}

/** What is to be placed. */
export interface PlacingRequest {
  /** Pools that may supply nodes. */
  readonly pools: readonly IGpuNodePool[];
  readonly demand: LlmDemand;
  /** Instance types that the user states; each of them has to hold the model. */
  readonly instanceTypes?: readonly string[];
  /** Number of replicas that the user states, or the largest that an autoscaler may make. */
  readonly replicas?: number;
}

/** A pod whose own kind of node is out of stock must not fetch a machine with eight GPUs. */
const DEAREST = 4;

/** Finds the pool, the instance types and the split that hold a model at the lowest price. */
export function placeLlm(faults: Faults, request: PlacingRequest): Placed | undefined {
  const before = faults.count;
  checkPools(faults, request);
  if (faults.count > before) return undefined;
  const options = request.pools.map((pool) => ({ pool, candidates: candidatesIn(faults, pool, request) })).filter((it) => it.candidates.length > 0);
  if (faults.count > before) return undefined;
  // each pool answers for itself: a model is cut over nodes only if no pool has one that is large enough
  const [cheapest] = options.sort((one, other) => nodesOf(one.candidates) - nodesOf(other.candidates) || priceOf(one.candidates) - priceOf(other.candidates));
  if (cheapest === undefined) {
    refuse(faults, request);
    return undefined;
  }
  return settle(faults, cheapest.pool, cheapest.candidates, request);
}

function checkPools(faults: Faults, { pools, instanceTypes = [], demand }: PlacingRequest): void {
  if (!faults.check(pools.length > 0, 'no-gpu-pool', "cluster has no GPU pool that could supply nodes; add one, such as cluster.addGpuNodePool('Inference', { maxGpus: 8 })")) return;
  const supplied = suppliedBy(pools);
  for (const type of instanceTypes.filter((it) => !supplied.includes(it))) {
    const near = suggest(type, supplied);
    faults.add('instance-not-in-pool', `instanceTypes names ${show(type)}, which ${poolNames(pools)} cannot supply${near === undefined ? '' : ` (did you mean '${near}'?)`}; `
      + `choose of ${some(supplied)}, or let the pool supply it`);
  }
  for (const pool of pools.length === 1 ? pools : []) checkSharing(faults, pool, demand);
}

/** A slice of a GPU, or a share of it, holds one rank only. */
function checkSharing(faults: Faults, pool: IGpuNodePool, { tensorParallel = 1 }: LlmDemand): void {
  faults.check(isWhole(pool), 'sliced-gpu',
    `pool ${pool.poolName} offers ${pool.gpuResource}, a slice of a GPU, whose memory the fit does not know; choose a pool with whole or time-sliced GPUs`);
  faults.check(pool.podsPerGpu === 1 || tensorParallel === 1, 'gpu-sharing-with-tensor-parallel',
    `pool ${pool.poolName} shares each GPU between ${pool.podsPerGpu} pods, and tensorParallel ${tensorParallel} wants whole ones; leave tensorParallel out, or choose a pool without sharing`);
}

function candidatesIn(faults: Faults, pool: IGpuNodePool, { instanceTypes, replicas, demand }: PlacingRequest): Candidate[] {
  const instances = usableTypes(pool.instanceTypes).filter((type) => instanceTypes?.includes(type) ?? true);
  const shared = pool.podsPerGpu > 1;
  if (instances.length === 0 || !isWhole(pool) || (shared && (demand.tensorParallel ?? 1) > 1)) return [];
  const own = { ...demand, instances, concurrency: eachOf(demand.concurrency, replicas) };
  const candidates = shared ? onSharedGpus(own, pool.podsPerGpu) : onWholeGpus(faults, own);
  return candidates.filter((it) => replicas === undefined || it.replicas === 1);
}

/** Nothing holds it: says why. */
function refuse(faults: Faults, request: PlacingRequest): void {
  const { demand, pools, instanceTypes, replicas } = request;
  const where = poolNames(pools);
  const instances = usableTypes(suppliedBy(pools)).filter((type) => instanceTypes?.includes(type) ?? true);
  const usable = faults.check(instances.length > 0, 'no-usable-instance',
    `${where} can supply ${some(instanceTypes ?? suppliedBy(pools))}, none of which runs a language model at a known price; let the pool supply others, such as g6e.xlarge`);
  if (!usable) return;
  const best = bestOf(faults, { ...demand, instances, concurrency: eachOf(demand.concurrency, replicas) }, where);
  if (best === undefined) return;
  const gpuShare = Math.min(...pools.map((pool) => pool.podsPerGpu));
  const tensorParallel = gpuShare > 1 ? 1 : best.tensorParallel;
  const fit = faults.collect(() => MemoryFit.of({ ...loadOf(demand), instance: best.instance, tensorParallel, gpuShare }));
  if (fit === undefined) return;
  const needed = pools.flatMap((pool) => candidatesIn(faults, pool, { ...request, replicas: undefined })).map((it) => it.replicas);
  faults.check(!fit.fits, 'too-few-replicas',
    `concurrency ${demand.concurrency} over ${replicas} replicas is ${eachOf(demand.concurrency, replicas)} each, which nothing of ${where} holds; `
    + `use replicas ${Math.min(...needed)} or more, or leave it out`);
  faults.check(fit.fits, 'model-does-not-fit',
    `nothing of ${where} holds contextLength ${demand.contextLength} of ${demand.model.id}: ${fit.summary}; use ${fit.advice}`);
}

/** The cheapest placement, or why there is none: instance types are the pools' here. */
function bestOf(faults: Faults, demand: LlmDemand, where: string): LlmPlacement | undefined {
  try {
    return LlmPlacement.best(demand);
  } catch (error) {
    if (!isValidationError(error)) throw error;
    const open = demand.tensorParallel === undefined ? '' : ' and leave tensorParallel out';
    for (const { code, message } of error.faults) faults.add(code, message.replace('leave instances and tensorParallel open', `let ${where} supply other types${open}`));
    return undefined;
  }
}

/** All candidates that are split like the cheapest one, and not much dearer. */
function settle(faults: Faults, pool: IGpuNodePool, candidates: readonly Candidate[], request: PlacingRequest): Placed | undefined {
  const [best] = candidates;
  if (best === undefined) return undefined;
  const { tensorParallel, pipelineParallel, replicas } = best;
  const alike = candidates.filter((it) => it.tensorParallel === tensorParallel && it.pipelineParallel === pipelineParallel && it.replicas <= replicas);
  const stated = request.instanceTypes;
  if (stated !== undefined) checkEach(faults, stated, alike, best, request.demand);
  const placements = stated === undefined ? alike.filter((it) => it.usdPerHour <= DEAREST * best.usdPerHour) : alike;
  return { pool, placements, replicas: request.replicas ?? replicas, fit: best.fit };
}

/** Whoever names instance types wants all of them to work. */
function checkEach(faults: Faults, stated: readonly string[], alike: readonly Candidate[], best: Candidate, demand: LlmDemand): void {
  for (const type of stated.filter((it) => !alike.some((candidate) => candidate.instance.name === it))) {
    const { tensorParallel, replicas } = best;
    const fit = faults.collect(() => MemoryFit.of({
      ...loadOf(demand), instance: AcceleratedInstance.of(type), tensorParallel, concurrency: eachOf(demand.concurrency, replicas),
    }));
    if (fit === undefined) continue;
    faults.add('instance-does-not-fit',
      `instanceTypes names '${type}', which does not hold at tensorParallel ${tensorParallel} and ${replicas} replicas what ${best.instance.name} does: `
      + `${fit.summary}; leave it out${fit.advice === '' ? '' : `, or use ${fit.advice}`}`);
  }
}

function eachOf(concurrency: number, replicas = 1): number {
  return Math.ceil(concurrency / replicas);
}

function isWhole({ gpuResource }: IGpuNodePool): boolean {
  return gpuResource === 'nvidia.com/gpu';
}

function priceOf([first]: readonly Candidate[]): number {
  return first?.usdPerHour ?? Infinity;
}

function nodesOf([first]: readonly Candidate[]): number {
  return first?.nodesPerReplica ?? Infinity;
}

function suppliedBy(pools: readonly IGpuNodePool[]): string[] {
  return [...new Set(pools.flatMap((pool) => pool.instanceTypes))].sort();
}

function poolNames(pools: readonly IGpuNodePool[]): string {
  return pools.map(({ poolName }) => `pool ${poolName}`).join(' and ');
}

/** A list that a message can hold. */
function some(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`;
}
