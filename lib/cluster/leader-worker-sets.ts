import { Construct } from 'constructs';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';

/** Properties of LeaderWorkerSet. */
export interface LeaderWorkerSetsProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** LeaderWorkerSet: groups of pods that serve one model over several nodes. */
export class LeaderWorkerSets extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: LeaderWorkerSetsProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'lws', overrides: props.values });
  }
}
