import { isObject, type ConfigReader } from './config-reader';

/**
 * The `quant_method` of a checkpoint as vLLM reads it (vllm/transformers_utils/model_arch_config_convertor.py). The two libraries that
 * write weights of different width under one name are told apart by it; what is not known to have 4 bits counts as 8.
 */
export function readQuantization(whole: ConfigReader, text: ConfigReader): string | undefined {
  const owner = [whole, text].find((reader) => reader.has('quantization_config', 'compression_config'));
  if (owner === undefined) return undefined;
  const section = owner.section(owner.has('quantization_config') ? 'quantization_config' : 'compression_config');
  const method = section.text('quant_method')?.toLowerCase().replace('_', '-') ?? producer(section);
  if (method === 'modelopt') return algorithm(section).includes('NVFP4') ? 'modelopt_fp4' : method;
  if (method === 'compressed-tensors') return compressedTensors(section);
  return eightBits(method, section) ?? method.replace('-', '_');
}

/** The formats that are known for 4 bits, where the checkpoint says that it has 8. */
function eightBits(method: string, section: ConfigReader): string | undefined {
  if (method === 'bitsandbytes') return section.raw('load_in_8bit') === true ? 'int8' : undefined;
  return (method === 'gptq' || method === 'awq') && (section.number('bits') ?? 4) > 4 ? 'gptq_8bit' : undefined;
}

function producer(section: ConfigReader): string {
  return section.section('producer').text('name') === 'modelopt' ? 'modelopt' : 'compressed-tensors';
}

function algorithm(section: ConfigReader): string {
  return (section.text('quant_algo') ?? section.section('quantization').text('quant_algo') ?? '').toUpperCase();
}

/** Weights of 4 bits in groups lie as those of GPTQ do, or as NVFP4 where they are floating point. */
function compressedTensors(section: ConfigReader): string {
  const groups = Object.values(section.raw('config_groups') ?? {}).map((group: unknown) => isObject(group) ? group.weights : undefined);
  const four = groups.length > 0 && groups.every((weights) => isObject(weights) && weights.num_bits === 4);
  if (!four) return 'compressed-tensors';
  return groups.every((weights) => isObject(weights) && weights.type === 'float') ? 'nvfp4' : 'gptq';
}
