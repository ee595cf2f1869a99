import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';

/** What a certificate authority of the cluster's own is made of. */
export interface SelfSignedAuthority {
  /** Name of the ClusterIssuer, and of what stands behind it. */
  readonly name: string;
  /** Namespace of cert-manager: a ClusterIssuer reads its key there. */
  readonly namespace: string;
}

/** A ClusterIssuer whose key the cluster makes itself. https://cert-manager.io/docs/configuration/selfsigned/ */
export function selfSignedChart(authority: SelfSignedAuthority): Chart {
  const { name, namespace } = authority;
  const chart = emptyChart('self-signed');
  const root = `${name}-root`;
  new ApiObject(chart, 'Root', { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: root }, spec: { selfSigned: {} } });
  new ApiObject(chart, 'Authority', {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name, namespace },
    spec: {
      isCA: true,
      commonName: name,
      secretName: name,
      duration: '87600h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' },
      issuerRef: { name: root, kind: 'ClusterIssuer', group: 'cert-manager.io' },
    },
  });
  new ApiObject(chart, 'Issuer', { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name }, spec: { ca: { secretName: name } } });
  return chart;
}

/** What a certificate says. */
export interface CertificateRequest {
  readonly name: string;
  readonly namespace: string;
  readonly secretName: string;
  readonly dnsNames: readonly string[];
  readonly issuer: string;
}

/** One certificate of a ClusterIssuer. https://cert-manager.io/docs/usage/certificate/ */
export function certificateChart(request: CertificateRequest): Chart {
  const chart = emptyChart('certificate');
  new ApiObject(chart, 'Certificate', {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: request.name, namespace: request.namespace },
    spec: {
      secretName: request.secretName,
      dnsNames: [...request.dnsNames],
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      issuerRef: { name: request.issuer, kind: 'ClusterIssuer', group: 'cert-manager.io' },
    },
  });
  return chart;
}
