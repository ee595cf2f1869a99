import { fitMemory } from './fit';
import { resolveRequest } from './request';
import { tensorParallelDegrees } from './rules';
import { count } from './units';
import { Faults } from '../../../core/private/faults';
import type { MemoryFitProps } from '../../memory-fit';
import { KvCacheDtype, WeightQuantization } from '../../quantization';

/** A change to a request, in words. */
interface Change {
  readonly text: string;
  readonly changed: MemoryFitProps;
}

const ALTERNATIVES = 3;

/** The cheapest change that makes a request fit, then others: first what costs nothing, then the next instance. */
export function adviceFor(request: MemoryFitProps): string {
  const working = [...changes(request)].filter((change) => fits(change.changed)).map((change) => change.text);
  const context = shorterContext(request);
  if (context !== undefined) working.push(context);
  if (working.length === 0) return 'no change of one setting makes it fit; use a smaller model or quantized weights on a larger instance';
  return working.slice(0, ALTERNATIVES).join(', or ');
}

function* changes(request: MemoryFitProps): Generator<Change> {
  const model = request.model._architecture;
  for (const degree of tensorParallelDegrees(model, request.instance.gpuCount)) {
    if (degree > (request.tensorParallel ?? 1) && (request.gpuShare ?? 1) === 1) {
      yield { text: `tensorParallel ${degree} of the ${request.instance.gpuCount} GPUs`, changed: { ...request, tensorParallel: degree } };
    }
  }
  yield { text: 'kvCacheDtype FP8', changed: { ...request, kvCacheDtype: KvCacheDtype.FP8 } };
  if (model.quantization === undefined) {
    yield { text: 'quantization FP8', changed: { ...request, quantization: WeightQuantization.FP8 } };
    yield {
      text: 'quantization FP8 with kvCacheDtype FP8',
      changed: { ...request, quantization: WeightQuantization.FP8, kvCacheDtype: KvCacheDtype.FP8 },
    };
  }
}

function shorterContext(request: MemoryFitProps): string | undefined {
  const { model, card, settings } = resolveRequest(request);
  const { largestContext } = fitMemory(model, card, settings);
  return largestContext > 0 ? `contextLength ${count(largestContext).replace(/,/g, '')}` : undefined;
}

/** Whether a changed request fits; a change that the card or the model does not allow is no advice. */
function fits(request: MemoryFitProps): boolean {
  const resolved = Faults.at('advice').collect(() => resolveRequest(request));
  return resolved !== undefined && fitMemory(resolved.model, resolved.card, resolved.settings).fits;
}
