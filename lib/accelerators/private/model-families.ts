import type { ConfigReader } from './config-reader';

/** What transformers assumes where the `config.json` of a family says nothing. */
export interface FamilyDefaults {
  readonly tied?: boolean;
  readonly headDim?: number;
  readonly attentionHeads?: number;
  readonly kvHeads?: number;
  readonly vocabSize?: number;
  readonly contextLength?: number;
  readonly slidingWindow?: number;
}

/** Formula of parameter-count.ts by `model_type` of the text model. */
const FAMILIES: Readonly<Record<string, string>> = {
  llama: 'llama',
  llama4: 'llama4',
  llama4_text: 'llama4',
  mistral: 'mistral',
  mistral3: 'mistral',
  mixtral: 'mixtral',
  qwen2: 'qwen2',
  qwen2_vl: 'qwen2',
  qwen2_vl_text: 'qwen2',
  qwen2_5_vl: 'qwen2',
  qwen2_5_vl_text: 'qwen2',
  qwen3: 'qwen3',
  qwen3_vl: 'qwen3',
  qwen3_vl_text: 'qwen3',
  qwen3_moe: 'qwen3_moe',
  qwen3_vl_moe: 'qwen3_moe',
  qwen3_vl_moe_text: 'qwen3_moe',
  qwen3_next: 'qwen3_next',
  qwen3_5: 'qwen3_5',
  qwen3_5_text: 'qwen3_5',
  qwen3_5_moe: 'qwen3_5',
  qwen3_5_moe_text: 'qwen3_5',
  gemma2: 'gemma2',
  gemma3: 'gemma3',
  gemma3_text: 'gemma3',
  phi3: 'phi3',
  phimoe: 'phimoe',
  deepseek_v2: 'deepseek_v2',
  deepseek_v3: 'deepseek',
  kimi_k2: 'deepseek',
  gpt_oss: 'gpt_oss',
  granite: 'granite',
  smollm3: 'smollm3',
  olmo2: 'olmo2',
  glm4: 'glm4',
};

/** Class attributes of the configurations in transformers 5 (`models/<type>/configuration_<type>.py`). */
const DEFAULTS: Readonly<Record<string, FamilyDefaults>> = {
  gemma2: { tied: true, headDim: 256, slidingWindow: 4096 },
  gemma3: {
    tied: true, headDim: 256, attentionHeads: 8, kvHeads: 4, vocabSize: 262208, contextLength: 131072, slidingWindow: 4096,
  },
  mistral: { slidingWindow: 4096 },
  qwen3: { headDim: 128 },
  qwen3_next: { headDim: 256 },
  qwen3_5: { headDim: 256 },
  smollm3: { tied: true },
  falcon7: { tied: true },
  falcon40: { tied: true },
  falcon11: { tied: true },
};

/** The formula for a model; empty where none is known to hold. */
export function familyOf(text: ConfigReader): string {
  const type = text.text('model_type') ?? '';
  return type === 'falcon' ? falcon(text) : Object.hasOwn(FAMILIES, type) ? FAMILIES[type] as string : '';
}

/** Defaults of a family. */
export function defaultsOf(family: string): FamilyDefaults {
  return DEFAULTS[family] ?? {};
}

/** Falcons differ in their norms: one a layer in the 7B and the 11B, two in the 40B; the oldest, with biases, are not covered. */
function falcon(text: ConfigReader): string {
  if (text.flag('bias') || text.flag('alibi') || text.flag('parallel_attn') === false) return '';
  if (!text.flag('new_decoder_architecture')) return text.flag('multi_query') === false ? '' : 'falcon7';
  return text.integer('num_ln_in_parallel_attn', 2) === 1 ? 'falcon11' : 'falcon40';
}
