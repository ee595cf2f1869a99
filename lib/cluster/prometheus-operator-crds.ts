import { Construct } from 'constructs';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';

/** Properties of the Prometheus Operator's definitions. */
export interface PrometheusOperatorCrdsProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** Definitions of ServiceMonitor, PrometheusRule and their like, without the operator. */
export class PrometheusOperatorCrds extends Construct {
  /** Sees to it that the definitions are in the cluster: made in its scope unless it has them already. */
  static ensure(cluster: IMlCluster): void {
    if (cluster.node.tryFindChild('PrometheusOperatorCrds') === undefined) new PrometheusOperatorCrds(cluster, 'PrometheusOperatorCrds', { cluster });
  }

  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: PrometheusOperatorCrdsProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'prometheus-operator-crds', overrides: props.values });
  }
}
