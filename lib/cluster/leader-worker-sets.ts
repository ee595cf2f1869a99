import { Construct } from 'constructs';
import { LEADER_WORKER_SET_KINDS, leaderWorkerSetsValues } from './blueprint/leader-worker-sets';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { Faults } from '../core/private/faults';

/** Properties of LeaderWorkerSet. */
export interface LeaderWorkerSetsProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the controller run. One works, the others answer its webhook.
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
 * LeaderWorkerSet: groups of pods that serve one model over several nodes. Its pods meet Pod Security "restricted".
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://lws.sigs.k8s.io/
 */
export class LeaderWorkerSets extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: LeaderWorkerSetsProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    const images = chartImages(cluster, 'lws');
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'lws',
      namespace: 'lws-system',
      values: leaderWorkerSetsValues({ replicas: props.replicas ?? 1, images }),
      overrides: props.values,
      images,
      relations: { defines: LEADER_WORKER_SET_KINDS, guards: ['leaderworkerset.x-k8s.io/LeaderWorkerSet'] },
    });
  }
}
