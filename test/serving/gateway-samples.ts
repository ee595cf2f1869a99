import type { Chart } from 'cdk8s';
import { chartOf } from './routes-samples';
import { ENVOY_GATEWAY, proxyService } from '../../lib/cluster/blueprint/envoy-gateway';
import { GatewayExposure } from '../../lib/cluster/blueprint/gateway-exposure';
import { Faults } from '../../lib/core/private/faults';
import { Authentication, GatewayLoadBalancer, GatewayTls } from '../../lib/serving';
import { planGateway, type GatewayPlan, type GatewayRequest } from '../../lib/serving/blueprint/inference-gateway';
import { gatewayObjects, type GatewayObjectsRequest } from '../../lib/serving/manifests/gateway';

/** The plan of a gateway; faults are thrown. */
export function gatewayPlan(request: Partial<GatewayRequest> = {}): GatewayPlan {
  const faults = Faults.at('Gateway');
  const plan = planGateway(faults, { hasHostedZone: false, hasCertificate: false, idleSeconds: 3_600, delivery: 'helm', autoMode: false, ...request });
  faults.throwIfAny();
  return plan;
}

/** A gateway's objects. */
export function gatewayChart(plan: GatewayPlan, more: Partial<GatewayObjectsRequest> = {}): Chart {
  return chartOf(...gatewayObjects({
    plan,
    proxyNamespace: ENVOY_GATEWAY.namespace,
    service: proxyService({ exposure: GatewayExposure.INTERNAL_LOAD_BALANCER, autoMode: false, gatewayClassName: 'ml-platform', replicas: 2, image: 'x' }),
    certificate: GatewayTls.selfSigned()._source,
    hostNames: ['llm.example.com'],
    authentication: Authentication.apiKeys({ secretNames: ['keys'] })._rules,
    ...more,
  }));
}

/** Gateways in their smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  const none = Authentication.none({ acknowledgement: 'anyone who reaches this gateway may use every model behind it' });
  const jwt = { issuer: 'https://login.example.com', jwksUrl: 'https://login.example.com/keys', audiences: ['models', 'https://llm.example.com'] };
  return {
    'API keys': gatewayChart(gatewayPlan(), { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/a/0123456789abcdef' }),
    'tokens': gatewayChart(gatewayPlan({ gatewayName: 'g'.repeat(40), routeNamespaces: ['a', 'b'], loadBalancer: GatewayLoadBalancer.NONE }), {
      authentication: Authentication.jwt(jwt)._rules, certificate: GatewayTls.clusterIssuer('company')._source,
    }),
    'tokens with scopes': gatewayChart(gatewayPlan({ delivery: 'gitOps' }), { authentication: Authentication.jwt({ ...jwt, scopes: ['models:use'] })._rules }),
    'no authentication': gatewayChart(gatewayPlan({ autoMode: true }), { authentication: none._rules, certificate: GatewayTls.secret('certificate')._source }),
  };
}
