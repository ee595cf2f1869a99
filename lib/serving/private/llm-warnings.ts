import { standsOnSpot } from '../blueprint/llm-plan';
import type { LlmServiceBlueprint } from '../blueprint/llm-service';

/** What is allowed, but has to be known: id of the warning to its text. */
export function llmWarnings(service: LlmServiceBlueprint): [string, string][] {
  const { engine, form, leastReplicas, plan, startup } = service;
  const warnings: Record<string, string | false> = {
    'llm-alone-on-spot': standsOnSpot(plan) && leastReplicas < 2
      && `one replica on spot nodes of pool ${plan.pool.poolName}: when EC2 takes the node, the service is away until another one is there and loaded, `
      + `about ${Math.ceil(startup.expectedSeconds / 60) + 5} minutes; use two replicas, or a pool of Capacity.onDemand()`,
    'llm-over-several-nodes': plan.nodesPerReplica > 1
      && `each replica is cut over ${plan.nodesPerReplica} nodes that talk over the network, and all of them are lost with one; `
      + 'let the pool supply larger instances if that is too slow or too frail',
    'unpinned-hugging-face-revision': engine.weights.type === 'hugging-face' && engine.weights.revision === undefined
      && `the model is what the main branch of ${engine.weights.id ?? engine.modelId} is when a pod starts, so two pods can serve two models; give ModelSource.huggingFace a revision`,
    'trust-remote-code': engine.trustRemoteCode
      && "Python code of the model's repository runs with the rights of the pods; pin its revision, or use a model that vLLM knows",
    'llm-d-image': form === 'llm-inference-service'
      && "an LLMInferenceService runs llm-d's build of vLLM, for which the memory fit does not hold: watch its first start, or use LlmRuntime.deployment()",
    'lora-memory-not-in-fit': engine.adapters.length > 0
      && 'the memory of LoRA adapters is no part of the fit; leave room for it by a lower concurrency or contextLength than the fit allows',
  };
  return Object.entries(warnings).filter((it): it is [string, string] => it[1] !== false);
}
