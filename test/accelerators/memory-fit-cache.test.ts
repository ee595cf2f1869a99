import { LlmModel } from '../../lib/accelerators';
import type { ModelArchitecture } from '../../lib/accelerators/private/architecture';
import { blocksForRequest, bytesPerBlock, cacheLayout, groupLayers, kvHeadsPerRank, paddingShare, tokenBytes } from '../../lib/accelerators/private/memory/cache-groups';
import { fitMemory } from '../../lib/accelerators/private/memory/fit';
import { captureSizes } from '../../lib/accelerators/private/memory/overhead';
import { checkCard, tensorParallelDegrees } from '../../lib/accelerators/private/memory/rules';
import { pipelineStages, stageWeightBytes } from '../../lib/accelerators/private/memory/weights';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../lib/accelerators/quantization';
import { Faults } from '../../lib/core/private/faults';

const model = (id: string): ModelArchitecture => LlmModel.of(id)._architecture;

describe('bytes for each token and layer', () => {
  test('are those of the KV heads of a rank, keys and values', () => {
    // Llama-3.1-8B: 8 KV heads of 128 dimensions at two bytes; a server with 18.69 GiB says 136,080 tokens for the 36 layers of Qwen3-8B
    expect(tokenBytes(model('meta-llama/Llama-3.1-8B-Instruct'), 1, 2)).toBe(4096);
    expect(Math.floor(18.69 * 2 ** 30 / (36 * tokenBytes(model('Qwen/Qwen3-8B'), 1, 2)) / 100)).toBe(Math.floor(136_080 / 100));
    expect(tokenBytes(model('meta-llama/Llama-3.1-8B-Instruct'), 4, 2)).toBe(1024);
    expect(tokenBytes(model('meta-llama/Llama-3.1-8B-Instruct'), 1, 1)).toBe(2048);
  });

  test('do not shrink once each rank has one KV head', () => {
    // Qwen2.5-7B has 4 KV heads: vllm/config/model.py get_num_kv_heads
    const qwen = model('Qwen/Qwen2.5-7B-Instruct');

    expect([1, 2, 4, 7, 14, 28].map((degree) => kvHeadsPerRank(qwen, degree))).toEqual([4, 2, 1, 1, 1, 1]);
  });

  test('are one compressed vector on every rank under multi-head latent attention', () => {
    // 512 + 64 values: vllm/v1/kv_cache_interface.py MLAAttentionSpec
    expect([1, 8].map((degree) => tokenBytes(model('deepseek-ai/DeepSeek-V3'), degree, 2))).toEqual([1152, 1152]);
  });

  test('have a key of the indexer beside them under sparse attention', () => {
    const sparse = { ...model('deepseek-ai/DeepSeek-V3'), modelType: 'deepseek_v32' };

    // a server of DeepSeek-V3.2 took 78,342 bytes for each token over 61 layers
    expect(61 * tokenBytes(sparse, 8, 2) / 78_342).toBeCloseTo(1, 3);
  });
});

