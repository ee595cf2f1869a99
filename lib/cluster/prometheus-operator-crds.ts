import { Construct } from 'constructs';
import { MONITORING_GROUP, MONITORING_KINDS } from './blueprint/prometheus-operator-crds';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { InstallationOrder } from './private/installation-order';
import { Faults } from '../core/private/faults';

/** Properties of the Prometheus Operator's definitions. */
export interface PrometheusOperatorCrdsProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * Definitions of ServiceMonitor, PrometheusRule and their like, without the operator: so that add-ons and services can say what
 * is to be scraped before, or without, a Prometheus in the cluster.
 *
 * The library makes them when it first needs them. Fails with `definitions-exist` and what `HelmAddOn` fails with.
 *
 * @see https://github.com/prometheus-community/helm-charts/tree/main/charts/prometheus-operator-crds
 */
export class PrometheusOperatorCrds extends Construct {
  /** Sees to it that the definitions are in the cluster: they are made in its scope unless something else brings them. */
  static ensure(cluster: IMlCluster): void {
    if (areThere(cluster)) return;
    new PrometheusOperatorCrds(cluster, 'PrometheusOperatorCrds', { cluster });
  }

  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: PrometheusOperatorCrdsProps) {
    const faults = Faults.of(scope, id);
    faults.check(!areThere(props.cluster), 'definitions-exist',
      `the cluster has definitions of ${MONITORING_GROUP} already, from something that was made before; make PrometheusOperatorCrds first, or leave it out`);
    faults.throwIfAny();
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster: props.cluster,
      chart: 'prometheus-operator-crds',
      // nothing of it lies in a namespace but Helm's record
      namespace: 'kube-system',
      overrides: props.values,
      relations: { defines: MONITORING_KINDS, creates: [] },
    });
  }
}

function areThere(cluster: IMlCluster): boolean {
  return InstallationOrder.of(cluster).has(MONITORING_GROUP, MONITORING_KINDS);
}
