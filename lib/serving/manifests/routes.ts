import type { ApiObjectProps } from 'cdk8s';
import type { Rollout } from '../blueprint/rollout';

/** A Service that answers requests. */
export interface RouteBackend {
  /** Name of the Service. */
  readonly service: string;
  readonly port: number;
  /** Where the Service is, if not beside the route: that namespace needs a ReferenceGrant. */
  readonly namespace?: string;
  /** True if `service` names an InferencePool. */
  readonly isInferencePool?: boolean;
}

/** What a route says. */
export interface InferenceRouteRequest {
  readonly name: string;
  readonly namespace: string;
  readonly gateway: { readonly name: string; readonly namespace: string };
  readonly hostnames?: readonly string[];
  /** Path below which the service answers, for example `/chat`. */
  readonly pathPrefix: string;
  /** What the prefix is replaced by before the request goes on, for example `/`. */
  readonly rewriteTo?: string;
  /** Host header that the backends see; for proxies that tell services by it. */
  readonly rewriteHost?: string;
  readonly stable: RouteBackend;
  readonly candidate?: RouteBackend;
  /** How requests are divided; without a candidate there is nothing to divide. */
  readonly rollout?: Rollout;
  /** How long a request may take, stream included, as a Gateway API duration; `0s` is no limit. */
  readonly requestTimeout?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/**
 * An HTTPRoute of one service: its versions, and who gets which.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httproute
 */
export function inferenceRoute(request: InferenceRouteRequest): ApiObjectProps {
  const { name, namespace, labels, gateway, hostnames, requestTimeout = '0s' } = request;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace, ...labels === undefined ? {} : { labels: { ...labels } } },
    spec: {
      parentRefs: [{ name: gateway.name, namespace: gateway.namespace }],
      ...hostnames === undefined || hostnames.length === 0 ? {} : { hostnames: [...hostnames] },
      rules: rulesOf(request).map((rule) => ({ ...rule, timeouts: { request: requestTimeout } })),
    },
  };
}

/** One rule for everybody; in an A/B test one more, which wins by its header match. */
function rulesOf(request: InferenceRouteRequest): Json[] {
  const { stable, candidate, rollout } = request;
  const filters = rewriteOf(request);
  const rule = (backendRefs: Json[], more: Json[] = [], headers?: Json[]): Json => ({
    matches: [{ path: { type: 'PathPrefix', value: request.pathPrefix }, ...headers === undefined ? {} : { headers } }],
    ...filters.length + more.length === 0 ? {} : { filters: [...filters, ...more] },
    backendRefs,
  });
  if (candidate === undefined || rollout === undefined) return [rule([backend(stable)])];
  switch (rollout.type) {
    case 'canary': return [rule([
      { ...backend(stable), weight: 100 - rollout.candidatePercent },
      { ...backend(candidate), weight: rollout.candidatePercent },
    ])];
    case 'shadow': return [rule([backend(stable)], mirrorTo(candidate, rollout.candidatePercent))];
    default: return [rule([backend(candidate)], [], [headerMatch(rollout)]), rule([backend(stable)])];
  }
}

function backend(it: RouteBackend): Json {
  return {
    ...it.isInferencePool === true ? { group: 'inference.networking.k8s.io', kind: 'InferencePool' } : {},
    name: it.service,
    ...it.namespace === undefined ? {} : { namespace: it.namespace },
    port: it.port,
  };
}

function rewriteOf({ rewriteTo, rewriteHost }: InferenceRouteRequest): Json[] {
  if (rewriteTo === undefined && rewriteHost === undefined) return [];
  const urlRewrite = {
    ...rewriteHost === undefined ? {} : { hostname: rewriteHost },
    ...rewriteTo === undefined ? {} : { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: rewriteTo } },
  };
  return [{ type: 'URLRewrite', urlRewrite }];
}

function mirrorTo(candidate: RouteBackend, percent: number): Json[] {
  return percent === 0 ? [] : [{ type: 'RequestMirror', requestMirror: { backendRef: backend(candidate), percent } }];
}

/** A cookie is one of several in a header: it is found by a pattern over the whole header, as Envoy matches patterns. */
function headerMatch({ header, cookie, value = '' }: Rollout): Json {
  return cookie === undefined
    ? { type: 'Exact', name: header, value }
    : { type: 'RegularExpression', name: 'Cookie', value: `(.*;\\s*)?${literal(cookie)}=${literal(value)}(\\s*;.*)?` };
}

/** The text as a pattern in RE2. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