describe('layers of several kinds', () => {
  test('share block tables in groups of the rarest kind', () => {
    const gemma = model('google/gemma-3-27b-it');
    const layout = cacheLayout(gemma, 1, 2, 2);

    // the log of a server: "Add 8 padding layers, may waste at most 15.38% KV cache memory"
    expect(paddingShare(gemma)).toBeCloseTo(0.1538, 4);
    expect(layout.groups.map(({ kind, layers }) => `${layers} ${kind}`)).toEqual(['10 full', ...Array<string>(6).fill('10 sliding')]);
    // 109.86 GiB held 89,994 blocks on another server
    expect(Math.floor(109.86 * 2 ** 30 / bytesPerBlock(layout, 1) / 100)).toBe(Math.floor(89_994 / 100));
  });

  test('are padded to the more frequent kind where it is less than half as many again', () => {
    // the example of vllm/v1/core/kv_cache_planning.py: 12 sliding and 13 full layers become 13 and 13
    expect(groupLayers([{ kind: 'full', layers: 13 }, { kind: 'sliding', layers: 12 }])).toEqual([
      { kind: 'full', layers: 13 }, { kind: 'sliding', layers: 13 },
    ]);
    expect(groupLayers([{ kind: 'full', layers: 10 }, { kind: 'sliding', layers: 20 }]).map(({ layers }) => layers)).toEqual([10, 10, 10]);
    expect(groupLayers([{ kind: 'full', layers: 32 }])).toEqual([{ kind: 'full', layers: 32 }]);
    expect(paddingShare(model('openai/gpt-oss-20b'))).toBe(0);
  });

  test('with a constant state enlarge the blocks of the others until it fits in', () => {
    const next = model('Qwen/Qwen3-Next-80B-A3B-Instruct');
    const qwen = model('Qwen/Qwen3.6-27B');

    // 44.59 GiB on each of two H200 held 7162 blocks
    expect(Math.floor(44.59 * 2 ** 30 / bytesPerBlock(cacheLayout(next, 2, 2, 2), 1))).toBe(7162);
    // servers of Qwen3.x-27B set blocks of 784 tokens, 1568 with an 8-bit cache
    expect([2, 1].map((bytes) => cacheLayout(qwen, 1, bytes, 2).blockSize)).toEqual([784, 1568]);
  });
});

describe('blocks of one request', () => {
  test('grow with its length in full attention', () => {
    const llama = model('meta-llama/Llama-3.1-8B-Instruct');
    const layout = cacheLayout(llama, 1, 2, 2);

    expect([1, 16, 17, 4096].map((tokens) => blocksForRequest(layout, llama, tokens, 4096))).toEqual([1, 1, 2, 256]);
  });

  test('end at the window and the tokens in flight in sliding layers', () => {
    const gemma = model('google/gemma-3-27b-it');
    const layout = cacheLayout(gemma, 1, 2, 2);

    // full: 131072 / 16; six groups of sliding layers: (1024 - 1 + 2 x 2048) / 16, rounded up, and one more
    expect(blocksForRequest(layout, gemma, 131_072, 2 * 2048)).toBe(8192 + 6 * (320 + 1));
    expect(blocksForRequest(layout, gemma, 1024, 2 * 2048)).toBe(64 + 6 * (64 + 1));
  });

  test('end at the chunk and the tokens in flight in chunked layers', () => {
    const scout = model('meta-llama/Llama-4-Scout-17B-16E-Instruct');
    const layout = cacheLayout(scout, 8, 2, 2);

    expect(layout.groups.map(({ kind }) => kind)).toEqual(['full', 'chunked', 'chunked', 'chunked']);
    expect(blocksForRequest(layout, scout, 131_072, 2 * 8192)).toBe(8192 + 3 * Math.ceil((8192 + 2 * 8192) / 16));
  });

  test('do not grow in layers with a constant state', () => {
    const next = model('Qwen/Qwen3-Next-80B-A3B-Instruct');
    const layout = cacheLayout(next, 2, 2, 2);

    expect(blocksForRequest(layout, next, 262_144, 2 * 8192) - Math.ceil(262_144 / layout.blockSize)).toBe(3 * 3);
  });
});

describe('stages of a pipeline', () => {
  test('share the layers, and what is left over goes to all but the last', () => {
    const layers = (all: number, stages: number): number[] => pipelineStages(all, stages).map((stage) => stage.layers);

    // vllm/distributed/utils.py get_pp_indices
    expect(layers(48, 2)).toEqual([24, 24]);
    expect(layers(61, 2)).toEqual([31, 30]);
    expect(layers(61, 4)).toEqual([15, 15, 16, 15]);
    expect(layers(62, 4)).toEqual([15, 16, 16, 15]);
    expect(layers(63, 4)).toEqual([16, 16, 16, 15]);
  });

  test('begin with the embedding and end with the head', () => {
    expect(pipelineStages(10, 3).map(({ first, last }) => [first, last])).toEqual([[true, false], [false, false], [false, true]]);
    expect(pipelineStages(10, 1)).toEqual([{ layers: 10, first: true, last: true }]);
  });
});

