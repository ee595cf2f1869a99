import { Construct } from 'constructs';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';

/** Properties of KEDA's HTTP add-on. */
export interface KedaHttpProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** KEDA's HTTP add-on: a proxy that holds requests while a workload starts. */
export class KedaHttp extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: KedaHttpProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'keda-add-ons-http', overrides: props.values });
  }
}
