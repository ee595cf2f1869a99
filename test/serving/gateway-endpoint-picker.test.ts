import { CfnResource, type Stack } from 'aws-cdk-lib';
import { chatIn, clusterIn, objectsOf } from './llm-support';
import { faultsOf } from './rollout-support';
import { ask, seeded, type HttpRoute } from './route-reader';
import { EnvoyGateway } from '../../lib/cluster';
import { EndpointPicker, InferenceGateway, type IInferenceGateway } from '../../lib/serving';
import { releaseIds } from '../cluster/add-ons-support';
import { ancestorsOf, resourcesOf, testStack } from '../cluster/support';

const GROUPS = ['inference.networking.k8s.io', 'gateway.networking.k8s.io', 'monitoring.coreos.com', 'leaderworkerset.x-k8s.io'];
const gatewayOf = (stack: Stack, cluster = clusterIn(stack, { installedAddOns: ['envoy-ai-gateway'], installedApiGroups: GROUPS })): IInferenceGateway =>
  InferenceGateway.fromInferenceGatewayAttributes(stack, 'Gateway', { cluster, gatewayName: 'llm', namespace: 'gateways', proxyNamespace: 'envoy-gateway-system', address: 'llm.example.com' });

describe('an endpoint picker', () => {
  const stack = testStack();
  const gateway = gatewayOf(stack);
  const service = chatIn(stack, { cluster: gateway.cluster });
  const picker = new EndpointPicker(stack, 'Picker', { service, gateway });
  const objects = objectsOf(picker as never);
  const kind = (name: string): any => objects.find((it) => it.kind === name);

  test('gets the service\'s path on the gateway', () => {
    expect(picker.url).toBe('https://llm.example.com/chat/v1');
    const answer = ask([kind('HTTPRoute') as HttpRoute], { path: '/chat/v1/completions' }, seeded(1));
    expect(answer).toMatchObject({ status: 200, path: '/v1/completions', backend: `${picker.poolName}:8000` });
    expect(kind('HTTPRoute').spec.rules[0].backendRefs[0]).toMatchObject({ group: 'inference.networking.k8s.io', kind: 'InferencePool' });
  });

  test('chooses among the pods of the service', () => {
    const pods = objectsOf(service).find((it) => it.kind === 'Deployment').spec.template;
    const { selector, targetPorts, endpointPickerRef } = kind('InferencePool').spec;
    expect(pods.metadata.labels).toMatchObject(selector.matchLabels);
    expect(pods.spec.containers[0].ports.map((it: any) => it.containerPort)).toContain(targetPorts[0].number);
    const asked = objects.find((it) => it.kind === 'Service' && it.metadata.name === endpointPickerRef.name);
    expect(asked.spec.ports.map((it: any) => it.port)).toContain(endpointPickerRef.port.number);
    expect(kind('Deployment').spec.template.metadata.labels).toMatchObject(asked.spec.selector);
  });

  test('runs the pinned picker with options that it has', () => {
    const [container] = kind('Deployment').spec.template.spec.containers;
    expect(container.image).toBe('ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0');
    // https://github.com/llm-d/llm-d-router/blob/v0.10.0/pkg/epp/server/options.go; zap-encoder is controller-runtime's
    const known = ['grpc-port', 'pool-group', 'pool-namespace', 'pool-name', 'tracing', 'grpc-health-port', 'metrics-endpoint-auth', 'config-file', 'zap-encoder'];
    const given = container.args.filter((it: string) => it.startsWith('--')).map((it: string) => it.slice(2).split('=')[0]);
    expect(given.filter((it: string) => !known.includes(it))).toEqual([]);
  });
});

test('after Envoy Gateway with inferencePools everything is there, in an order that works', () => {
  const stack = testStack();
  const cluster = clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'], installedApiGroups: ['cert-manager.io', 'monitoring.coreos.com', 'leaderworkerset.x-k8s.io'] });
  new EnvoyGateway(stack, 'EnvoyGateway', { cluster, inferencePools: true });
  const picker = new EndpointPicker(stack, 'Picker', { service: chatIn(stack, { cluster }), gateway: gatewayOf(stack, cluster) });
  const before = ancestorsOf(stack, stack.getLogicalId(picker.release.node.findAll().find((it) => CfnResource.isCfnResource(it)) as CfnResource));
  const releases = Object.entries(releaseIds(stack)).filter(([, id]) => before.has(id)).map(([name]) => name.replace(/-[0-9a-f]{8}$/, ''));
  expect(releases).toEqual(expect.arrayContaining(['envoy-gateway-crds-helm', 'envoy-ai-gateway-crds-helm', 'envoy-ai-gateway', expect.stringMatching(/inference-extension/)]));
});

test('without Envoy AI Gateway it says what is missing', () => {
  const stack = testStack();
  const gateway = gatewayOf(stack, clusterIn(stack, { installedApiGroups: GROUPS }));
  new EndpointPicker(stack, 'Picker', { service: chatIn(stack, { cluster: gateway.cluster }), gateway });
  expect(() => resourcesOf(stack)).toThrow("requires the add-on 'envoy-ai-gateway', which is not installed");
});

test('a service has one route', () => {
  const stack = testStack();
  const gateway = gatewayOf(stack);
  const service = chatIn(stack, { cluster: gateway.cluster, gateway });
  expect(faultsOf(() => new EndpointPicker(stack, 'Picker', { service, gateway }))).toEqual([
    "[second-route] service 'chat' has a route on a gateway already, and the picker brings another for the same path; leave the service's gateway out",
  ]);
});

test('a replica is one pod', () => {
  const stack = testStack();
  const gateway = gatewayOf(stack);
  const service = chatIn(stack, { cluster: gateway.cluster });
  Object.defineProperty(service, 'placement', { value: { ...service.placement, nodesPerReplica: 2 } });
  expect(faultsOf(() => new EndpointPicker(stack, 'Picker', { service, gateway }))).toEqual([
    "[unsupported-multi-node] service 'chat' has 2 nodes for each replica, of which only one answers; the picker chooses among pods that all do",
  ]);
});
