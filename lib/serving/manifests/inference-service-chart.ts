import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { heldRoute, heldService } from './http-scaling';
import { inferenceService } from './inference-service';
import {
  modelCallerPolicy, type ModelCallers, modelDisruptionBudgets, modelNetworkPolicies, modelPodMonitor,
} from './inference-service-guards';
import { inferenceRoute, type RouteBackend } from './routes';
import { scaledObject } from './scaled-object';
import { servingRuntime } from './serving-runtime';
import { emptyChart } from '../../cluster/manifests/basics';
import type { ScalingPlan } from '../blueprint/autoscaling-plan';
import { deploymentName, type KServeModelBlueprint } from '../blueprint/kserve-model';
import type { Rollout } from '../blueprint/rollout';

/** Everything that a model service is in Kubernetes. */
export interface ModelChartRequest {
  readonly service: KServeModelBlueprint;
  readonly candidate?: RouteBackend;
  readonly rollout?: Rollout;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly callers: ModelCallers;
  readonly scaling?: ScalingPlan;
  readonly gateway?: { readonly name: string; readonly namespace: string };
}

/** A model service as objects. */
export function modelChart(request: ModelChartRequest): Chart {
  const { service, callers } = request;
  const chart = emptyChart('model');
  const add = (id: string, object: ApiObjectProps | undefined): void => {
    if (object !== undefined) new ApiObject(chart, id, object);
  };
  add('ServiceAccount', serviceAccount(service));
  add('Runtime', servingRuntime(service));
  add('Service', inferenceService(service, request.overrides));
  addAll(add, 'NetworkPolicy', modelNetworkPolicies(service, callers));
  addAll(add, 'DisruptionBudget', modelDisruptionBudgets(service));
  if (callers.metricsNamespace !== undefined) add('PodMonitor', modelPodMonitor(service));
  addAll(add, 'Scaling', scalingOf(request));
  add('Route', routeOf(request));
  return chart;
}

/** A chart with one more caller of a service. */
export function modelCallerChart(service: KServeModelBlueprint, caller: string): Chart {
  const chart = emptyChart('caller');
  new ApiObject(chart, 'NetworkPolicy', modelCallerPolicy(service, caller));
  return chart;
}

function addAll(add: (id: string, object: ApiObjectProps) => void, id: string, objects: readonly ApiObjectProps[]): void {
  objects.forEach((object, index) => add(`${id}${index}`, object));
}

function serviceAccount({ serviceAccountName, namespace, labels }: KServeModelBlueprint): ApiObjectProps {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: serviceAccountName, namespace, labels: { ...labels } },
    automountServiceAccountToken: false,
  };
}

/** KServe makes the Deployment and leaves its replicas alone. */
function scalingOf({ service, scaling }: ModelChartRequest): ApiObjectProps[] {
  if (scaling === undefined) return [];
  const { name, namespace, entry } = service;
  return [
    ...scaledObject({ name, namespace, target: { name: deploymentName(name, 'predictor') }, plan: scaling }),
    ...heldService({ name, namespace, service: { name: entry.service, port: entry.port }, plan: scaling }),
  ];
}

function routeOf({ service, candidate, rollout, gateway, scaling }: ModelChartRequest): ApiObjectProps | undefined {
  if (gateway === undefined) return undefined;
  const { name, namespace, labels, entry } = service;
  const held = scaling === undefined ? undefined : heldRoute({ name, namespace, plan: scaling });
  return inferenceRoute({
    name,
    namespace,
    gateway,
    labels,
    pathPrefix: `/${name}`,
    rewriteTo: '/',
    rewriteHost: held?.rewriteHost,
    stable: held?.backend ?? { service: entry.service, port: entry.port },
    candidate,
    rollout,
  });
}
