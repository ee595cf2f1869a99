import type { ApiObjectProps } from 'cdk8s';
import type { ServerPodsBlueprint } from '../blueprint/server-pods';

/** Where EKS Pod Identity's agent answers. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const POD_IDENTITY_AGENT = { ipBlock: { cidr: '169.254.170.23/32' } };
const EVERYWHERE = { ipBlock: { cidr: '0.0.0.0/0' } };

/** Who may call MLflow, and what it may call: names, its database, AWS over HTTPS, its credentials. */
export function serverNetworkPolicy(server: ServerPodsBlueprint): ApiObjectProps {
  const { name, namespace, labels, metrics } = server;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      podSelector: { matchLabels: { ...labels } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ ipBlock: { cidr: server.callers } }], ports: [{ protocol: 'TCP', port: server.port }] },
        ...metrics ? [{
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': metrics.namespace } } }],
          ports: [{ protocol: 'TCP', port: metrics.port }],
        }] : [],
      ],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] },
        { to: [EVERYWHERE], ports: [{ protocol: 'TCP', port: 443 }, { protocol: 'TCP', port: server.databasePort }] },
        { to: [POD_IDENTITY_AGENT], ports: [{ protocol: 'TCP', port: 80 }] },
      ],
    },
  };
}
