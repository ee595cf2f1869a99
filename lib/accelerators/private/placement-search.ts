import { isValidationError, ValidationError, type Fault } from '../../core/private/validation-error';
import type { AcceleratedInstance } from '../accelerated-instance';
import { MemoryFit, type MemoryFitProps } from '../memory-fit';
import { tensorParallelDegrees } from './memory/rules';

/** What is to be held, wherever it is placed. */
export type Load = Omit<MemoryFitProps, 'instance' | 'tensorParallel' | 'pipelineParallel'> & { readonly concurrency: number };

/** How one replica lies on an instance type. */
export interface Layout {
  readonly instance: AcceleratedInstance;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
}

/** What a layout holds. */
export interface Capacity {
  readonly layout: Layout;
  /** The fit with one request. */
  readonly single: MemoryFit;
  /** Requests that a replica holds of those that are asked for; 0 if the model does not fit. */
  readonly concurrency: number;
}

/** Instances that one replica spreads over at most: vLLM's pipeline, a stage on each. */
const MOST_NODES = 16;
/** What a fit rounds its weights up by at most. */
const ROUNDING_GIB = 0.1;

/**
 * Computes what layouts hold. Instance types with the same cards hold the same, so each card is computed once.
 *
 * A layout that the engine refuses outright, such as FP8 on a card without it, holds nothing; its faults are kept for the case that
 * all of them are refused.
 */
export class PlacementSearch {
  private readonly known = new Map<string, Capacity | undefined>();
  private readonly refusals: Fault[][] = [];
  private computed = 0;

  constructor(private readonly load: Load, private readonly tensorParallel: number | undefined) {}

  /** What each layout on one instance holds; several instances for a replica only where one is too small everywhere. */
  capacities(instances: readonly AcceleratedInstance[]): Capacity[] {
    const single = instances.flatMap((instance) => this.onOneInstance(instance));
    this.throwIfAllRefused();
    return single.some(({ concurrency }) => concurrency > 0) ? single : [...single, ...instances.flatMap((it) => this.onSeveral(it))];
  }

  private onOneInstance(instance: AcceleratedInstance): Capacity[] {
    return this.degrees(instance).flatMap((tensorParallel) => this.capacity({ instance, tensorParallel, pipelineParallel: 1 }) ?? []);
  }

  private onSeveral(instance: AcceleratedInstance): Capacity[] {
    const tensorParallel = Math.max(...tensorParallelDegrees(this.load.model._architecture, instance.gpuCount));
    // with less than that there is room left on the instance
    if (this.tensorParallel !== undefined && this.tensorParallel !== tensorParallel) return [];
    const most = Math.min(MOST_NODES, this.load.model._architecture.layers);
    const least = Math.max(2, this.leastStages({ instance, tensorParallel, pipelineParallel: 1 }));
    const stages = Array.from({ length: Math.max(most - least + 1, 0) }, (_, index) => index + least);
    return stages.flatMap((pipelineParallel) => this.capacity({ instance, tensorParallel, pipelineParallel }) ?? []);
  }

  /** Fewer stages than these cannot hold the weights: the fullest holds no less than an even share. */
  private leastStages(layout: Layout): number {
    const whole = this.capacity(layout)?.single;
    if (whole === undefined) return 1;
    const budget = (layout.instance.gpu?.usableGiB ?? 0) * whole.gpuMemoryUtilization;
    return Math.ceil((whole.weightsGiB - ROUNDING_GIB) / budget);
  }

  private degrees(instance: AcceleratedInstance): number[] {
    if (this.tensorParallel !== undefined) return [this.tensorParallel];
    return tensorParallelDegrees(this.load.model._architecture, instance.gpuCount);
  }

  private capacity(layout: Layout): Capacity | undefined {
    const { instance, tensorParallel, pipelineParallel } = layout;
    // too few GPUs is a matter of the instance, not of the card
    const enough = tensorParallel <= instance.gpuCount;
    const key = `${instance.gpu?.karpenterName} ${instance.gpu?.memoryMiB} ${tensorParallel} ${pipelineParallel} ${enough}`;
    if (!this.known.has(key)) this.known.set(key, this.compute(layout));
    const known = this.known.get(key);
    return known === undefined ? undefined : { ...known, layout };
  }

  private compute(layout: Layout): Capacity | undefined {
    try {
      const single = MemoryFit.of({ ...this.load, ...layout, concurrency: 1 });
      this.computed++;
      return { layout, single, concurrency: single.fits ? this.mostRequests(layout, single) : 0 };
    } catch (error) {
      if (!isValidationError(error)) throw error;
      this.refusals.push(error.faults);
      return undefined;
    }
  }

  /**
   * Up to the engine's own `max_num_seqs` the room is the same for any number of requests. Above it the engine has to be given more,
   * and its buffers take from the room: then the number is searched. What the last room would hold is a good guess where contexts
   * are long; halving bounds the steps where they are so short that the buffers weigh more than the requests.
   */
  private mostRequests(layout: Layout, single: MemoryFit): number {
    const room = Math.min(Math.floor(single.concurrencyAtContext), this.load.concurrency);
    if (room <= single.maxNumSeqs || this.load.maxNumSeqs !== undefined) return Math.min(room, single.maxNumSeqs);
    let [known, unknown, guess] = [single.maxNumSeqs, room + 1, room];
    for (let step = 0; unknown - known > 1; step++) {
      const fit = MemoryFit.of({ ...this.load, ...layout, concurrency: guess });
      if (fit.fits) known = guess;
      else unknown = guess;
      const next = step % 2 === 0 ? Math.floor(fit.concurrencyAtContext) : Math.floor((known + unknown) / 2);
      guess = Math.min(Math.max(next, known + 1), unknown - 1);
    }
    return known;
  }

  /** Faults that no layout is free of; those of the newest card where each has its own. */
  private throwIfAllRefused(): void {
    const last = this.refusals.at(-1);
    if (this.computed > 0 || last === undefined) return;
    const common = last.filter(({ code }) => this.refusals.every((faults) => faults.some((fault) => fault.code === code)));
    throw new ValidationError('LlmPlacement', common.length > 0 ? common : last);
  }
}
