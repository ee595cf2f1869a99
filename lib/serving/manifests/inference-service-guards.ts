import type { ApiObjectProps } from 'cdk8s';
import { componentSelector } from './inference-service-pod';
import { type KServeModelBlueprint, predictorPort } from '../blueprint/kserve-model';

type Json = Record<string, unknown>;
type Component = 'predictor' | 'transformer';

/** Where EKS Pod Identity's agent answers. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const POD_IDENTITY_AGENT = '169.254.170.23/32';
const tcp = (port: number): Json => ({ protocol: 'TCP', port });

/** Who may talk to a model. */
export interface ModelCallers {
  /** Namespaces whose pods may call. */
  readonly namespaces: readonly string[];
  /** Namespace of Prometheus; undefined: nobody reads metrics. */
  readonly metricsNamespace?: string;
}

/** Who may call the pods of a model, and what they may call. The namespace denies all else. */
export function modelNetworkPolicies(service: KServeModelBlueprint, callers: ModelCallers): ApiObjectProps[] {
  const { server, logger, entry } = service;
  const modelPort = [tcp(predictorPort(server, logger))];
  const called = fromNamespaces(callers.namespaces, entry.podPorts);
  const { metricsNamespace: reader } = callers;
  const scraped = reader === undefined || server.metricsPort === undefined ? [] : fromNamespaces([reader], [server.metricsPort]);
  if (service.transformerContainer === undefined) return [policy(service, 'predictor', [...called, ...scraped], outside(service))];
  return [
    policy(service, 'predictor', [{ from: [podsOf(service, 'transformer')], ports: modelPort }, ...scraped], outside(service)),
    policy(service, 'transformer', called, [...outside(service), { to: [podsOf(service, 'predictor')], ports: modelPort }]),
  ];
}

function policy(service: KServeModelBlueprint, component: Component, ingress: Json[], egress: Json[]): ApiObjectProps {
  const { name, namespace, labels } = service;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-${component}`, namespace, labels: { ...labels } },
    spec: { ...podsOf(service, component), policyTypes: ['Ingress', 'Egress'], ingress, egress },
  };
}

function podsOf(service: KServeModelBlueprint, component: Component): Json {
  return { podSelector: { matchLabels: componentSelector(service, component) } };
}

/** One more namespace that may call. */
export function modelCallerPolicy(service: KServeModelBlueprint, caller: string): ApiObjectProps {
  const { name, namespace, labels, entry, transformerContainer } = service;
  const component = transformerContainer === undefined ? 'predictor' : 'transformer';
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-from-${caller}`, namespace, labels: { ...labels } },
    spec: { ...podsOf(service, component), policyTypes: ['Ingress'], ingress: fromNamespaces([caller], entry.podPorts) },
  };
}

/** Budgets that leave all but one of the pods; none for a single pod, which would never be let go. */
export function modelDisruptionBudgets(service: KServeModelBlueprint): ApiObjectProps[] {
  const { name, namespace, labels, replicas, transformer } = service;
  const budget = (component: Component): ApiObjectProps => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: `${name}-${component}`, namespace, labels: { ...labels } },
    spec: { maxUnavailable: 1, selector: { matchLabels: componentSelector(service, component) } },
  });
  return [
    ...replicas.min > 1 ? [budget('predictor')] : [],
    ...(transformer?.replicas ?? 1) > 1 ? [budget('transformer')] : [],
  ];
}

/** Where Prometheus finds the server's metrics; undefined where it has none. https://prometheus-operator.dev/docs/api-reference/api/ */
export function modelPodMonitor(service: KServeModelBlueprint): ApiObjectProps | undefined {
  const { name, namespace, labels, server } = service;
  const port = service.container.ports.find((it) => it.port === server.metricsPort)?.name;
  if (port === undefined) return undefined;
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      selector: { matchLabels: componentSelector(service, 'predictor') },
      podMetricsEndpoints: [{ port, path: '/metrics', interval: '30s' }],
    },
  };
}

/** Names, AWS and other HTTPS, credentials, and where calls are logged. */
function outside({ logger }: KServeModelBlueprint): Json[] {
  return [
    { ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] },
    { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [tcp(443)] },
    { to: [{ ipBlock: { cidr: POD_IDENTITY_AGENT } }], ports: [tcp(80)] },
    ...logger === undefined || logger.storage !== undefined ? [] : [sink(logger.url)],
  ];
}

/** A sink inside of the cluster is named by its Service, whose port says nothing about its pods' port. */
function sink(url: string): Json {
  const namespace = /^https?:\/\/[^./:]+\.([a-z0-9-]+)(\.svc(\.cluster\.local)?)?(:\d+)?([/?]|$)/.exec(url)?.[1];
  return { to: [namespace === undefined ? { ipBlock: { cidr: '0.0.0.0/0' } } : { namespaceSelector: { matchLabels: nameOf(namespace) } }] };
}

function fromNamespaces(namespaces: readonly string[], ports: readonly number[]): Json[] {
  if (namespaces.length === 0) return [];
  return [{ from: namespaces.map((it) => ({ namespaceSelector: { matchLabels: nameOf(it) } })), ports: ports.map(tcp) }];
}

/** The label by which Kubernetes itself names namespaces. */
function nameOf(namespace: string): Record<string, string> {
  return { 'kubernetes.io/metadata.name': namespace };
}
