import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';

/**
 * Makes nodes of EKS Auto Mode keep network policies, which they ignore otherwise.
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html
 */
export function networkPolicyChart(): Chart {
  const chart = emptyChart('network-policies');
  new ApiObject(chart, 'Settings', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'amazon-vpc-cni', namespace: 'kube-system' },
    data: { 'enable-network-policy-controller': 'true' },
  });
  return chart;
}
