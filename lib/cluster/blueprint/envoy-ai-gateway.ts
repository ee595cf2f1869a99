import { imageNamed } from './image-address';

/** Where Envoy AI Gateway runs, and how Envoy Gateway asks it. */
export const ENVOY_AI_GATEWAY = {
  name: 'envoy-ai-gateway',
  namespace: 'envoy-ai-gateway-system',
  /** Name of the Service, which is the chart's own default. */
  service: 'ai-gateway-controller',
  port: 1063,
} as const;

/** Custom resources that the chart of definitions brings. */
export const ENVOY_AI_GATEWAY_KINDS = [
  'AIGatewayRoute', 'AIServiceBackend', 'BackendSecurityPolicy', 'GatewayConfig', 'MCPRoute', 'QuotaPolicy',
].map((kind) => `aigateway.envoyproxy.io/${kind}`);

/** What the chart makes that cert-manager's webhook judges. */
export const ENVOY_AI_GATEWAY_CERTIFICATES = ['cert-manager.io/Certificate', 'cert-manager.io/Issuer'];

/** What is decided about Envoy AI Gateway. */
export interface EnvoyAiGatewayRequest {
  readonly replicas: number;
  readonly images: readonly string[];
  /** Namespace of Envoy Gateway. */
  readonly envoyGatewayNamespace: string;
}

/** Values of the controller's chart. The pods meet Pod Security "restricted" by the chart's own defaults. */
export function envoyAiGatewayValues({ replicas, images, envoyGatewayNamespace }: EnvoyAiGatewayRequest): Record<string, unknown> {
  const image = (name: string): Record<string, string> => {
    const { path, tag } = imageNamed(images, name);
    return { repository: path, tag };
  };
  return {
    controller: {
      image: image('ai-gateway-controller'),
      replicaCount: replicas,
      ...replicas > 1 ? { podDisruptionBudget: { enabled: true, minAvailable: 1 } } : {},
      // the chart's own certificate lives in its template: helm without a cluster, as GitOps runs it, would make a new one each time
      mutatingWebhook: { certManager: { enable: true } },
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
    },
    extProc: { image: image('ai-gateway-extproc') },
    envoyGateway: { namespace: envoyGatewayNamespace },
  };
}

/**
 * What Envoy Gateway has to be told so that routes can end in an InferencePool: upstream's two files of values, without the
 * Backend API and EnvoyPatchPolicies, which pools do not need.
 *
 * @see https://github.com/envoyproxy/ai-gateway/tree/v1.1.0/manifests
 */
export function inferencePoolExtension(): Record<string, unknown> {
  const all = { includeAll: true };
  return {
    hooks: {
      xdsTranslator: {
        translation: { listener: all, route: all, cluster: all, secret: all },
        post: ['Translation', 'Cluster', 'Route'],
      },
    },
    backendResources: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', version: 'v1' }],
    service: { fqdn: { hostname: `${ENVOY_AI_GATEWAY.service}.${ENVOY_AI_GATEWAY.namespace}.svc.cluster.local`, port: ENVOY_AI_GATEWAY.port } },
  };
}
