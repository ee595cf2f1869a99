import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { KEDA } from './blueprint/keda';
import { KEDA_HTTP_KINDS, kedaHttpValues } from './blueprint/keda-http';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { Faults } from '../core/private/faults';

/** Properties of KEDA's HTTP add-on. */
export interface KedaHttpProps {
  /** The cluster; it has KEDA. */
  readonly cluster: IMlCluster;

  /**
   * Smallest number of copies of the proxy, and number of copies of its scaler. Every request to a model that can go to zero
   * passes the proxy.
   *
   * @default 2
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
 * KEDA's HTTP add-on: a proxy that holds requests to a model without pods while the model starts. It stands in the namespace
 * of KEDA, which comes before it; without KEDA synthesis fails with `missing-requirement`.
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://keda.sh/http-add-on/
 */
export class KedaHttp extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: KedaHttpProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas, 50);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    const images = chartImages(cluster, 'keda-add-ons-http');
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'keda-add-ons-http',
      namespace: KEDA.namespace,
      values: kedaHttpValues({ replicas: props.replicas ?? 2, images }),
      overrides: props.values,
      images,
      // its interceptor is scaled by a ScaledObject of KEDA
      relations: { defines: KEDA_HTTP_KINDS, requires: [AddOnRequirement.customResource('keda.sh/ScaledObject')] },
    });
  }
}
