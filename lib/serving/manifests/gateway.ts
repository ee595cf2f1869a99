import type { ApiObjectProps } from 'cdk8s';
import { podSecurityLabels } from '../../cluster/blueprint/namespaces';
import { PodSecurity } from '../../cluster/blueprint/pod-security';
import { GATEWAY_PORTS, type GatewayPlan } from '../blueprint/inference-gateway';
import { GatewayLoadBalancer } from '../blueprint/inference-gateway-load-balancer';
import type { AuthenticationRules, CertificateSource } from '../blueprint/inference-gateway-rules';

/** What a gateway's objects say. */
export interface GatewayObjectsRequest {
  readonly plan: GatewayPlan;
  /** Namespace of Envoy Gateway's proxies. */
  readonly proxyNamespace: string;
  /** How the proxies' Service is made where a controller makes the load balancer. */
  readonly service: Readonly<Record<string, unknown>>;
  readonly certificate: CertificateSource;
  /** Names that callers use. */
  readonly hostNames: readonly string[];
  readonly authentication: AuthenticationRules;
  /** Target group of the stack's load balancer. */
  readonly targetGroupArn?: string;
}

type Json = Record<string, unknown>;

/** A gateway for models: its namespace, certificate, policies and proxies. https://gateway.envoyproxy.io/docs/ */
export function gatewayObjects(request: GatewayObjectsRequest): ApiObjectProps[] {
  return [
    namespaceOf(request),
    ...certificateObjects(request),
    proxies(request),
    gateway(request),
    ...policies(request),
    networkPolicy(request),
    ...binding(request),
  ];
}

function object(request: GatewayObjectsRequest, apiVersion: string, kind: string, spec: Json, name = request.plan.name): ApiObjectProps {
  return { apiVersion, kind, metadata: { name, namespace: request.plan.name }, spec };
}

/** Nothing runs in it: the proxies stand in the namespace of Envoy Gateway. */
function namespaceOf({ plan: { name } }: GatewayObjectsRequest): ApiObjectProps {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: podSecurityLabels(PodSecurity.RESTRICTED) } };
}

function gateway(request: GatewayObjectsRequest): ApiObjectProps {
  const { plan, certificate } = request;
  return object(request, 'gateway.networking.k8s.io/v1', 'Gateway', {
    gatewayClassName: plan.gatewayClassName,
    infrastructure: { parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: plan.name } },
    listeners: [{
      name: 'https',
      port: GATEWAY_PORTS.service,
      protocol: 'HTTPS',
      tls: { mode: 'Terminate', certificateRefs: [{ name: certificate.type === 'secret' ? certificate.name : `${plan.name}-tls` }] },
      allowedRoutes: {
        kinds: [{ kind: 'HTTPRoute' }],
        namespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...plan.routeNamespaces] }] } },
      },
    }],
  });
}

/** What this gateway's proxies have other than those of its class. https://gateway.envoyproxy.io/docs/tasks/operations/customize-envoyproxy/ */
function proxies(request: GatewayObjectsRequest): ApiObjectProps {
  const { plan, service } = request;
  const own = plan.loadBalancer === GatewayLoadBalancer.OF_CONTROLLER ? service : { type: 'ClusterIP' };
  return object(request, 'gateway.envoyproxy.io/v1alpha1', 'EnvoyProxy', {
    mergeType: 'StrategicMerge',
    provider: { type: 'Kubernetes', kubernetes: { envoyService: { name: plan.serviceName, ...own } } },
  });
}

function policies(request: GatewayObjectsRequest): ApiObjectProps[] {
  const { plan, authentication } = request;
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: plan.name }];
  const policy = (kind: string, spec: Json): ApiObjectProps => object(request, 'gateway.envoyproxy.io/v1alpha1', kind, { targetRefs, ...spec });
  const security = securityOf(authentication);
  return [
    policy('ClientTrafficPolicy', {
      tls: { minVersion: '1.2' },
      // who the caller is says the gateway, never the caller
      headers: { earlyRequestHeaders: { remove: ['x-client-id'] } },
      // the first token may be long in coming, and the load balancer forgets connections that are silent
      timeout: { http: { streamIdleTimeout: `${plan.idleSeconds}s`, requestHeadersReceivedTimeout: '30s' } },
      tcpKeepalive: { idleTime: '60s', interval: '30s', probes: 5 },
    }),
    policy('BackendTrafficPolicy', {
      // a stream holds its place for minutes: Envoy's own 1,024 would be the limit of all services together
      circuitBreaker: { maxConnections: 65_536, maxParallelRequests: 65_536, maxPendingRequests: 16_384 },
      // only what no model has seen yet is sent again: a spot node that has just gone
      retry: { numRetries: 2, retryOn: { triggers: ['connect-failure', 'refused-stream'] } },
      tcpKeepalive: { idleTime: '60s', interval: '30s', probes: 5 },
    }),
    ...security === undefined ? [] : [policy('SecurityPolicy', security)],
  ];
}

