/** Type of the KV cache's entries: vLLM's `--kv-cache-dtype`. https://docs.vllm.ai/en/latest/features/quantization/quantized_kvcache/ */
export enum KvCacheDtype {
  /** The model's own 16-bit type. */
  AUTO = 'auto',
  /** 8 bits, half the memory. Check the quality of your model's answers: without calibrated scales it may suffer. */
  FP8 = 'fp8',
}

/**
 * What the engine does to the weights while it loads them: vLLM's `--quantization`. A checkpoint that is quantized
 * already stays as it is. https://docs.vllm.ai/en/latest/features/quantization/
 */
export enum WeightQuantization {
  /** Weights as the checkpoint has them. */
  CHECKPOINT = 'checkpoint',
  /** Linear layers in 8-bit floating point, quantized while loading; embeddings, lm_head, norms and routers stay at 16 bit. */
  FP8 = 'fp8',
}

/** Type of activations and of weights that are not quantized: vLLM's `--dtype`. */
export enum ModelDtype {
  /** The checkpoint's type, except where the card lacks it: float16 then, or float32 for models that overflow in float16. */
  AUTO = 'auto',
  /** Needs compute capability 8.0; a T4 has 7.5. */
  BFLOAT16 = 'bfloat16',
  /** For every card. Some models overflow in it: vLLM refuses those. */
  FLOAT16 = 'float16',
}
