import { AcceleratedInstance } from '../../accelerators/accelerated-instance';
import { InstancePrices } from '../../accelerators/instance-prices';
import { LlmPlacement, type LlmPlacementProps } from '../../accelerators/llm-placement';
import { MemoryFit, type MemoryFitProps } from '../../accelerators/memory-fit';
import type { ModelDtype } from '../../accelerators/quantization';
import { Faults } from '../../core/private/faults';

/** What a service asks of its place. */
export interface LlmDemand extends LlmPlacementProps {
  readonly dtype?: ModelDtype;
  readonly maxNumBatchedTokens?: number;
  readonly enforceEager?: boolean;
}

/** One way to hold the load. */
export interface Candidate {
  readonly instance: AcceleratedInstance;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly nodesPerReplica: number;
  readonly replicas: number;
  readonly usdPerHour: number;
  readonly fit: MemoryFit;
}

/** Instance types of a pool that can run a language model, and whose price is known to rank them by. */
export function usableTypes(names: readonly string[]): string[] {
  return names.filter((name) => {
    const instance = Faults.at(name).collect(() => AcceleratedInstance.of(name));
    return instance !== undefined && instance.llmExclusion === undefined && priceOf(instance) !== undefined;
  });
}

/** Ways to hold the load on whole GPUs, cheapest first. */
export function onWholeGpus(faults: Faults, demand: LlmDemand): Candidate[] {
  const { dtype, maxNumBatchedTokens, enforceEager } = demand;
  const ranked = faults.collect(() => LlmPlacement.rank(demand)) ?? [];
  if (dtype === undefined && maxNumBatchedTokens === undefined && enforceEager === undefined) return ranked;
  // what the ranking does not ask for is asked of each
  return ranked.flatMap((it) => {
    const { instance, tensorParallel, pipelineParallel, concurrencyPerReplica: concurrency } = it;
    const fit = Faults.at(instance.name).collect(() => MemoryFit.of({ ...loadOf(demand), instance, tensorParallel, pipelineParallel, concurrency }));
    const { nodesPerReplica, replicas, usdPerHour } = it;
    return fit?.fits === true ? [{ instance, tensorParallel, pipelineParallel, nodesPerReplica, replicas, usdPerHour, fit }] : [];
  });
}

/** Ways to hold the load on GPUs that several pods share by time slicing, cheapest first. */
export function onSharedGpus(demand: LlmDemand, podsPerGpu: number): Candidate[] {
  return (demand.instances ?? []).flatMap((name): Candidate[] => {
    const instance = AcceleratedInstance.of(name);
    const fitOf = (concurrency: number): MemoryFit | undefined => Faults.at(name)
      .collect(() => MemoryFit.of({ ...loadOf(demand), instance, concurrency, gpuShare: podsPerGpu }));
    const single = fitOf(1);
    if (single?.fits !== true) return [];
    const most = Math.min(demand.concurrency, single.maxNumSeqs, Math.floor(single.concurrencyAtContext));
    const replicas = Math.ceil(demand.concurrency / most);
    const fit = fitOf(Math.ceil(demand.concurrency / replicas)) ?? single;
    const usdPerHour = Math.ceil(replicas / (instance.gpuCount * podsPerGpu)) * (priceOf(instance) ?? Infinity);
    return [{ instance, tensorParallel: 1, pipelineParallel: 1, nodesPerReplica: 1, replicas, usdPerHour, fit }];
  }).sort((one, other) => one.usdPerHour - other.usdPerHour || (one.instance.name < other.instance.name ? -1 : 1));
}

/** The demand as the memory fit takes it. */
export function loadOf(demand: LlmDemand): Omit<MemoryFitProps, 'instance'> {
  const { model, contextLength, kvCacheDtype, quantization, dtype, gpuMemoryUtilization, maxNumSeqs, maxNumBatchedTokens, enforceEager } = demand;
  return { model, contextLength, kvCacheDtype, quantization, dtype, gpuMemoryUtilization, maxNumSeqs, maxNumBatchedTokens, enforceEager };
}

function priceOf(instance: AcceleratedInstance): number | undefined {
  return InstancePrices.onDemand().usdPerHour(instance);
}
