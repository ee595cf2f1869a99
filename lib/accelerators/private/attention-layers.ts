import type { AttentionLayers } from './architecture';
import type { ConfigReader } from './config-reader';
import type { FamilyDefaults } from './model-families';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

type LayerKind = 'full' | 'sliding' | 'chunked' | 'linear';

/** `layer_types` of transformers. */
const KINDS: Readonly<Record<string, LayerKind>> = {
  full_attention: 'full',
  attention: 'full',
  sliding_attention: 'sliding',
  chunked_attention: 'chunked',
  linear_attention: 'linear',
};

/** Keys of models whose layers keep a state that is none of these. */
const OTHER_STATE = [
  'layers_block_type', 'hybrid_override_pattern', 'hybrid_layer_pattern', 'attn_layer_indices', 'attn_layer_period', 'block_configs',
  'linear_attn_config', 'sparse_attention_config', 'state_size', 'ssm_state_size', 'mamba_d_state', 'mamba_d_ssm', 'index_topk',
  'compress_ratios', 'global_head_dim', 'num_global_key_value_heads', 'swa_head_dim', 'swa_num_key_value_heads',
];

const USE_ANOTHER = 'whose state the memory rules do not cover; use a model of full, sliding, chunked or Gated DeltaNet attention';

/** How the layers of a model attend; a kind that the memory rules do not cover is a fault, not a guess. */
export function readAttention(
  faults: Faults, text: ConfigReader, family: string, defaults: FamilyDefaults, layers: number, contextLength: number,
): Partial<AttentionLayers> {
  refuseOtherStates(faults, text);
  const slidingWindow = text.names('sliding_window') ? text.integer('sliding_window', 0, 0) : defaults.slidingWindow ?? 0;
  const chunkSize = text.names('attention_chunk_size') ? text.integer('attention_chunk_size', 0, 0) : family === 'llama4' ? 8192 : 0;
  const kinds = layerKinds(faults, text, family, layers).map((kind) => {
    // a window as long as the context is none
    if (kind === 'sliding' && (slidingWindow === 0 || slidingWindow >= contextLength)) return 'full';
    return kind === 'chunked' && (chunkSize === 0 || chunkSize >= contextLength) ? 'full' : kind;
  });
  const count = (wanted: LayerKind): number => kinds.filter((kind) => kind === wanted).length;
  return {
    full: count('full'),
    sliding: count('sliding'),
    slidingWindow: count('sliding') > 0 ? slidingWindow : 0,
    chunked: count('chunked'),
    chunkSize: count('chunked') > 0 ? chunkSize : 0,
    linear: count('linear'),
  };
}

function refuseOtherStates(faults: Faults, text: ConfigReader): void {
  const present = OTHER_STATE.filter((name) => text.has(name));
  if (text.integer('num_kv_shared_layers', 0, 0) > 0) present.push('num_kv_shared_layers');
  if (text.list('attn_type_list')?.some((type) => type !== 1)) present.push('attn_type_list');
  for (const key of present) {
    faults.add('unsupported-attention', `config.json has ${key}, the mark of layers ${USE_ANOTHER}`);
  }
}

function layerKinds(faults: Faults, text: ConfigReader, family: string, layers: number): LayerKind[] {
  const listed = text.list('layer_types');
  if (listed === undefined) return Array.from({ length: layers }, (_, index) => kindByRule(text, family, index));
  faults.check(listed.length === layers, 'invalid-model-config',
    `config.json has ${listed.length} layer_types for num_hidden_layers ${layers}; correct one of them`);
  return listed.map((type) => {
    const kind = typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    if (kind === undefined) faults.add('unsupported-attention', `config.json has layer_types ${show(type)}, ${USE_ANOTHER}`);
    return kind ?? 'full';
  });
}

/** The rules of the families whose configurations are older than `layer_types`: `__post_init__` of each in transformers. */
function kindByRule(text: ConfigReader, family: string, index: number): LayerKind {
  switch (family) {
    case 'gemma2':
    case 'gpt_oss':
      return (index + 1) % 2 === 0 ? 'full' : 'sliding';
    case 'gemma3':
      return (index + 1) % text.integer('sliding_window_pattern', 6) === 0 ? 'full' : 'sliding';
    case 'qwen3_next':
    case 'qwen3_5':
      return (index + 1) % text.integer('full_attention_interval', 4) === 0 ? 'full' : 'linear';
    case 'llama4':
      return (text.list('no_rope_layers')?.[index] ?? (index + 1) % 4) === 0 ? 'full' : 'chunked';
    case 'qwen2':
    case 'qwen3':
    case 'qwen3_moe':
      return text.flag('use_sliding_window') && index >= text.integer('max_window_layers', 28, 0) ? 'sliding' : 'full';
    case 'mistral':
    case 'mixtral':
    case 'phi3':
    case 'phimoe':
      return 'sliding';
    default:
      return 'full';
  }
}
