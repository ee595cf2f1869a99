import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { chatIn, clusterIn, objectsOf } from './llm-support';
import { ModelDtype, WeightQuantization, KvCacheDtype } from '../../lib/accelerators/quantization';
import type { IModelRegistry } from '../../lib/registry/interfaces';
import { LlmRuntime, LlmService, ModelNamespace, ModelSource } from '../../lib/serving';
import type { LlmServiceProps } from '../../lib/serving/llm-service-props';
import { testStack } from '../cluster/support';
import type { StructUse, StructUses } from '../docs/literal-faults';

function use<Props>(make: (stack: Stack, given: Partial<Props>) => unknown, others?: Partial<Props>): StructUse {
  return { make: (given) => make(testStack(), given as Partial<Props>), others } as StructUse;
}

const ADAPTER = { name: 'a', source: ModelSource.huggingFace({ revision: 'a' }) };

/** What is made from each struct of language models that documents a literal. */
export const LLM_USES: StructUses = {
  // its bases are tried with it: LlmEngineOptions, LlmAccessOptions, LlmPlacementOptions, LlmRoutingOptions
  'serving.LlmServiceProps': use<LlmServiceProps>((stack, given) => objectsOf(chatIn(stack, { concurrency: undefined, loraAdapters: [ADAPTER], ...given })), {
    dtype: ModelDtype.FLOAT16, quantization: WeightQuantization.FP8, kvCacheDtype: KvCacheDtype.FP8, enforceEager: true, trustRemoteCode: true,
    maxLoraRank: 64, drainTimeout: Duration.seconds(30), concurrency: 64, runtime: LlmRuntime.kserve(),
  }),
  'serving.LlmServiceAttributes': use((stack, given) =>
    LlmService.fromLlmServiceAttributes(stack, 'Vllm', { cluster: clusterIn(stack), kubernetesServiceName: 'vllm', modelName: 'm', ...given }).url,
  { namespaceName: 'team', port: 80, tls: true }),
  'serving.ModelNamespaceProps': use((stack, given) => {
    new ModelNamespace(stack, 'Namespace', { cluster: clusterIn(stack), ...given });
    return Template.fromStack(stack).toJSON();
  }, { namespaceName: 'team' }),
  'serving.RegistryModelSourceOptions': use((_, given) => ModelSource.registry(
    { modelName: 'chat', alias: 'champion', registry: { releaseTable: { tableName: 'releases' } } as unknown as IModelRegistry }, given,
  )._weights, { path: 'other', tokenizerPath: 'other' }),
};
