import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { heldRoute, heldService } from './http-scaling';
import { llmInferenceService, llmKServe } from './llm-kserve';
import { llmMonitoring } from './llm-monitoring';
import { llmCallerPolicy, llmNetworkPolicy } from './llm-network-policy';
import { llmDeployment, llmLeaderWorkerSet } from './llm-workloads';
import { inferenceRoute, type RouteBackend } from './routes';
import { scaledObject } from './scaled-object';
import { emptyChart } from '../../cluster/manifests/basics';
import type { ScalingPlan } from '../blueprint/autoscaling-plan';
import type { LlmAlertOptions } from '../blueprint/llm-alert-options';
import { LLM_PORT } from '../blueprint/llm-engine';
import { endpointOf, type LlmServiceBlueprint, scaleTargetOf } from '../blueprint/llm-service';
import type { Rollout } from '../blueprint/rollout';

/** Requests from a gateway, and how they are divided. */
export interface LlmRoute {
  readonly gateway: { readonly name: string; readonly namespace: string };
  readonly candidate?: RouteBackend;
  readonly rollout?: Rollout;
}

/** What stands around the servers. */
export interface LlmSurroundings {
  readonly scaling?: ScalingPlan;
  readonly route?: LlmRoute;
  readonly monitoring?: { readonly usdPerHourAndReplica: number; readonly alerts?: LlmAlertOptions };
}

/** Everything that a language model is in Kubernetes. */
export function llmChart(service: LlmServiceBlueprint, around: LlmSurroundings = {}): Chart {
  const chart = emptyChart('llm');
  const add = (id: string, object: ApiObjectProps): ApiObject => new ApiObject(chart, id, object);
  add('ServiceAccount', serviceAccount(service));
  add('NetworkPolicy', llmNetworkPolicy(service));
  add('Workload', workload(service));
  if (service.form === 'deployment' || service.form === 'leader-worker-set') add('Service', kubernetesService(service));
  // with one replica it would forbid every drain for ever
  if (service.leastReplicas > 1) add('DisruptionBudget', disruptionBudget(service));
  scalingOf(service, around).forEach((object, index) => add(`Scaling${index}`, object));
  // an LLMInferenceService has a route of KServe's
  if (around.route !== undefined && service.form !== 'llm-inference-service') add('Route', routeOf(service, around.route, around.scaling));
  for (const [id, object] of Object.entries(monitoringOf(service, around))) add(id, object);
  return chart;
}

/** A chart with one more caller of a service. */
export function llmCallerChart(service: LlmServiceBlueprint, caller: string): Chart {
  const chart = emptyChart('caller');
  new ApiObject(chart, 'NetworkPolicy', llmCallerPolicy(service, caller));
  return chart;
}

function serviceAccount({ name, namespace, labels }: LlmServiceBlueprint): ApiObjectProps {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels: { ...labels } }, automountServiceAccountToken: false };
}

function scalingOf({ name, namespace, form }: LlmServiceBlueprint, { scaling }: LlmSurroundings): ApiObjectProps[] {
  if (scaling === undefined) return [];
  const { service, port } = endpointOf(form, name);
  return [
    ...scaledObject({ name, namespace, target: scaleTargetOf(form, name), plan: scaling }),
    ...heldService({ name, namespace, service: { name: service, port }, plan: scaling }),
  ];
}

/** OpenAI's API below the service's own path: `/chat/v1/chat/completions`. */
function routeOf({ name, namespace, labels, form }: LlmServiceBlueprint, route: LlmRoute, scaling: ScalingPlan | undefined): ApiObjectProps {
  const held = scaling === undefined ? undefined : heldRoute({ name, namespace, plan: scaling });
  const { service, port } = endpointOf(form, name);
  return inferenceRoute({
    ...route, name, namespace, labels, pathPrefix: `/${name}`, rewriteTo: '/', rewriteHost: held?.rewriteHost, stable: held?.backend ?? { service, port },
  });
}

function monitoringOf(service: LlmServiceBlueprint, { monitoring }: LlmSurroundings): Record<string, ApiObjectProps> {
  if (monitoring === undefined) return {};
  const { name, namespace, selector, engine, form } = service;
  const objects = llmMonitoring({ namespace, service: name, model: engine.modelId, selector, port: LLM_PORT, ...monitoring });
  if (form !== 'llm-inference-service') return objects;
  // KServe's certificate is the pod's own
  const spec = objects.Monitor.spec as { readonly endpoints: readonly object[] };
  const endpoints = spec.endpoints.map((it) => ({ ...it, scheme: 'https', tlsConfig: { insecureSkipVerify: true } }));
  return { ...objects, Monitor: { ...objects.Monitor, spec: { ...spec, endpoints } } };
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
