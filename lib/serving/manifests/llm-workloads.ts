import type { ApiObjectProps } from 'cdk8s';
import { llmPodMetadata, llmPodSpec } from './llm-pod';
import { groupNameOf, type LlmServiceBlueprint } from '../blueprint/llm-service';

/** A node has to be made and an image of 10 GB pulled before a start counts. */
const NODE_SECONDS = 1_800;

/** One pod for each replica. */
export function llmDeployment(service: LlmServiceBlueprint): ApiObjectProps {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: service.name, namespace: service.namespace, labels: { ...service.labels } },
    spec: {
      ...replicasOf(service),
      selector: { matchLabels: { ...service.selector } },
      strategy: llmStrategy(service),
      progressDeadlineSeconds: service.startup.budgetSeconds + NODE_SECONDS,
      template: { metadata: llmPodMetadata(service), spec: llmPodSpec(service, { container: 'vllm' }) },
    },
  };
}

/** A rollout never asks for more GPUs than the service has: the old pod goes before the new one comes. */
export function llmStrategy(service: LlmServiceBlueprint): Record<string, unknown> {
  return service.leastReplicas === 1
    ? { type: 'Recreate' }
    : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
}

/** A group of pods for each replica, one a node. https://lws.sigs.k8s.io/docs/ */
export function llmLeaderWorkerSet(service: LlmServiceBlueprint): ApiObjectProps {
  const { plan } = service;
  // vLLM's own multi-node executor, no Ray; LeaderWorkerSet sets both variables
  const group = ['--nnodes', String(plan.nodesPerReplica), '--master-addr', '$(LWS_LEADER_ADDRESS)'];
  return {
    apiVersion: 'leaderworkerset.x-k8s.io/v1',
    kind: 'LeaderWorkerSet',
    metadata: { name: groupNameOf(service.name), namespace: service.namespace, labels: { ...service.labels } },
    spec: {
      ...replicasOf(service),
      startupPolicy: 'LeaderCreated',
      rolloutStrategy: { type: 'RollingUpdate', rollingUpdateConfiguration: { maxSurge: 0, maxUnavailable: 1 } },
      leaderWorkerTemplate: {
        size: plan.nodesPerReplica,
        // a rank that is lost takes the others with it
        restartPolicy: 'RecreateGroupOnPodRestart',
        leaderTemplate: {
          metadata: llmPodMetadata(service),
          spec: llmPodSpec(service, { container: 'vllm', args: [...group, '--node-rank', '0'] }),
        },
        workerTemplate: {
          metadata: llmPodMetadata(service),
          spec: llmPodSpec(service, { container: 'vllm', args: [...group, '--node-rank', '$(LWS_WORKER_INDEX)', '--headless'], answers: false }),
        },
      },
    },
  };
}

function replicasOf(service: LlmServiceBlueprint): { readonly replicas?: number } {
  // an autoscaler's number is not ours to reset at every deployment
  return service.scaling === undefined ? { replicas: service.plan.replicas } : {};
}
