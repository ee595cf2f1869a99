import { WeightQuantization, KvCacheDtype, ModelDtype } from '../../quantization';

/** How an engine is started, with every default filled in. */
export interface FitSettings {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly contextLength: number;
  readonly concurrency: number;
  readonly kvCacheDtype: KvCacheDtype;
  readonly quantization: WeightQuantization;
  readonly dtype: ModelDtype;
  readonly gpuMemoryUtilization: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly enforceEager: boolean;
}
