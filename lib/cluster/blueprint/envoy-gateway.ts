import { inferencePoolExtension } from './envoy-ai-gateway';
import { GatewayExposure } from './gateway-exposure';
import { imageNamed } from './image-address';

/** Namespace of the controller and of the proxies that it starts, and name of the platform's GatewayClass. */
export const ENVOY_GATEWAY = { namespace: 'envoy-gateway-system', gatewayClassName: 'ml-platform' } as const;

/** Custom resources of the Gateway API's standard channel and of Envoy Gateway, as its chart of definitions brings them. */
export const GATEWAY_KINDS = [
  ...[
    'BackendTLSPolicy', 'GRPCRoute', 'Gateway', 'GatewayClass', 'HTTPRoute', 'ListenerSet', 'ReferenceGrant', 'TCPRoute', 'TLSRoute',
    'UDPRoute',
  ].map((kind) => `gateway.networking.k8s.io/${kind}`),
  ...[
    'Backend', 'BackendTrafficPolicy', 'ClientTrafficPolicy', 'EnvoyExtensionPolicy', 'EnvoyPatchPolicy', 'EnvoyProxy',
    'HTTPRouteFilter', 'SecurityPolicy',
  ].map((kind) => `gateway.envoyproxy.io/${kind}`),
];

/** Values of the chart of definitions: the standard channel only. */
export function gatewayCrdsValues(): Record<string, unknown> {
  return { crds: { gatewayAPI: { enabled: true, channel: 'standard' }, envoyGateway: { enabled: true } } };
}

/** What is decided about the controller. */
export interface EnvoyGatewayRequest {
  readonly replicas: number;
  readonly images: readonly string[];
  /** Whether routes can end in an InferencePool. */
  readonly inferencePools: boolean;
}

/** Values of the controller's chart. The pods meet Pod Security "restricted" by the chart's own defaults. */
export function envoyGatewayValues(request: EnvoyGatewayRequest): Record<string, unknown> {
  const { replicas, images, inferencePools } = request;
  return {
    // a chart of their own brings the definitions: Helm would never upgrade them here
    crds: { enabled: false },
    deployment: { replicas },
    ...inferencePools ? { config: { envoyGateway: { extensionManager: inferencePoolExtension() } } } : {},
    ...replicas > 1 ? { podDisruptionBudget: { minAvailable: 1 } } : {},
    global: {
      images: {
        envoyGateway: { image: imageNamed(images, 'gateway').full },
        envoyProxy: { image: imageNamed(images, 'envoy').full },
        ratelimit: { image: imageNamed(images, 'ratelimit').full },
      },
    },
  };
}

/** What is decided about the proxies of the platform's GatewayClass. */
export interface GatewayProxies {
  readonly gatewayClassName: string;
  readonly replicas: number;
  readonly exposure: GatewayExposure;
  /** Whether EKS Auto Mode makes load balancers, and no controller of ours. */
  readonly autoMode: boolean;
  /** Image of the proxy. */
  readonly image: string;
}

/** How a proxy's Service is made. https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html */
export function proxyService(proxies: GatewayProxies): Record<string, unknown> {
  if (proxies.exposure === GatewayExposure.CLUSTER_IP) return { type: 'ClusterIP' };
  return {
    type: 'LoadBalancer',
    // named, so that nothing else takes the Service: Kubernetes' own controller would make a public load balancer
    loadBalancerClass: proxies.autoMode ? 'eks.amazonaws.com/nlb' : 'service.k8s.aws/nlb',
    allocateLoadBalancerNodePorts: false,
    externalTrafficPolicy: 'Cluster',
    annotations: {
      'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal',
      'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'ip',
    },
  };
}
