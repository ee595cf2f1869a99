import { ApiObject, App, Chart } from 'cdk8s';
import { DRAIN_GROUP, DRAIN_RULES } from '../blueprint/drain';
import { podSecurityLabels } from '../blueprint/namespaces';
import type { PodSecurity } from '../blueprint/pod-security';

/** A chart with one namespace that keeps a Pod Security standard. */
export function namespaceChart(name: string, level: PodSecurity): Chart {
  const chart = emptyChart('namespace');
  new ApiObject(chart, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: podSecurityLabels(level) } });
  return chart;
}

/** A chart with one ServiceAccount. Pod Identity needs no annotation: an IRSA annotation would win over it. */
export function serviceAccountChart(namespace: string, name: string, mountApiToken: boolean): Chart {
  const chart = emptyChart('service-account');
  new ApiObject(chart, 'ServiceAccount', {
    apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace }, automountServiceAccountToken: mountApiToken,
  });
  return chart;
}

/** The rights of the drain: a ClusterRole bound to the group that its AWS role is mapped to. */
export function drainAccessChart(): Chart {
  const chart = emptyChart('drain-access');
  const name = 'ml-platform-drain';
  new ApiObject(chart, 'Role', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: DRAIN_RULES });
  new ApiObject(chart, 'Binding', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: DRAIN_GROUP }],
  });
  return chart;
}

/** Encrypted gp3 volumes, made where the pod is scheduled: the default class goes with its claim, the other one stays. */
export function storageClassesChart(provisioner = 'ebs.csi.aws.com'): Chart {
  const chart = emptyChart('storage-classes');
  for (const [name, reclaimPolicy] of [['gp3', 'Delete'], ['gp3-retain', 'Retain']] as const) {
    new ApiObject(chart, name, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name, ...name === 'gp3' ? { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } : {} },
      provisioner,
      parameters: { type: 'gp3', encrypted: 'true' },
      allowVolumeExpansion: true,
      reclaimPolicy,
      volumeBindingMode: 'WaitForFirstConsumer',
    });
  }
  return chart;
}

/** A chart in an app of its own: nothing else is written with it. */
export function emptyChart(id: string): Chart {
  return new Chart(new App(), id);
}
