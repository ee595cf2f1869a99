import { fitMemory } from './fit';
import { resolveRequest } from './request';
import { tensorParallelDegrees } from './rules';
import { Faults } from '../../../core/private/faults';
import { AcceleratedInstance } from '../../accelerated-instance';
import { InstancePrices } from '../../instance-prices';
import type { MemoryFitProps } from '../../memory-fit';
import { KvCacheDtype, WeightQuantization } from '../../quantization';

/** A change to a request, in words. */
interface Change {
  readonly text: string;
  readonly changed: MemoryFitProps;
}

const FREE_CHANGES = 2;

/** The cheapest change that makes a request fit, then others: first what costs nothing, then a shorter context, then the next instance. */
export function adviceFor(request: MemoryFitProps): string {
  const free = changes(request).filter((change) => fits(change.changed)).map((change) => change.text);
  const all = [...free.slice(0, FREE_CHANGES), shorterContext(request), nextInstance(request)].filter((text) => text !== undefined);
  return all.length > 0 ? all.join(', or ') : 'no change of one setting makes it fit; use a smaller model or a quantized checkpoint';
}

function changes(request: MemoryFitProps): Change[] {
  const { instance, model, tensorParallel = 1, gpuShare = 1 } = request;
  const degree = tensorParallelDegrees(model._architecture, gpuShare === 1 ? instance.gpuCount : 1)
    .find((candidate) => candidate > tensorParallel && fits({ ...request, tensorParallel: candidate }));
  const kvCacheDtype = KvCacheDtype.FP8;
  const quantization = WeightQuantization.FP8;
  return [
    ...(degree === undefined ? [] : [{
      text: `tensorParallel ${degree} of the ${instance.gpuCount} GPUs`,
      changed: { ...request, tensorParallel: degree },
    }]),
    { text: 'kvCacheDtype FP8', changed: { ...request, kvCacheDtype } },
    { text: 'quantization FP8', changed: { ...request, quantization } },
    { text: 'quantization FP8 with kvCacheDtype FP8', changed: { ...request, quantization, kvCacheDtype } },
  ];
}

function shorterContext(request: MemoryFitProps): string | undefined {
  const { model, card, settings } = resolveRequest(request);
  const largest = fitMemory(model, card, settings).largestContext();
  return largest > 0 ? `contextLength ${largest}` : undefined;
}

/** The cheapest instance that holds the request as it is, with as few of its GPUs as it takes. */
function nextInstance(request: MemoryFitProps): string | undefined {
  const prices = InstancePrices.onDemand();
  const offers = AcceleratedInstance.all()
    .filter((instance) => instance.llmExclusion === undefined && instance.imageExclusion === undefined)
    .map((instance) => ({ instance, price: prices.usdPerHour(instance) ?? Infinity }))
    .filter(({ price }) => price < Infinity)
    .sort((a, b) => a.price - b.price);
  for (const { instance, price } of offers) {
    const degree = tensorParallelDegrees(request.model._architecture, instance.gpuCount)
      .find((tensorParallel) => fits({ ...request, instance, tensorParallel, gpuShare: undefined }));
    if (degree === undefined) continue;
    const gpus = instance.gpuCount === 1 ? '' : ` with tensorParallel ${degree} of its ${instance.gpuCount} GPUs`;
    return `instance ${instance.name}${gpus} (${price.toFixed(2)} USD an hour)`;
  }
  return undefined;
}

/** Whether a changed request fits; a change that the card or the model does not allow is no advice. */
function fits(request: MemoryFitProps): boolean {
  const resolved = Faults.at('advice').collect(() => resolveRequest(request));
  return resolved !== undefined && fitMemory(resolved.model, resolved.card, resolved.settings).fits;
}
