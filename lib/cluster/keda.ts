import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { KEDA, KEDA_KINDS, kedaValues } from './blueprint/keda';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { PrometheusOperatorCrds } from './prometheus-operator-crds';
import { WorkloadIdentity } from './workload-identity';
import { Faults } from '../core/private/faults';

/** Properties of KEDA. */
export interface KedaProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the operator, its metrics server and its webhook run. One works, the others take over.
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
 * KEDA: scales workloads by metrics, schedules and queues. Its pods meet Pod Security "restricted".
 *
 * Scalers with `identityOwner: keda` read AWS with the rights of `identity`: grant to it.
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://keda.sh/docs/
 */
export class Keda extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;
  /** AWS rights of the operator; none until something is granted to it. */
  readonly identity: WorkloadIdentity;

  constructor(scope: Construct, id: string, props: KedaProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    const images = chartImages(cluster, 'keda');
    PrometheusOperatorCrds.ensure(cluster);
    this.identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace: KEDA.namespace, serviceAccountName: KEDA.serviceAccount, createServiceAccount: false,
    });
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'keda',
      namespace: KEDA.namespace,
      values: kedaValues({ replicas: props.replicas ?? 1, images }),
      overrides: props.values,
      images,
      identities: [this.identity],
      relations: {
        defines: KEDA_KINDS,
        guards: KEDA_KINDS,
        requires: [AddOnRequirement.customResource('monitoring.coreos.com/ServiceMonitor')],
      },
    });
  }
}
