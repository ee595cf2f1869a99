import type { Duration } from 'aws-cdk-lib';
import type { Autoscaling, LlmAutoscaling, RequestAutoscaling } from './autoscaling';
import type { Rollout } from './rollout';
import type { ScaleToZero } from './scale-to-zero';
import type { Wake } from './scale-to-zero-wake';
import { checkInteger, checkLiteral, checkNumber, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** One thing that KEDA looks at. Values are texts, as KEDA wants them. */
export interface ScalingTrigger {
  readonly name: string;
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** `Value`: average over replicas; `AverageValue`: total that replicas share. */
  readonly metricType: 'Value' | 'AverageValue';
}

/** What was decided about the scaling of one service. */
export interface ScalingPlan {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly scaleUpSeconds: number;
  readonly scaleDownSeconds: number;
  /** Undefined for a service that goes to zero: a fallback would wake it. */
  readonly fallbackReplicas?: number;
  /** Seconds before zero; undefined for a service that does not go there. */
  readonly cooldownSeconds?: number;
  /** Triggers that read metrics; what wakes the service comes on top. */
  readonly triggers: readonly ScalingTrigger[];
  readonly wake?: Wake;
}

/** What is asked for. */
export interface ScalingRequest {
  /** Choices of the service's user. */
  readonly scaleToZero?: ScaleToZero;
  readonly rollout?: Rollout;
  /** Address of Prometheus, `IPrometheus.serverUrl`. */
  readonly prometheusUrl?: string;
  /** Whether requests reach the service through a gateway. */
  readonly hasGateway: boolean;
}

/** What is asked for a language model. */
export interface LlmScalingRequest extends ScalingRequest {
  readonly autoscaling?: LlmAutoscaling;
  /** Labels that tell this service's servers in Prometheus, such as `namespace` and `service`. */
  readonly metricLabels: Readonly<Record<string, string>>;
}

/** What is asked for a model service. */
export interface RequestScalingRequest extends ScalingRequest {
  readonly autoscaling?: RequestAutoscaling;
  /** The service's HTTPRoute: the gateway counts requests by route. */
  readonly route: { readonly name: string; readonly namespace: string };
}

/**
 * How a language model scales: requests that wait, and use of the KV cache.
 * Metrics of vLLM: https://docs.vllm.ai/en/stable/usage/metrics/
 */
export function planLlmScaling(faults: Faults, request: LlmScalingRequest): ScalingPlan | undefined {
  const { autoscaling } = request;
  if (!checkScaling(faults, request, autoscaling) || autoscaling === undefined) return undefined;
  const { waitingRequests = 5, kvCachePercent = 75 } = autoscaling;
  checkNumber(faults, 'autoscaling.waitingRequests', waitingRequests, { min: 0.1, max: 10_000 });
  checkNumber(faults, 'autoscaling.kvCachePercent', kvCachePercent, { min: 1, max: 100, unit: 'percent' });
  const labels = selector(request.metricLabels);
  return planOf(request, autoscaling, [
    { name: 'waiting-requests', metricType: 'Value', query: `avg(vllm:num_requests_waiting${labels})`, threshold: waitingRequests },
    { name: 'kv-cache', metricType: 'Value', query: `avg(vllm:kv_cache_usage_perc${labels})`, threshold: kvCachePercent / 100 },
  ]);
}

/**
 * How a model service scales: requests on its route, as the gateway's proxies count them.
 * https://gateway.envoyproxy.io/docs/tasks/observability/proxy-metric/
 */
export function planRequestScaling(faults: Faults, request: RequestScalingRequest): ScalingPlan | undefined {
  const { autoscaling, route } = request;
  if (!checkScaling(faults, request, autoscaling) || autoscaling === undefined) return undefined;
  faults.check(request.hasGateway, 'autoscaling-without-gateway', 'autoscaling counts requests at the gateway, but gateway is not given; give one');
  const { requestsPerSecond, concurrentRequests = requestsPerSecond === undefined ? 10 : undefined } = autoscaling;
  checkNumber(faults, 'autoscaling.requestsPerSecond', requestsPerSecond, { min: 0.01, max: 1_000_000 });
  checkNumber(faults, 'autoscaling.concurrentRequests', concurrentRequests, { min: 0.1, max: 100_000 });
  // the clusters of the route's rules, not those that copies are sent to (`.../rule/0-mirror-0`)
  const labels = `{envoy_cluster_name=~"httproute/${route.namespace}/${route.name}/rule/[0-9]+(/backend/[0-9]+)?"}`;
  // a route that nobody has asked yet has no metrics
  const signal = (name: string, query: string, threshold: number | undefined): Signal[] =>
    threshold === undefined ? [] : [{ name, metricType: 'AverageValue', query: `${query} or vector(0)`, threshold }];
  return planOf(request, autoscaling, [
    ...signal('requests', `sum(rate(envoy_cluster_upstream_rq_total${labels}[2m]))`, requestsPerSecond),
    ...signal('concurrency', `sum(envoy_cluster_upstream_rq_active${labels})`, concurrentRequests),
  ]);
}

interface Signal {
  readonly name: string;
  readonly metricType: 'Value' | 'AverageValue';
  readonly query: string;
  readonly threshold: number;
}

function planOf(request: ScalingRequest, autoscaling: Autoscaling, signals: readonly Signal[]): ScalingPlan {
  const { scaleToZero, prometheusUrl = '' } = request;
  const minReplicas = autoscaling.minReplicas ?? 1;
  const zero = scaleToZero !== undefined;
  return {
    minReplicas,
    maxReplicas: autoscaling.maxReplicas,
    scaleUpSeconds: seconds(autoscaling.scaleUpWindow, 60),
    scaleDownSeconds: seconds(autoscaling.scaleDownWindow, 600),
    fallbackReplicas: zero ? undefined : autoscaling.fallbackReplicas ?? minReplicas,
    cooldownSeconds: scaleToZero?.cooldownSeconds,
    wake: scaleToZero?._wake,
    triggers: signals.map(({ name, metricType, query, threshold }) => ({
      name,
      type: 'prometheus',
      metricType,
      metadata: {
        serverAddress: prometheusUrl,
        query,
        threshold: String(threshold),
        activationThreshold: '0',
        // at zero there is nothing to read, which is no fault; else it is, and nobody goes home because of it
        ignoreNullValues: String(zero),
      },
    })),
  };
}

/** Refuses what cannot work; false if the plan would make no sense. */
function checkScaling(faults: Faults, request: ScalingRequest, autoscaling: Autoscaling | undefined): boolean {
  const before = faults.count;
  const { scaleToZero, rollout, prometheusUrl } = request;
  faults.check(scaleToZero === undefined || autoscaling !== undefined, 'scale-to-zero-without-autoscaling',
    'scaleToZero is given without autoscaling; say with autoscaling.maxReplicas how far the service comes back');
  faults.check(scaleToZero === undefined || rollout === undefined, 'scale-to-zero-with-rollout',
    `scaleToZero cannot be combined with the rollout '${rollout?.type}': a candidate without replicas would answer its share with errors; finish the rollout, or leave scaleToZero out until then`);
  faults.check(scaleToZero?.type !== 'request' || request.hasGateway, 'scale-to-zero-without-gateway',
    'scaleToZero.onRequest holds requests between the gateway and the service, but gateway is not given; give one, or wake the service by schedule or queue');
  if (autoscaling === undefined) return false;
  faults.check(prometheusUrl !== undefined, 'autoscaling-without-prometheus',
    'autoscaling reads metrics, but prometheus is not given; give a PrometheusStack, or PrometheusStack.fromUrl(...)');
  checkReplicas(faults, autoscaling, scaleToZero !== undefined);
  checkWindow(faults, 'autoscaling.scaleUpWindow', autoscaling.scaleUpWindow);
  checkWindow(faults, 'autoscaling.scaleDownWindow', autoscaling.scaleDownWindow);
  return faults.count === before;
}

function checkReplicas(faults: Faults, autoscaling: Autoscaling, zero: boolean): void {
  const { minReplicas, maxReplicas, fallbackReplicas } = autoscaling;
  const literal = (['minReplicas', 'maxReplicas', 'fallbackReplicas'] as const).map((property) => checkLiteral(faults, `autoscaling.${property}`, autoscaling[property]));
  if (literal.includes(false)) return;
  if (minReplicas === 0) {
    faults.add('metric-based-zero',
      'autoscaling.minReplicas 0 cannot work: a service without pods has no metrics, so nothing would ever wake it; leave it at 1 and add scaleToZero: ScaleToZero.schedule(...), .onQueue(...) or .onRequest(...)');
  } else {
    checkInteger(faults, 'autoscaling.minReplicas', minReplicas, { min: 1, max: 1_000 });
  }
  checkInteger(faults, 'autoscaling.maxReplicas', maxReplicas, { min: 1, max: 1_000 });
  checkInteger(faults, 'autoscaling.fallbackReplicas', fallbackReplicas, { min: 1, max: 1_000 });
  faults.check(!((minReplicas ?? 1) > maxReplicas), 'invalid-autoscaling-max-replicas',
    `autoscaling.maxReplicas ${show(maxReplicas)} is less than minReplicas ${show(minReplicas ?? 1)}; raise it`);
  faults.check(!((fallbackReplicas ?? 1) > maxReplicas), 'invalid-autoscaling-fallback-replicas',
    `autoscaling.fallbackReplicas ${show(fallbackReplicas)} is more than maxReplicas ${show(maxReplicas)}; lower it`);
  faults.check(!zero || fallbackReplicas === undefined, 'invalid-autoscaling-fallback-replicas',
    'autoscaling.fallbackReplicas would wake a service that goes to zero whenever Prometheus is away; leave it out, or leave scaleToZero out');
}

/** https://kubernetes.io/docs/reference/kubernetes-api/autoscaling/horizontal-pod-autoscaler-v2/: at most an hour. */
function checkWindow(faults: Faults, property: string, window: Duration | undefined): void {
  if (window === undefined || window.isUnresolved()) return;
  checkInteger(faults, property, window.toSeconds(), { min: 0, max: 3_600, unit: 'seconds' });
}

function seconds(window: Duration | undefined, otherwise: number): number {
  return window === undefined ? otherwise : window.toSeconds();
}

function selector(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}
