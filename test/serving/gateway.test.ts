import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Duration, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as fc from 'fast-check';
import { gatewayChart, gatewayPlan } from './gateway-samples';
import { faultsOf } from './rollout-support';
import { ManifestDelivery, MlCluster, NodeProvisioning } from '../../lib/cluster';
import type { IMlCluster } from '../../lib/cluster/interfaces';
import { isValidationError } from '../../lib/core/private/validation-error';
import { Authentication, GatewayLoadBalancer, GatewayTls, InferenceGateway, type InferenceGatewayProps } from '../../lib/serving';
import { fakeCluster, resourcesOf, testStack, textNetwork } from '../cluster/support';

const KEYS = Authentication.apiKeys({ secretNames: ['keys'] });
const SENTENCE = 'anyone who reaches this gateway may use every model behind it';
const INSTALLED = { installedAddOns: ['envoy-gateway'], installedApiGroups: ['gateway.networking.k8s.io', 'gateway.envoyproxy.io', 'cert-manager.io', 'elbv2.k8s.aws'] };

function clusterIn(stack: Stack, options: { delivery?: ManifestDelivery; nodeProvisioning?: NodeProvisioning } = {}): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), ...INSTALLED, ...options });
}

function gatewayIn(stack: Stack, props: Partial<InferenceGatewayProps> = {}, id = 'Gateway'): InferenceGateway {
  return new InferenceGateway(stack, id, { authentication: KEYS, ...props, cluster: props.cluster ?? clusterIn(stack) });
}

const typesOf = (stack: Stack): string[] => [...new Set(Object.values(resourcesOf(stack)).map(({ Type }) => Type))].sort();
const objects = (chart = gatewayChart(gatewayPlan())): any[] => chart.toJson() as any[];
const kind = (all: any[], name: string): any => all.find((it) => it.kind === name);

