import type { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import { ApiObject, type Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { GATEWAY_PORTS, planGateway, type GatewayPlan } from './blueprint/inference-gateway';
import type { Authentication } from './blueprint/inference-gateway-authentication';
import { GatewayLoadBalancer } from './blueprint/inference-gateway-load-balancer';
import { GatewayTls } from './blueprint/inference-gateway-tls';
import type { IInferenceGateway, InferenceGatewayAttributes } from './interfaces';
import { gatewayObjects } from './manifests/gateway';
import { ImportedInferenceGateway } from './private/gateway-imported';
import { StackLoadBalancer } from './private/gateway-load-balancer';
import { claimGatewayName } from './private/gateway-names';
import { AddOnRequirement } from '../cluster/blueprint/add-on-requirement';
import { ENVOY_GATEWAY, proxyService } from '../cluster/blueprint/envoy-gateway';
import { GatewayExposure } from '../cluster/blueprint/gateway-exposure';
import { NodeProvisioning } from '../cluster/blueprint/node-provisioning';
import type { IMlCluster } from '../cluster/interfaces';
import { ManifestRelease } from '../cluster/manifest-release';
import { emptyChart } from '../cluster/manifests/basics';
import { Faults } from '../core/private/faults';

/** Properties of a gateway to models. */
export interface InferenceGatewayProps {
  /** The cluster; it has `EnvoyGateway`, and for its default load balancer and certificate `LoadBalancerController` and `CertManager`. */
  readonly cluster: IMlCluster;

  /** How callers say who they are. */
  readonly authentication: Authentication;

  /**
   * Where the certificate comes from.
   *
   * @default GatewayTls.selfSigned()
   */
  readonly tls?: GatewayTls;

  /**
   * Name of the Gateway and of its namespace: 1 to 40 lower-case letters, digits or hyphens.
   *
   * @default 'inference-gateway'
   */
  readonly gatewayName?: string;

  /**
   * Namespaces whose routes it takes. Whoever may write routes and policies there decides who reaches what behind them.
   *
   * @default ['models']
   */
  readonly routeNamespaces?: string[];

  /**
   * What stands in front of the proxies.
   *
   * @default - `GatewayLoadBalancer.OF_STACK`; in yaml and gitOps delivery and on EKS Auto Mode `OF_CONTROLLER`
   */
  readonly loadBalancer?: GatewayLoadBalancer;

  /**
   * Host name that callers use. Without `hostedZone` make the DNS record yourself.
   *
   * @default - the load balancer's own name; the Service's name in the cluster if the stack has no load balancer
   */
  readonly hostName?: string;

  /**
   * Zone in which `hostName` gets an alias record to the load balancer.
   *
   * @default - no record
   */
  readonly hostedZone?: route53.IHostedZone;

  /**
   * How long a request may be silent, 60 to 6,000 seconds: queue and prompt come before the first token.
   * Streams may take as long as they like.
   *
   * @default Duration.minutes(60)
   */
  readonly idleTimeout?: Duration;

  /**
   * GatewayClass of the proxies.
   *
   * @default 'ml-platform'
   */
  readonly gatewayClassName?: string;
}

/**
 * The way to models in a cluster: Envoy proxies behind an internal network load balancer. Service `chat` answers OpenAI's API at
 * `<url>/chat/v1`. Always TLS 1.2 or newer, always with authentication unless the risk is written out, never from the internet,
 * and closed until `connections.allowDefaultPortFrom(caller)`.
 *
 * At rest: about 16.43 USD a month in us-east-1 for the load balancer; the proxies run on the system nodes.
 *
 * Fails with a ValidationError, among others `invalid-gateway-name`, `duplicate-gateway-name`, `invalid-route-namespaces`,
 * `deploy-time-load-balancer`, `unsupported-load-balancer`, `certificate-unused`, `hosted-zone-unused`.
 *
 * @see https://gateway.envoyproxy.io/docs/
 */
export class InferenceGateway extends Construct implements IInferenceGateway {
  /** A gateway that exists. Nothing is created. */
  static fromInferenceGatewayAttributes(scope: Construct, id: string, attributes: InferenceGatewayAttributes): IInferenceGateway {
    return new ImportedInferenceGateway(scope, id, attributes);
  }

  readonly cluster: IMlCluster;
  readonly gatewayName: string;
  readonly namespace: string;
  readonly proxyNamespace: string;
  readonly address: string;
  readonly url: string;
  /** Who may call: those that are let in to the load balancer of the stack. Empty where there is none. */
  readonly connections: ec2.Connections;
  /** The gateway's objects. */
  readonly release: ManifestRelease;
  /** Security group of the stack's load balancer, if it has one. */
  readonly securityGroup?: ec2.ISecurityGroup;

  constructor(scope: Construct, id: string, props: InferenceGatewayProps) {
    const faults = Faults.of(scope, id);
    const plan = checkGateway(faults, props);
    claimGatewayName(faults, props.cluster, plan.name);
    faults.throwIfAny();
    super(scope, id);
    this.cluster = props.cluster;
    this.gatewayName = plan.name;
    this.namespace = plan.name;
    this.proxyNamespace = ENVOY_GATEWAY.namespace;
    const loadBalancer = plan.loadBalancer === GatewayLoadBalancer.OF_STACK ? this.makeLoadBalancer(props, plan) : undefined;
    const inCluster = `${plan.serviceName}.${this.proxyNamespace}.svc`;
    this.address = props.hostName ?? loadBalancer?.resource.loadBalancerDnsName ?? `${inCluster}.cluster.local`;
    this.url = `https://${this.address}`;
    this.securityGroup = loadBalancer?.securityGroup;
    this.connections = loadBalancer?.connections ?? new ec2.Connections({ defaultPort: ec2.Port.tcp(GATEWAY_PORTS.service) });
    this.release = new ManifestRelease(this, 'Objects', {
      cluster: props.cluster,
      // the controller cleans up the proxies when the gateway goes
      requires: [AddOnRequirement.addOn('envoy-gateway')],
      chart: chartOf(props, plan, [...new Set([this.address, inCluster, `${inCluster}.cluster.local`])], loadBalancer?.targetGroup.targetGroupArn),
    });
  }

  private makeLoadBalancer(props: InferenceGatewayProps, plan: GatewayPlan): StackLoadBalancer {
    const { cluster, hostName, hostedZone, tls } = props;
    return new StackLoadBalancer(this, 'LoadBalancer', { cluster, hostName, hostedZone, certificate: tls?.loadBalancerCertificate, idleSeconds: plan.idleSeconds });
  }
}

function checkGateway(faults: Faults, props: InferenceGatewayProps): GatewayPlan {
  const { cluster, gatewayName, gatewayClassName, routeNamespaces, loadBalancer, hostName } = props;
  return planGateway(faults, {
    gatewayName,
    gatewayClassName,
    routeNamespaces,
    loadBalancer,
    hostName,
    hasHostedZone: props.hostedZone !== undefined,
    hasCertificate: props.tls?.loadBalancerCertificate !== undefined,
    idleSeconds: props.idleTimeout?.toSeconds({ integral: false }) ?? 3_600,
    delivery: cluster.delivery.type,
    autoMode: cluster.nodeProvisioning === NodeProvisioning.AUTO_MODE,
  });
}

function chartOf(props: InferenceGatewayProps, plan: GatewayPlan, hostNames: string[], targetGroupArn?: string): Chart {
  const { cluster, authentication, tls = GatewayTls.selfSigned() } = props;
  const chart = emptyChart('inference-gateway');
  const autoMode = cluster.nodeProvisioning === NodeProvisioning.AUTO_MODE;
  const objects = gatewayObjects({
    plan,
    proxyNamespace: ENVOY_GATEWAY.namespace,
    service: proxyService({ exposure: GatewayExposure.INTERNAL_LOAD_BALANCER, autoMode, gatewayClassName: plan.gatewayClassName, replicas: 1, image: '' }),
    certificate: tls._source,
    hostNames,
    authentication: authentication._rules,
    targetGroupArn,
  });
  objects.forEach((object, index) => new ApiObject(chart, `Object${index}`, object));
  return chart;
}
