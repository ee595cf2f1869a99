import { GatewayLoadBalancer } from './inference-gateway-load-balancer';
import { checkLiteral, checkText, checkUnique, DNS_LABEL, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Port of the Service, and the one that proxies listen on: Envoy Gateway adds 10,000 to ports below 1,024. */
export const GATEWAY_PORTS = { service: 443, proxy: 10_443, metrics: 19_001 } as const;

/** Envoy Gateway makes names out of it, of 63 characters at most. */
const GATEWAY_NAME: TextRule = {
  pattern: /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, allowed: '1 to 40 lower-case letters, digits or hyphens, starting with a letter and ending with a letter or digit',
};
const HOST_NAME: TextRule = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$/, allowed: "a DNS name in lower case, such as 'llm.example.com'",
};

/** What is asked for. */
export interface GatewayRequest {
  readonly gatewayName?: string;
  readonly gatewayClassName?: string;
  readonly routeNamespaces?: readonly string[];
  readonly hostName?: string;
  readonly hasHostedZone: boolean;
  readonly hasCertificate: boolean;
  readonly idleSeconds: number;
  readonly loadBalancer?: GatewayLoadBalancer;
  /** `helm`, `yaml` or `gitOps`. */
  readonly delivery: string;
  readonly autoMode: boolean;
}

/** What was decided. */
export interface GatewayPlan {
  readonly name: string;
  /** Service in front of the proxies. */
  readonly serviceName: string;
  readonly gatewayClassName: string;
  readonly routeNamespaces: readonly string[];
  readonly loadBalancer: GatewayLoadBalancer;
  readonly idleSeconds: number;
}

/** Names, limits and the load balancer of a gateway. */
export function planGateway(faults: Faults, request: GatewayRequest): GatewayPlan {
  const { gatewayName: name = 'inference-gateway', gatewayClassName = 'ml-platform', routeNamespaces = ['models'], hostName, idleSeconds } = request;
  if (checkLiteral(faults, 'gatewayName', name)) checkText(faults, 'gatewayName', name, GATEWAY_NAME);
  if (checkLiteral(faults, 'gatewayClassName', gatewayClassName)) checkText(faults, 'gatewayClassName', gatewayClassName, DNS_LABEL);
  checkText(faults, 'hostName', hostName, HOST_NAME);
  checkNamespaces(faults, routeNamespaces);
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
  faults.check(Number.isInteger(idleSeconds) && idleSeconds >= 60 && idleSeconds <= 6_000, 'invalid-idle-timeout',
    `idleTimeout of ${show(idleSeconds)} seconds is not a whole number from 60 to 6000 seconds; use a duration in that range`);
  const loadBalancer = chooseLoadBalancer(faults, request);
  return { name, serviceName: `${name}-proxy`, gatewayClassName, routeNamespaces, loadBalancer, idleSeconds };
}

function checkNamespaces(faults: Faults, namespaces: readonly string[]): void {
  faults.check(namespaces.length > 0, 'invalid-route-namespaces', "routeNamespaces is empty, so the gateway would serve nobody; name the namespaces of the models, such as 'models'");
  namespaces.forEach((namespace, index) => {
    if (checkLiteral(faults, `routeNamespaces[${index}]`, namespace)) checkText(faults, `routeNamespaces[${index}]`, namespace, DNS_LABEL);
  });
  checkUnique(faults, 'routeNamespaces', namespaces);
}

function chooseLoadBalancer(faults: Faults, request: GatewayRequest): GatewayLoadBalancer {
  const { delivery, autoMode, hasHostedZone, hasCertificate, hostName } = request;
  const inFiles = delivery !== 'helm';
  const chosen = request.loadBalancer ?? (inFiles || autoMode ? GatewayLoadBalancer.OF_CONTROLLER : GatewayLoadBalancer.OF_STACK);
  const ofStack = chosen === GatewayLoadBalancer.OF_STACK;
  faults.check(!ofStack || !inFiles, 'deploy-time-load-balancer',
    `loadBalancer OF_STACK is known only at deploy time, but ${delivery} delivery writes files at synthesis; use GatewayLoadBalancer.OF_CONTROLLER or NONE`);
  faults.check(!ofStack || !autoMode, 'unsupported-load-balancer',
    'loadBalancer OF_STACK needs the AWS Load Balancer Controller, which EKS Auto Mode replaces; use GatewayLoadBalancer.OF_CONTROLLER or NONE');
  faults.check(ofStack || !hasHostedZone, 'hosted-zone-unused', `hostedZone is given, but the address of loadBalancer ${chosen} is not known to the stack; leave it out`);
  faults.check(ofStack || !hasCertificate, 'certificate-unused',
    `GatewayTls.certificate(...) needs loadBalancer OF_STACK, not ${chosen}; use GatewayTls.clusterIssuer(...), .secret(...) or .selfSigned()`);
  faults.check(!hasHostedZone || hostName !== undefined, 'hosted-zone-without-host-name', 'hostedZone is given without hostName; name the record, such as llm.example.com');
  faults.check(!hasCertificate || hostName !== undefined, 'certificate-without-host-name',
    'GatewayTls.certificate(...) is given without hostName; name the host that the certificate is for');
  return chosen;
}