describe('a gateway', () => {
  test('stands behind an internal load balancer that passes TLS on to the proxies', () => {
    const stack = testStack();
    gatewayIn(stack);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Type: 'network', Scheme: 'internal', Subnets: ['subnet-a', 'subnet-b'], SecurityGroups: [Match.anyValue()],
      LoadBalancerAttributes: Match.arrayWith([{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }]),
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443, Protocol: 'TCP', ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '3600' }],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: 10443, Protocol: 'TCP', TargetType: 'ip', TargetGroupAttributes: Match.arrayWith([{ Key: 'preserve_client_ip.enabled', Value: 'false' }]),
    });
  });

  test('is closed, and opens to whom it is told', () => {
    const stack = testStack();
    gatewayIn(stack);
    const groups = Object.values(resourcesOf(stack)).filter(({ Type }) => Type === 'AWS::EC2::SecurityGroup');
    expect(groups.map(({ Properties }) => Properties.SecurityGroupIngress)).toEqual([undefined]);
    const opened = testStack();
    gatewayIn(opened).connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.1.0.0/16'));
    Template.fromStack(opened).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 443, ToPort: 443 })],
    });
  });

  test('reaches the proxies and nothing else', () => {
    const stack = testStack();
    gatewayIn(stack);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::SecurityGroupEgress', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { DestinationSecurityGroupId: 'sg-1', FromPort: 10443, ToPort: 10443, IpProtocol: 'tcp' });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: 'sg-1', FromPort: 10443, ToPort: 10443, IpProtocol: 'tcp' });
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
  });

  test('has the address of its load balancer', () => {
    const stack = testStack();
    const gateway = gatewayIn(stack);
    expect(stack.resolve(gateway.url)).toEqual({ 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.stringMatching(/^GatewayLoadBalancer/), 'DNSName'] }]] });
    expect(gateway).toMatchObject({ gatewayName: 'inference-gateway', namespace: 'inference-gateway', proxyNamespace: 'envoy-gateway-system' });
  });

  test('goes by a name of yours, which gets a record', () => {
    const stack = testStack();
    const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
    expect(gatewayIn(stack, { hostName: 'llm.example.com', hostedZone }).url).toBe('https://llm.example.com');
    Template.fromStack(stack).hasResourceProperties('AWS::Route53::RecordSet', { Name: 'llm.example.com.', Type: 'A', HostedZoneId: 'Z1', AliasTarget: Match.anyValue() });
  });

  test('with a certificate of AWS decrypts at the load balancer and encrypts again', () => {
    const stack = testStack();
    const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-west-1:111122223333:certificate/a');
    gatewayIn(stack, { hostName: 'llm.example.com', tls: GatewayTls.certificate(certificate) });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Protocol: 'TLS', Certificates: [{ CertificateArn: certificate.certificateArn }], SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06', AlpnPolicy: ['HTTP2Preferred'],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { Protocol: 'TLS', Port: 10443 });
  });

  test('keeps its paths', () => {
    const stack = testStack();
    const gateway = gatewayIn(stack);
    expect(gateway.node.findAll().map((it) => it.node.path.replace('Stack/Gateway', '')).filter((path) => /^(\/[A-Z][A-Za-z]+){1,3}$/.test(path)).sort()).toEqual([
      '/LoadBalancer', '/LoadBalancer/Proxies', '/LoadBalancer/Proxies/Resource', '/LoadBalancer/Resource', '/LoadBalancer/Resource/Listener', '/LoadBalancer/Resource/Resource',
      '/LoadBalancer/SecurityGroup', '/LoadBalancer/SecurityGroup/Resource', '/LoadBalancer/ToProxies', '/Objects', '/Objects/Chart', '/Objects/Chart/AssetBucket', '/Objects/Chart/Stage',
      '/Objects/Resource', '/Objects/Resource/Resource',
    ]);
  });

  test('two stand in one cluster under names of their own', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    gatewayIn(stack, { cluster });
    gatewayIn(stack, { cluster, gatewayName: 'other' }, 'Other');
    Template.fromStack(stack).resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 2);
    expect(faultsOf(() => gatewayIn(stack, { cluster, gatewayName: 'other' }, 'Third'))).toEqual([
      "[duplicate-gateway-name] gatewayName 'other' is that of Stack/Other in the same cluster; give one of them another name",
    ]);
  });

  test('may stand in another stack than its cluster', () => {
    const home = testStack('Home');
    const stack = new Stack(home.node.root as never, 'Gateways');
    const gateway = new InferenceGateway(stack, 'Gateway', { cluster: clusterIn(home), authentication: KEYS });
    expect(typesOf(home)).not.toContain('AWS::EC2::SecurityGroupIngress');
    expect(Stack.of(gateway.release)).toBe(stack);
    expect(typesOf(stack)).toContain('Custom::AWSCDK-EKS-HelmChart');
  });

  test('needs Envoy Gateway', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    gatewayIn(stack, { cluster });
    expect(() => resourcesOf(stack)).toThrow("requires the add-on 'envoy-gateway', which is not installed");
  });

  test('an imported one creates nothing and answers to the interface', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-9');
    const gateway = InferenceGateway.fromInferenceGatewayAttributes(stack, 'Gateway', { cluster, gatewayName: 'theirs', namespace: 'gateways', address: 'llm.example.com', securityGroup });
    expect(gateway).toMatchObject({ gatewayName: 'theirs', namespace: 'gateways', proxyNamespace: 'gateways', url: 'https://llm.example.com' });
    expect(gateway.connections.securityGroups).toEqual([securityGroup]);
    const other = InferenceGateway.fromInferenceGatewayAttributes(stack, 'Other', { cluster, gatewayName: 'a', namespace: 'b', proxyNamespace: 'c', address: 'd' });
    expect([other.proxyNamespace, other.connections.securityGroups]).toEqual(['c', []]);
    expect(resourcesOf(stack)).toEqual({});
  });
});

