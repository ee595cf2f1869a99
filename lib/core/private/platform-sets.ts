/** What one platform version holds. Only this file names a chart, its repository, a version or a Kubernetes version. */
export interface PlatformSet {
  /** Kubernetes minor version. */
  readonly kubernetes: string;
  /** EKS add-on name to version. */
  readonly addOns: Record<string, string>;
  readonly charts: Record<string, { chart: string; repository: string; version: string; kubernetes: string }>;
}

/** The sets by name. A published set never changes; a newer one is added beside it. */
export const PLATFORM_SETS = {
  '2026-11': {
    kubernetes: '1.35',
    addOns: {
      'vpc-cni': 'v1.20.4-eksbuild.1',
      'coredns': 'v1.12.4-eksbuild.1',
      'kube-proxy': 'v1.35.0-eksbuild.2',
      'eks-pod-identity-agent': 'v1.3.10-eksbuild.1',
      'aws-ebs-csi-driver': 'v1.53.0-eksbuild.1',
      'aws-mountpoint-s3-csi-driver': 'v2.2.1-eksbuild.1',
    },
    charts: {
      'cert-manager': { chart: 'cert-manager', repository: 'oci://quay.io/jetstack/charts/cert-manager', version: 'v1.21.1', kubernetes: '>=1.29' },
    },
  },
} as const satisfies Record<string, PlatformSet>;
