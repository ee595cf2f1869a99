import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { emptyChart } from '../../lib/cluster/manifests/basics';
import { Rollout } from '../../lib/serving';
import { inferencePool } from '../../lib/serving/manifests/inference-pool';
import { inferenceRoute, type InferenceRouteRequest } from '../../lib/serving/manifests/routes';

/** A chart with these objects. */
export function chartOf(...objects: readonly ApiObjectProps[]): Chart {
  const chart = emptyChart('sample');
  objects.forEach((object, index) => new ApiObject(chart, `Object${index}`, object));
  return chart;
}

export const ROUTE: InferenceRouteRequest = {
  name: 'chat', namespace: 'models', gateway: { name: 'llm', namespace: 'gateways' }, pathPrefix: '/chat', rewriteTo: '/', stable: { service: 'chat', port: 8000 },
};
const candidate = { service: 'chat-candidate', port: 8000 };

/** Routes in their smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  const route = (more: Partial<InferenceRouteRequest>): Chart => chartOf(inferenceRoute({ ...ROUTE, ...more }));
  return {
    'one version': route({ rewriteTo: undefined }),
    'canary': route({ candidate, rollout: Rollout.canary({ step: 2 }) }),
    'canary taken back': route({ candidate, rollout: Rollout.canary({ step: 0 }) }),
    'shadow': route({ candidate, rollout: Rollout.shadow({ percent: 10 }), hostnames: ['llm.example.com'], labels: { team: 'search' } }),
    'A/B by header': route({ candidate, rollout: Rollout.abTest({ header: 'x-cohort', value: 'b' }) }),
    'A/B by cookie': route({ candidate, rollout: Rollout.abTest({ cookie: 'co.hort', value: 'b+(1)' }) }),
    'a pool with a picker': chartOf(
      ...inferencePool({ name: 'chat', namespace: 'models', selector: { 'ml-platform/service': 'chat' }, port: 8000, image: 'ghcr.io/llm-d/picker:1', proxyNamespace: 'envoy-gateway-system' }),
      inferenceRoute({ ...ROUTE, stable: { service: 'chat', port: 8000, isInferencePool: true } })),
    'a backend elsewhere': route({ stable: { service: 'proxy', port: 8080, namespace: 'keda' }, rewriteHost: 'chat.models', requestTimeout: '3600s' }),
  };
}