describe('without a load balancer of the stack', () => {
  test('GitOps leaves it to the controller, and the files hold no value of the deployment', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
    const stack = testStack();
    // delivery directories are relative to where the app runs
    const cluster = clusterIn(stack, { delivery: ManifestDelivery.gitOps({ directory: relative(process.cwd(), join(folder, 'out')) }) });
    const gateway = gatewayIn(stack, { cluster });
    expect(gateway.url).toBe('https://inference-gateway-proxy.envoy-gateway-system.svc.cluster.local');
    expect(gateway.connections.securityGroups).toEqual([]);
    expect(typesOf(stack).filter((type) => type.startsWith('AWS::ElasticLoadBalancing'))).toEqual([]);
    const written = (readdirSync(folder, { recursive: true, encoding: 'utf8' })).filter((file) => file.endsWith('.yaml')).map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    expect(written).toContain('loadBalancerClass: service.k8s.aws/nlb');
    expect(written).not.toContain('TargetGroupBinding');
  });

  test.each<[Partial<InferenceGatewayProps>, { delivery?: ManifestDelivery; nodeProvisioning?: NodeProvisioning }, string[]]>([
    [{ loadBalancer: GatewayLoadBalancer.OF_STACK }, { delivery: ManifestDelivery.gitOps({ directory: 'x' }) },
      ['[deploy-time-load-balancer] loadBalancer OF_STACK is known only at deploy time, but gitOps delivery writes files at synthesis; use GatewayLoadBalancer.OF_CONTROLLER or NONE']],
    [{ loadBalancer: GatewayLoadBalancer.OF_STACK }, { nodeProvisioning: NodeProvisioning.AUTO_MODE },
      ['[unsupported-load-balancer] loadBalancer OF_STACK needs the AWS Load Balancer Controller, which EKS Auto Mode replaces; use GatewayLoadBalancer.OF_CONTROLLER or NONE']],
  ])('%j is refused where it cannot be', (props, options, faults) => {
    const stack = testStack();
    const cluster = clusterIn(stack, options);
    expect(faultsOf(() => gatewayIn(stack, { cluster, ...props }))).toEqual(faults);
  });

  test('inside of the cluster only, it costs nothing', () => {
    const stack = testStack();
    gatewayIn(stack, { loadBalancer: GatewayLoadBalancer.NONE });
    // the policy lets the handler read the chart
    expect(typesOf(stack)).toEqual(['AWS::IAM::Policy', 'Custom::AWSCDK-EKS-HelmChart']);
  });

  test('what only the stack\'s load balancer has is refused', () => {
    const stack = testStack();
    const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
    const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:eu-west-1:111122223333:certificate/a');
    expect(faultsOf(() => gatewayIn(stack, { loadBalancer: GatewayLoadBalancer.NONE, hostedZone, tls: GatewayTls.certificate(certificate) }))).toEqual([
      '[hosted-zone-unused] hostedZone is given, but the address of loadBalancer NONE is not known to the stack; leave it out',
      '[certificate-unused] GatewayTls.certificate(...) needs loadBalancer OF_STACK, not NONE; use GatewayTls.clusterIssuer(...), .secret(...) or .selfSigned()',
      '[hosted-zone-without-host-name] hostedZone is given without hostName; name the record, such as llm.example.com',
      '[certificate-without-host-name] GatewayTls.certificate(...) is given without hostName; name the host that the certificate is for',
    ]);
  });
});

