import { Token } from 'aws-cdk-lib';
import { AcceleratedInstance, KvCacheDtype, LlmModel, MemoryFit, MemoryFitProps, ModelDtype, WeightQuantization } from '../../lib/accelerators';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';

const LLAMA = LlmModel.of('meta-llama/Llama-3.1-8B-Instruct');

function fitOf(instance: string, props: Partial<MemoryFitProps> = {}): MemoryFit {
  return MemoryFit.of({ model: LLAMA, instance: AcceleratedInstance.of(instance), ...props });
}

describe('a fit', () => {
  test('says what each part takes, what is left, and what that holds', () => {
    const fit = fitOf('g6e.xlarge', { contextLength: 16_384 });

    expect(fit.fits).toBe(true);
    // 8,030,261,248 parameters of two bytes are 14.96 GiB, servers print 14.99
    expect(fit.weightsGiB).toBeGreaterThanOrEqual(14.9);
    expect(fit.weightsGiB).toBeLessThanOrEqual(15.2);
    // 32 layers x 8 KV heads x 128 dimensions x keys and values x two bytes = 131,072 bytes for each token
    expect(fit.kvTokens * 131_072 / 2 ** 30).toBeCloseTo(fit.kvRoomGiB, 0);
    expect(fit.concurrencyAtContext).toBeCloseTo(fit.kvTokens / 16_384, 0);
    expect(fit.marginGiB).toBeCloseTo(fit.kvRoomGiB - 2, 0);
    expect(fit.weightsGiB + fit.activationGiB + fit.overheadGiB + fit.kvRoomGiB).toBeCloseTo(44.7 * 0.98 * 0.92, 0);
    expect(fit.largestContext).toBe(131_072);
  });

  test('is one line for people', () => {
    expect(fitOf('g6e.xlarge', { contextLength: 16_384 }).summary).toMatch(
      /^1 x g6e\.xlarge \(L40S 43\.8 GiB\): weights 15\.\d, activations \d\.\d, overhead \d\.\d, KV 2\d\.\d GiB = 1\d\d,000 tokens = 1\d\.\d full contexts of 16,384$/);
    expect(fitOf('g6.12xlarge', { contextLength: 8192, tensorParallel: 2 }).summary)
      .toMatch(/^2 of 4 GPUs of g6\.12xlarge \(L4 21\.9 GiB each\): weights 7\.\d/);
    expect(fitOf('g6.12xlarge', { contextLength: 8192, tensorParallel: 2, pipelineParallel: 2 }).summary)
      .toMatch(/^2 of 4 GPUs of g6\.12xlarge for each of 2 stages \(L4 21\.9 GiB each\): weights 3\.\d/);
    expect(fitOf('g6.xlarge', { contextLength: 16_384, concurrency: 32 }).summary).toMatch(/full contexts of 16,384, 32 asked: does not fit$/);
    expect(fitOf('g4dn.xlarge', { contextLength: 1024 }).summary).toMatch(/^1 x g4dn\.xlarge .* GiB of 13\.4: does not fit, nothing is left for the KV cache$/);
  });

  test('names the version of the engine that the platform pins', () => {
    const image = Object.values(PLATFORM_SETS).at(-1)?.containers.vllm ?? '';

    expect(image).toContain(`:v${fitOf('g6e.xlarge').engineVersion}`);
  });

  test('takes vLLM\'s defaults for the card where nothing else is asked', () => {
    expect(fitOf('g6e.xlarge')).toMatchObject({
      maxNumSeqs: 256, maxNumBatchedTokens: 2048, gpuMemoryUtilization: 0.92, dtype: 'bfloat16', contextLength: 131_072,
    });
    // the A100 is told apart by its name: vllm/engine/arg_utils.py get_batch_defaults
    expect(fitOf('p4de.24xlarge')).toMatchObject({ maxNumSeqs: 256, maxNumBatchedTokens: 2048 });
    expect(fitOf('p5.48xlarge')).toMatchObject({ maxNumSeqs: 1024, maxNumBatchedTokens: 8192 });
    expect(fitOf('g7e.2xlarge')).toMatchObject({ maxNumSeqs: 1024, maxNumBatchedTokens: 8192 });
    expect(fitOf('p6-b200.48xlarge')).toMatchObject({ maxNumSeqs: 1024, maxNumBatchedTokens: 16_384 });
  });

  test('counts on what it is told instead', () => {
    const told = { gpuMemoryUtilization: 0.8, maxNumSeqs: 64, maxNumBatchedTokens: 4096, contextLength: 4096 };

    expect(fitOf('g6e.xlarge', told)).toMatchObject(told);
    expect(fitOf('g6e.xlarge', { ...told, enforceEager: true }).overheadGiB).toBeLessThan(fitOf('g6e.xlarge', told).overheadGiB);
  });

  test('raises the requests in a step where more are to run at the same time', () => {
    const fit = fitOf('p5.48xlarge', { model: LlmModel.of('Qwen/Qwen3-0.6B'), contextLength: 512, concurrency: 3000 });

    expect(fit).toMatchObject({ maxNumSeqs: 3000, maxNumBatchedTokens: 8192 });
    expect(fitOf('g6.xlarge', { contextLength: 16, concurrency: 3000 })).toMatchObject({ maxNumSeqs: 3000, maxNumBatchedTokens: 3000 });
  });

  test('falls back to float16 on a T4, and to float32 for a model that overflows in float16', () => {
    const small = LlmModel.of('Qwen/Qwen3-1.7B');
    const gemma = LlmModel.of('google/gemma-3-1b-it');

    expect(fitOf('g4dn.xlarge', { model: small, contextLength: 8192 })).toMatchObject({ fits: true, dtype: 'float16' });
    const t4 = fitOf('g4dn.xlarge', { model: gemma, contextLength: 8192 });
    expect(t4.dtype).toBe('float32');
    expect(t4.weightsGiB).toBeCloseTo(2 * fitOf('g6.xlarge', { model: gemma, contextLength: 8192 }).weightsGiB, 0);
  });

  test('of a share of a GPU stays below that share', () => {
    const half = fitOf('g6e.xlarge', { model: LlmModel.of('Qwen/Qwen3-1.7B'), contextLength: 8192, gpuShare: 2 });

    expect(half.fits).toBe(true);
    expect(half.gpuMemoryUtilization).toBeLessThan(0.5);
    expect(half.gpuMemoryUtilization).toBeGreaterThan(0.4);
    expect(fitOf('g6e.xlarge', { contextLength: 8192, gpuShare: 2, gpuMemoryUtilization: 0.48 }).gpuMemoryUtilization).toBe(0.48);
  });
});

