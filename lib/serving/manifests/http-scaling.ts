import type { ApiObjectProps } from 'cdk8s';
import type { RouteBackend } from './routes';
import type { ScalingPlan } from '../blueprint/autoscaling-plan';

/** A service whose requests are held while it has no replicas. */
export interface HeldServiceRequest {
  readonly name: string;
  readonly namespace: string;
  readonly service: { readonly name: string; readonly port: number };
  readonly plan: ScalingPlan;
}

/** Where a route sends requests so that they are held. */
export interface HeldRoute {
  readonly backend: RouteBackend;
  /** Host that the proxy knows the service by. */
  readonly rewriteHost: string;
  /** Namespace of the proxy: the service's network policy lets it in. */
  readonly namespace: string;
}

const PROXY = { service: 'keda-add-ons-http-interceptor-proxy', port: 8080 };

/** Where the route goes; undefined unless the service is woken by requests. */
export function heldRoute(request: Pick<HeldServiceRequest, 'name' | 'namespace' | 'plan'>): HeldRoute | undefined {
  const { name, namespace, plan: { wake } } = request;
  if (wake?.type !== 'request') return undefined;
  return { backend: { ...PROXY, namespace: wake.namespace }, rewriteHost: hostOf(name, namespace), namespace: wake.namespace };
}

/**
 * What the proxy has to know, and the right of the route to go to it; nothing unless the service is woken by requests.
 * https://keda.sh/http-add-on/0.15/reference/interceptorroute/
 */
export function heldService(request: HeldServiceRequest): ApiObjectProps[] {
  const { name, namespace, service, plan: { wake } } = request;
  if (wake?.type !== 'request') return [];
  return [
    {
      apiVersion: 'http.keda.sh/v1beta1',
      kind: 'InterceptorRoute',
      metadata: { name, namespace },
      spec: {
        target: { service: service.name, port: service.port },
        rules: [{ hosts: [hostOf(name, namespace)] }],
        scalingMetric: { concurrency: { targetValue: wake.concurrentRequests } },
        // an answer may take as long as it takes: the stream is not cut
        timeouts: { readiness: `${wake.holdSeconds}s`, responseHeader: '0s', request: '0s' },
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ReferenceGrant',
      metadata: { name: `${namespace}-${name}`, namespace: wake.namespace },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace }],
        to: [{ group: '', kind: 'Service', name: PROXY.service }],
      },
    },
  ];
}

function hostOf(name: string, namespace: string): string {
  return `${name}.${namespace}`;
}
