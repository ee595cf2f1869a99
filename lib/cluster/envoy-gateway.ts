import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { ControlledResource } from './blueprint/controlled-resource';
import { ENVOY_AI_GATEWAY } from './blueprint/envoy-ai-gateway';
import { ENVOY_GATEWAY, envoyGatewayValues, GATEWAY_KINDS, gatewayCrdsValues } from './blueprint/envoy-gateway';
import { GatewayExposure } from './blueprint/gateway-exposure';
import { imageNamed } from './blueprint/image-address';
import { LOAD_BALANCER_CONTROLLER } from './blueprint/load-balancer-controller';
import { NodeProvisioning } from './blueprint/node-provisioning';
import { EnvoyAiGateway } from './envoy-ai-gateway';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { gatewayClassChart } from './manifests/gateway-class';
import { releaseNameOf } from './manifests/release';
import { chartImages } from './private/chart-images';
import { checkReplicas } from './private/check-replicas';
import { InstallationOrder } from './private/installation-order';
import { PrometheusOperatorCrds } from './prometheus-operator-crds';
import { checkLiteral, checkText, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of Envoy Gateway. */
export interface EnvoyGatewayProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Name of the GatewayClass, a DNS label. Gateways name it in `gatewayClassName`.
   *
   * @default 'ml-platform'
   */
  readonly gatewayClassName?: string;

  /**
   * Where proxies are reached. Never from the internet.
   *
   * @default GatewayExposure.INTERNAL_LOAD_BALANCER
   */
  readonly exposure?: GatewayExposure;

  /**
   * How many proxies stand behind each Gateway, spread over the zones.
   *
   * @default 2
   */
  readonly proxyReplicas?: number;

  /**
   * How many copies of the controller run. Proxies go on without it.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * Whether routes can end in an InferencePool, which an EndpointPicker needs. It installs Envoy AI Gateway, with as many copies,
   * and needs CertManager.
   *
   * @default false
   */
  readonly inferencePools?: boolean;

  /**
   * Values of the controller's chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * Envoy Gateway: the Gateway API on Envoy proxies. It brings the definitions of the Gateway API (standard channel), a GatewayClass
 * whose proxies stand behind an internal network load balancer, and a PodMonitor for their metrics.
 *
 * An internal load balancer needs the LoadBalancerController, except on Auto Mode; without it synthesis fails with
 * `missing-requirement`. Each Gateway then costs a network load balancer, about 16 USD a month in us-east-1 at rest.
 *
 * Fails with `invalid-gateway-class-name`, `invalid-replicas`, `invalid-proxy-replicas`, `unknown-chart-value` and what `HelmAddOn`
 * fails with.
 *
 * @see https://gateway.envoyproxy.io/docs/
 */
export class EnvoyGateway extends Construct {
  /** The chart of definitions. */
  readonly definitions: HelmAddOn;
  /** The controller. */
  readonly addOn: HelmAddOn;
  /** What makes InferencePools work; undefined without them. */
  readonly aiGateway?: EnvoyAiGateway;
  /** The GatewayClass and how its proxies are made. */
  readonly gatewayClass: ManifestRelease;
  /** Name of the GatewayClass. */
  readonly gatewayClassName: string;
  /** Namespace of the controller and of all proxies. */
  readonly namespace: string;

  constructor(scope: Construct, id: string, props: EnvoyGatewayProps) {
    const faults = Faults.of(scope, id);
    const name = props.gatewayClassName ?? ENVOY_GATEWAY.gatewayClassName;
    if (checkLiteral(faults, 'gatewayClassName', name)) checkText(faults, 'gatewayClassName', name, DNS_LABEL);
    checkReplicas(faults, 'replicas', props.replicas);
    checkReplicas(faults, 'proxyReplicas', props.proxyReplicas, 100);
    checkLiteral(faults, 'inferencePools', props.inferencePools);
    faults.throwIfAny();
    super(scope, id);
    const { cluster, exposure = GatewayExposure.INTERNAL_LOAD_BALANCER, inferencePools = false, replicas = 1 } = props;
    this.gatewayClassName = name;
    this.definitions = new HelmAddOn(this, 'Definitions', {
      cluster,
      chart: 'envoy-gateway-crds-helm',
      namespace: ENVOY_GATEWAY.namespace,
      values: gatewayCrdsValues(),
      relations: { defines: GATEWAY_KINDS, creates: [] },
    });
    if (inferencePools) this.aiGateway = new EnvoyAiGateway(this, 'AiGateway', { cluster, replicas });
    const images = chartImages(cluster, 'envoy-gateway-helm');
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'envoy-gateway-helm',
      name: 'envoy-gateway',
      namespace: ENVOY_GATEWAY.namespace,
      values: envoyGatewayValues({ replicas, images, inferencePools }),
      overrides: props.values,
      images,
      relations: {
        requires: [
          AddOnRequirement.customResource('gateway.networking.k8s.io/Gateway'),
          ...inferencePools ? [AddOnRequirement.addOn(ENVOY_AI_GATEWAY.name)] : [],
        ],
        // behind each Gateway stands one, which goes with it only while this controller runs
        controls: exposure === GatewayExposure.INTERNAL_LOAD_BALANCER ? [ControlledResource.LOAD_BALANCERS] : [],
      },
    });
    this.namespace = this.addOn.namespace;
    this.gatewayClass = this.makeGatewayClass(props, exposure, imageNamed(images, 'envoy').full);
  }

  private makeGatewayClass(props: EnvoyGatewayProps, exposure: GatewayExposure, image: string): ManifestRelease {
    const { cluster } = props;
    const autoMode = cluster.nodeProvisioning === NodeProvisioning.AUTO_MODE;
    const needsController = exposure === GatewayExposure.INTERNAL_LOAD_BALANCER && !autoMode;
    PrometheusOperatorCrds.ensure(cluster);
    // Envoy Gateway takes load balancers away only while it knows how they were made: the class stays until the drain is done
    const releaseName = InstallationOrder.of(cluster).promote(releaseNameOf(`${this.node.path}/GatewayClass`));
    return new ManifestRelease(this, 'GatewayClass', {
      cluster,
      releaseName,
      namespace: ENVOY_GATEWAY.namespace,
      chart: gatewayClassChart({ gatewayClassName: this.gatewayClassName, replicas: props.proxyReplicas ?? 2, exposure, autoMode, image }),
      requires: [
        AddOnRequirement.addOn(this.addOn.addOnName),
        ...needsController ? [AddOnRequirement.addOn(LOAD_BALANCER_CONTROLLER.name)] : [],
      ],
    });
  }
}
