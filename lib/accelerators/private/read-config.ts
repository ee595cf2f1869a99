import type { LinearAttention } from './architecture';
import { readAttention } from './attention-layers';
import { MODELS } from './catalogue';
import { ConfigReader, isObject } from './config-reader';
import { derivedContextLength } from './context-length';
import { defaultsOf, familyOf, type FamilyDefaults } from './model-families';
import type { ExpertsShape, LatentAttentionShape, ModelShape } from './model-shape';
import { readQuantization } from './read-quantization';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

const HIDDEN_SIZE = ['hidden_size', 'n_embd'];
/** Several times what the deepest models have. */
const MOST_LAYERS = 1000;
const DTYPES = ['bfloat16', 'float16', 'float32'];
/** Parts of multimodal models that weigh something beside the text model. */
const TOWERS = ['vision_config', 'audio_config', 'video_config'];
const ENCODERS = ['bert', 'roberta', 'xlm-roberta', 'distilbert', 'modernbert', 'nomic_bert', 'electra', 'mpnet', 'deberta-v2'];

/** The shape that a `config.json` describes. Multimodal models nest the text model in `text_config`. */
export function readConfig(faults: Faults, config: Readonly<Record<string, unknown>>): ModelShape {
  const whole = new ConfigReader(faults, config);
  const nested = ['text_config', 'llm_config'].find((key) => isObject(config[key]));
  const text = nested === undefined ? whole : whole.section(nested);
  refuseEncoders(faults, whole, text);
  const family = familyOf(text);
  const defaults = defaultsOf(family);
  const modelType = whole.text('model_type') ?? text.text('model_type') ?? '';
  const sizes = readSizes(text, defaults);
  const contextLength = derivedContextLength(text, modelType, defaults.contextLength);
  const attention = readAttention(faults, text, family, defaults, sizes.layers, contextLength);
  return {
    family,
    modelType,
    architecture: String(whole.list('architectures')?.[0] ?? ''),
    ...sizes,
    headDim: readHeadDim(faults, text, sizes, defaults),
    kvHeads: readKvHeads(text, family, sizes.attentionHeads, defaults),
    intermediateSize: readDenseWidth(text, family, sizes.hiddenSize),
    tied: text.flag('tie_word_embeddings') ?? whole.flag('tie_word_embeddings') ?? defaults.tied ?? false,
    contextLength,
    dtype: readDtype(faults, whole, text),
    attention,
    mla: readLatentAttention(text),
    linear: (attention.linear ?? 0) > 0 ? readLinearAttention(text) : undefined,
    moe: readExperts(text, family),
    other: knownTowers(whole, modelType, sizes),
    quantization: readQuantization(whole, text),
  };
}

/** Whether a configuration has towers whose weight the library does not know. */
export function hasUnknownTowers(config: Readonly<Record<string, unknown>>, shape: ModelShape): boolean {
  return TOWERS.some((tower) => isObject(config[tower])) && shape.other === undefined;
}

function refuseEncoders(faults: Faults, whole: ConfigReader, text: ConfigReader): void {
  const type = text.text('model_type') ?? '';
  if (ENCODERS.includes(type) || whole.flag('is_encoder_decoder')) {
    faults.add('not-a-language-model', `config.json describes ${show(type)}, an encoder, which keeps no KV cache of its own; `
      + 'use a decoder such as Llama or Qwen, and ModelService for encoders');
  }
}

type Sizes = Pick<ModelShape, 'hiddenSize' | 'layers' | 'attentionHeads' | 'vocabSize'>;

function readSizes(text: ConfigReader, defaults: FamilyDefaults): Sizes {
  const otherwise = (value: number | undefined, keys: readonly string[]): number => {
    return value === undefined ? text.required(keys) : text.integer(keys, value);
  };
  return {
    hiddenSize: text.required(HIDDEN_SIZE),
    layers: text.required(['num_hidden_layers', 'n_layer'], MOST_LAYERS),
    attentionHeads: otherwise(defaults.attentionHeads, ['num_attention_heads', 'n_head']),
    vocabSize: otherwise(defaults.vocabSize, ['vocab_size']),
  };
}

