import type { ApiObjectProps } from 'cdk8s';
import { environmentOf, llmPodMetadata, llmPodSpec, llmResources, llmScheduling } from './llm-pod';
import { llmStrategy } from './llm-workloads';
import { restrictedPod } from './pod-restricted';
import { memoryArgs, featureArgs } from '../blueprint/llm-engine';
import type { LlmServiceBlueprint } from '../blueprint/llm-service';
import type { LlmWeights } from '../blueprint/llm-weights';

type Json = Record<string, unknown>;

/**
 * An InferenceService around our own vLLM container, in Standard mode. Routes are ours: KServe makes none.
 * https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/custom-predictor
 */
export function llmKServe(service: LlmServiceBlueprint): ApiObjectProps {
  const { scaling, plan } = service;
  const { labels, annotations } = llmPodMetadata(service);
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: service.name,
      namespace: service.namespace,
      labels: { ...service.labels, 'networking.kserve.io/visibility': 'cluster-local' },
      annotations: {
        'serving.kserve.io/deploymentMode': 'Standard',
        'serving.kserve.io/autoscalerClass': scaling === undefined ? 'none' : 'external',
      },
    },
    spec: {
      predictor: {
        minReplicas: scaling?.min ?? plan.replicas,
        maxReplicas: scaling?.max ?? plan.replicas,
        deploymentStrategy: llmStrategy(service),
        labels,
        annotations,
        ...llmPodSpec(service, { container: 'kserve-container' }),
      },
    },
  };
}

/**
 * An LLMInferenceService: llm-d's own vLLM, with a scheduler that knows prefixes and load in front of it.
 * KServe brings command, probes and volumes; we say what decides memory and placement.
 * https://kserve.github.io/website/docs/model-serving/generative-inference/llmisvc/llmisvc-overview
 */
export function llmInferenceService(service: LlmServiceBlueprint): ApiObjectProps {
  const { plan, engine, gateway } = service;
  const { labels, annotations } = llmPodMetadata(service);
  return {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceService',
    metadata: { name: service.name, namespace: service.namespace, labels: { ...service.labels } },
    spec: {
      model: { uri: modelUri(engine.weights, engine.modelId), name: engine.servedModelName, ...lora(service) },
      ...service.scaling === undefined ? { replicas: plan.replicas } : {},
      parallelism: { tensor: plan.tensorParallel },
      labels,
      annotations,
      ...gateway === undefined ? {} : { router: { gateway: { refs: [{ ...gateway }] }, route: {}, scheduler: {} } },
      template: {
        serviceAccountName: service.name,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: service.graceSeconds,
        securityContext: { runAsNonRoot: true, seccompProfile: restrictedPod().seccompProfile },
        ...llmScheduling(service),
        ...initializer(service),
        containers: [{
          name: 'main',
          args: [...memoryArgs(engine, plan), ...featureArgs(engine), ...engine.extraArgs],
          env: environmentOf(service.variables.filter(({ name }) => !KSERVE_SETS.includes(name))),
          resources: llmResources(service),
          // the rest of the probe is KServe's
          startupProbe: { periodSeconds: 10, failureThreshold: service.startup.budgetSeconds / 10 },
        }],
      },
    },
  };
}

/** Variables that KServe's template sets or that only our own image needs. */
const KSERVE_SETS = ['HOME', 'USER', 'AWS_REGION', 'HF_HUB_OFFLINE'];

/** KServe's storage initializer reads the Hub and S3 with these. */
function initializer({ variables }: LlmServiceBlueprint): Json {
  const env = environmentOf(variables.filter(({ name }) => name === 'HF_TOKEN' || name === 'AWS_REGION'));
  return env.length === 0 ? {} : { initContainers: [{ name: 'storage-initializer', env }] };
}

function lora({ engine }: LlmServiceBlueprint): Json {
  if (engine.adapters.length === 0) return {};
  const adapters = engine.adapters.map(({ name, weights }) => ({ name, uri: modelUri(weights, name) }));
  return { lora: { adapters, ...engine.maxLoraRank === undefined ? {} : { maxRank: engine.maxLoraRank } } };
}

function modelUri(weights: LlmWeights, id: string): string {
  switch (weights.type) {
    case 's3': return weights.uri;
    case 'hugging-face': return `hf://${weights.id ?? id}${weights.revision === undefined ? '' : `:${weights.revision}`}`;
    case 'node-cache': return `pvc://${[weights.claimName, weights.path].filter((it) => it !== '').join('/')}`;
    // refused before: KServe cannot look a version up when a pod starts
    case 'registry': return '';
  }
}
