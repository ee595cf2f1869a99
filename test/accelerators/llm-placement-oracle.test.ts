import * as fc from 'fast-check';
import { configOf } from './support';
import { AcceleratedInstance, InstancePrices, KvCacheDtype, LlmModel, LlmPlacement, MemoryFit, WeightQuantization, type LlmPlacementProps } from '../../lib/accelerators';
import { isValidationError } from '../../lib/core/private/validation-error';

/** What a placement is, for a comparison. */
interface Way {
  readonly instance: string;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly replicas: number;
  readonly usdPerHour: number;
}

/**
 * Every way by plain enumeration: each instance, each degree, one replica, two, three, ... until every replica holds its share. It asks
 * only whether a model fits, and knows nothing about how the library searches.
 */
function everyWay(props: LlmPlacementProps, pipelineParallel: number): Way[] {
  const ways: Way[] = [];
  for (const name of props.instances ?? []) {
    const instance = AcceleratedInstance.of(name);
    const degrees = props.tensorParallel === undefined ? Array.from({ length: instance.gpuCount }, (_, index) => index + 1) : [props.tensorParallel];
    for (const tensorParallel of degrees) {
      const replicas = fewestReplicas(props, instance, tensorParallel, pipelineParallel);
      if (replicas === undefined) continue;
      const beside = pipelineParallel > 1 ? 1 : Math.floor(instance.gpuCount / tensorParallel);
      const nodes = Math.ceil(replicas / beside) * pipelineParallel;
      ways.push({ instance: name, tensorParallel, pipelineParallel, replicas, usdPerHour: nodes * (props.prices?.usdPerHour(instance) ?? NaN) });
    }
  }
  return ways;
}

function fewestReplicas(props: LlmPlacementProps, instance: AcceleratedInstance, tensorParallel: number, pipelineParallel: number): number | undefined {
  let tried = NaN;
  for (let replicas = 1; replicas <= props.concurrency; replicas++) {
    const share = Math.ceil(props.concurrency / replicas);
    // one replica more that leaves the share as it is helps nobody
    if (share === tried) continue;
    tried = share;
    if (holds({ ...props, concurrency: share }, instance, tensorParallel, pipelineParallel)) return replicas;
  }
  return undefined;
}

function holds(props: LlmPlacementProps, instance: AcceleratedInstance, tensorParallel: number, pipelineParallel: number): boolean {
  const { model, contextLength, concurrency, kvCacheDtype, quantization, maxNumSeqs } = props;
  try {
    return MemoryFit.of({ model, contextLength, concurrency, kvCacheDtype, quantization, maxNumSeqs, instance, tensorParallel, pipelineParallel }).fits;
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return false;
  }
}

const MODELS = [
  'Qwen/Qwen3-0.6B', 'Qwen/Qwen3-8B', 'Qwen/Qwen2.5-7B-Instruct', 'meta-llama/Llama-3.1-70B-Instruct', 'google/gemma-2-9b-it', 'google/gemma-3-12b-it',
  'google/gemma-3-27b-it', 'microsoft/phi-4', 'openai/gpt-oss-20b', 'openai/gpt-oss-120b', 'Qwen/Qwen3-30B-A3B', 'Qwen/Qwen3-Next-80B-A3B-Instruct',
  'mistralai/Mixtral-8x7B-Instruct-v0.1', 'deepseek-ai/DeepSeek-V2-Lite-Chat', 'meta-llama/Llama-4-Scout-17B-16E-Instruct', 'tiiuae/falcon-7b-instruct',
];
const INSTANCES = AcceleratedInstance.all().filter(({ llmExclusion }) => llmExclusion === undefined).map(({ name }) => name);

const model = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...MODELS).map((id) => LlmModel.of(id)) },
  {
    weight: 1,
    arbitrary: fc.record({
      num_hidden_layers: fc.integer({ min: 2, max: 80 }), num_key_value_heads: fc.constantFrom(1, 2, 4, 8, 16, 32), hidden_size: fc.constantFrom(1024, 4096, 8192),
      vocab_size: fc.constantFrom(32000, 128256, 256000),
    }).map((shape) => LlmModel.fromConfig('random', {
      ...configOf('meta-llama/Meta-Llama-3.1-8B'), ...shape, num_attention_heads: 32, head_dim: 128, intermediate_size: 3 * shape.hidden_size,
    })),
  },
);

