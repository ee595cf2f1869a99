import { engineOf } from './memory-fit-engines';
import heldOut from './vllm-held-out-cases.json';
import calibration from './vllm-memory-cases.json';
import { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { LlmModel } from '../../lib/accelerators/llm-model';
import type { ModelArchitecture } from '../../lib/accelerators/private/architecture';
import { kvHeadsPerRank } from '../../lib/accelerators/private/memory/cache-groups';
import type { Card } from '../../lib/accelerators/private/memory/card';
import { batchDefaults } from '../../lib/accelerators/private/memory/engine';
import { Fit, fitMemory } from '../../lib/accelerators/private/memory/fit';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../lib/accelerators/quantization';

/** One published start of a vLLM server: how it was started, and what it printed. */
export interface ServerCase {
  readonly model: string;
  /** Shape of a model that the catalogue does not have. */
  readonly architecture?: ModelArchitecture;
  /** Method of the checkpoint, where it is a quantized variant of the model. */
  readonly quantization?: string;
  readonly gpu: string;
  readonly tensorParallel: number;
  readonly pipelineParallel?: number;
  readonly version: string;
  readonly utilization: number;
  readonly contextLength: number;
  readonly kvCacheDtype?: string;
  readonly maxNumSeqs?: number;
  readonly maxNumBatchedTokens?: number;
  readonly enforceEager?: boolean;
  readonly weightsGiB?: number;
  readonly activationGiB?: number;
  readonly kvGiB?: number;
  readonly kvTokens?: number;
  readonly started: boolean;
  readonly note?: string;
  readonly source: string;
}

/** Cases that the constants of the fit were chosen on. */
export const CALIBRATION: ServerCase[] = (calibration as ServerCase[]).filter(sinceV9);

/** Cases that were looked at only after that. */
export const HELD_OUT: ServerCase[] = (heldOut as ServerCase[]).filter(sinceV9);

/** A case with what the fit says of it. */
export interface Comparison {
  readonly server: ServerCase;
  readonly card: Card;
  readonly model: ModelArchitecture;
  readonly fit: Fit;
  /** KV room that the server had, where it is known. */
  readonly measuredGiB?: number;
  /** Predicted less measured KV room, in percent of the card's usable memory; negative is the safe side. */
  readonly errorPercent?: number;
}

function sinceV9({ version }: ServerCase): boolean {
  return Number(version.split('.')[1]) >= 9;
}

const EC2_CARDS: Record<string, string> = {
  'L4': 'g6.xlarge', 'A10G': 'g5.xlarge', 'L40S': 'g6e.xlarge', 'H100': 'p5.48xlarge', 'H200': 'p5en.48xlarge',
  'A100 40GB': 'p4d.24xlarge', 'A100 80GB': 'p4de.24xlarge',
};

/** Cards that EC2 does not have, by the same rule: 2 % below what the driver states. */
const OTHER_CARDS: Record<string, Card> = {
  'RTX 3090': { name: 'RTX 3090', usableGiB: 24 * 0.98, computeCapability: 8.6 },
  'RTX 5080': { name: 'RTX 5080', usableGiB: 16303 / 1024 * 0.98, computeCapability: 12 },
};

function cardOf(name: string): Card {
  const gpu = AcceleratedInstance.of(EC2_CARDS[name] ?? 'g6.xlarge').gpu;
  const card = name in EC2_CARDS ? gpu : OTHER_CARDS[name];
  if (card === undefined) throw new Error(`no card ${name}`);
  return { name: card.name, usableGiB: card.usableGiB, computeCapability: card.computeCapability };
}

function modelOf(server: ServerCase): ModelArchitecture {
  const model = server.architecture ?? LlmModel.of(server.model)._architecture;
  // the published size of a model is that of its 16-bit checkpoint
  return server.quantization === undefined ? model : { ...model, quantization: server.quantization, checkpointBytes: undefined };
}

function measuredOf(server: ServerCase, model: ModelArchitecture): number | undefined {
  if (server.kvGiB !== undefined) return server.kvGiB;
  if (server.kvTokens === undefined) return undefined;
  const layers = Math.ceil(model.layers / (server.pipelineParallel ?? 1));
  return server.kvTokens * 2 * 2 * kvHeadsPerRank(model, server.tensorParallel) * model.headDim * layers / 2 ** 30;
}

/** What the fit says of a server that somebody started. */
export function compare(server: ServerCase): Comparison {
  const model = modelOf(server);
  const card = cardOf(server.gpu);
  const defaults = batchDefaults(card);
  const fit = fitMemory(model, card, {
    tensorParallel: server.tensorParallel,
    pipelineParallel: server.pipelineParallel ?? 1,
    contextLength: server.contextLength,
    concurrency: 1,
    kvCacheDtype: server.kvCacheDtype === 'fp8' ? KvCacheDtype.FP8 : KvCacheDtype.AUTO,
    quantization: WeightQuantization.CHECKPOINT,
    dtype: ModelDtype.AUTO,
    gpuMemoryUtilization: server.utilization,
    maxNumSeqs: server.maxNumSeqs ?? defaults.maxNumSeqs,
    maxNumBatchedTokens: server.maxNumBatchedTokens ?? defaults.maxNumBatchedTokens,
    enforceEager: server.enforceEager ?? false,
  }, engineOf(server.version));
  const measuredGiB = measuredOf(server, model);
  const errorPercent = measuredGiB === undefined ? undefined : (fit.kvRoomGiB - measuredGiB) / card.usableGiB * 100;
  return { server, card, model, fit, measuredGiB, errorPercent };
}
