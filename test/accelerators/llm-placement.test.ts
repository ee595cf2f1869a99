import { Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { refusal } from './support';
import {
  AcceleratedInstance, InstancePrices, KvCacheDtype, LlmModel, LlmPlacement, MemoryFit, WeightQuantization, type LlmPlacementProps,
} from '../../lib/accelerators';
import { isValidationError } from '../../lib/core/private/validation-error';

const QWEN = LlmModel.of('Qwen/Qwen3-8B');
const LLAMA_70B = LlmModel.of('meta-llama/Llama-3.1-70B-Instruct');
const LLAMA_405B = LlmModel.of('meta-llama/Llama-3.1-405B-Instruct');
const CHAT: LlmPlacementProps = { model: QWEN, contextLength: 16384, concurrency: 32 };

/** Most requests that one GPU holds, counted one by one from below. */
function mostRequests(model: LlmModel, instance: AcceleratedInstance, contextLength: number): number {
  let most = 0;
  while (MemoryFit.of({ model, instance, contextLength, concurrency: most + 1 }).fits) most++;
  return most;
}

describe('a placement', () => {
  test('says where, how the model is cut, how many replicas, and what they cost', () => {
    const placement = LlmPlacement.best({ ...CHAT, instances: ['g6e.xlarge'] });
    const each = mostRequests(QWEN, AcceleratedInstance.of('g6e.xlarge'), 16384);
    const replicas = Math.ceil(32 / each);
    expect(placement).toMatchObject({
      model: QWEN, tensorParallel: 1, pipelineParallel: 1, nodesPerReplica: 1, replicas, replicasPerInstance: 1, instanceCount: replicas,
      concurrencyPerReplica: Math.ceil(32 / replicas), priceRegion: 'us-east-1', priceDate: '2026-07-20',
    });
    expect(placement.instance.name).toBe('g6e.xlarge');
    expect(placement.usdPerHour).toBeCloseTo(replicas * 1.861, 9);
    expect(placement.fit.fits).toBe(true);
    expect(placement.fit).toBe(placement.fit);
    expect(placement.summary).toBe(`${replicas} replicas at tensorParallel 1 on ${replicas} x g6e.xlarge: ${(replicas * 1.861).toFixed(2)} USD an hour (us-east-1, 2026-07-20)`);
  });

  test('of one replica is in the singular', () => {
    expect(LlmPlacement.best({ model: QWEN, contextLength: 2048, concurrency: 1, instances: ['p5.4xlarge'] }).summary)
      .toBe('1 replica at tensorParallel 1 on 1 x p5.4xlarge: 6.88 USD an hour (us-east-1, 2026-07-20)');
  });

  test('puts replicas beside each other on an instance with GPUs left', () => {
    const [placement] = LlmPlacement.rank({ model: QWEN, contextLength: 40960, concurrency: 40, instances: ['g6e.48xlarge'], tensorParallel: 2 });
    expect(placement).toMatchObject({ replicasPerInstance: 4, instanceCount: Math.ceil((placement?.replicas ?? NaN) / 4) });
  });
});

describe('replicas', () => {
  // small models on large cards: more requests than the engine's own max_num_seqs, which it has to be given
  test.each([
    ['Qwen/Qwen3-0.6B', 'g6e.xlarge', 256], ['Qwen/Qwen3-0.6B', 'g5.xlarge', 300], ['meta-llama/Llama-3.2-1B-Instruct', 'g6.xlarge', 700],
    ['HuggingFaceTB/SmolLM2-135M-Instruct', 'g4dn.xlarge', 512], ['Qwen/Qwen3-8B', 'g6e.xlarge', 16384],
  ])('of %s on %s with %d tokens are as few as can be', (id, name, contextLength) => {
    const model = LlmModel.of(id);
    const most = mostRequests(model, AcceleratedInstance.of(name), contextLength);
    const replicas = (concurrency: number) => LlmPlacement.best({ model, contextLength, concurrency, instances: [name] }).replicas;
    expect([replicas(most), replicas(most + 1), replicas(2 * most), replicas(2 * most + 1), replicas(3 * most)]).toEqual([1, 2, 2, 3, 3]);
  });

  test('hold no more requests each than max_num_seqs', () => {
    const placement = LlmPlacement.best({ model: LlmModel.of('Qwen/Qwen3-0.6B'), contextLength: 1024, concurrency: 100, maxNumSeqs: 10, instances: ['g6e.xlarge'] });
    expect(placement).toMatchObject({ replicas: 10, concurrencyPerReplica: 10 });
    expect(placement.fit.maxNumSeqs).toBe(10);
  });
});

describe('the ranking', () => {
  test('is cheapest first, and the same each time', () => {
    const ranked = LlmPlacement.rank(CHAT);
    const names = ranked.map((it) => `${it.usdPerHour} ${it.instance.name} ${it.tensorParallel}`);
    expect(ranked.length).toBeGreaterThan(40);
    expect(ranked.map(({ usdPerHour }) => usdPerHour)).toEqual(ranked.map(({ usdPerHour }) => usdPerHour).sort((a, b) => a - b));
    expect(LlmPlacement.rank(CHAT).map((it) => `${it.usdPerHour} ${it.instance.name} ${it.tensorParallel}`)).toEqual(names);
    expect(LlmPlacement.best(CHAT).summary).toBe(ranked[0]?.summary);
  });

  test('does not depend on the order in which instances are named, or how often', () => {
    const instances = ['g6e.12xlarge', 'g6e.xlarge', 'g6.12xlarge', 'g5.12xlarge'];
    const names = (named: string[]) => LlmPlacement.rank({ ...CHAT, instances: named }).map((it) => it.summary);
    expect(names([...instances].reverse())).toEqual(names(instances));
    expect(names([...instances, ...instances])).toEqual(names(instances));
  });

  test('puts less tensor parallel first where the price is the same', () => {
    const ranked = LlmPlacement.rank({ model: QWEN, contextLength: 2048, concurrency: 8, instances: ['p5.48xlarge'] });
    expect(ranked.map(({ tensorParallel, usdPerHour }) => [tensorParallel, usdPerHour])).toEqual([[1, 55.04], [2, 55.04], [4, 55.04], [8, 55.04]]);
  });

  test('puts the name last where all else is the same', () => {
    const prices = InstancePrices.onDemand().withPrices({ 'g6.xlarge': 1, 'g6.2xlarge': 1, 'g6.4xlarge': 1 });
    const ranked = LlmPlacement.rank({ model: QWEN, contextLength: 1024, concurrency: 1, instances: ['g6.xlarge', 'g6.4xlarge', 'g6.2xlarge'], prices });
    expect(ranked.map(({ instance }) => instance.name)).toEqual(['g6.2xlarge', 'g6.4xlarge', 'g6.xlarge']);
  });

  test('has only degrees that the heads allow', () => {
    const ranked = LlmPlacement.rank({ model: LlmModel.of('Qwen/Qwen2.5-7B-Instruct'), contextLength: 4096, concurrency: 4, instances: ['g5.48xlarge'] });
    // 28 heads, 4 KV heads: 7 would leave KV heads over, 8 does not divide the heads
    expect(ranked.map(({ tensorParallel }) => tensorParallel)).toEqual([1, 2, 4]);
  });

  test('leaves out what vLLM does not run on, what EKS has no image for, and what has no price', () => {
    const names = new Set(LlmPlacement.rank({ model: LlmModel.of('Qwen/Qwen3-0.6B'), contextLength: 1024, concurrency: 1 }).map(({ instance }) => instance.family));
    for (const family of ['g7', 'g6f', 'g5g', 'p3', 'inf2', 'trn1', 'p5e', 'p6e-gb200']) expect(names).not.toContain(family);
    for (const family of ['g4dn', 'g5', 'g6', 'g6e', 'g7e', 'p5']) expect(names).toContain(family);
  });

  test('takes G7 when it is named, for those with an AMI of their own', () => {
    expect(LlmPlacement.best({ model: QWEN, contextLength: 4096, concurrency: 1, instances: ['g7.2xlarge'] }).instance.name).toBe('g7.2xlarge');
  });

  test('skips cards that lack what is asked for', () => {
    const ranked = LlmPlacement.rank({ ...CHAT, kvCacheDtype: KvCacheDtype.FP8, instances: ['g4dn.12xlarge', 'g6e.12xlarge'] });
    expect([...new Set(ranked.map(({ instance }) => instance.name))]).toEqual(['g6e.12xlarge']);
  });

  test('is empty where nothing holds a request', () => {
    expect(LlmPlacement.rank({ model: LlmModel.of('moonshotai/Kimi-K2-Instruct'), contextLength: 4096, concurrency: 1, instances: ['g4dn.xlarge'] })).toEqual([]);
  });
});

describe('prices', () => {
  test('of your own decide', () => {
    const prices = InstancePrices.onDemand().withPrices({ 'p5.4xlarge': 0.5 });
    expect(LlmPlacement.best({ ...CHAT, prices })).toMatchObject({ instance: AcceleratedInstance.of('p5.4xlarge'), priceDate: undefined });
  });

  test('of the region count, and those of us-east-1 where it has none, which the placement says', () => {
    const ranked = LlmPlacement.rank({ ...CHAT, concurrency: 4, region: 'ap-northeast-1', instances: ['p5.4xlarge', 'g6e.xlarge'] });
    const regions = ranked.map(({ instance, priceRegion }) => `${instance.name} ${priceRegion}`);
    expect(regions.sort()).toEqual(['g6e.xlarge us-east-1', 'p5.4xlarge ap-northeast-1']);
    expect(ranked.find(({ instance }) => instance.name === 'p5.4xlarge')?.usdPerHour).toBeCloseTo(8.6, 9);
  });

  test('of a region that is known only at deploy time are those of us-east-1', () => {
    expect(LlmPlacement.best({ ...CHAT, region: new Stack().region }).priceRegion).toBe('us-east-1');
  });
});

describe('several instances for one replica', () => {
  test('only where one is too small, each with all of its GPUs', () => {
    const ranked = LlmPlacement.rank({ model: LLAMA_405B, contextLength: 8192, concurrency: 1, instances: ['p4d.24xlarge'] });
    expect(ranked[0]).toMatchObject({ tensorParallel: 8, replicas: 1, replicasPerInstance: 1 });
    for (const { nodesPerReplica, pipelineParallel, instanceCount, replicas } of ranked) {
      expect(nodesPerReplica).toBeGreaterThan(2);
      expect(pipelineParallel).toBe(nodesPerReplica);
      expect(instanceCount).toBe(replicas * nodesPerReplica);
    }
    expect(ranked[0]?.summary).toMatch(/^1 replica at tensorParallel 8, pipelineParallel \d on \d x p4d\.24xlarge: /);
  });

  test('not while GPUs of the instance are left', () => {
    expect(LlmPlacement.rank({ model: LLAMA_405B, contextLength: 8192, concurrency: 1, instances: ['p4d.24xlarge'], tensorParallel: 4 })).toEqual([]);
  });

  test('never beside a single instance that holds it', () => {
    expect(LlmPlacement.rank({ ...CHAT, instances: ['g4dn.xlarge', 'g6e.xlarge'] }).filter(({ nodesPerReplica }) => nodesPerReplica > 1)).toEqual([]);
  });
});

describe('a model that does not fit', () => {
  test('is refused with the need, the room, and what would do, the cheapest first', () => {
    const { message, codes } = refusal(() => LlmPlacement.best({ model: LLAMA_405B, contextLength: 131072, concurrency: 4, instances: ['g6.xlarge', 'g6e.xlarge'] }));
    expect(codes).toEqual(['model-does-not-fit']);
    const single = MemoryFit.of({ model: LLAMA_405B, instance: AcceleratedInstance.of('g6e.xlarge'), contextLength: 131072 });
    const kv = (single.kvRoomGiB - single.marginGiB).toFixed(1);
    const open = LlmPlacement.best({ model: LLAMA_405B, contextLength: 131072, concurrency: 4 });
    expect(message).toContain(`ValidationError at LlmPlacement [model-does-not-fit]: contextLength 131072 of meta-llama/Llama-3.1-405B-Instruct needs ${kv} GiB `
      + 'of KV cache on each GPU for one request; the closest, g6e.xlarge at tensorParallel 1, has no room after weights, '
      + 'activations and overhead; ');
    expect(message).toContain(`leave instances and tensorParallel open: ${open.instanceCount} x ${open.instance.name} at tensorParallel ${open.tensorParallel} `
      + `for ${open.usdPerHour.toFixed(2)} USD an hour`);
    const offered = [...message.matchAll(/for ([\d.]+) USD/g)].map(([, usd]) => Number(usd));
    expect(offered).toEqual([...offered].sort((a, b) => a - b));
    for (const change of ['set quantization FP8: ']) expect(message).toContain(change);
  });

  test('is told the largest context that fits on the closest', () => {
    // one layer, so there is nothing to spread over instances
    const model = LlmModel.fromConfig('one-layer', {
      model_type: 'llama', hidden_size: 8192, num_hidden_layers: 1, num_attention_heads: 64, num_key_value_heads: 64, intermediate_size: 8192, vocab_size: 32000,
      max_position_embeddings: 4_000_000,
    });
    const props = { model, contextLength: 4_000_000, concurrency: 1, instances: ['g6.xlarge', 'g4dn.xlarge'] };
    const { message } = refusal(() => LlmPlacement.best(props));
    const { largestContext } = MemoryFit.of({ model, instance: AcceleratedInstance.of('g6.xlarge'), contextLength: 4_000_000 });
    expect(largestContext).toBeGreaterThan(100_000);
    expect(message).toContain('the closest, g6.xlarge at tensorParallel 1, has ');
    expect(message).toContain(`or set contextLength ${largestContext}, which one request fits in there`);
    expect(LlmPlacement.best({ ...props, contextLength: largestContext }).instance.name).toBe('g6.xlarge');
  });

  test('advice that a card refuses is not given', () => {
    const { message } = refusal(() => LlmPlacement.best({ model: LLAMA_405B, contextLength: 131072, concurrency: 1, instances: ['g4dn.xlarge'] }));
    expect(message).not.toContain('set kvCacheDtype FP8');
    expect(message).toContain('leave instances and tensorParallel open');
  });

  test('is offered FP8 where that is enough', () => {
    const props: LlmPlacementProps = { model: LLAMA_70B, contextLength: 131072, concurrency: 1, instances: ['p5.48xlarge'], tensorParallel: 2 };
    const fp8 = LlmPlacement.best({ ...props, quantization: WeightQuantization.FP8 });
    expect(refusal(() => LlmPlacement.best(props)).message).toContain(`set quantization FP8: ${fp8.instanceCount} x p5.48xlarge at tensorParallel 2 for `);
  });
});

describe('what no placement can mend is refused', () => {
  const refused = (changes: Partial<LlmPlacementProps>) => refusal(() => LlmPlacement.rank({ ...CHAT, ...changes }));

  test.each<[string, Partial<LlmPlacementProps>, string]>([
    ['a context longer than the model\'s', { contextLength: 65536 },
      '[context-too-long]: contextLength 65536 is longer than the 40960 tokens of Qwen/Qwen3-8B; use at most that, or a model with a longer context'],
    ['no request', { concurrency: 0 }, '[invalid-concurrency]: concurrency 0 is not a whole number from 1 to 65536 requests; use a value in that range'],
    ['an empty list', { instances: [] }, '[no-instances]: instances is an empty list; name at least one instance type, or leave it out'],
    ['Neuron', { instances: ['inf2.xlarge'] }, '[unsupported-accelerator]: instance inf2.xlarge is declined: Neuron compiles models ahead of time and has memory '
      + 'rules of its own, which those of vLLM on CUDA do not describe; choose an instance with whole NVIDIA GPUs, such as g6e.xlarge'],
    ['a part of a card', { instances: ['g6f.xlarge'] }, '[unsupported-accelerator]: instance g6f.xlarge is declined: it has 0.125 of an L4, which Kubernetes does '
      + 'not offer as nvidia.com/gpu; choose an instance with whole NVIDIA GPUs, such as g6e.xlarge'],
    ['an instance without a price', { instances: ['p5e.48xlarge'] }, '[no-price]: instance p5e.48xlarge has no price in the catalogue, and placements are ranked by '
      + 'price; give one by prices: InstancePrices.onDemand().withPrices'],
    ['tensor parallel that does not divide', { tensorParallel: 3 }, '[tensor-parallel-does-not-divide]: tensorParallel 3 does not divide the 32 attention heads, '
      + '8 KV heads and vocabulary of Qwen/Qwen3-8B; use one of 1, 2, 4, 8'],
    ['more tensor parallel than GPUs', { tensorParallel: 4, instances: ['g6e.xlarge'] }, '[too-few-gpus]: tensorParallel 4 is more than the 1 GPU(s)'],
    ['FP8 on a card without it', { kvCacheDtype: KvCacheDtype.FP8, instances: ['g4dn.xlarge'] }, '[fp8-kv-cache-not-supported]: '],
  ])('%s', (_, changes, text) => expect(refused(changes).message).toContain(`ValidationError at LlmPlacement ${text}`));

  test('FP8 of what is quantized, once and not for each card', () => {
    expect(refused({ model: LlmModel.of('openai/gpt-oss-20b'), quantization: WeightQuantization.FP8 }).codes).toEqual(['already-quantized']);
  });

  test('several faults are told at once', () => {
    expect(refused({ contextLength: 0.5, concurrency: -1, instances: ['g6e.xlrge', 'trn1.2xlarge'], tensorParallel: 0, gpuMemoryUtilization: 2, maxNumSeqs: 0 }).codes).toEqual([
      'invalid-context-length', 'invalid-concurrency', 'invalid-max-num-seqs', 'invalid-tensor-parallel', 'invalid-gpu-memory-utilization',
      'unknown-instance', 'unsupported-accelerator',
    ]);
  });

  test('a context that is too long does not hide a degree that does not divide', () => {
    expect(refused({ contextLength: 10_000_000, tensorParallel: 3 }).codes).toEqual(['context-too-long', 'tensor-parallel-does-not-divide']);
  });

  test('numbers known only at deploy time', () => {
    expect(refused({ contextLength: Token.asNumber({ Ref: 'C' }), concurrency: Token.asNumber({ Ref: 'N' }) }).codes)
      .toEqual(['unresolved-context-length', 'unresolved-concurrency']);
  });
});

test('any request gives placements that fit, or a ValidationError', () => {
  const number = fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.integer({ min: 1, max: 64 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
  const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 1 });
  const request = fc.record({
    model: fc.constantFrom(...LlmModel.ids()).map((id) => LlmModel.of(id)),
    contextLength: number,
    concurrency: number,
    tensorParallel: maybe(number),
    maxNumSeqs: maybe(number),
    gpuMemoryUtilization: maybe(fc.double({ min: 0, max: 1.1 })),
    instances: maybe(fc.array(fc.oneof(fc.constantFrom(...AcceleratedInstance.all().map(({ name }) => name)), fc.string()), { maxLength: 2 })),
    region: maybe(fc.constantFrom('us-west-2', '', 'x')),
    kvCacheDtype: maybe(fc.constantFrom(KvCacheDtype.FP8, KvCacheDtype.AUTO)),
  });
  let accepted = 0;
  fc.assert(fc.property(request, (props) => {
    try {
      const best = LlmPlacement.best(props);
      accepted++;
      expect(best.fit.fits).toBe(true);
      expect(best.usdPerHour).toBeGreaterThan(0);
      expect(best.replicas * best.concurrencyPerReplica).toBeGreaterThanOrEqual(props.concurrency);
    } catch (error) {
      if (!isValidationError(error)) throw error;
      expect(error.faults.every(({ message }) => !/undefined|NaN (GiB|USD)|\[object/.test(message))).toBe(true);
    }
  }), { numRuns: 400 });
  expect(accepted).toBeGreaterThan(20);
});
