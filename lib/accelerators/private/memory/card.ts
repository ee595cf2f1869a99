/** What the fit needs to know of one GPU. */
export interface Card {
  /** Name of the card, such as `L40S`. */
  readonly name: string;
  /** Memory that CUDA reports, in GiB, or a little less: never the number on the data sheet. */
  readonly usableGiB: number;
  /** CUDA compute capability, such as 8.9. */
  readonly computeCapability: number;
}

/** bf16 needs compute capability 8.0: vllm/platforms/cuda.py. */
export function supportsBfloat16(card: Card): boolean {
  return card.computeCapability >= 8;
}
