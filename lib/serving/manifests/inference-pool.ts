import type { ApiObjectProps } from 'cdk8s';
import { restrictedContainer, restrictedPod } from './pod-restricted';

/** Servers of one model, and the picker that chooses among them. */
export interface InferencePoolRequest {
  readonly name: string;
  readonly namespace: string;
  /** Labels that tell the servers' pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** Port of the servers. */
  readonly port: number;
  /** Image of the endpoint picker. */
  readonly image: string;
  /** Namespace of the proxies that ask the picker. */
  readonly proxyNamespace: string;
}

type Json = Record<string, unknown>;

const PORTS = { grpc: 9002, health: 9003, metrics: 9090 };

/** Requests go where the prompt's beginning is cached, the queue is short and the KV cache has room; the weights are upstream's. */
const PICKER_CONFIG = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: prefix-cache-scorer
- type: metrics-data-source
  parameters:
    scheme: http
    path: /metrics
- type: core-metrics-extractor
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: queue-scorer
    weight: 2
  - pluginRef: kv-cache-utilization-scorer
    weight: 2
  - pluginRef: prefix-cache-scorer
    weight: 3
`;

/**
 * An InferencePool and its endpoint picker, as llm-d's chart makes them.
 * https://github.com/llm-d/llm-d-router/tree/v0.10.0/config/charts/routerlib
 */
export function inferencePool(request: InferencePoolRequest): ApiObjectProps[] {
  const { name, namespace, selector, port } = request;
  const picker = pickerName(name);
  const metadata = { name: picker, namespace };
  return [
    {
      apiVersion: 'inference.networking.k8s.io/v1',
      kind: 'InferencePool',
      metadata: { name, namespace },
      spec: {
        targetPorts: [{ number: port }],
        selector: { matchLabels: { ...selector } },
        // without the picker requests still go somewhere
        endpointPickerRef: { name: picker, port: { number: PORTS.grpc }, failureMode: 'FailOpen' },
      },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: true },
    ...rights(request),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'picker.yaml': PICKER_CONFIG } },
    deployment(request),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labelsOf(name), ports: [{ name: 'grpc-ext-proc', port: PORTS.grpc, appProtocol: 'kubernetes.io/h2c' }, { name: 'http-metrics', port: PORTS.metrics }] },
    },
    networkPolicy(request),
    serversPolicy(request),
  ];
}

function pickerName(name: string): string {
  return `${name}-picker`;
}

function labelsOf(name: string): Record<string, string> {
  return { 'ml-platform/endpoint-picker': name };
}

/** It looks at the servers' pods and at its pool. */
function rights({ name, namespace }: InferencePoolRequest): ApiObjectProps[] {
  const metadata = { name: pickerName(name), namespace };
  const verbs = ['get', 'watch', 'list'];
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs },
        { apiGroups: ['inference.networking.k8s.io'], resources: ['inferencepools'], verbs },
        { apiGroups: ['llm-d.ai'], resources: ['inferenceobjectives', 'inferencemodelrewrites'], verbs },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      subjects: [{ kind: 'ServiceAccount', name: metadata.name, namespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    },
  ];
}

function deployment(request: InferencePoolRequest): ApiObjectProps {
  const { name, namespace } = request;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: pickerName(name), namespace, labels: labelsOf(name) },
    spec: {
      replicas: 1,
      selector: { matchLabels: labelsOf(name) },
      template: {
        metadata: { labels: labelsOf(name) },
        spec: {
          serviceAccountName: pickerName(name),
          enableServiceLinks: false,
          securityContext: restrictedPod(),
          containers: [container(request)],
          volumes: [{ name: 'config', configMap: { name: pickerName(name) } }],
        },
      },
    },
  };
}

function container({ name, namespace, image }: InferencePoolRequest): Json {
  const probe = { grpc: { port: PORTS.health, service: 'inference-extension' } };
  return {
    name: 'picker',
    image,
    args: [
      '--pool-name', name, '--pool-namespace', namespace, '--pool-group', 'inference.networking.k8s.io', '--config-file', '/config/picker.yaml',
      '--grpc-port', String(PORTS.grpc), '--grpc-health-port', String(PORTS.health), '--zap-encoder', 'json', '--tracing=false',
      // who may read the metrics says the network policy
      '--metrics-endpoint-auth=false',
    ],
    env: [{ name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }, { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    ports: [{ name: 'grpc', containerPort: PORTS.grpc }, { name: 'grpc-health', containerPort: PORTS.health }, { name: 'metrics', containerPort: PORTS.metrics }],
    livenessProbe: { ...probe, initialDelaySeconds: 5, periodSeconds: 10 },
    readinessProbe: { ...probe, periodSeconds: 2 },
    resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '2Gi' } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: 'config', mountPath: '/config', readOnly: true }],
  };
}

/** The proxies ask it; it asks the Kubernetes API and the servers. */
function networkPolicy({ name, namespace, selector, port, proxyNamespace }: InferencePoolRequest): ApiObjectProps {
  const tcp = (number: number): Json => ({ protocol: 'TCP', port: number });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: pickerName(name), namespace },
    spec: {
      podSelector: { matchLabels: labelsOf(name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': proxyNamespace } } }], ports: [tcp(PORTS.grpc)] },
        { from: [{ namespaceSelector: {} }], ports: [tcp(PORTS.metrics)] },
      ],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, tcp(53), tcp(443)] },
        { to: [{ podSelector: { matchLabels: { ...selector } } }], ports: [tcp(port)] },
      ],
    },
  };
}

/** The servers let the picker read their metrics, and the proxies send requests. */
function serversPolicy({ name, namespace, selector, port, proxyNamespace }: InferencePoolRequest): ApiObjectProps {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${name}-from-picker`, namespace },
    spec: {
      podSelector: { matchLabels: { ...selector } },
      policyTypes: ['Ingress'],
      ingress: [{
        from: [{ podSelector: { matchLabels: labelsOf(name) } }, { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': proxyNamespace } } }],
        ports: [{ protocol: 'TCP', port }],
      }],
    },
  };
}
