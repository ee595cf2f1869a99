import { Construct } from 'constructs';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';

/** Properties of Envoy Gateway. */
export interface EnvoyGatewayProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** Envoy Gateway: the Gateway API on Envoy proxies. */
export class EnvoyGateway extends Construct {
  /** The installed chart. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: EnvoyGatewayProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'envoy-gateway-helm', overrides: props.values });
  }
}