const problem = fc.record({
  model,
  context: fc.double({ min: 0.001, max: 1, noNaN: true }),
  concurrency: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 60 }), fc.constantFrom(300, 1100)),
  kvCacheDtype: fc.constantFrom(undefined, undefined, KvCacheDtype.AUTO, KvCacheDtype.FP8),
  quantization: fc.constantFrom(undefined, undefined, WeightQuantization.FP8),
  instances: fc.uniqueArray(fc.constantFrom(...INSTANCES), { minLength: 1, maxLength: 5 }),
  tensorParallel: fc.constantFrom(undefined, undefined, undefined, 1, 2, 4),
  maxNumSeqs: fc.constantFrom(undefined, undefined, 8, 64),
  prices: fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 5, maxLength: 5 }),
}).map(({ context, prices, ...rest }): LlmPlacementProps => ({
  ...rest,
  contextLength: Math.max(64, Math.min(Math.floor(rest.model.contextLength * context), 131072)),
  prices: InstancePrices.onDemand().withPrices(Object.fromEntries(rest.instances.map((name, index) => [name, prices[index] ?? 1]))),
}));

function rankOf(props: LlmPlacementProps): LlmPlacement[] | undefined {
  try {
    return LlmPlacement.rank(props);
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return undefined;
  }
}

const cents = (usd: number): number => Math.round(usd * 1e6) / 1e6;
const describeWay = ({ instance, tensorParallel, pipelineParallel, replicas, usdPerHour }: Way): string =>
  `${instance} tp${tensorParallel} pp${pipelineParallel} x${replicas} ${cents(usdPerHour)}`;

test('the ranking is what plain enumeration finds, and its first is the cheapest', () => {
  let solvable = 0;
  fc.assert(fc.property(problem, (props) => {
    const ways = everyWay(props, 1);
    const ranked = rankOf(props);
    if (ranked === undefined || ways.length === 0) {
      // refused as a whole, or spread over several instances: one is too small
      expect(ways).toEqual([]);
      expect((ranked ?? []).filter(({ pipelineParallel }) => pipelineParallel === 1)).toEqual([]);
      return;
    }
    solvable++;
    const found = ranked.map((it): Way => ({ ...it, instance: it.instance.name }));
    expect(found.map(describeWay).sort()).toEqual(ways.map(describeWay).sort());
    expect(cents(ranked[0]?.usdPerHour ?? NaN)).toBe(cents(Math.min(...ways.map(({ usdPerHour }) => usdPerHour))));
    expect(found.map(({ usdPerHour }) => usdPerHour)).toEqual(found.map(({ usdPerHour }) => usdPerHour).sort((a, b) => a - b));
    for (const placement of ranked) expect(placement.fit.fits).toBe(true);
  }), { numRuns: 240 });
  expect(solvable).toBeGreaterThan(100);
}, 120_000);

test('over several instances the fewest dollars are found too', () => {
  const large = fc.record({
    model: fc.constantFrom('meta-llama/Llama-3.1-405B-Instruct', 'meta-llama/Llama-3.1-70B-Instruct', 'Qwen/Qwen3-235B-A22B').map((id) => LlmModel.of(id)),
    contextLength: fc.integer({ min: 512, max: 32768 }),
    concurrency: fc.integer({ min: 1, max: 10 }),
    instances: fc.uniqueArray(fc.constantFrom('g5.xlarge', 'g6.12xlarge', 'g6e.xlarge', 'g6e.12xlarge', 'p4d.24xlarge'), { minLength: 1, maxLength: 2 }),
    prices: fc.constant(InstancePrices.onDemand()),
  });
  let spread = 0;
  fc.assert(fc.property(large, (props: LlmPlacementProps) => {
    if (everyWay(props, 1).length > 0) return;
    const stages = Array.from({ length: 15 }, (_, index) => index + 2);
    const ways = stages.flatMap((pipelineParallel) => (props.instances ?? []).flatMap((name) => {
      // each stage takes all GPUs of its instance
      return everyWay({ ...props, instances: [name], tensorParallel: AcceleratedInstance.of(name).gpuCount }, pipelineParallel);
    }));
    const best = LlmPlacement.rank(props)[0];
    if (ways.length > 0) spread++;
    expect(best === undefined ? undefined : cents(best.usdPerHour)).toBe(ways.length === 0 ? undefined : cents(Math.min(...ways.map(({ usdPerHour }) => usdPerHour))));
    expect(best === undefined || best.nodesPerReplica > 1).toBe(true);
  }), { numRuns: 60 });
  expect(spread).toBeGreaterThan(10);
}, 120_000);
