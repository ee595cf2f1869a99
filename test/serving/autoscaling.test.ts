import { Duration, Token } from 'aws-cdk-lib';
import type { Chart } from 'cdk8s';
import * as fc from 'fast-check';
import { llmPlan, PROMETHEUS, requestPlan, samples } from './autoscaling-samples';
import { faultsOf } from './rollout-support';
import type { LlmAutoscaling, RequestAutoscaling } from '../../lib/serving';
import { scaledObject } from '../../lib/serving/manifests/scaled-object';

interface Trigger { type: string; name: string; metricType: string; metadata: Record<string, string> }
interface Spec { minReplicaCount: number; maxReplicaCount: number; idleReplicaCount?: number; triggers: Trigger[]; fallback?: unknown; cooldownPeriod?: number; advanced: any }

function specOf(chart: Chart): Spec {
  return (chart.toJson() as { kind: string; spec: Spec }[]).find((it) => it.kind === 'ScaledObject')!.spec;
}

/**
 * Replicas that the HorizontalPodAutoscaler wants, by the formulas of
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
function wanted(spec: Spec, ready: number, metrics: Record<string, number>): number {
  const each = spec.triggers.map(({ name, metricType, metadata }) => {
    const value = metrics[name] ?? 0;
    const threshold = Number(metadata.threshold);
    return Math.ceil(metricType === 'AverageValue' ? value / threshold : ready * (value / threshold));
  });
  return Math.min(spec.maxReplicaCount, Math.max(spec.minReplicaCount, ...each));
}

describe('a language model', () => {
  const spec = specOf(samples()['a language model']!);

  test('scales on what vLLM exports', () => {
    // https://docs.vllm.ai/en/v0.32.0/usage/metrics/: both are gauges, the second from 0 to 1
    expect(spec.triggers.map(({ metadata }) => metadata)).toEqual([
      { serverAddress: PROMETHEUS, query: 'avg(vllm:num_requests_waiting{namespace="models",service="chat"})', threshold: '5', activationThreshold: '0', ignoreNullValues: 'false' },
      { serverAddress: PROMETHEUS, query: 'avg(vllm:kv_cache_usage_perc{namespace="models",service="chat"})', threshold: '0.75', activationThreshold: '0', ignoreNullValues: 'false' },
    ]);
  });

  test('grows while requests wait or the cache fills, stays while it is used, and shrinks when it is idle', () => {
    expect(wanted(spec, 1, { 'waiting-requests': 12, 'kv-cache': 0.9 })).toBe(3);
    expect(wanted(spec, 2, { 'waiting-requests': 0, 'kv-cache': 0.95 })).toBe(3);
    expect(wanted(spec, 3, { 'waiting-requests': 0, 'kv-cache': 0.7 })).toBe(3);
    expect(wanted(spec, 3, { 'waiting-requests': 0, 'kv-cache': 0.2 })).toBe(1);
    expect(wanted(spec, 4, { 'waiting-requests': 100 })).toBe(4);
  });

  test('has limits, windows and a fallback that nobody has to state', () => {
    expect(spec).toMatchObject({ minReplicaCount: 1, maxReplicaCount: 4, fallback: { replicas: 1, behavior: 'currentReplicasIfHigher' } });
    expect(spec.idleReplicaCount).toBeUndefined();
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior).toMatchObject({ scaleUp: { stabilizationWindowSeconds: 60 }, scaleDown: { stabilizationWindowSeconds: 600 } });
  });

  test('takes other limits', () => {
    const plan = llmPlan({
      metricLabels: { job: 'a"b\\' },
      autoscaling: { minReplicas: 2, maxReplicas: 9, waitingRequests: 2.5, kvCachePercent: 50, scaleUpWindow: Duration.seconds(0), scaleDownWindow: Duration.hours(1), fallbackReplicas: 5 },
    });
    expect(plan).toMatchObject({ minReplicas: 2, maxReplicas: 9, scaleUpSeconds: 0, scaleDownSeconds: 3_600, fallbackReplicas: 5, cooldownSeconds: undefined, wake: undefined });
    expect(plan.triggers.map(({ metadata }) => [metadata.query, metadata.threshold])).toEqual([
      ['avg(vllm:num_requests_waiting{job="a\\"b\\\\"})', '2.5'], ['avg(vllm:kv_cache_usage_perc{job="a\\"b\\\\"})', '0.5'],
    ]);
  });
});

describe('a model service', () => {
  test('scales on requests in work by default, on requests a second if they are given', () => {
    const names = (autoscaling: RequestAutoscaling): string[][] => requestPlan({ autoscaling }).triggers.map(({ name, metadata }) => [name, metadata.threshold!]);
    expect(names({ maxReplicas: 4 })).toEqual([['concurrency', '10']]);
    expect(names({ maxReplicas: 4, requestsPerSecond: 20 })).toEqual([['requests', '20']]);
    expect(names({ maxReplicas: 4, requestsPerSecond: 20, concurrentRequests: 3 })).toEqual([['requests', '20'], ['concurrency', '3']]);
  });

  test('has one replica for each share of the load', () => {
    const spec = specOf(samples()['a model service']!);
    expect(wanted(spec, 2, { requests: 3.2, concurrency: 4 })).toBe(7);
    expect(wanted(spec, 7, { requests: 0, concurrency: 0 })).toBe(2);
  });

  test('reads the counters of its route, not those of copies or of other routes', () => {
    // names of clusters: https://github.com/envoyproxy/gateway/blob/v1.9.0/internal/gatewayapi/helpers.go
    const [, pattern = ''] = /=~"(.*)"/.exec(requestPlan().triggers[0]!.metadata.query!) ?? [];
    const counted = (cluster: string): boolean => new RegExp(`^(?:${pattern})$`).test(cluster);
    expect(['httproute/models/fraud/rule/0', 'httproute/models/fraud/rule/1', 'httproute/models/fraud/rule/0/backend/1'].map(counted)).toEqual([true, true, true]);
    expect(['httproute/models/fraud/rule/0-mirror-1', 'httproute/models/fraud-2/rule/0', 'httproute/other/fraud/rule/0'].map(counted)).toEqual([false, false, false]);
  });

  test('needs a gateway that counts', () => {
    expect(faultsOf(() => requestPlan({ hasGateway: false }))).toEqual(['[autoscaling-without-gateway] autoscaling counts requests at the gateway, but gateway is not given; give one']);
  });
});

describe('what cannot work is refused', () => {
  const refused = (autoscaling: LlmAutoscaling): string[] => faultsOf(() => llmPlan({ autoscaling }));

  test('zero by metrics', () => {
    expect(refused({ minReplicas: 0, maxReplicas: 4 })).toEqual([
      '[metric-based-zero] autoscaling.minReplicas 0 cannot work: a service without pods has no metrics, so nothing would ever wake it; leave it at 1 and add scaleToZero: ScaleToZero.schedule(...), .onQueue(...) or .onRequest(...)',
    ]);
  });

  test('limits that cross', () => {
    expect(refused({ minReplicas: 5, maxReplicas: 4, fallbackReplicas: 6 })).toEqual([
      '[invalid-autoscaling-max-replicas] autoscaling.maxReplicas 4 is less than minReplicas 5; raise it',
      '[invalid-autoscaling-fallback-replicas] autoscaling.fallbackReplicas 6 is more than maxReplicas 4; lower it',
    ]);
  });

  test('numbers out of range', () => {
    expect(refused({ minReplicas: 1.5, maxReplicas: 2_000, scaleUpWindow: Duration.hours(2) })).toEqual([
      '[invalid-autoscaling-min-replicas] autoscaling.minReplicas 1.5 is not a whole number from 1 to 1000; use a value in that range',
      '[invalid-autoscaling-max-replicas] autoscaling.maxReplicas 2000 is not a whole number from 1 to 1000; use a value in that range',
      '[invalid-autoscaling-scale-up-window] autoscaling.scaleUpWindow 7200 is not a whole number from 0 to 3600 seconds; use a value in that range',
    ]);
    expect(refused({ maxReplicas: 4, waitingRequests: 0, kvCachePercent: 101 })).toEqual([
      '[invalid-autoscaling-waiting-requests] autoscaling.waitingRequests 0 is not a number from 0.1 to 10000; use a value in that range',
      '[invalid-autoscaling-kv-cache-percent] autoscaling.kvCachePercent 101 is not a number from 1 to 100 percent; use a value in that range',
    ]);
  });

  test('numbers that are known only at deploy time', () => {
    expect(refused({ maxReplicas: Token.asNumber({ Ref: 'N' }) })).toEqual([
      '[unresolved-autoscaling-max-replicas] autoscaling.maxReplicas is known only at deploy time, but it decides what is created; give a literal',
    ]);
  });

  test('no Prometheus', () => {
    expect(faultsOf(() => llmPlan({ prometheusUrl: undefined }))).toEqual([
      '[autoscaling-without-prometheus] autoscaling reads metrics, but prometheus is not given; give a PrometheusStack, or PrometheusStack.fromUrl(...)',
    ]);
  });
});

test('any autoscaling is refused, or keeps its limits', () => {
  const number = fc.option(fc.oneof(fc.integer({ min: -2, max: 1_200 }), fc.double()), { nil: undefined });
  const window = fc.option(fc.integer({ min: 0, max: 5_000 }).map((it) => Duration.seconds(it)), { nil: undefined });
  fc.assert(fc.property(
    fc.record({ minReplicas: number, maxReplicas: fc.integer({ min: -1, max: 1_200 }), waitingRequests: number, kvCachePercent: number, fallbackReplicas: number, scaleUpWindow: window, scaleDownWindow: window }),
    fc.nat(50), fc.nat(100),
    (autoscaling, ready, waiting) => {
      let plan;
      try {
        plan = llmPlan({ autoscaling });
      } catch (error) {
        expect(String(error)).toMatch(/\[(invalid|unresolved|metric-based-zero)/);
        return;
      }
      const [object] = scaledObject({ name: 'x', namespace: 'models', target: { name: 'x' }, plan }) as unknown as [{ spec: Spec }];
      const replicas = wanted(object.spec, ready, { 'waiting-requests': waiting });
      expect(replicas).toBeGreaterThanOrEqual(autoscaling.minReplicas ?? 1);
      expect(replicas).toBeLessThanOrEqual(autoscaling.maxReplicas);
      expect(plan.fallbackReplicas).toBeLessThanOrEqual(autoscaling.maxReplicas);
    }), { numRuns: 1_000 });
});