/** https://gateway.envoyproxy.io/docs/api/extension_types/#securitypolicyspec */
function securityOf({ secretNames, jwt }: AuthenticationRules): Json | undefined {
  if (secretNames !== undefined) {
    return {
      apiKeyAuth: {
        credentialRefs: secretNames.map((name) => ({ name })),
        extractFrom: [{ headers: ['Authorization', 'x-api-key'] }],
        forwardClientIDHeader: 'x-client-id',
        sanitize: true,
      },
    };
  }
  if (jwt === undefined) return undefined;
  const { issuer, audiences, jwksUrl, scopes } = jwt;
  const provider = { name: 'callers', issuer, audiences, remoteJWKS: { uri: jwksUrl }, claimToHeaders: [{ claim: 'sub', header: 'x-client-id' }] };
  return {
    jwt: { providers: [provider] },
    ...scopes.length === 0 ? {} : {
      authorization: { defaultAction: 'Deny', rules: [{ name: 'scopes', action: 'Allow', principal: { jwt: { provider: 'callers', scopes } } }] },
    },
  };
}

/** Callers reach the port of the gateway, the cluster that of the metrics, and nobody else any other. */
function networkPolicy(request: GatewayObjectsRequest): ApiObjectProps {
  const { plan, proxyNamespace } = request;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: plan.serviceName, namespace: proxyNamespace },
    spec: {
      podSelector: { matchLabels: { 'gateway.envoyproxy.io/owning-gateway-name': plan.name, 'gateway.envoyproxy.io/owning-gateway-namespace': plan.name } },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [{ protocol: 'TCP', port: GATEWAY_PORTS.proxy }] },
        { ports: [{ protocol: 'TCP', port: GATEWAY_PORTS.metrics }], from: [{ namespaceSelector: {} }] },
      ],
    },
  };
}

/** Keeps the targets of the stack's load balancer. https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/targetgroupbinding/ */
function binding({ plan, proxyNamespace, targetGroupArn }: GatewayObjectsRequest): ApiObjectProps[] {
  if (targetGroupArn === undefined) return [];
  return [{
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name: plan.serviceName, namespace: proxyNamespace },
    spec: { serviceRef: { name: plan.serviceName, port: GATEWAY_PORTS.service }, targetGroupARN: targetGroupArn, targetType: 'ip' },
  }];
}

/** https://cert-manager.io/docs/configuration/ca/ */
function certificateObjects(request: GatewayObjectsRequest): ApiObjectProps[] {
  const { plan: { name }, certificate } = request;
  if (certificate.type === 'secret') return [];
  const issuerKind = certificate.type === 'cluster-issuer' ? 'ClusterIssuer' : 'Issuer';
  const leaf = object(request, 'cert-manager.io/v1', 'Certificate', {
    secretName: `${name}-tls`,
    dnsNames: [...request.hostNames],
    privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    issuerRef: { group: 'cert-manager.io', kind: issuerKind, name: certificate.name ?? name },
  }, `${name}-tls`);
  if (certificate.type === 'cluster-issuer') return [leaf];
  const root = `${name}-root`;
  return [
    object(request, 'cert-manager.io/v1', 'Issuer', { selfSigned: {} }, root),
    object(request, 'cert-manager.io/v1', 'Certificate', {
      isCA: true,
      commonName: name,
      secretName: root,
      duration: '87600h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
      issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: root },
    }, root),
    object(request, 'cert-manager.io/v1', 'Issuer', { ca: { secretName: root } }),
    leaf,
  ];
}
