import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';
import { onNodesOf } from '../blueprint/gpu-operator';
import { GPU_TOLERATION } from '../blueprint/gpu-software-nodes';
import { podSecurityLabels } from '../blueprint/namespaces';
import { PodSecurity } from '../blueprint/pod-security';

/** Name of the exporter, of its namespace and of its release. */
export const GPU_METRICS = 'dcgm-exporter';

const LABELS = { 'app.kubernetes.io/name': GPU_METRICS };

/**
 * NVIDIA's metrics exporter on nodes that the GPU Operator does not serve.
 *
 * Not by NVIDIA's chart: the exporter ends at start unless the linker's cache lists its library, the image has no such cache, and
 * Bottlerocket writes one without it. The chart cannot run `ldconfig` first. https://github.com/NVIDIA/dcgm-exporter/issues/636
 */
export function gpuMetricsChart(image: string): Chart {
  const chart = emptyChart('gpu-metrics');
  const metadata = { name: GPU_METRICS, namespace: GPU_METRICS, labels: LABELS };
  // its root container with SYS_ADMIN and a folder of the node: without them no GPU, no profiling, no names of pods
  new ApiObject(chart, 'Namespace', {
    apiVersion: 'v1', kind: 'Namespace', metadata: { name: GPU_METRICS, labels: podSecurityLabels(PodSecurity.PRIVILEGED) },
  });
  new ApiObject(chart, 'DaemonSet', {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: { selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: podSpec(image) } },
  });
  new ApiObject(chart, 'Monitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata,
    spec: { selector: { matchLabels: LABELS }, podMetricsEndpoints: [{ port: 'metrics', interval: '15s' }] },
  });
  return chart;
}

function podSpec(image: string): Record<string, unknown> {
  return {
    priorityClassName: 'system-node-critical',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onNodesOf('dcgm-exporter', 'device-plugin')] },
      },
    },
    tolerations: [GPU_TOLERATION],
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [exporter(image)],
    // kubelet says here which pod has which GPU
    volumes: [{ name: 'pod-resources', hostPath: { path: '/var/lib/kubelet/pod-resources', type: 'Directory' } }],
  };
}

function exporter(image: string): Record<string, unknown> {
  return {
    name: 'exporter',
    image,
    command: [
      '/usr/bin/bash', '-c',
      '/sbin/ldconfig || /sbin/ldconfig.real; exec /usr/bin/dcgm-exporter -f /etc/dcgm-exporter/default-counters.csv',
    ],
    env: [
      { name: 'DCGM_EXPORTER_KUBERNETES', value: 'true' },
      { name: 'DCGM_EXPORTER_LISTEN', value: ':9400' },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
    ports: [{ name: 'metrics', containerPort: 9400 }],
    readinessProbe: { httpGet: { path: '/health', port: 'metrics' }, initialDelaySeconds: 45 },
    livenessProbe: { httpGet: { path: '/health', port: 'metrics' }, initialDelaySeconds: 45, periodSeconds: 15 },
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      runAsUser: 0, runAsNonRoot: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] },
    },
    volumeMounts: [{ name: 'pod-resources', mountPath: '/var/lib/kubelet/pod-resources', readOnly: true }],
  };
}
