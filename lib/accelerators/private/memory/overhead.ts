import { ModelArchitecture } from '../architecture';
import { EngineProfile } from './engine';
import { FitSettings } from './settings';
import { GIB } from './units';
import { Stage } from './weights';

// Workspaces and kernels of libraries after the engine's first look at the card.
const LIBRARIES_GIB = 0.15;
// Two boots of one setup differ by up to 1.2 GiB on a 22 GiB card, most by far less. Cards of 40 GiB and more have a margin of
// their own: the fit counts on 2 % less than EC2 states, CUDA takes about 1 %.
const SAFETY_GIB = 0.3;
// Graphs: a pool for the tensors of the largest batch, and the nodes of each layer for each batch size. Linear layers have more
// kernels.
const GRAPH_POOL_GIB = 0.3;
const GRAPH_LAYER_GIB = 0.0003;
const GRAPH_LINEAR_LAYER_GIB = 0.0006;

/** Memory that vLLM takes outside weights, activations and KV cache, in bytes. */
export function overheadBytes(model: ModelArchitecture, stage: Stage, settings: FitSettings, engine: EngineProfile): number {
  const ranks = settings.tensorParallel * settings.pipelineParallel;
  const communication = ranks > 1 ? engine.communicationGiB : 0;
  const graphs = engine.budgetsCudaGraphs && !settings.enforceEager ? cudaGraphGiB(model, stage, settings) : 0;
  return (LIBRARIES_GIB + communication + graphs + SAFETY_GIB) * GIB;
}

/** Batch sizes of the CUDA graphs: 1, 2, 4, steps of 8 up to 256, then of 16 (vllm/config/vllm.py `_set_cudagraph_sizes`). */
export function captureSizes(maxNumSeqs: number, limit = 512): number {
  const largest = Math.min(2 * maxNumSeqs, limit);
  const small = [1, 2, 4].filter((size) => size <= largest).length;
  const middle = Math.floor(Math.min(largest, 248) / 8);
  return small + middle + (largest < 256 ? 0 : Math.floor((largest - 256) / 16) + 1);
}

function cudaGraphGiB(model: ModelArchitecture, stage: Stage, settings: FitSettings): number {
  const linear = model.attention.linear / model.layers;
  const layer = linear * GRAPH_LINEAR_LAYER_GIB + (1 - linear) * GRAPH_LAYER_GIB;
  return GRAPH_POOL_GIB / settings.tensorParallel + captureSizes(settings.maxNumSeqs) * stage.layers * layer;
}
