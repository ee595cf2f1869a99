import { imageNamed } from '../../cluster/blueprint/image-address';

/** Chart and namespace of the stack. */
export const PROMETHEUS_STACK = { chart: 'kube-prometheus-stack', namespace: 'monitoring' } as const;

/** What is decided about the stack. */
export interface PrometheusStackRequest {
  readonly retentionHours: number;
  readonly storageGiB: number;
  readonly storageClass: string;
  readonly alertmanager: boolean;
  readonly grafana: boolean;
  /** Secret with Grafana's administrator; undefined: the chart makes one. */
  readonly grafanaAdminSecret?: string;
  readonly images: readonly string[];
}

/** Values of the chart. */
export function prometheusStackValues(request: PrometheusStackRequest): Record<string, unknown> {
  const { images, alertmanager, grafana } = request;
  return {
    // a chart of their own brings the definitions: Helm would never upgrade them here
    'crds': { enabled: false },
    // parts of the control plane that EKS keeps to itself, and kube-proxy, which answers on its own node only
    ...Object.fromEntries(['kubeControllerManager', 'kubeScheduler', 'kubeEtcd', 'kubeProxy'].map((name) => [name, { enabled: false }])),
    'prometheusOperator': {
      image: parts(images, 'prometheus-operator'),
      prometheusConfigReloader: { image: parts(images, 'prometheus-config-reloader') },
      admissionWebhooks: { patch: { image: parts(images, 'kube-webhook-certgen') } },
    },
    'prometheus': { prometheusSpec: prometheusSpec(request) },
    'alertmanager': alertmanager
      ? { enabled: true, alertmanagerSpec: { image: parts(images, 'alertmanager'), storage: volume(2) } }
      : { enabled: false },
    'grafana': grafana ? grafanaValues(request) : { enabled: false },
    'kube-state-metrics': { image: parts(images, 'kube-state-metrics') },
    'prometheus-node-exporter': {
      image: { ...parts(images, 'node-exporter'), distroless: false },
      // it has to see the node, which Pod Security "restricted" forbids: it stands apart, so that the rest keeps the standard
      namespaceOverride: 'kube-system',
    },
  };
}

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec */
function prometheusSpec({ retentionHours, storageGiB, storageClass, images }: PrometheusStackRequest): Record<string, unknown> {
  const kinds = ['serviceMonitor', 'podMonitor', 'rule', 'probe', 'scrapeConfig'];
  return {
    image: parts(images, 'prometheus'),
    // objects of every namespace count, whoever made them; the chart would take those of its own release
    ...Object.fromEntries(kinds.map((kind) => [`${kind}SelectorNilUsesHelmValues`, false])),
    retention: `${retentionHours}h`,
    // the write-ahead log and blocks that are being made need the rest
    retentionSize: `${Math.max(1, Math.floor(storageGiB * 0.8))}GiB`,
    storageSpec: volume(storageGiB, storageClass),
    resources: { requests: { cpu: '200m', memory: '1Gi' }, limits: { memory: '4Gi' } },
  };
}

function grafanaValues({ grafanaAdminSecret, images }: PrometheusStackRequest): Record<string, unknown> {
  return {
    'enabled': true,
    'image': parts(images, 'grafana'),
    ...grafanaAdminSecret === undefined ? {} : { admin: { existingSecret: grafanaAdminSecret } },
    // dashboards are ConfigMaps with this label, in any namespace
    'sidecar': { image: parts(images, 'k8s-sidecar'), dashboards: { enabled: true, label: 'grafana_dashboard', labelValue: '1', searchNamespace: 'ALL' } },
    'grafana.ini': { 'analytics': { check_for_updates: false, reporting_enabled: false }, 'auth.anonymous': { enabled: false } },
    'testFramework': { enabled: false },
    'resources': { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
  };
}

/** A volume of a storage class, else of the cluster's default one. */
function volume(sizeGiB: number, storageClassName?: string): Record<string, unknown> {
  return {
    volumeClaimTemplate: {
      spec: {
        ...storageClassName === undefined ? {} : { storageClassName },
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: `${sizeGiB}Gi` } },
      },
    },
  };
}

function parts(images: readonly string[], name: string): { registry: string; repository: string; tag: string } {
  const { registry, repository, tag } = imageNamed(images, name);
  return { registry, repository, tag };
}
