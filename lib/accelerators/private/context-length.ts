import { isObject, type ConfigReader } from './config-reader';

/** What vLLM assumes for a model that does not say how far its positions go. */
const UNKNOWN = 2048;

const LENGTH_KEYS = [
  'max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length', 'model_max_length', 'max_target_positions',
  'max_sequence_length', 'max_seq_length', 'seq_len',
];

/** Kinds of rotary scaling whose factor the stated length holds already. */
const SCALED_ALREADY = ['su', 'longrope', 'llama3', 'yarn', 'deepseek_yarn', 'deepseek_llama_scaling'];

/**
 * The largest `--max-model-len` that vLLM 0.33 allows: `_get_and_verify_max_len` in vllm/config/model.py. It also looks at the
 * tokenizer's `model_max_length`, which is in another file.
 */
export function derivedContextLength(text: ConfigReader, modelType: string, otherwise: number | undefined): number {
  const lengths = LENGTH_KEYS.filter((key) => text.has(key)).map((key) => text.integer(key, UNKNOWN));
  const stated = text.has('model_max_length') ? text.integer('model_max_length', UNKNOWN) : Math.min(...lengths);
  const base = Number.isFinite(stated) ? stated : otherwise ?? UNKNOWN;
  return modelType.includes('gemma3') ? base : Math.floor(base * ropeFactor(text));
}

function ropeFactor(text: ConfigReader): number {
  const key = ['rope_parameters', 'rope_scaling'].find((name) => isObject(text.raw(name)));
  if (key === undefined) return 1;
  const scalings = Object.values(text.raw(key) as object).some(isObject)
    ? Object.keys(text.raw(key) as object).map((layerType) => text.section(key).section(layerType))
    : [text.section(key)];
  return scalings.reduce((factor, scaling) => {
    const type = scaling.text('rope_type', 'type') ?? 'default';
    return SCALED_ALREADY.includes(type) ? factor : scaling.number('factor') ?? factor;
  }, 1);
}