describe('advice', () => {
  test('is empty where the model fits', () => {
    expect(fitOf('g6e.xlarge', { contextLength: 8192 }).advice).toBe('');
  });

  test('begins with what costs nothing, and each part of it does make the model fit', () => {
    const short = { contextLength: 65_536, concurrency: 2 };
    const { fits, advice } = fitOf('g6.12xlarge', short);

    expect(fits).toBe(false);
    expect(advice).toMatch(/^tensorParallel (\d) of the 4 GPUs, or /);
    expect(fitOf('g6.12xlarge', { ...short, tensorParallel: Number(/tensorParallel (\d)/.exec(advice)?.[1]) }).fits).toBe(true);
  });

  test('knows 8-bit caches and weights, shorter contexts and the next instance', () => {
    const short = { contextLength: 32_768 };
    const { advice } = fitOf('g6.xlarge', short);

    expect(advice).toMatch(/^kvCacheDtype FP8, or quantization FP8, or contextLength \d+, or instance g6e\.xlarge \(1\.86 USD an hour\)$/);
    expect(fitOf('g6.xlarge', { ...short, quantization: WeightQuantization.FP8 }).fits).toBe(true);
    const context = Number(/contextLength (\d+)/.exec(advice)?.[1]);
    expect(fitOf('g6.xlarge', { contextLength: context }).fits).toBe(true);
    expect(fitOf('g6.xlarge', { contextLength: context + 16 }).fits).toBe(false);
    expect(fitOf('g6e.xlarge', short).fits).toBe(true);
    expect(fitOf('g6.xlarge', { ...short, kvCacheDtype: KvCacheDtype.FP8 }).fits).toBe(true);
  });

  test('sends a model that no instance holds as it is to smaller ones', () => {
    expect(fitOf('g4dn.xlarge', { model: LlmModel.of('meta-llama/Llama-3.1-405B-Instruct'), concurrency: 512 }).advice)
      .toBe('no change of one setting makes it fit; use a smaller model or a quantized checkpoint');
  });
});

