import type { CatalogueModel } from '../../../lib/accelerators/private/model-shape';

/** An entry of the reference data about language models; names as in Hugging Face's config.json. */
export interface ReferenceModel {
  readonly aliases?: readonly string[];
  readonly architectures?: readonly string[];
  readonly model_type?: string;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim?: number;
  readonly intermediate_size?: number;
  readonly vocab_size: number;
  readonly tie_word_embeddings?: boolean;
  readonly max_position_embeddings: number;
  readonly torch_dtype?: string;
  readonly task?: string;
  readonly attention: Readonly<Record<string, number>>;
  readonly moe?: Readonly<Record<string, number>>;
  readonly mla?: Readonly<Record<string, number | null>>;
  readonly linearAttention?: Readonly<Record<string, number>>;
  readonly quantization?: { readonly quant_method: string };
  readonly countFamily: string;
  readonly totalParameters: number;
  readonly otherParameters?: number;
  readonly otherParametersParts?: Readonly<Record<string, number>>;
  readonly checkpointGiB?: number;
}

export interface ReferenceModelSources {
  readonly _source: { readonly compiled: string; readonly sources: Readonly<Record<string, string>> };
}

/** Names that share weights' shape with the entry, but not its context length. */
const OTHER_CONTEXT = [
  'microsoft/Phi-3-medium-4k-instruct', 'microsoft/Phi-4-reasoning',
  'Qwen/Qwen2.5-7B', 'Qwen/Qwen2.5-14B', 'Qwen/Qwen2.5-32B', 'Qwen/Qwen2.5-72B',
];

/** `model_type` of families whose entries do not state it. */
const MODEL_TYPES: Readonly<Record<string, string>> = {
  llama: 'llama', mistral: 'mistral', falcon7: 'falcon', falcon40: 'falcon', falcon11: 'falcon', bert: 'xlm-roberta',
};

/** The catalogue's facts by Hugging Face id. */
export function modelRows(models: Readonly<Record<string, ReferenceModel>>): Record<string, CatalogueModel> {
  return Object.fromEntries(Object.entries(models).map(([id, model]) => [id, modelRow(model)]));
}

function modelRow(model: ReferenceModel): CatalogueModel {
  const aliases = (model.aliases ?? []).filter((alias) => !OTHER_CONTEXT.includes(alias));
  return {
    family: model.countFamily,
    modelType: model.model_type ?? MODEL_TYPES[model.countFamily] ?? '',
    architecture: model.architectures?.[0] ?? '',
    hiddenSize: model.hidden_size,
    layers: model.num_hidden_layers,
    attentionHeads: model.num_attention_heads,
    kvHeads: model.num_key_value_heads,
    headDim: model.head_dim ?? model.mla?.v_head_dim ?? model.hidden_size / model.num_attention_heads,
    intermediateSize: denseWidth(model),
    vocabSize: model.vocab_size,
    tied: model.tie_word_embeddings ?? true,
    contextLength: model.max_position_embeddings,
    // where nothing is stated, sizes of checkpoints are 2 bytes a parameter
    dtype: model.torch_dtype ?? 'bfloat16',
    attention: attention(model),
    ...(model.mla === undefined ? {} : { mla: latent(model.mla) }),
    ...(model.linearAttention === undefined ? {} : { linear: linear(model.linearAttention) }),
    ...(model.moe === undefined ? {} : { moe: experts(model.moe) }),
    ...(model.otherParameters === undefined ? {} : { other: other(model) }),
    ...(model.quantization === undefined ? {} : { quantization: model.quantization.quant_method }),
    ...(model.task === undefined ? {} : { task: model.task }),
    totalParameters: model.totalParameters,
    ...(model.checkpointGiB === undefined ? {} : { checkpointGiB: model.checkpointGiB }),
    ...(aliases.length === 0 ? {} : { aliases }),
  };
}

/** Llama 4 states the width of its experts as `intermediate_size` and that of its dense layers on its own. */
function denseWidth(model: ReferenceModel): number {
  return model.moe?.intermediate_size_mlp ?? model.intermediate_size ?? 0;
}

function attention(model: ReferenceModel): CatalogueModel['attention'] {
  const { full_attention_layers: full, sliding_window_layers: sliding, sliding_window: slidingWindow } = model.attention;
  const { chunked_attention_layers: chunked, attention_chunk_size: chunkSize, linear_attention_layers: linearLayers } = model.attention;
  const all = { full, sliding, slidingWindow, chunked, chunkSize, linear: linearLayers };
  return Object.fromEntries(Object.entries(all).filter(([, it]) => it));
}

function latent(mla: NonNullable<ReferenceModel['mla']>): NonNullable<CatalogueModel['mla']> {
  const number = (key: string): number => mla[key] ?? 0;
  return {
    kvLoraRank: number('kv_lora_rank'),
    qLoraRank: number('q_lora_rank'),
    qkNopeHeadDim: number('qk_nope_head_dim'),
    qkRopeHeadDim: number('qk_rope_head_dim'),
    vHeadDim: number('v_head_dim'),
  };
}

function linear(shape: Readonly<Record<string, number>>): NonNullable<CatalogueModel['linear']> {
  return {
    keyHeads: shape.linear_num_key_heads ?? 0,
    keyHeadDim: shape.linear_key_head_dim ?? 0,
    valueHeads: shape.linear_num_value_heads ?? 0,
    valueHeadDim: shape.linear_value_head_dim ?? 0,
    convKernel: shape.linear_conv_kernel_dim ?? 0,
  };
}

function experts(moe: Readonly<Record<string, number>>): NonNullable<CatalogueModel['moe']> {
  const width = moe.moe_intermediate_size ?? 0;
  return {
    experts: moe.num_experts ?? 0,
    expertsPerToken: moe.num_experts_per_tok ?? 0,
    intermediateSize: width,
    sharedIntermediateSize: moe.shared_expert_intermediate_size ?? (moe.n_shared_experts ?? 0) * width,
    leadingDenseLayers: moe.first_k_dense_replace ?? 0,
    layerStep: moe.interleave_moe_layer_step ?? 1,
  };
}

function other(model: ReferenceModel): NonNullable<CatalogueModel['other']> {
  const mtp = model.otherParametersParts?.mtp ?? 0;
  return { towers: (model.otherParameters ?? 0) - mtp, ...(mtp === 0 ? {} : { mtp }) };
}
