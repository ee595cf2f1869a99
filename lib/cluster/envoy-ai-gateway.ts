import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { ENVOY_AI_GATEWAY, ENVOY_AI_GATEWAY_CERTIFICATES, ENVOY_AI_GATEWAY_KINDS, envoyAiGatewayValues } from './blueprint/envoy-ai-gateway';
import { ENVOY_GATEWAY } from './blueprint/envoy-gateway';
import { HelmAddOn } from './helm-add-on';
import { InferenceExtension } from './inference-extension';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { Faults } from '../core/private/faults';

/** Properties of Envoy AI Gateway. */
export interface EnvoyAiGatewayProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the controller run. While none does, Envoy Gateway keeps its last configuration and no new proxy starts.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Values of the controller's chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * Envoy AI Gateway, which teaches Envoy Gateway to send requests to an InferencePool, with the definitions of the inference
 * extension. `new EnvoyGateway(..., { inferencePools: true })` makes it and points Envoy Gateway at it.
 *
 * Its certificate comes from cert-manager; without CertManager synthesis fails with `missing-requirement`. Its routes for model
 * providers and for MCP are there, and nothing in the library uses them: the chart signs MCP sessions with a public default, so set
 * `controller.mcp.sessionEncryption.seed` in `values` before you use those.
 *
 * Fails with `invalid-replicas`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://aigateway.envoyproxy.io/docs/capabilities/inference/
 */
export class EnvoyAiGateway extends Construct {
  /** The chart of definitions. */
  readonly definitions: HelmAddOn;
  /** The controller. */
  readonly addOn: HelmAddOn;

  constructor(scope: Construct, id: string, props: EnvoyAiGatewayProps) {
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.throwIfAny();
    super(scope, id);
    const { cluster } = props;
    InferenceExtension.ensure(cluster);
    this.definitions = new HelmAddOn(this, 'Definitions', {
      cluster,
      chart: 'envoy-ai-gateway-crds-helm',
      namespace: ENVOY_AI_GATEWAY.namespace,
      relations: { defines: ENVOY_AI_GATEWAY_KINDS, creates: [] },
    });
    const images = chartImages(cluster, 'envoy-ai-gateway-helm');
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'envoy-ai-gateway-helm',
      name: ENVOY_AI_GATEWAY.name,
      namespace: ENVOY_AI_GATEWAY.namespace,
      values: envoyAiGatewayValues({ replicas: props.replicas ?? 1, images, envoyGatewayNamespace: ENVOY_GATEWAY.namespace }),
      overrides: props.values,
      images,
      relations: {
        creates: ['/Service', ...ENVOY_AI_GATEWAY_CERTIFICATES],
        requires: [
          'aigateway.envoyproxy.io/AIGatewayRoute', 'gateway.networking.k8s.io/Gateway', 'gateway.envoyproxy.io/EnvoyProxy',
          'inference.networking.k8s.io/InferencePool',
        ].map((kind) => AddOnRequirement.customResource(kind)),
      },
    });
  }
}
