import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type { CertificateSource } from './inference-gateway-rules';
import { checkText, DNS_LABEL } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** Where a gateway's certificate comes from. There is no gateway without one. */
export class GatewayTls {
  /**
   * An authority of the gateway's own, made by cert-manager. Callers have to be told to trust it: `ca.crt` in the Secret
   * `<gatewayName>-tls`.
   */
  static selfSigned(): GatewayTls {
    return new GatewayTls({ type: 'self-signed' });
  }

  /**
   * A ClusterIssuer of cert-manager: a company's authority, ACME, or a `SelfSignedIssuer` of this library.
   *
   * Fails with `invalid-issuer-name`.
   *
   * @param issuerName name of the ClusterIssuer
   */
  static clusterIssuer(issuerName: string): GatewayTls {
    return new GatewayTls({ type: 'cluster-issuer', name: checked('issuerName', issuerName) });
  }

  /**
   * A certificate of AWS Certificate Manager at the load balancer, for the gateway's `hostName`: callers trust it already, and AWS
   * renews it. The load balancer encrypts again on its way to the proxies, which have a certificate of their own.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html
   */
  static certificate(certificate: acm.ICertificate): GatewayTls {
    return new GatewayTls({ type: 'self-signed' }, certificate);
  }

  /**
   * A Secret of type `kubernetes.io/tls` in the gateway's namespace, kept by somebody else.
   *
   * Fails with `invalid-secret-name`.
   */
  static secret(secretName: string): GatewayTls {
    return new GatewayTls({ type: 'secret', name: checked('secretName', secretName) });
  }

  private constructor(
    /** @internal */
    readonly _source: CertificateSource,
    /** Certificate of the load balancer. */
    readonly loadBalancerCertificate?: acm.ICertificate,
  ) {}
}

function checked(property: string, name: string): string {
  const faults = Faults.at('GatewayTls');
  checkText(faults, property, name, DNS_LABEL);
  faults.throwIfAny();
  return name;
}
