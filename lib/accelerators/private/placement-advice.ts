import type { Capacity } from './placement-search';
import { fail } from '../../core/private/faults';
import type { LlmPlacement, LlmPlacementProps } from '../llm-placement';
import { KvCacheDtype, WeightQuantization } from '../quantization';

/** The cheapest placement of a changed request, handed in, so that the search need not be known here. */
export type Cheapest = (changed: LlmPlacementProps) => LlmPlacement | undefined;

/** Throws the refusal of a model that fits nowhere: what is needed, what there is, what to change. */
export function doesNotFit(props: LlmPlacementProps, capacities: readonly Capacity[], cheapest: Cheapest): never {
  const closest = capacities.reduce((a, b) => (isCloser(b, a) ? b : a));
  const { single, layout } = closest;
  const ways = changes(props, cheapest);
  if (single.largestContext > 0) ways.push(`set contextLength ${single.largestContext}, which one request fits in there`);
  fail('LlmPlacement', 'model-does-not-fit',
    `contextLength ${props.contextLength} of ${props.model.id} needs ${(single.kvRoomGiB - single.marginGiB).toFixed(1)} GiB of KV cache `
    + `on each GPU for one request; the closest, ${layout.instance.name} at ${cut(layout.tensorParallel, layout.pipelineParallel)}, `
    + `has ${room(single.kvRoomGiB)} after weights, activations and overhead; `
    + (ways.length > 0 ? ways.join(', or ') : 'use a smaller model, or name larger instances'));
}

/** The layout with the longest context that fits is the closest; where none has room, the one that lacks the least. */
function isCloser(a: Capacity, b: Capacity): boolean {
  return a.single.largestContext > b.single.largestContext
    || (a.single.largestContext === b.single.largestContext && a.single.marginGiB > b.single.marginGiB);
}

/** Changes of one property that help, the cheapest result first. */
function changes(props: LlmPlacementProps, cheapest: Cheapest): string[] {
  const tried: [string, LlmPlacementProps][] = [];
  if (props.instances !== undefined || props.tensorParallel !== undefined) {
    tried.push(['leave instances and tensorParallel open', { ...props, instances: undefined, tensorParallel: undefined }]);
  }
  if (props.kvCacheDtype !== KvCacheDtype.FP8) tried.push(['set kvCacheDtype FP8', { ...props, kvCacheDtype: KvCacheDtype.FP8 }]);
  if (props.quantization !== WeightQuantization.FP8 && props.model._architecture.quantization === undefined) {
    tried.push(['set quantization FP8', { ...props, quantization: WeightQuantization.FP8 }]);
  }
  return tried
    .flatMap(([change, changed]) => {
      const placement = cheapest(changed);
      return placement === undefined ? [] : [{ change, placement }];
    })
    .sort((a, b) => a.placement.usdPerHour - b.placement.usdPerHour)
    .map(({ change, placement }) => `${change}: ${placement.instanceCount} x ${placement.instance.name} at `
      + `${cut(placement.tensorParallel, placement.pipelineParallel)} for ${placement.usdPerHour.toFixed(2)} USD an hour`);
}

function cut(tensorParallel: number, pipelineParallel: number): string {
  return `tensorParallel ${tensorParallel}${pipelineParallel > 1 ? ` and pipelineParallel ${pipelineParallel}` : ''}`;
}

function room(gib: number): string {
  return gib > 0 ? `${gib.toFixed(1)} GiB` : 'no room';
}
