import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { CERT_MANAGER_NAMESPACE } from './blueprint/cert-manager';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { certificateChart, selfSignedChart } from './manifests/self-signed';
import { checkLiteral, checkText, DNS_LABEL, kebab, type TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';

const DNS_NAME: TextRule = {
  pattern: /^(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/,
  allowed: "a DNS name in lower case, such as 'chat.models.svc'",
};

/** Options of a certificate authority of the cluster's own. */
export interface SelfSignedIssuerOptions {
  /**
   * Name of the ClusterIssuer, a DNS label.
   *
   * @default 'ml-platform'
   */
  readonly issuerName?: string;
}

/** Properties of a certificate authority of the cluster's own. */
export interface SelfSignedIssuerProps extends SelfSignedIssuerOptions {
  /** The cluster; it has cert-manager. */
  readonly cluster: IMlCluster;
}

/** Options of a certificate. */
export interface CertificateOptions {
  /** Namespace of the certificate and its secret. */
  readonly namespace: string;
  /** Names that the certificate is good for. */
  readonly dnsNames: string[];
  /**
   * Name of the secret with `tls.crt`, `tls.key` and `ca.crt`, a DNS label.
   *
   * @default - the id in kebab case
   */
  readonly secretName?: string;
}

/**
 * A certificate authority of the cluster's own: a ClusterIssuer whose key never leaves the cluster.
 *
 * Installed after cert-manager, whose webhook judges it; without cert-manager synthesis fails with `missing-requirement`.
 *
 * @see https://cert-manager.io/docs/configuration/selfsigned/
 */
export class SelfSignedIssuer extends Construct {
  /** Name of the ClusterIssuer. */
  readonly issuerName: string;
  /** The issuer's objects. */
  readonly release: ManifestRelease;
  private readonly cluster: IMlCluster;

  constructor(scope: Construct, id: string, props: SelfSignedIssuerProps) {
    const faults = Faults.of(scope, id);
    const name = props.issuerName ?? 'ml-platform';
    checkLiteral(faults, 'issuerName', name);
    checkText(faults, 'issuerName', name, DNS_LABEL);
    faults.throwIfAny();
    super(scope, id);
    this.cluster = props.cluster;
    this.issuerName = name;
    this.release = new ManifestRelease(this, 'Issuer', { cluster: props.cluster, chart: selfSignedChart({ name, namespace: CERT_MANAGER_NAMESPACE }) });
  }

  /** A certificate of this authority. Fails with `invalid-dns-names` or `invalid-namespace`. */
  addCertificate(id: string, options: CertificateOptions): ManifestRelease {
    const faults = Faults.ofConstruct(this);
    const secretName = options.secretName ?? kebab(id);
    checkText(faults, 'namespace', options.namespace, DNS_LABEL);
    checkText(faults, 'secretName', secretName, DNS_LABEL);
    faults.check(options.dnsNames.length > 0, 'invalid-dns-names', "dnsNames is empty; name what the certificate is good for, such as 'chat.models.svc'");
    options.dnsNames.forEach((name, index) => checkText(faults, `dnsNames[${index}]`, name, DNS_NAME));
    faults.throwIfAny();
    return new ManifestRelease(this, id, {
      cluster: this.cluster,
      requires: [AddOnRequirement.addOn(this.release.releaseName)],
      chart: certificateChart({ name: secretName, namespace: options.namespace, secretName, dnsNames: options.dnsNames, issuer: this.issuerName }),
    });
  }
}
