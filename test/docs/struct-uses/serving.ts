import type { Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { importedModels, template, theirs, plain } from './support';
import * as platform from '../../../lib';
import { llmRules } from '../../../lib/serving/blueprint/llm-alerts';
import { kserveCluster, PaperPool } from '../../serving/kserve-support';
import { chatIn } from '../../serving/llm-support';
import type { StructUse, StructUses } from '../literal-faults';

const { accelerators, serving } = platform;
const { LlmRuntime, ModelRuntime, ModelSource, RequestLogging } = serving;

const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:4';

function bucket(stack: Stack): s3.IBucket {
  return s3.Bucket.fromBucketName(stack, 'Bucket', 'models');
}

/** A model service with what its properties are made to. */
function fraud<Struct>(props: (given: Partial<Struct>, stack: Stack) => Partial<platform.serving.ModelServiceProps>, others?: Partial<Struct>): StructUse {
  return template<Struct>((stack, given) => {
    new serving.ModelService(stack, 'Fraud', {
      cluster: kserveCluster(stack), runtime: ModelRuntime.xgboost(), source: ModelSource.s3(bucket(stack), 'fraud/3/'), ...props(given, stack),
    });
  }, others);
}

const MODEL_SERVICES: StructUses = {
  'serving.ModelServiceProps': fraud<platform.serving.ModelServiceProps>((given) => given),
  'serving.ModelServiceResources': fraud<platform.serving.ModelServiceResources>((resources) => ({ resources })),
  'serving.ModelServiceGpu': fraud<platform.serving.ModelServiceGpu>((given, stack) => ({
    runtime: ModelRuntime.triton(), gpu: { pool: new PaperPool(stack, 'Pool'), ...given },
  }), { count: 4 }),
  'serving.ModelTransformer': fraud<platform.serving.ModelTransformer>((given) => ({ transformer: { image: IMAGE, ...given } })),
  'serving.PlatformRuntimeOptions': fraud<platform.serving.PlatformRuntimeOptions>((given, stack) => ({
    runtime: ModelRuntime.platform({ image: IMAGE, ...given }), source: ModelSource.registry(importedModels(stack).model('fraud').alias('champion')),
  })),
  'serving.CustomRuntimeOptions': fraud<platform.serving.CustomRuntimeOptions>((given) => ({ runtime: ModelRuntime.custom({ image: IMAGE, ...given }) })),
  'serving.BentoMlRuntimeOptions': fraud<platform.serving.BentoMlRuntimeOptions>((given) => ({ runtime: ModelRuntime.bentoMl({ image: IMAGE, ...given }) })),
  'serving.ServingRuntimeOptions': fraud<platform.serving.ServingRuntimeOptions>((given) => ({
    runtime: ModelRuntime.servingRuntime('kserve-sklearnserver', { modelFormat: 'sklearn', ...given }),
  })),
  'serving.RequestLoggingOptions': fraud<platform.serving.RequestLoggingOptions>((given) => ({
    requestLog: RequestLogging.toUrl('http://collector.logging/requests', given),
  })),
  'serving.RequestLoggingToS3Options': fraud<platform.serving.RequestLoggingToS3Options>((given, stack) => ({
    requestLog: RequestLogging.toS3(s3.Bucket.fromBucketName(stack, 'Log', 'calls'), given),
  })),
  'serving.ClusterModelServiceAttributes': template<platform.serving.ClusterModelServiceAttributes>((stack, given) => (
    serving.ModelService.fromClusterModelServiceAttributes(stack, 'Imported', {
      cluster: theirs(stack), kubernetesServiceName: 'fraud', modelName: 'fraud', ...given,
    }).url
  )),
};

const LLM_SERVICES: StructUses = {
  'serving.LlmServiceProps': template<platform.serving.LlmServiceProps>((stack, given) => {
    // adapters, so that their rank shows
    const loraAdapters = [{ name: 'sql', source: ModelSource.s3(bucket(stack), 'sql/') }];
    chatIn(stack, { concurrency: undefined, loraAdapters, ...given });
  }, {
    concurrency: 64, runtime: LlmRuntime.kserve(), quantization: accelerators.WeightQuantization.FP8, maxLoraRank: 32,
  }),
  'serving.LlmAlertOptions': plain<platform.serving.LlmAlertOptions>((given) => llmRules({ namespace: 'models', service: 'chat' }, given)),
  'serving.LlmServiceAttributes': template<platform.serving.LlmServiceAttributes>((stack, given) => (
    serving.LlmService.fromLlmServiceAttributes(stack, 'Imported', { cluster: theirs(stack), kubernetesServiceName: 'chat', modelName: 'chat', ...given }).url
  )),
  'serving.RegistryModelSourceOptions': template<platform.serving.RegistryModelSourceOptions>((stack, given) => {
    chatIn(stack, { source: ModelSource.registry(importedModels(stack).model('chat').alias('champion'), given) });
  }),
  'serving.ModelNamespaceProps': template<platform.serving.ModelNamespaceProps>((stack, given) => {
    new serving.ModelNamespace(stack, 'Namespace', { cluster: theirs(stack), ...given });
  }),
};

/** What is made from structs of services in a cluster. */
export const SERVING_USES: StructUses = { ...MODEL_SERVICES, ...LLM_SERVICES };