describe('callers', () => {
  const security = (authentication: Authentication): any => kind(objects(gatewayChart(gatewayPlan(), { authentication: authentication._rules })), 'SecurityPolicy')?.spec;

  test('show a key where OpenAI clients put it; the model sees who, but not the key', () => {
    // https://gateway.envoyproxy.io/docs/tasks/security/apikey-auth/
    expect(security(Authentication.apiKeys({ secretNames: ['a', 'b'] }))).toEqual({
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'inference-gateway' }],
      apiKeyAuth: { credentialRefs: [{ name: 'a' }, { name: 'b' }], extractFrom: [{ headers: ['Authorization', 'x-api-key'] }], forwardClientIDHeader: 'x-client-id', sanitize: true },
    });
  });

  test('show a token of the provider, for this gateway, with the scopes', () => {
    const jwt = { issuer: 'https://login.example.com', jwksUrl: 'https://login.example.com/keys', audiences: ['models'] };
    const { jwt: rules, authorization } = security(Authentication.jwt(jwt));
    expect(rules.providers).toEqual([expect.objectContaining({ issuer: jwt.issuer, audiences: ['models'], remoteJWKS: { uri: jwt.jwksUrl } })]);
    expect(rules.optional ?? rules.failOpen ?? authorization).toBeUndefined();
    expect(security(Authentication.jwt({ ...jwt, scopes: ['models:use'] })).authorization).toEqual({
      defaultAction: 'Deny', rules: [{ name: 'scopes', action: 'Allow', principal: { jwt: { provider: rules.providers[0].name, scopes: ['models:use'] } } }],
    });
  });

  test('cannot say who they are themselves', () => {
    expect(kind(objects(), 'ClientTrafficPolicy').spec.headers.earlyRequestHeaders.remove).toEqual(['x-client-id']);
  });

  test('go without only where the risk is written out', () => {
    expect(security(Authentication.none({ acknowledgement: SENTENCE }))).toBeUndefined();
    expect(faultsOf(() => Authentication.none({ acknowledgement: 'yes' }))).toEqual([
      `[unacknowledged-risk] without authentication ${SENTENCE}; if that is meant, write exactly this sentence as acknowledgement, else use Authentication.apiKeys(...) or .jwt(...)`,
    ]);
  });

  test('are not let in by half a policy', () => {
    expect(faultsOf(() => Authentication.apiKeys({ secretNames: [] }))).toEqual(['[invalid-secret-names] secretNames is empty; name at least one Secret in the namespace of the gateway']);
    expect(faultsOf(() => Authentication.apiKeys({ secretNames: ['Keys'] }))[0]).toContain("[invalid-secret-names] secretNames[0] 'Keys' is not allowed");
    expect(faultsOf(() => Authentication.jwt({ issuer: '', jwksUrl: 'http://a', audiences: [], scopes: ['a b'] }))).toEqual([
      "[invalid-issuer] issuer '' is not allowed; use 1 to 256 characters without spaces",
      "[invalid-jwks-url] jwksUrl 'http://a' is not allowed; use an address that starts with https://, such as 'https://login.example.com/keys'",
      '[invalid-audiences] audiences has 0 entries; name 1 to 8, or tokens that were made for other services would do',
      "[invalid-scopes] scopes[0] 'a b' is not allowed; use 1 to 256 visible ASCII characters without spaces, quotes or backslashes",
    ]);
  });
});

