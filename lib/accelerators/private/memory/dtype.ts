import { ModelDtype } from '../../quantization';
import { ModelArchitecture } from '../architecture';
import { Card, supportsBfloat16 } from './card';

/** Models that overflow in float16: vllm/config/model.py `_FLOAT16_NOT_SUPPORTED_MODELS`. */
export const FLOAT16_UNSAFE = new Set(['gemma2', 'gemma3', 'gemma3_text', 'glm4']);

/** Type that `--dtype` comes to: vllm/config/model.py `_resolve_auto_dtype`. */
export function resolveDtype(model: ModelArchitecture, card: Card, asked: ModelDtype): string {
  if (asked !== ModelDtype.AUTO) return asked;
  if (supportsBfloat16(card)) return model.dtype === 'float16' ? 'float16' : 'bfloat16';
  return FLOAT16_UNSAFE.has(model.modelType) ? 'float32' : 'float16';
}
