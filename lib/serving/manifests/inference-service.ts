import type { ApiObjectProps } from 'cdk8s';
import { containerProgram, containerSettings, modelPod } from './inference-service-pod';
import { runtimeName } from './serving-runtime';
import { mergeValues } from '../../cluster/blueprint/merge-values';
import type { KServeModelBlueprint, ModelContainer } from '../blueprint/kserve-model';
import type { LoggerPlan } from '../blueprint/logger-plan';

type Json = Record<string, unknown>;

/**
 * An InferenceService in Standard mode: KServe makes a Deployment and a Service of each component, and nothing else. Routes, scaling and
 * disruption budgets are ours.
 * https://kserve.github.io/website/docs/reference/crd-api#inferenceservice
 */
export function inferenceService(service: KServeModelBlueprint, overrides: Readonly<Record<string, unknown>> = {}): ApiObjectProps {
  const { name, namespace, labels, replicas, transformerContainer } = service;
  const spec: Json = {
    predictor: predictor(service),
    ...transformerContainer === undefined ? {} : { transformer: transformer(service, transformerContainer) },
  };
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name,
      namespace,
      labels: { ...labels, 'networking.kserve.io/visibility': 'cluster-local' },
      annotations: {
        'serving.kserve.io/deploymentMode': 'Standard',
        // none: the number stands in the Deployment; external: KServe leaves it to somebody else
        'serving.kserve.io/autoscalerClass': replicas.autoscaled ? 'external' : 'none',
      },
    },
    spec: mergeValues(spec, overrides),
  };
}

function predictor(service: KServeModelBlueprint): Json {
  const { container, server, gpus, logger, replicas } = service;
  return {
    minReplicas: replicas.min,
    maxReplicas: replicas.max,
    deploymentStrategy: strategy(gpus !== undefined),
    // consolidation does not see what a GPU does: a node with a working model is left alone
    ...gpus === undefined ? {} : { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
    ...modelPod(service, container, 'predictor'),
    ...logger === undefined ? {} : { logger: loggerOf(logger, service.serviceAccountName) },
    ...server.format === undefined
      ? { containers: [{ name: 'kserve-container', ...containerProgram(container), ...containerSettings(container) }] }
      : { model: model(service) },
  };
}

/** KServe lays this over the container of the runtime, which it names. */
function model(service: KServeModelBlueprint): Json {
  const { server, protocol, files, container } = service;
  const { args, env } = containerProgram(container);
  return {
    modelFormat: { name: server.format },
    runtime: runtimeName(service),
    ...protocol === undefined ? {} : { protocolVersion: protocol },
    ...files.storageUri === undefined ? {} : { storageUri: files.storageUri },
    // of a runtime that exists only what the user adds is said here
    ...server.existingRuntime === undefined ? {} : { ...args === undefined ? {} : { args }, ...env === undefined ? {} : { env } },
    ...containerSettings(container),
  };
}

function transformer(service: KServeModelBlueprint, container: ModelContainer): Json {
  const replicas = service.transformer?.replicas ?? 1;
  return {
    minReplicas: replicas,
    maxReplicas: replicas,
    deploymentStrategy: strategy(false),
    // whoever scales the predictor does not scale it
    annotations: { 'serving.kserve.io/autoscalerClass': 'none' },
    ...modelPod(service, container, 'transformer'),
    containers: [{ name: 'kserve-container', ...containerProgram(container), ...containerSettings(container) }],
  };
}

/** GPUs are never doubled: where there is none to spare, the new pod would wait for the old one for ever. */
function strategy(onGpus: boolean): Json {
  return { type: 'RollingUpdate', rollingUpdate: onGpus ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 } };
}

function loggerOf(logger: LoggerPlan, serviceAccountName: string): Json {
  const { url, mode, headers, storage } = logger;
  return {
    url,
    mode,
    ...headers.length === 0 ? {} : { metadataHeaders: [...headers] },
    ...storage === undefined ? {} : {
      storage: { path: storage.path, parameters: { format: storage.format }, serviceAccountName },
      batchSize: storage.batchSize,
      batchInterval: storage.batchInterval,
    },
  };
}
