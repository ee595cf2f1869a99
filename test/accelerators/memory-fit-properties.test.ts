import * as fc from 'fast-check';
import { AcceleratedInstance, KvCacheDtype, LlmModel, MemoryFit, MemoryFitProps, ModelDtype, WeightQuantization } from '../../lib/accelerators';
import { isValidationError } from '../../lib/core/private/validation-error';

const models = LlmModel.ids().map((id) => LlmModel.of(id));
const instances = AcceleratedInstance.all();
const runs = { numRuns: 200 };

/** A fit, or nothing if the request is refused; anything else that is thrown is a fault of ours. */
function tryFit(props: MemoryFitProps): MemoryFit | undefined {
  try {
    return MemoryFit.of(props);
  } catch (error) {
    if (isValidationError(error)) return undefined;
    throw error;
  }
}

const request: fc.Arbitrary<MemoryFitProps> = fc.record({
  model: fc.constantFrom(...models),
  instance: fc.constantFrom(...instances),
}, { requiredKeys: ['model', 'instance'] }).chain((base) => fc.record({
  model: fc.constant(base.model),
  instance: fc.constant(base.instance),
  tensorParallel: fc.constantFrom(1, 2, 4, 8).map((degree) => Math.min(degree, Math.max(base.instance.gpuCount, 1))),
  pipelineParallel: fc.constantFrom(1, 1, 1, 2, 3),
  contextLength: fc.integer({ min: 1, max: base.model.contextLength }),
  concurrency: fc.integer({ min: 1, max: 64 }),
  gpuMemoryUtilization: fc.double({ min: 0.5, max: 0.95, noNaN: true }),
  kvCacheDtype: fc.constantFrom(KvCacheDtype.AUTO, KvCacheDtype.AUTO, KvCacheDtype.FP8),
}));

function holds(check: (props: MemoryFitProps, fit: MemoryFit) => void): void {
  fc.assert(fc.property(request, (props) => {
    const fit = tryFit(props);
    if (fit !== undefined) check(props, fit);
  }), runs);
}

describe('whatever the model and the instance', () => {
  test('a fit is finite, and fits only with room for the requests', () => holds((_props, fit) => {
    for (const value of [fit.weightsGiB, fit.activationGiB, fit.overheadGiB, fit.kvRoomGiB, fit.kvTokens, fit.concurrencyAtContext, fit.marginGiB]) {
      expect(Number.isFinite(value)).toBe(true);
    }
    // what is shown is rounded down: 0.0 GiB of a small model still hold its tokens
    expect(fit.fits).toBe(fit.marginGiB >= 0 && fit.kvRoomGiB >= 0 && fit.largestContext >= fit.contextLength);
  }));

  test('a longer context never needs less, and the largest one is the largest', () => holds((props, fit) => {
    const longer = tryFit({ ...props, contextLength: Math.min(fit.contextLength * 2, props.model.contextLength) });
    expect(Number(longer?.fits)).toBeLessThanOrEqual(Number(fit.fits));
    if (fit.largestContext > 0) expect(tryFit({ ...props, contextLength: fit.largestContext })?.fits).toBe(true);
    if (fit.largestContext < props.model.contextLength) expect(tryFit({ ...props, contextLength: fit.largestContext + 1 })?.fits).toBe(false);
  }));

  test('more requests never fit where fewer do not', () => holds((props, fit) => {
    const more = tryFit({ ...props, concurrency: (props.concurrency ?? 1) * 2 });
    expect(Number(more?.fits)).toBeLessThanOrEqual(Number(fit.fits));
    expect(more?.largestContext).toBeLessThanOrEqual(fit.largestContext);
  }));

  test('more memory never holds less', () => holds((props, fit) => {
    const more = tryFit({ ...props, gpuMemoryUtilization: 0.96 });
    expect(more?.kvTokens).toBeGreaterThanOrEqual(fit.kvTokens);
    expect(more?.largestContext).toBeGreaterThanOrEqual(fit.largestContext);
  }));

  test('an 8-bit cache never holds fewer tokens', () => holds((props, fit) => {
    const eight = tryFit({ ...props, kvCacheDtype: KvCacheDtype.FP8 });
    if (eight !== undefined) expect(eight.kvTokens).toBeGreaterThanOrEqual(fit.kvTokens);
  }));

  test('more ranks never hold more weights each', () => holds((props) => {
    // of several stages, the one that limits the cache may be another one
    const fit = tryFit({ ...props, pipelineParallel: 1 });
    if (fit === undefined) return;
    const wider = tryFit({ ...props, pipelineParallel: 1, tensorParallel: (props.tensorParallel ?? 1) * 2 });
    if (wider !== undefined) expect(wider.weightsGiB).toBeLessThanOrEqual(fit.weightsGiB);
  }));

  test('eager mode never holds fewer tokens', () => holds((props, fit) => {
    expect(tryFit({ ...props, enforceEager: true })?.kvTokens).toBeGreaterThanOrEqual(fit.kvTokens);
  }));

  test('advice is there exactly where the model does not fit', () => fc.assert(fc.property(request, (props) => {
    const fit = tryFit(props);
    if (fit !== undefined) expect(fit.advice === '').toBe(fit.fits);
  }), { numRuns: 60 }));
});

test('any request is answered or refused with a ValidationError', () => {
  const number = fc.oneof(fc.integer({ min: -5, max: 5000 }), fc.double(), fc.constant(undefined));
  fc.assert(fc.property(fc.record({
    model: fc.constantFrom(...models),
    instance: fc.constantFrom(...instances),
    tensorParallel: number,
    pipelineParallel: number,
    contextLength: number,
    concurrency: number,
    gpuMemoryUtilization: number,
    maxNumSeqs: number,
    maxNumBatchedTokens: number,
    gpuShare: fc.option(fc.integer({ min: -1, max: 60 }), { nil: undefined }),
    enforceEager: fc.boolean(),
    kvCacheDtype: fc.constantFrom(...Object.values(KvCacheDtype)),
    quantization: fc.constantFrom(...Object.values(WeightQuantization)),
    dtype: fc.constantFrom(...Object.values(ModelDtype)),
  }), (props) => {
    tryFit(props);
  }), { numRuns: 2000 });
});
