import { Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { configOf, MODEL_CONFIGS, refusal } from './support';
import { LlmModel } from '../../lib/accelerators';
import { isValidationError } from '../../lib/core/private/validation-error';

const LLAMA = configOf('meta-llama/Meta-Llama-3.1-8B');
const MISTRAL = configOf('mistralai/Mistral-Nemo-Instruct-2407');
const QWEN = configOf('Qwen/Qwen3-8B');

/** What of a model does not follow from its config.json. */
function shapeOf(model: LlmModel): object {
  return { ...model._architecture, id: '', checkpointBytes: undefined };
}

describe('a real config.json gives the shape that the catalogue has', () => {
  const known = Object.keys(MODEL_CONFIGS).filter((id) => LlmModel.ids().includes(id));

  test('of many families', () => {
    expect(known.length).toBeGreaterThan(20);
    expect(new Set(known.map((id) => LlmModel.of(id)._architecture.modelType)).size).toBeGreaterThan(12);
  });

  test.each(known)('%s', (id) => expect(shapeOf(LlmModel.fromConfig(id, configOf(id)))).toEqual(shapeOf(LlmModel.of(id))));

  test('google/gemma-3-27b-it, whose config.json leaves most to the defaults of transformers', () => {
    const config = {
      architectures: ['Gemma3ForConditionalGeneration'],
      model_type: 'gemma3',
      text_config: {
        head_dim: 128, hidden_size: 5376, intermediate_size: 21504, model_type: 'gemma3_text', num_attention_heads: 32,
        num_hidden_layers: 62, num_key_value_heads: 16, rope_scaling: { factor: 8.0, rope_type: 'linear' }, sliding_window: 1024,
      },
      torch_dtype: 'bfloat16',
      vision_config: { hidden_size: 1152, model_type: 'siglip_vision_model' },
    };
    expect(shapeOf(LlmModel.fromConfig('gemma', config))).toEqual(shapeOf(LlmModel.of('google/gemma-3-27b-it')));
  });

  test('falcons, whose keys have other names', () => {
    const falcon = {
      architectures: ['FalconForCausalLM'], model_type: 'falcon', hidden_size: 4544, num_attention_heads: 71, num_hidden_layers: 32, vocab_size: 65024,
      multi_query: true, parallel_attn: true, new_decoder_architecture: false, bias: false, alibi: false, tie_word_embeddings: false,
      max_position_embeddings: 2048,
    };
    expect(shapeOf(LlmModel.fromConfig('falcon', falcon))).toEqual(shapeOf(LlmModel.of('tiiuae/falcon-7b-instruct')));
    const large = { ...falcon, hidden_size: 8192, num_attention_heads: 128, num_hidden_layers: 60, num_kv_heads: 8, new_decoder_architecture: true };
    expect(shapeOf(LlmModel.fromConfig('falcon', large))).toEqual(shapeOf(LlmModel.of('tiiuae/falcon-40b-instruct')));
  });
});

test('the text of a config.json will do, be it with the Infinity that Python writes', () => {
  const text = JSON.stringify({ ...QWEN, some_limit: 'LIMIT' }).replace('"LIMIT"', '[0.0, Infinity]');
  expect(LlmModel.fromConfig('qwen', text).parameters).toBe(8190735360);
});

test('a fine-tuned model with a vision tower weighs as much as its base', () => {
  const model = LlmModel.fromConfig('acme/reads-invoices', configOf('Qwen/Qwen3-VL-8B-Instruct'));
  expect(model.parameters).toBe(8767123696);
  expect(model._architecture.multimodal).toBe(true);
});

describe('quantized checkpoints', () => {
  test.each([
    ['Qwen/Qwen3-32B-FP8', 'fp8'],
    ['Qwen/Qwen3-32B-FP8-Static-PerTensor', 'modelopt'],
    ['RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic', 'compressed-tensors'],
    ['openai/gpt-oss-20b', 'mxfp4'],
  ])('%s is %s', (id, quantization) => expect(LlmModel.fromConfig(id, configOf(id))._architecture.quantization).toBe(quantization));

  test('ModelOpt names its algorithm, compressed-tensors the bits of its groups', () => {
    const quantized = (quantization_config: object) => LlmModel.fromConfig('it', { ...QWEN, quantization_config })._architecture.quantization;
    const group = (type: string, num_bits: number) => ({ quant_method: 'compressed-tensors', config_groups: { group_0: { weights: { type, num_bits } } } });
    expect(quantized({ quant_method: 'modelopt', quant_algo: 'NVFP4' })).toBe('modelopt_fp4');
    expect(quantized({ producer: { name: 'modelopt' }, quantization: { quant_algo: 'FP8' } })).toBe('modelopt');
    expect(quantized(group('int', 8))).toBe('compressed-tensors');
    expect(quantized(group('int', 4))).toBe('gptq');
    expect(quantized(group('float', 4))).toBe('nvfp4');
    expect(quantized({ quant_method: 'awq', bits: 4 })).toBe('awq');
    expect(quantized({ quant_method: 'gptq', bits: 8 })).toBe('gptq_8bit');
    expect(quantized({ quant_method: 'bitsandbytes', load_in_8bit: true })).toBe('int8');
    expect(quantized({ quant_method: 'bitsandbytes', load_in_4bit: true })).toBe('bitsandbytes');
  });

  test('FP8 halves the linear layers and leaves the embeddings alone', () => {
    const [whole, half] = ['Qwen/Qwen3-32B', 'Qwen/Qwen3-32B-FP8'].map((id) => LlmModel.fromConfig(id, configOf(id)).weightsGiB);
    const embeddings = 2 * 151936 * 5120 * 2 / 2 ** 30;
    expect(whole).toBeCloseTo(61.02, 1);
    expect(half).toBeCloseTo(((whole ?? NaN) - embeddings) / 2 + embeddings, 1);
  });
});

describe('the longest context is the one that vLLM derives', () => {
  const contextOf = (changes: object) => LlmModel.fromConfig('it', { ...MISTRAL, ...changes }).contextLength;

  test.each([
    ['nothing scales it', {}, 131072],
    ['a linear factor multiplies it', { rope_scaling: { type: 'linear', factor: 2.0 } }, 262144],
    ['a dynamic factor multiplies it', { rope_scaling: { rope_type: 'dynamic', factor: 4 } }, 524288],
    ['YaRN is in it already', { rope_scaling: { rope_type: 'yarn', factor: 4.0, original_max_position_embeddings: 32768 } }, 131072],
    ['Llama 3\'s factor is in it already', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, 131072],
    ['LongRoPE is in it already', { rope_scaling: { type: 'longrope', factor: 32 }, original_max_position_embeddings: 4096 }, 131072],
    ['parameters by kind of layer', { rope_parameters: { full_attention: { rope_type: 'linear', factor: 8 }, sliding_attention: { rope_type: 'default' } } }, 1048576],
    ['no factor', { rope_scaling: { rope_type: 'linear' } }, 131072],
    ['the smallest of several lengths', { seq_length: 8192 }, 8192],
    ['the model\'s own maximum before all', { model_max_length: 500000 }, 500000],
    ['nothing stated', { max_position_embeddings: null }, 2048],
  ])('%s', (_, changes, expected) => expect(contextOf(changes)).toBe(expected));

  test('Gemma 3 states it with its factor', () => {
    const config = {
      model_type: 'gemma3_text', hidden_size: 1152, num_hidden_layers: 26, num_attention_heads: 4, num_key_value_heads: 1, vocab_size: 262144,
      intermediate_size: 6912, max_position_embeddings: 32768, sliding_window: 512, rope_scaling: { factor: 8, rope_type: 'linear' },
    };
    expect(LlmModel.fromConfig('gemma', config)).toMatchObject({ contextLength: 32768, parameters: 999885952 });
  });
});

describe('layers attend as transformers says', () => {
  const attention = (config: object) => LlmModel.fromConfig('it', config)._architecture.attention;

  test('a window holds for every layer of Mistral, unless it is as long as the context', () => {
    expect(attention({ ...MISTRAL, sliding_window: 4096 })).toMatchObject({ full: 0, sliding: 40, slidingWindow: 4096 });
    expect(attention({ ...MISTRAL, sliding_window: 131072 })).toMatchObject({ full: 40, sliding: 0, slidingWindow: 0 });
    expect(attention({ ...MISTRAL, sliding_window: null })).toMatchObject({ full: 40, sliding: 0 });
    expect(attention({ ...MISTRAL, sliding_window: undefined })).toMatchObject({ sliding: 40, slidingWindow: 4096 });
  });

  test('Qwen slides only when it is told to, from a layer on', () => {
    expect(attention({ ...QWEN, sliding_window: 4096 })).toMatchObject({ full: 36, sliding: 0 });
    expect(attention({ ...QWEN, sliding_window: 4096, use_sliding_window: true, max_window_layers: 28 })).toMatchObject({ full: 28, sliding: 8 });
  });
});

describe('what is not understood is refused, not guessed', () => {
  test.each([
    ['deepseek-ai/DeepSeek-V3.2', 'index_topk'], ['google/gemma-4-26B-A4B', 'global_head_dim'], ['XiaomiMiMo/MiMo-V2-Flash', 'hybrid_layer_pattern'],
    ['nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16', 'hybrid_override_pattern'], ['zai-org/GLM-5.2', 'index_topk'], ['moonshotai/Kimi-K3', 'linear_attn_config'],
  ])('the attention of %s, even where its parameters are given', (id, key) => {
    const error = refusal(() => LlmModel.fromConfig(id, configOf(id), { parameters: 30e9 }));
    expect(new Set(error.codes)).toEqual(new Set(['unsupported-attention']));
    expect(error.message).toContain(`config.json has ${key}, the mark of layers whose state the memory rules do not cover; `
      + 'use a model of full, sliding, chunked or Gated DeltaNet attention');
  });

  test('a kind of layer', () => {
    expect(refusal(() => LlmModel.fromConfig('it', { ...QWEN, layer_types: Array(36).fill('conv') })).message).toBe(
      'ValidationError at LlmModel it [unsupported-attention]: config.json has layer_types \'conv\', whose state the memory rules do not cover; '
      + 'use a model of full, sliding, chunked or Gated DeltaNet attention');
  });

  test('a family whose parameters cannot be counted, unless they are given', () => {
    const config = configOf('MiniMaxAI/MiniMax-M2.7');
    expect(refusal(() => LlmModel.fromConfig('m2', config)).message).toBe('ValidationError at LlmModel m2 [unknown-model-family]: '
      + 'config.json has model_type \'minimax_m2\', whose parameters the library cannot count; pass parameters, the total that the model\'s page on Hugging Face shows');
    const model = LlmModel.fromConfig('m2', config, { parameters: 228_700_000_000, weightsGiB: 214 });
    expect(model).toMatchObject({ parameters: 228_700_000_000, contextLength: 204800 });
    expect(model.weightsGiB).toBeCloseTo(214, 6);
    expect(model._architecture.attention.full).toBe(62);
  });

  test('a tower of unknown weight', () => {
    expect(refusal(() => LlmModel.fromConfig('it', { ...QWEN, vision_config: { depth: 24 } })).message).toBe('ValidationError at LlmModel it '
      + '[unknown-model-family]: config.json has a vision or sound tower whose parameters the library cannot count; '
      + 'pass parameters, the total that the model\'s page on Hugging Face shows');
  });

  test('an encoder', () => {
    expect(refusal(() => LlmModel.fromConfig('it', { ...LLAMA, model_type: 'bert' })).message).toBe('ValidationError at LlmModel it [not-a-language-model]: '
      + 'config.json describes \'bert\', an encoder, which keeps no KV cache of its own; use a decoder such as Llama or Qwen, and ModelService for encoders');
  });

  test('what is no config.json', () => {
    expect(refusal(() => LlmModel.fromConfig('it', 'Qwen/Qwen3-8B')).message).toBe('ValidationError at LlmModel it [invalid-model-config]: '
      + 'config \'Qwen/Qwen3-8B\' is not the content of a config.json; give it parsed, or as its text');
    for (const config of [undefined, null, 7, [], '{', '[]', Token.asString({ Ref: 'Config' })]) {
      expect(refusal(() => LlmModel.fromConfig('it', config)).codes).toEqual(['invalid-model-config']);
    }
  });

  test('every fault is told at once', () => {
    const { hidden_size: _, ...rest } = LLAMA;
    expect(refusal(() => LlmModel.fromConfig('it', { ...rest, num_key_value_heads: 0.5, dtype: 'int3', vocab_size: Token.asNumber({ Ref: 'V' }) })).message
      .replace(/-1\.\d+e\+289/, '<token>')).toBe(`ValidationError at LlmModel it: 4 faults
  - [incomplete-model-config] config.json has no hidden_size or n_embd, which the memory follows from; give the model's whole config.json
  - [invalid-model-config] config.json has vocab_size <token>, which is not a whole number from 1 to 1000000000; correct it
  - [invalid-model-config] config.json has num_key_value_heads 0.5, which is not a whole number from 1 to 1000000000; correct it
  - [invalid-model-config] config.json has dtype 'int3', which is not one of bfloat16, float16, float32; correct it`);
  });

  test('lists and sizes that contradict each other', () => {
    expect(refusal(() => LlmModel.fromConfig('it', { ...QWEN, layer_types: ['full_attention'] })).message)
      .toContain('[invalid-model-config]: config.json has 1 layer_types for num_hidden_layers 36; correct one of them');
    expect(refusal(() => LlmModel.fromConfig('it', { ...LLAMA, head_dim: undefined, num_attention_heads: 33 })).message)
      .toContain('[invalid-model-config]: config.json has hidden_size 4096 for num_attention_heads 33 and no head_dim; correct one of them');
  });

  test('options out of range, or known only at deploy time', () => {
    expect(refusal(() => LlmModel.fromConfig('it', LLAMA, { parameters: 8, weightsGiB: -1 })).codes).toEqual(['invalid-parameters', 'invalid-weights-gib']);
    expect(refusal(() => LlmModel.fromConfig('it', LLAMA, { parameters: Token.asNumber({ Ref: 'P' }) })).codes).toEqual(['unresolved-parameters']);
  });
});

describe('any configuration gives a model or a ValidationError', () => {
  const KEYS = ['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'num_key_value_heads', 'head_dim', 'vocab_size', 'intermediate_size',
    'max_position_embeddings', 'sliding_window', 'kv_lora_rank', 'num_experts', 'first_k_dense_replace', 'layer_types', 'rope_scaling', 'dtype',
    'tie_word_embeddings', 'quantization_config', 'text_config', 'vision_config', 'full_attention_interval', 'linear_num_key_heads', 'model_type'];
  const value = fc.oneof(
    fc.integer({ min: -3, max: 200_000 }), fc.double(), fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(null, true, Infinity, NaN, 'llama', 'bfloat16'),
    fc.constant(Token.asNumber({ Ref: 'N' })), fc.array(fc.constantFrom('full_attention', 'linear_attention', 'mamba', 7), { maxLength: 5 }),
  );
  const changes = fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), value, { maxKeys: 4 });
  const base = fc.constantFrom(...Object.keys(MODEL_CONFIGS)).map(configOf);

  test('with a sane shape', () => {
    let accepted = 0;
    fc.assert(fc.property(base, changes, fc.boolean(), (config, changed, known) => {
      try {
        const model = LlmModel.fromConfig('it', { ...config, ...changed }, known ? { parameters: 5e9 } : {});
        accepted++;
        const { attention, layers, kvHeads, headDim, totalParameters } = model._architecture;
        expect(attention.full + attention.sliding + attention.chunked + attention.linear).toBe(layers);
        for (const number of [model.contextLength, model.parameters, model.weightsGiB, kvHeads, headDim, totalParameters]) expect(number).toBeGreaterThan(0);
        expect(Number.isFinite(model.weightsGiB)).toBe(true);
      } catch (error) {
        if (!isValidationError(error)) throw error;
      }
    }), { numRuns: 2_000 });
    expect(accepted).toBeGreaterThan(300);
  });

  test('text or anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), (config) => {
      expect(() => LlmModel.fromConfig('it', config)).toThrow(/^ValidationError at LlmModel it/);
    }), { numRuns: 300 });
  });
});