function readHeadDim(faults: Faults, text: ConfigReader, sizes: Sizes, defaults: FamilyDefaults): number {
  if (text.has('kv_lora_rank')) return text.integer('v_head_dim', 128);
  if (text.has('head_dim')) return text.integer('head_dim', 1);
  const even = sizes.hiddenSize / sizes.attentionHeads;
  faults.check(defaults.headDim !== undefined || Number.isInteger(even) || !text.has(...HIDDEN_SIZE), 'invalid-model-config',
    `config.json has hidden_size ${sizes.hiddenSize} for num_attention_heads ${sizes.attentionHeads} and no head_dim; correct one of them`);
  return defaults.headDim ?? even;
}

function readKvHeads(text: ConfigReader, family: string, attentionHeads: number, defaults: FamilyDefaults): number {
  if (family === 'falcon7') return 1;
  const keys = ['n_head_kv', 'num_kv_heads', 'num_key_value_heads', 'multi_query_group_num', 'num_attention_groups'];
  return text.integer(keys, defaults.kvHeads ?? attentionHeads);
}

function readDenseWidth(text: ConfigReader, family: string, hiddenSize: number): number {
  if (family.startsWith('falcon')) return text.integer('ffn_hidden_size', 4 * hiddenSize);
  return text.integer(family === 'llama4' ? 'intermediate_size_mlp' : 'intermediate_size', 0, 0);
}

function readDtype(faults: Faults, whole: ConfigReader, text: ConfigReader): string {
  const stated = whole.raw('dtype', 'torch_dtype') ?? text.raw('dtype', 'torch_dtype') ?? 'bfloat16';
  const dtype = String(stated).replace(/^torch\./, '');
  faults.check(DTYPES.includes(dtype), 'invalid-model-config',
    `config.json has dtype ${show(stated)}, which is not one of ${DTYPES.join(', ')}; correct it`);
  return dtype;
}

function readLatentAttention(text: ConfigReader): LatentAttentionShape | undefined {
  if (!text.has('kv_lora_rank')) return undefined;
  return {
    kvLoraRank: text.required(['kv_lora_rank']),
    qLoraRank: text.integer('q_lora_rank', 0, 0),
    qkNopeHeadDim: text.integer('qk_nope_head_dim', 128),
    qkRopeHeadDim: text.integer('qk_rope_head_dim', 64),
    vHeadDim: text.integer('v_head_dim', 128),
  };
}

function readLinearAttention(text: ConfigReader): LinearAttention {
  return {
    keyHeads: text.required(['linear_num_key_heads']),
    keyHeadDim: text.required(['linear_key_head_dim']),
    valueHeads: text.required(['linear_num_value_heads']),
    valueHeadDim: text.required(['linear_value_head_dim']),
    convKernel: text.required(['linear_conv_kernel_dim']),
  };
}

function readExperts(text: ConfigReader, family: string): ExpertsShape | undefined {
  const experts = text.integer(['num_experts', 'moe_num_experts', 'n_routed_experts', 'num_local_experts'], 0, 0);
  if (experts === 0) return undefined;
  const width = text.integer(['moe_intermediate_size', 'intermediate_size'], 0, 0);
  const shared = text.integer(['n_shared_experts', 'moe_num_shared_experts'], family === 'llama4' ? 1 : 0, 0) * width;
  return {
    experts,
    expertsPerToken: text.integer(['num_experts_per_tok', 'num_experts_per_token', 'moe_topk', 'moe_top_k', 'top_k'], 1),
    intermediateSize: width,
    sharedIntermediateSize: text.integer('shared_expert_intermediate_size', shared, 0),
    leadingDenseLayers: text.integer('first_k_dense_replace', 0, 0) + (text.list('mlp_only_layers')?.length ?? 0),
    layerStep: text.integer(['interleave_moe_layer_step', 'decoder_sparse_step'], 1),
  };
}

/** Vision towers, projectors and heads for multi-token prediction of a model of the catalogue with the same text model. */
function knownTowers(whole: ConfigReader, modelType: string, sizes: Sizes): ModelShape['other'] {
  const same = [...MODELS.values()].find((model) => model.modelType === modelType && model.hiddenSize === sizes.hiddenSize
    && model.layers === sizes.layers && model.other !== undefined);
  return TOWERS.some((tower) => whole.has(tower)) ? same?.other : undefined;
}
