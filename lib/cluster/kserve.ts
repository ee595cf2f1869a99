import { Construct } from 'constructs';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';

/** Properties of KServe. */
export interface KServeProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** KServe in Standard mode: InferenceServices as plain Deployments. */
export class KServe extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: KServeProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'kserve-resources', overrides: props.values });
  }
}