describe('the objects', () => {
  test('take routes of the named namespaces only, over TLS only', () => {
    const [listener, ...others] = kind(objects(gatewayChart(gatewayPlan({ routeNamespaces: ['a', 'b'] }))), 'Gateway').spec.listeners;
    expect(others).toEqual([]);
    expect(listener).toMatchObject({ protocol: 'HTTPS', port: 443, allowedRoutes: { namespaces: { from: 'Selector', selector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a', 'b'] }] } } } });
  });

  test.each<[string, GatewayTls, string, string | undefined]>([
    ['an authority of its own', GatewayTls.selfSigned(), 'inference-gateway-tls', 'Issuer/inference-gateway'],
    ['an issuer of the cluster', GatewayTls.clusterIssuer('company'), 'inference-gateway-tls', 'ClusterIssuer/company'],
    ['a secret', GatewayTls.secret('kept'), 'kept', undefined],
  ])('have their certificate from %s', (_, tls, secret, issuer) => {
    const all = objects(gatewayChart(gatewayPlan(), { certificate: tls._source, hostNames: ['a.example.com', 'b.svc'] }));
    expect(kind(all, 'Gateway').spec.listeners[0].tls.certificateRefs).toEqual([{ name: secret }]);
    const leaf = all.find((it) => it.kind === 'Certificate' && it.spec.secretName === secret);
    expect(leaf && `${leaf.spec.issuerRef.kind}/${leaf.spec.issuerRef.name}`).toBe(issuer);
    if (issuer !== undefined) expect(leaf.spec.dnsNames).toEqual(['a.example.com', 'b.svc']);
  });

  test('let a request be silent as long as it is told', () => {
    expect(kind(objects(gatewayChart(gatewayPlan({ idleSeconds: 90 }))), 'ClientTrafficPolicy').spec.timeout.http.streamIdleTimeout).toBe('90s');
  });

  test('do not limit all services to the 1,024 requests of Envoy\'s default', () => {
    expect(kind(objects(), 'BackendTrafficPolicy').spec.circuitBreaker.maxParallelRequests).toBeGreaterThan(10_000);
  });

  test('close every port of the proxies but those of callers and metrics', () => {
    // labels: https://gateway.envoyproxy.io/docs/tasks/operations/customize-envoyproxy/; ports below 1,024 are raised by 10,000
    const { metadata, spec } = kind(objects(), 'NetworkPolicy');
    expect(metadata.namespace).toBe('envoy-gateway-system');
    expect(spec.podSelector.matchLabels).toEqual({ 'gateway.envoyproxy.io/owning-gateway-name': 'inference-gateway', 'gateway.envoyproxy.io/owning-gateway-namespace': 'inference-gateway' });
    expect(spec.ingress.flatMap((it: any) => it.ports.map((port: any) => port.port))).toEqual([10443, 19001]);
  });

  test('put proxies behind the Service that the load balancer\'s targets are read from', () => {
    const all = objects(gatewayChart(gatewayPlan(), { targetGroupArn: 'arn' }));
    const service = kind(all, 'EnvoyProxy').spec.provider.kubernetes.envoyService;
    expect(service).toEqual({ name: 'inference-gateway-proxy', type: 'ClusterIP' });
    expect(kind(all, 'TargetGroupBinding')).toMatchObject({
      metadata: { namespace: 'envoy-gateway-system' }, spec: { serviceRef: { name: service.name, port: 443 }, targetGroupARN: 'arn', targetType: 'ip' },
    });
  });
});

test('every fault of a gateway is told at once', () => {
  const stack = testStack();
  expect(faultsOf(() => gatewayIn(stack, { gatewayName: 'G', gatewayClassName: 'C', hostName: 'a', routeNamespaces: ['a', 'a', 'B'], idleTimeout: Duration.hours(2) }))).toEqual([
    "[invalid-gateway-name] gatewayName 'G' is not allowed; use 1 to 40 lower-case letters, digits or hyphens, starting with a letter and ending with a letter or digit",
    "[invalid-gateway-class-name] gatewayClassName 'C' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
    "[invalid-host-name] hostName 'a' is not allowed; use a DNS name in lower case, such as 'llm.example.com'",
    "[invalid-route-namespaces] routeNamespaces[2] 'B' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
    "[duplicate-route-namespaces] routeNamespaces names 'a' more than once; keep one of them",
    '[invalid-idle-timeout] idleTimeout of 7200 seconds is not a whole number from 60 to 6000 seconds; use a duration in that range',
  ]);
  expect(faultsOf(() => gatewayIn(testStack(), { routeNamespaces: [] }))).toEqual([
    "[invalid-route-namespaces] routeNamespaces is empty, so the gateway would serve nobody; name the namespaces of the models, such as 'models'",
  ]);
  expect(faultsOf(() => gatewayIn(testStack(), { gatewayName: Token.asString({ Ref: 'N' }) }))).toEqual([
    '[unresolved-gateway-name] gatewayName is known only at deploy time, but it decides what is created; give a literal',
  ]);
});

test('a host name may be known only at deploy time', () => {
  const stack = testStack();
  const gateway = gatewayIn(stack, { hostName: Token.asString({ Ref: 'Host' }) });
  expect(stack.resolve(gateway.url)).toEqual({ 'Fn::Join': ['', ['https://', { Ref: 'Host' }]] });
});

test('any properties give a template or a ValidationError', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('models', 'a', 'llm.example.com', Token.asString({ Ref: 'P' })));
  const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
  fc.assert(fc.property(fc.record({
    gatewayName: maybe(text), gatewayClassName: maybe(text), hostName: maybe(text), routeNamespaces: maybe(fc.array(text, { maxLength: 3 })),
    idleTimeout: maybe(fc.integer({ min: 0, max: 8_000 }).map((it) => Duration.seconds(it))), loadBalancer: maybe(fc.constantFrom(...Object.values(GatewayLoadBalancer))),
    tls: maybe(fc.constantFrom(GatewayTls.selfSigned(), GatewayTls.secret('a'), GatewayTls.clusterIssuer('b'))),
  }), (props) => {
    const stack = testStack();
    try {
      gatewayIn(stack, props);
      resourcesOf(stack);
    } catch (error) {
      if (!isValidationError(error)) throw error;
    }
  }), { numRuns: 50 });
}, 60_000);
