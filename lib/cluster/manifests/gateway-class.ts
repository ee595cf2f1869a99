import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';
import { ENVOY_GATEWAY, proxyService, type GatewayProxies } from '../blueprint/envoy-gateway';

/** Labels that Envoy Gateway puts on its proxies. */
const PROXY_LABELS = { 'app.kubernetes.io/component': 'proxy', 'app.kubernetes.io/managed-by': 'envoy-gateway' };

/** The platform's GatewayClass, how its proxies are made, and where their metrics are. */
export function gatewayClassChart(proxies: GatewayProxies): Chart {
  const { gatewayClassName: name } = proxies;
  const { namespace } = ENVOY_GATEWAY;
  const chart = emptyChart('gateway-class');
  new ApiObject(chart, 'Proxies', {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyProxy', metadata: { name, namespace }, spec: proxySpec(proxies),
  });
  new ApiObject(chart, 'Class', {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name },
    spec: {
      controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
      parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name, namespace },
    },
  });
  new ApiObject(chart, 'Metrics', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: PROXY_LABELS },
      podMetricsEndpoints: [{ port: 'metrics', path: '/stats/prometheus', interval: '15s' }],
    },
  });
  return chart;
}

/** https://gateway.envoyproxy.io/docs/api/extension_types/#envoyproxy */
function proxySpec(proxies: GatewayProxies): Record<string, unknown> {
  const { replicas, image } = proxies;
  return {
    provider: {
      type: 'Kubernetes',
      kubernetes: {
        envoyDeployment: {
          replicas,
          // Envoy Gateway's own security context meets Pod Security "restricted"
          container: { image, resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } } },
          pod: {
            topologySpreadConstraints: [{
              maxSkew: 1,
              topologyKey: 'topology.kubernetes.io/zone',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: PROXY_LABELS },
            }],
          },
        },
        ...replicas > 1 ? { envoyPDB: { maxUnavailable: 1 } } : {},
        envoyService: proxyService(proxies),
      },
    },
  };
}
