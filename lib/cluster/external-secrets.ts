import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { EXTERNAL_SECRETS, EXTERNAL_SECRETS_GUARDS, EXTERNAL_SECRETS_KINDS, externalSecretsValues } from './blueprint/external-secrets';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { secretStoreChart } from './manifests/secret-store';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { PrometheusOperatorCrds } from './prometheus-operator-crds';
import { WorkloadIdentity } from './workload-identity';
import { checkText, checkUnique, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of the External Secrets Operator. */
export interface ExternalSecretsProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Namespaces whose ExternalSecrets may read the store `aws-secrets-manager`. Whoever may make an ExternalSecret there reads
   * every secret that was granted to `identity`.
   *
   * @default - all
   */
  readonly namespaces?: string[];

  /**
   * How many copies of the operator and of its webhook run. One works, the others take over.
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
 * The External Secrets Operator: keeps Kubernetes Secrets as AWS Secrets Manager has them, so that no secret is in a template or in
 * Git. It brings the ClusterSecretStore `aws-secrets-manager`; its pods meet Pod Security "restricted".
 *
 * It reads what was granted to `identity`: `secret.grantRead(externalSecrets.identity)`.
 *
 * Fails with `invalid-replicas`, `invalid-namespaces`, `duplicate-namespaces`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://external-secrets.io/latest/
 */
export class ExternalSecrets extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;
  /** AWS rights of the operator; none until a secret is granted to it. */
  readonly identity: WorkloadIdentity;
  /** The store. */
  readonly store: ManifestRelease;
  /** Name of the ClusterSecretStore. */
  readonly storeName: string;

  constructor(scope: Construct, id: string, props: ExternalSecretsProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.check(props.namespaces === undefined || props.namespaces.length > 0, 'invalid-namespaces',
      'namespaces is empty, so that nobody could read the store; name at least one, or leave it out');
    props.namespaces?.forEach((name, index) => checkText(faults, `namespaces[${index}]`, name, DNS_LABEL));
    checkUnique(faults, 'namespaces', props.namespaces ?? []);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    const { namespace, serviceAccount, storeName } = EXTERNAL_SECRETS;
    const images = chartImages(cluster, 'external-secrets');
    PrometheusOperatorCrds.ensure(cluster);
    this.identity = new WorkloadIdentity(this, 'Identity', { cluster, namespace, serviceAccountName: serviceAccount, createServiceAccount: false });
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'external-secrets',
      namespace,
      values: externalSecretsValues({ replicas: props.replicas ?? 1, images }),
      overrides: props.values,
      images,
      identities: [this.identity],
      relations: {
        defines: EXTERNAL_SECRETS_KINDS,
        guards: EXTERNAL_SECRETS_GUARDS,
        requires: [AddOnRequirement.customResource('monitoring.coreos.com/ServiceMonitor')],
      },
    });
    this.storeName = storeName;
    this.store = new ManifestRelease(this, 'Store', {
      cluster, chart: secretStoreChart({ name: storeName, region: Stack.of(cluster).region, namespaces: props.namespaces }),
    });
  }
}
