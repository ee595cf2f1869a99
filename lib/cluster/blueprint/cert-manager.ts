/** Custom resources that the chart defines with `crds.enabled`, and that its webhook judges. */
export const CERT_MANAGER_KINDS = [
  'acme.cert-manager.io/Challenge', 'acme.cert-manager.io/Order',
  'cert-manager.io/Certificate', 'cert-manager.io/CertificateRequest', 'cert-manager.io/ClusterIssuer', 'cert-manager.io/Issuer',
];

/** Namespace of the release: cluster issuers keep their keys there. */
export const CERT_MANAGER_NAMESPACE = 'cert-manager';

/** What is decided about cert-manager. */
export interface CertManagerRequest {
  readonly replicas: number;
  readonly imageMirror?: string;
}

/** Values of the chart. The pods meet Pod Security "restricted" by the chart's own defaults. */
export function certManagerValues(request: CertManagerRequest): Record<string, unknown> {
  const { replicas, imageMirror } = request;
  return {
    crds: { enabled: true },
    replicaCount: replicas,
    // its leases would otherwise need rights in kube-system
    global: { leaderElection: { namespace: CERT_MANAGER_NAMESPACE } },
    webhook: { replicaCount: replicas },
    // a job that ends when the webhook answers: Helm waits for it
    startupapicheck: { enabled: true },
    ...imageMirror === undefined ? {} : { imageRegistry: `${imageMirror.replace(/\/+$/, '')}/quay.io` },
  };
}
