import type { ApiObjectProps } from 'cdk8s';
import { LLM_PORT } from '../blueprint/llm-engine';
import type { LlmServiceBlueprint } from '../blueprint/llm-service';

type Json = Record<string, unknown>;

/** Where EKS Pod Identity's agent answers. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const POD_IDENTITY_AGENT = { ipBlock: { cidr: '169.254.170.23/32' } };

/** Who may call a language model, and what it may call: names, AWS and the Hub over HTTPS, its credentials, its other ranks. */
export function llmNetworkPolicy(service: LlmServiceBlueprint): ApiObjectProps {
  const { name, namespace, labels, selector, callers, plan, callsHttps } = service;
  const ranks: Json[] = plan.nodesPerReplica > 1 ? [{ podSelector: { matchLabels: { ...selector } } }] : [];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      podSelector: { matchLabels: { ...selector } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        ...callers.length === 0 ? [] : [fromNamespaces(callers)],
        ...ranks.length === 0 ? [] : [{ from: ranks }],
      ],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] },
        ...callsHttps ? [
          { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ protocol: 'TCP', port: 443 }] },
          { to: [POD_IDENTITY_AGENT], ports: [{ protocol: 'TCP', port: 80 }] },
        ] : [],
        ...ranks.length === 0 ? [] : [{ to: ranks }],
      ],
    },
  };
}

/** One more namespace that may call. */
export function llmCallerPolicy(service: LlmServiceBlueprint, caller: string): ApiObjectProps {
  const { name, namespace, labels, selector } = service;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-from-${caller}`, namespace, labels: { ...labels } },
    spec: { podSelector: { matchLabels: { ...selector } }, policyTypes: ['Ingress'], ingress: [fromNamespaces([caller])] },
  };
}

/** Labels by which Kubernetes itself names namespaces. */
function fromNamespaces(namespaces: readonly string[]): Json {
  return {
    from: namespaces.map((it) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': it } } })),
    ports: [{ protocol: 'TCP', port: LLM_PORT }],
  };
}
