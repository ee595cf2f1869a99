import type { Chart } from 'cdk8s';
import type { ScalingPlan } from '../../lib/serving/blueprint/autoscaling-plan';
import type { LlmEngine } from '../../lib/serving/blueprint/llm-engine';
import type { LlmPlan } from '../../lib/serving/blueprint/llm-plan';
import { llmService, type LlmServiceBlueprint, type LlmServiceInput } from '../../lib/serving/blueprint/llm-service';
import { Rollout } from '../../lib/serving/blueprint/rollout';
import { llmCallerChart, llmChart, type LlmSurroundings } from '../../lib/serving/manifests/llm-chart';
import { modelNamespaceChart } from '../../lib/serving/manifests/model-namespace';

/** Llama 3.1 8B on one L40S. */
export function planOf(changes: Partial<LlmPlan> = {}): LlmPlan {
  return {
    pool: {
      poolName: 'inference', usesSpot: true, hasOnDemand: true, maxGpus: 64, diskGiB: 232, gpuResource: 'nvidia.com/gpu', podsPerGpu: 1,
    },
    instanceTypes: ['g6e.xlarge', 'g6e.2xlarge'],
    node: { vcpusPerGpu: 4, memoryGiBPerGpu: 32, networkGbps: 2.5 },
    tensorParallel: 1,
    pipelineParallel: 1,
    nodesPerReplica: 1,
    replicas: 1,
    contextLength: 16_384,
    weightsGiB: 14.96,
    ...changes,
  };
}

/** vLLM with its defaults, from S3. */
export function engineOf(changes: Partial<LlmEngine> = {}): LlmEngine {
  return {
    modelId: 'meta-llama/Llama-3.1-8B-Instruct',
    servedModelName: 'meta-llama/Llama-3.1-8B-Instruct',
    weights: { type: 's3', uri: 's3://models/llama-3.1-8b' },
    dtype: 'auto',
    quantization: 'checkpoint',
    kvCacheDtype: 'auto',
    enforceEager: false,
    trustRemoteCode: false,
    adapters: [],
    drainSeconds: 90,
    extraArgs: [],
    ...changes,
  };
}

/** A service of those two. */
export function serviceOf(changes: Partial<LlmServiceInput> = {}): LlmServiceBlueprint {
  return llmService({
    name: 'chat',
    namespace: 'hardened',
    form: 'deployment',
    image: 'docker.io/vllm/vllm-openai:v0.33.0',
    plan: planOf(),
    engine: engineOf(),
    environment: {},
    callers: [],
    ...changes,
  });
}

/** Every option that the engine has. */
export function fullEngine(): LlmEngine {
  return engineOf({
    dtype: 'bfloat16',
    quantization: 'fp8',
    kvCacheDtype: 'fp8',
    gpuMemoryUtilization: 0.9,
    maxNumSeqs: 64,
    maxNumBatchedTokens: 4_096,
    prefixCaching: false,
    enforceEager: true,
    trustRemoteCode: true,
    toolCallParser: 'llama3_json',
    reasoningParser: 'qwen3',
    adapters: [
      { name: 'sql', weights: { type: 's3', uri: 's3://models/adapters/sql', region: 'eu-central-1' } },
      { name: 'tone', weights: { type: 'hugging-face', id: 'acme/tone', revision: '0123abc', token: { secretName: 'hub', key: 'token' } } },
    ],
    maxLoraRank: 64,
    apiKey: { secretName: 'chat-key', key: 'key' },
    extraArgs: ['--seed', '7'],
  });
}

const SCALING: ScalingPlan = {
  minReplicas: 2, maxReplicas: 8, scaleUpSeconds: 60, scaleDownSeconds: 600, fallbackReplicas: 2,
  triggers: [{ name: 'waiting-requests', type: 'prometheus', metricType: 'Value', metadata: { serverAddress: 'http://prometheus:9090', query: 'up', threshold: '5' } }],
};
/** Everything that may stand around the servers. */
const AROUND: LlmSurroundings = {
  scaling: SCALING,
  monitoring: { usdPerHourAndReplica: 1.86 },
  route: { gateway: { name: 'inference', namespace: 'gateway' }, candidate: { service: 'candidate', port: 8000 }, rollout: Rollout.canary({ step: 1 }) },
};
const HELD: LlmSurroundings = {
  scaling: { ...SCALING, minReplicas: 1, fallbackReplicas: undefined, cooldownSeconds: 600, wake: { type: 'request', concurrentRequests: 10, holdSeconds: 900, namespace: 'keda' } },
  route: { gateway: { name: 'inference', namespace: 'gateway' } },
};

const LARGE = planOf({
  instanceTypes: ['p5.48xlarge', 'p5e.48xlarge'], node: { vcpusPerGpu: 24, memoryGiBPerGpu: 256, networkGbps: 400 },
  tensorParallel: 8, replicas: 2, weightsGiB: 380,
});
const NODES = { ...LARGE, pipelineParallel: 2, nodesPerReplica: 2 };
const HUB = engineOf({ weights: { type: 'hugging-face', revision: '0e9e39f', token: { secretName: 'hub', key: 'token' } } });

/** Charts of every form in its smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  const service = (changes: Partial<LlmServiceInput>, around?: LlmSurroundings): Chart => llmChart(serviceOf(changes), around);
  return {
    // first: the server then judges the pods of the others by it
    'a namespace': modelNamespaceChart('hardened'),
    'the smallest Deployment': service({}),
    'a Deployment with everything': service({
      plan: LARGE, engine: fullEngine(), environment: { VLLM_LOGGING_LEVEL: 'DEBUG' }, callers: ['shop', 'gateway'], scaling: { min: 2, max: 8 },
    }, AROUND),
    'a Deployment that requests wake': service({ scaling: { min: 1, max: 8 } }, HELD),
    'a Deployment from the registry': service({
      engine: engineOf({ weights: { type: 'registry', modelName: 'chat', releaseTable: 'releases', path: 'model', tokenizerPath: 'components/tokenizer' } }),
    }),
    'a Deployment from a node cache': service({ engine: engineOf({ weights: { type: 'node-cache', claimName: 'llama-gpu', path: 'llama-3.1-8b' } }) }),
    'a Deployment on a shared GPU': service({ plan: planOf({ pool: { ...planOf().pool, podsPerGpu: 3 }, replicas: 3 }) }),
    'a LeaderWorkerSet': service({ form: 'leader-worker-set', plan: NODES }),
    'a LeaderWorkerSet with everything': service({ form: 'leader-worker-set', plan: NODES, engine: fullEngine(), callers: ['shop'], scaling: { min: 1, max: 2 } }, AROUND),
    'an InferenceService': service({ form: 'kserve' }),
    'an InferenceService with everything': service({ form: 'kserve', plan: LARGE, engine: fullEngine(), callers: ['shop'], scaling: { min: 2, max: 8 } }, AROUND),
    'an LLMInferenceService': service({ form: 'llm-inference-service' }),
    'an LLMInferenceService with everything': service({
      form: 'llm-inference-service', plan: LARGE, engine: { ...fullEngine(), weights: HUB.weights }, gateway: { name: 'inference', namespace: 'gateway' },
    }, AROUND),
    'an LLMInferenceService from a volume': service({
      form: 'llm-inference-service', engine: engineOf({ weights: { type: 'node-cache', claimName: 'llama-gpu', path: '' } }), scaling: { min: 1, max: 3 },
    }),
    'a caller': llmCallerChart(serviceOf(), 'shop'),
  };
}
