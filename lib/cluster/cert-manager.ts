import { Construct } from 'constructs';
import { CERT_MANAGER_KINDS, certManagerValues } from './blueprint/cert-manager';
import { mirroredImage } from './blueprint/endpoints';
import { PodSecurity } from './blueprint/pod-security';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { SelfSignedIssuer, type SelfSignedIssuerOptions } from './self-signed-issuer';
import { checkInteger, checkLiteral } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of cert-manager. */
export interface CertManagerProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the controller and of the webhook run.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * cert-manager: certificates for webhooks and services. Its definitions come with it, its pods meet Pod Security "restricted", and
 * whatever makes certificates waits until its webhook answers.
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://cert-manager.io/docs/installation/helm/
 */
export class CertManager extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;
  private readonly cluster: IMlCluster;

  constructor(scope: Construct, id: string, props: CertManagerProps) {
    const faults = Faults.of(scope, id);
    checkLiteral(faults, 'replicas', props.replicas);
    checkInteger(faults, 'replicas', props.replicas, { min: 1, max: 10 });
    faults.throwIfAny();
    super(scope, id);
    const { imageMirror, platformVersion } = props.cluster;
    this.cluster = props.cluster;
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster: props.cluster,
      chart: 'cert-manager',
      podSecurity: PodSecurity.RESTRICTED,
      values: certManagerValues({ replicas: props.replicas ?? 1, imageMirror }),
      overrides: props.values,
      images: platformVersion.images('cert-manager').map((image) => mirroredImage(imageMirror, image)),
      relations: { defines: [...CERT_MANAGER_KINDS], guards: [...CERT_MANAGER_KINDS] },
    });
  }

  /** A certificate authority of the cluster's own, for certificates inside of it. */
  addSelfSignedIssuer(id: string, options: SelfSignedIssuerOptions = {}): SelfSignedIssuer {
    return new SelfSignedIssuer(this, id, { cluster: this.cluster, issuerName: options.issuerName });
  }
}