describe('what no memory can mend is refused', () => {
  const cases: [string, () => MemoryFit, string][] = [
    ['AWS Neuron', () => fitOf('inf2.xlarge'), '[unsupported-accelerator]: instance inf2.xlarge is declined: '],
    ['a part of a GPU', () => fitOf('g6f.large'), '[unsupported-accelerator]: instance g6f.large is declined: '],
    ['more ranks than GPUs', () => fitOf('g6.12xlarge', { tensorParallel: 8 }),
      '[too-few-gpus]: tensorParallel 8 is more than the 4 GPU(s) of the instance; use one of 1, 2, 4, a larger instance, or pipelineParallel '
      + 'over several instances'],
    ['ranks that do not divide the heads', () => fitOf('g6.12xlarge', { tensorParallel: 3 }),
      '[tensor-parallel-does-not-divide]: tensorParallel 3 does not divide the 32 attention heads, 8 KV heads and vocabulary of '
      + 'meta-llama/Llama-3.1-8B-Instruct; use one of 1, 2, 4'],
    ['a context longer than the model\'s', () => fitOf('g6e.xlarge', { contextLength: 200_000 }),
      '[context-too-long]: contextLength 200000 is longer than the 131072 tokens of meta-llama/Llama-3.1-8B-Instruct; use at most that, '
      + 'or a model with a longer context'],
    ['bfloat16 on a T4', () => fitOf('g4dn.xlarge', { dtype: ModelDtype.BFLOAT16 }),
      '[bfloat16-not-supported]: dtype bfloat16 needs compute capability 8.0, T4 has 7.5; use ModelDtype.AUTO, which falls back to float16, '
      + 'or a newer GPU, such as an L4'],
    ['float16 for a model that overflows in it', () => fitOf('g6.xlarge', { model: LlmModel.of('google/gemma-3-1b-it'), dtype: ModelDtype.FLOAT16 }),
      '[float16-not-supported]: dtype float16 makes gemma3_text overflow, so vLLM refuses it; use ModelDtype.AUTO or BFLOAT16'],
    ['an 8-bit cache on a T4', () => fitOf('g4dn.xlarge', { kvCacheDtype: KvCacheDtype.FP8 }),
      '[fp8-kv-cache-not-supported]: kvCacheDtype FP8 needs compute capability 8.0, T4 has 7.5; use KvCacheDtype.AUTO or a newer GPU, '
      + 'such as an L4'],
    ['a format that the card has no kernels for', () => fitOf('g4dn.xlarge', { model: LlmModel.of('openai/gpt-oss-20b') }),
      '[quantization-not-supported]: openai/gpt-oss-20b is quantized as mxfp4, which needs compute capability 8.0, T4 has 7.5; '
      + 'use a newer GPU, such as an L4'],
    ['quantizing twice', () => fitOf('p5.48xlarge', { model: LlmModel.of('openai/gpt-oss-20b'), quantization: WeightQuantization.FP8 }),
      '[already-quantized]: quantization FP8 is for checkpoints of 16 bits, openai/gpt-oss-20b is quantized as mxfp4; '
      + 'use WeightQuantization.CHECKPOINT'],
    ['more requests than a step holds', () => fitOf('g6e.xlarge', { concurrency: 64, maxNumSeqs: 32 }),
      '[concurrency-above-max-num-seqs]: concurrency 64 is more than maxNumSeqs 32, so requests would wait; raise maxNumSeqs or leave it out'],
    ['more requests than tokens in a step', () => fitOf('g6e.xlarge', { maxNumSeqs: 512, maxNumBatchedTokens: 256 }),
      '[max-num-seqs-above-batched-tokens]: maxNumSeqs 512 is more than maxNumBatchedTokens 256, which vLLM refuses; '
      + 'raise maxNumBatchedTokens or lower maxNumSeqs'],
    ['more stages than layers', () => fitOf('g6e.xlarge', { pipelineParallel: 33 }),
      '[too-many-stages]: pipelineParallel 33 is more than the 32 layers of meta-llama/Llama-3.1-8B-Instruct; use at most that'],
    ['a share of several GPUs', () => fitOf('g6.12xlarge', { gpuShare: 2, tensorParallel: 2 }),
      '[gpu-share-with-parallelism]: gpuShare 2 gives a pod a part of one GPU, tensorParallel 2 and pipelineParallel 1 ask for several; '
      + 'leave one of them out'],
    ['a share of more than its part', () => fitOf('g6e.xlarge', { gpuShare: 2, gpuMemoryUtilization: 0.5 }),
      '[gpu-share-too-large]: gpuMemoryUtilization 0.5 is not below 1/2, and 2 pods share the GPU without isolation; '
      + 'use less than 0.50 or leave it out'],
    ['half a GPU in a number of GPUs', () => fitOf('g6e.xlarge', { tensorParallel: 0.5 }),
      '[invalid-tensor-parallel]: tensorParallel 0.5 is not a whole number from 1 to 1024; use a value in that range'],
    ['all and more of a GPU', () => fitOf('g6e.xlarge', { gpuMemoryUtilization: 1.1 }),
      '[invalid-gpu-memory-utilization]: gpuMemoryUtilization 1.1 is not a number from 0.01 to 1; use a value in that range'],
    ['a number known only at deploy time', () => fitOf('g6e.xlarge', { contextLength: Token.asNumber({ Ref: 'Length' }) }),
      'contextLength is known only at deploy time'],
  ];

  test.each(cases)('%s', (_name, act, message) => {
    expect(act).toThrow(message);
  });

  test('a card that the engine\'s image no longer runs on', () => {
    // p3 has Volta cards, which CUDA 13 dropped
    expect(() => fitOf('p3.2xlarge')).toThrow(/\[(gpu-not-supported|unsupported-accelerator)\]/);
  });

  test('with every fault at once', () => {
    expect(() => fitOf('g4dn.xlarge', { tensorParallel: 2, contextLength: 200_000, dtype: ModelDtype.BFLOAT16 })).toThrow(/3 faults/);
  });
});
