import { ApiObject, type Chart } from 'cdk8s';
import { podSecurityLabels } from '../../cluster/blueprint/namespaces';
import { PodSecurity } from '../../cluster/blueprint/pod-security';
import { emptyChart } from '../../cluster/manifests/basics';

/** A namespace for models: hardened pods only, and nobody talks to anybody unless a policy says so. */
export function modelNamespaceChart(name: string): Chart {
  const chart = emptyChart('model-namespace');
  new ApiObject(chart, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: podSecurityLabels(PodSecurity.RESTRICTED) } });
  new ApiObject(chart, 'DefaultDeny', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'default-deny', namespace: name },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
  return chart;
}