test('CUDA graphs are captured at 1, 2, 4, each eighth size up to 256 and each sixteenth up to 512', () => {
  // servers print 51 sizes with 256 requests, 35 with 128, and 3 with 2
  expect([256, 1024, 128, 2, 1].map((requests) => captureSizes(requests))).toEqual([51, 51, 35, 3, 2]);
});

describe('degrees of tensor parallel', () => {
  test('divide heads, KV heads or their copies, and the padded vocabulary', () => {
    // 28 heads, 4 KV heads, vocabulary of 152,064
    expect(tensorParallelDegrees(model('Qwen/Qwen2.5-7B-Instruct'), 8)).toEqual([1, 2, 4]);
    expect(tensorParallelDegrees(model('meta-llama/Llama-3.1-8B-Instruct'), 8)).toEqual([1, 2, 4, 8]);
    // 40 heads, 8 KV heads: five ranks would share eight KV heads
    expect(tensorParallelDegrees(model('Qwen/Qwen2.5-14B-Instruct'), 8)).toEqual([1, 2, 4, 8]);
    expect(tensorParallelDegrees(model('deepseek-ai/DeepSeek-V3'), 16)).toEqual([1, 2, 4, 8, 16]);
  });
});

test('a card older than the engine is refused with the way out', () => {
  const faults = Faults.at('MemoryFit');
  checkCard(faults, model('Qwen/Qwen3-0.6B'), { name: 'V100', usableGiB: 15.6, computeCapability: 7 }, ModelDtype.AUTO, KvCacheDtype.AUTO);

  expect(() => faults.throwIfAny()).toThrow(
    '[gpu-not-supported]: vLLM\'s image needs compute capability 7.5, V100 has 7.0; use a newer GPU, such as an L4 or L40S');
});

test('MLA\'s down-projections and the routers are on every rank', () => {
  const deepseek = model('deepseek-ai/DeepSeek-V3');
  const whole = { layers: 61, first: true, last: true };
  const bytes = (ranks: number): number => stageWeightBytes(deepseek, whole, ranks, WeightQuantization.CHECKPOINT, 2);

  // of each layer: queries to 1536, keys and values to 512 + 64, one byte each; routers of 256 experts and norms at two bytes
  const copies = 61 * (7168 * (1536 + 512 + 64) * 1.001 + (256 + 4) * 7168 * 2) * 7 / 8;
  const segments = 61 * 3.5 * 2 ** 20 * 7 / 8;
  expect(bytes(8) - bytes(1) / 8).toBeCloseTo(copies + segments, -3);
});

test('one block of the cache is the engine\'s own', () => {
  const llama = model('meta-llama/Llama-3.1-8B-Instruct');
  const fit = fitMemory(llama, { name: 'L40S', usableGiB: 43.8, computeCapability: 8.9 }, {
    tensorParallel: 1,
    pipelineParallel: 1,
    contextLength: 16,
    concurrency: 1,
    kvCacheDtype: KvCacheDtype.AUTO,
    quantization: WeightQuantization.CHECKPOINT,
    dtype: ModelDtype.AUTO,
    gpuMemoryUtilization: 0.9,
    maxNumSeqs: 256,
    maxNumBatchedTokens: 2048,
    enforceEager: false,
  });

  // a block is 16 tokens of 131,072 bytes, 2 MiB
  expect(fit.concurrencyAtContext).toBe(Math.floor(fit.kvRoomGiB * 512) - 1);
  expect(fit.kvNeedGiB).toBe(2 / 512);
});
