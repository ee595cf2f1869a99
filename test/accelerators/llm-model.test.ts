import { refusal } from './support';
import { LlmModel } from '../../lib/accelerators';
import { MODELS } from '../../lib/accelerators/private/catalogue';
import { countParameters } from '../../lib/accelerators/private/parameter-count';

describe('parameters are counted from the shape', () => {
  const decoders = [...MODELS].filter(([, { family }]) => family !== 'bert');

  test('to within 0.1 % of what was published, in every family', () => {
    const counted = decoders.map(([id, model]) => {
      const total = countParameters(model)?.total ?? NaN;
      return { id, family: model.family, deviation: Math.abs(total - model.totalParameters) / model.totalParameters };
    });
    expect(new Set(counted.map(({ family }) => family)).size).toBe(23);
    expect(counted.filter(({ deviation }) => !(deviation < 0.001))).toEqual([]);
  });

  test('to the last parameter in nearly all of them', () => {
    const inexact = decoders.filter(([, model]) => countParameters(model)?.total !== model.totalParameters).map(([id]) => id);
    // three stored rotary buffers of Llama 2, scales of Kimi's FP8, two totals that are only published rounded
    expect(inexact).toEqual([
      'deepseek-ai/DeepSeek-V3', 'deepseek-ai/DeepSeek-R1', 'meta-llama/Llama-2-7b-chat-hf', 'meta-llama/Llama-2-13b-chat-hf',
      'meta-llama/Llama-2-70b-chat-hf', 'moonshotai/Kimi-K2-Instruct',
    ]);
  });

  test('only a part of them keeps 16 bits under quantization: at least the embedding, never all', () => {
    for (const [id] of decoders) {
      const { _architecture: it } = LlmModel.of(id);
      expect(it.sixteenBitParameters).toBeGreaterThanOrEqual(it.vocabSize * it.hiddenSize);
      expect(it.sixteenBitParameters).toBeLessThan(0.6 * it.totalParameters);
    }
  });

  test('the experts of gpt-oss are all that its checkpoint quantizes', () => {
    // 32 experts x 24 layers, each 2880 x 8640 weights: 4-bit; https://huggingface.co/openai/gpt-oss-20b
    const { totalParameters, sixteenBitParameters } = LlmModel.of('openai/gpt-oss-20b')._architecture;
    const experts = 24 * 32 * 3 * 2880 * 2880;
    expect((totalParameters - sixteenBitParameters) / experts).toBeCloseTo(1, 3);
  });
});

test('a model of the catalogue knows its context, its parameters and its weight', () => {
  const model = LlmModel.of('meta-llama/Llama-3.1-8B-Instruct');
  expect(model).toMatchObject({ id: 'meta-llama/Llama-3.1-8B-Instruct', contextLength: 131072, parameters: 8030261248 });
  expect(model.weightsGiB).toBeCloseTo(14.96, 2);
});

test('another name of the same model keeps its own id', () => {
  expect(LlmModel.of('meta-llama/Meta-Llama-3.1-8B')).toMatchObject({ id: 'meta-llama/Meta-Llama-3.1-8B', parameters: 8030261248 });
});

test.each([
  // sizes of the repositories' safetensors files
  ['openai/gpt-oss-20b', 12.8, 0.5], ['openai/gpt-oss-120b', 60.8, 1.5], ['Qwen/Qwen3-32B', 61.0, 0.2], ['google/gemma-3-27b-it', 51.1, 0.1],
  ['moonshotai/Kimi-K2-Instruct', 959, 20],
])('the checkpoint of %s has about %d GiB', (id, gib, tolerance) => {
  expect(Math.abs(LlmModel.of(id).weightsGiB - gib)).toBeLessThan(tolerance);
});

test('every id is a model, each with a positive weight', () => {
  for (const id of LlmModel.ids()) expect(LlmModel.of(id).weightsGiB).toBeGreaterThan(0.2);
});

test('models whose names differ in their context are not taken for each other', () => {
  expect(refusal(() => LlmModel.of('microsoft/Phi-3-medium-4k-instruct')).codes).toEqual(['unknown-model']);
  expect(refusal(() => LlmModel.of('Qwen/Qwen2.5-7B')).codes).toEqual(['unknown-model']);
});

test('an unknown id is refused with the one that was meant, and the way for a model of your own', () => {
  expect(refusal(() => LlmModel.of('meta-llama/Llama-3.1-8B-Instuct')).message).toBe('ValidationError at LlmModel [unknown-model]: '
    + 'model \'meta-llama/Llama-3.1-8B-Instuct\' is not in the catalogue (did you mean \'meta-llama/Llama-3.1-8B-Instruct\'?); '
    + 'choose one of LlmModel.ids(), or give the model\'s config.json to LlmModel.fromConfig');
  expect(refusal(() => LlmModel.of('acme/house-model')).message).toContain('model \'acme/house-model\' is not in the catalogue; choose one of');
});

test('an encoder is declined: it has no KV cache', () => {
  expect(refusal(() => LlmModel.of('BAAI/bge-m3')).message).toBe('ValidationError at LlmModel [not-a-language-model]: '
    + 'model \'BAAI/bge-m3\' is an encoder, which keeps no KV cache and has no context to plan for; any GPU holds it, serve it with ModelService');
  expect(LlmModel.ids()).not.toContain('BAAI/bge-m3');
});
