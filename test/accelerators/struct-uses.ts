import { AcceleratedInstance, InstancePrices, LlmModel, LlmPlacement, MemoryFit, type LlmPlacementProps, type MemoryFitProps } from '../../lib/accelerators';
import type { StructUse, StructUses } from '../docs/literal-faults';

/** What is made from properties, and other values that work where they cannot be guessed. */
function use<Props>(make: (given: Partial<Props>) => unknown, others?: Partial<Props>): StructUse {
  return { make: (given) => make(given as Partial<Props>), others } as StructUse;
}

const QWEN = LlmModel.of('Qwen/Qwen3-8B');

/** What is made from each struct of this room that documents a literal. */
export const ACCELERATOR_USES: StructUses = {
  'accelerators.LlmPlacementProps': use<LlmPlacementProps>(
    (given) => LlmPlacement.rank({ model: QWEN, contextLength: 8192, concurrency: 64, instances: ['g6e.12xlarge', 'g5.12xlarge'], ...given })
      .map((placement) => [placement.summary, placement.fit.summary, placement.fit.gpuMemoryUtilization]),
    { prices: InstancePrices.onDemand().withPrices({ 'g5.12xlarge': 1 }), gpuMemoryUtilization: 0.8 },
  ),
  'accelerators.MemoryFitProps': use<MemoryFitProps>((given) => {
    const fit = MemoryFit.of({ model: QWEN, instance: AcceleratedInstance.of('g6e.12xlarge'), contextLength: 8192, ...given });
    return [fit.summary, fit.fits, fit.dtype, fit.kvTokens, fit.marginGiB, fit.maxNumSeqs, fit.gpuMemoryUtilization];
  }),
};
