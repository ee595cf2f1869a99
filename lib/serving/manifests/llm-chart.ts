import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { llmInferenceService, llmKServe } from './llm-kserve';
import { llmCallerPolicy, llmNetworkPolicy } from './llm-network-policy';
import { llmDeployment, llmLeaderWorkerSet } from './llm-workloads';
import { emptyChart } from '../../cluster/manifests/basics';
import { LLM_PORT } from '../blueprint/llm-engine';
import type { LlmServiceBlueprint } from '../blueprint/llm-service';

/** Everything that a language model is in Kubernetes. */
export function llmChart(service: LlmServiceBlueprint): Chart {
  const chart = emptyChart('llm');
  new ApiObject(chart, 'ServiceAccount', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: service.name, namespace: service.namespace, labels: { ...service.labels } },
    automountServiceAccountToken: false,
  });
  new ApiObject(chart, 'NetworkPolicy', llmNetworkPolicy(service));
  new ApiObject(chart, 'Workload', workload(service));
  if (service.form === 'deployment' || service.form === 'leader-worker-set') new ApiObject(chart, 'Service', kubernetesService(service));
  // with one replica it would forbid every drain for ever
  if (service.leastReplicas > 1) new ApiObject(chart, 'DisruptionBudget', disruptionBudget(service));
  return chart;
}

/** A chart with one more caller of a service. */
export function llmCallerChart(service: LlmServiceBlueprint, caller: string): Chart {
  const chart = emptyChart('caller');
  new ApiObject(chart, 'NetworkPolicy', llmCallerPolicy(service, caller));
  return chart;
}

function workload(service: LlmServiceBlueprint): ApiObjectProps {
  switch (service.form) {
    case 'deployment': return llmDeployment(service);
    case 'leader-worker-set': return llmLeaderWorkerSet(service);
    case 'kserve': return llmKServe(service);
    case 'llm-inference-service': return llmInferenceService(service);
  }
}

function kubernetesService({ name, namespace, labels, selector, form }: LlmServiceBlueprint): ApiObjectProps {
  // of a group only the leader answers
  const leader = form === 'leader-worker-set' ? { 'leaderworkerset.sigs.k8s.io/worker-index': '0' } : {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      selector: { ...selector, ...leader },
      ports: [{ name: 'http', port: LLM_PORT, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }],
    },
  };
}

function disruptionBudget({ name, namespace, labels, selector }: LlmServiceBlueprint): ApiObjectProps {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace, labels: { ...labels } },
    spec: { maxUnavailable: 1, selector: { matchLabels: { ...selector } } },
  };
}
