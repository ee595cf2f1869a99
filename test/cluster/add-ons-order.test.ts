import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as fc from 'fast-check';
import { ADD_ONS, clusterIn, releaseIds } from './add-ons-support';
import { ancestorsOf, chartOf, faultOf, idOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import {
  ControlledResource, EnvoyGateway, GatewayExposure, HelmAddOn, Keda, KedaHttp, KServe, LoadBalancerController, ManifestRelease, MlCluster, NodeProvisioning,
  PodSecurity, PrometheusOperatorCrds,
} from '../../lib/cluster';
import { ENVOY_AI_GATEWAY_KINDS } from '../../lib/cluster/blueprint/envoy-ai-gateway';
import { GATEWAY_KINDS } from '../../lib/cluster/blueprint/envoy-gateway';
import { EXTERNAL_SECRETS_KINDS } from '../../lib/cluster/blueprint/external-secrets';
import { GPU_OPERATOR_KINDS } from '../../lib/cluster/blueprint/gpu-operator';
import { KEDA_KINDS } from '../../lib/cluster/blueprint/keda';
import { KEDA_HTTP_KINDS } from '../../lib/cluster/blueprint/keda-http';
import { INFERENCE_EXTENSION_KINDS, KSERVE_KINDS, LLM_KINDS } from '../../lib/cluster/blueprint/kserve';
import { LEADER_WORKER_SET_KINDS } from '../../lib/cluster/blueprint/leader-worker-sets';
import { LOAD_BALANCER_CONTROLLER_KINDS } from '../../lib/cluster/blueprint/load-balancer-controller';
import { MONITORING_KINDS } from '../../lib/cluster/blueprint/prometheus-operator-crds';
import { customResourceDefinitions } from '../conformance/kubernetes-fixtures';

/** Kinds of upstream's definitions. */
function upstream(...components: string[]): string[] {
  return customResourceDefinitions(components).map(({ spec }) => {
    const { group, names } = spec as { group: string; names: { kind: string } };
    return `${group}/${names.kind}`;
  });
}

describe('the definitions that an add-on says it brings are those of upstream', () => {
  test.each<[string, string[], string[], { without?: string[]; and?: string[] }]>([
    ['aws-load-balancer-controller', LOAD_BALANCER_CONTROLLER_KINDS, ['aws-load-balancer-controller'], {}],
    ['keda', KEDA_KINDS, ['keda'], {}],
    ['keda-add-ons-http', KEDA_HTTP_KINDS, ['keda-http-add-on'], {}],
    ['envoy-gateway-crds-helm', GATEWAY_KINDS, ['gateway-api', 'envoy-gateway'], {}],
    ['envoy-ai-gateway-crds-helm', ENVOY_AI_GATEWAY_KINDS, ['envoy-ai-gateway'], {}],
    // what belongs to the chart of local model caches, which is not installed
    ['kserve-crd and kserve-llmisvc-crd', [...KSERVE_KINDS, ...LLM_KINDS], ['kserve'], {
      without: ['LocalModelCache', 'LocalModelNamespaceCache', 'LocalModelNode', 'LocalModelNodeGroup'].map((kind) => `serving.kserve.io/${kind}`),
    }],
    // the fixture has a newer extension, with another kind in the experimental group
    ['kserve-llmisvc-resources', INFERENCE_EXTENSION_KINDS, ['gateway-api-inference-extension', 'llm-d-router'], {
      without: ['inference.networking.x-k8s.io/InferencePoolImport'], and: ['inference.networking.x-k8s.io/InferencePool'],
    }],
    // the fixtures leave these out: https://github.com/kubernetes-sigs/lws/tree/v0.10.0/charts/lws/crds
    ['lws', LEADER_WORKER_SET_KINDS, ['lws'], { and: ['disaggregatedset.x-k8s.io/DisaggregatedSet', 'disaggregatedset.x-k8s.io/DisaggregatedSetRoleScaler'] }],
    // the fixture leaves these out: https://github.com/external-secrets/external-secrets/tree/v2.9.0/config/crds/bases
    ['external-secrets', EXTERNAL_SECRETS_KINDS, ['external-secrets'], {
      and: [
        'ACRAccessToken', 'BeyondtrustWorkloadCredentialsDynamicSecret', 'CloudsmithAccessToken', 'ClusterGenerator', 'Fake', 'GCRAccessToken', 'GeneratorState', 'GithubAccessToken',
        'GitlabDeployToken', 'Grafana', 'MFA', 'QuayAccessToken', 'SSHKey', 'UUID', 'VaultDynamicSecret', 'Webhook',
      ].map((kind) => `generators.external-secrets.io/${kind}`),
    }],
    ['gpu-operator', GPU_OPERATOR_KINDS, ['gpu-operator', 'node-feature-discovery'], {}],
    // https://github.com/prometheus-community/helm-charts/tree/main/charts/prometheus-operator-crds
    ['prometheus-operator-crds', MONITORING_KINDS, ['prometheus-operator'], { and: ['monitoring.coreos.com/PrometheusAgent', 'monitoring.coreos.com/ThanosRuler'] }],
  ])('%s', (_, kinds, components, { without = [], and = [] }) => {
    expect([...kinds].sort()).toEqual([...upstream(...components).filter((kind) => !without.includes(kind)), ...and].sort());
  });
});

/** Pairs of releases: the first has to be installed before the second. */
const ORDER: [string, string][] = [
  // definitions before what uses them
  ['prometheus-operator-crds', 'keda'], ['prometheus-operator-crds', 'external-secrets'], ['prometheus-operator-crds', 'kube-prometheus-stack'], ['envoy-gateway-crds-helm', 'envoy-gateway'], ['keda', 'keda-add-ons-http'],
  ['kserve-crd', 'kserve-llmisvc-crd'], ['kserve-llmisvc-crd', 'kserve-llmisvc-resources'],
  ...['cert-manager', 'envoy-gateway-crds-helm', 'envoy-ai-gateway-crds-helm'].map((first): [string, string] => [first, 'envoy-ai-gateway']),
  ['envoy-ai-gateway', 'envoy-gateway'],
  // KServe's controllers look once, when they start
  ...['kserve-crd', 'cert-manager', 'envoy-gateway-crds-helm', 'keda', 'lws'].map((first): [string, string] => [first, 'kserve-resources']),
  ...['kserve-resources', 'lws'].map((first): [string, string] => [first, 'kserve-llmisvc-resources']),
  // webhooks before what they judge
  ...['kserve-resources', 'kserve-llmisvc-resources'].map((first): [string, string] => [first, 'kserve-runtime-configs']),
  ...['cert-manager', 'external-secrets', 'keda', 'keda-add-ons-http', 'envoy-gateway', 'envoy-ai-gateway', 'kserve-resources', 'kserve-llmisvc-resources', 'lws', 'kube-prometheus-stack']
    .map((service): [string, string] => ['aws-load-balancer-controller', service]),
];

describe('every add-on in one cluster', () => {
  const everything = (names = Object.keys(ADD_ONS)): Stack => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    for (const name of names) ADD_ONS[name]!(stack, cluster);
    return stack;
  };

  test('has one order, in whatever order the add-ons are written', () => {
    fc.assert(fc.property(fc.shuffledSubarray(Object.keys(ADD_ONS), { minLength: Object.keys(ADD_ONS).length }), (names) => {
      const stack = everything(names);
      const resources = resourcesOf(stack);
      const ids = releaseIds(stack, resources);
      const wrong = ORDER.filter(([first, second]) => !ancestorsOf(stack, ids[second]!, resources).has(ids[first]!));
      expect(wrong).toEqual([]);
    }), { numRuns: 3 });
  }, 60_000);

  test('has runtimes after the webhook of KServe that judges them, also without LLMInferenceService', () => {
    const stack = testStack();
    new KServe(stack, 'KServe', { cluster: clusterIn(stack, { installedApiGroups: ['cert-manager.io', 'gateway.networking.k8s.io'] }) });
    const ids = releaseIds(stack);
    expect(ancestorsOf(stack, ids['kserve-runtime-configs']!)).toContain(ids['kserve-resources']);
  });

  test('has a GatewayClass after its controller, its load balancers and the definition of its monitor, and until the drain is done', () => {
    const stack = everything();
    const resources = resourcesOf(stack);
    const ids = releaseIds(stack, resources);
    const gatewayClass = idOf(stack, /^EnvoyGatewayGatewayClass[0-9A-F]{8}$/);
    for (const first of ['envoy-gateway', 'aws-load-balancer-controller', 'prometheus-operator-crds']) expect(ancestorsOf(stack, gatewayClass, resources)).toContain(ids[first]);
    const drain = ancestorsOf(stack, idOf(stack, /^ClusterDrainLoadBalancers[0-9A-F]{8}$/), resources);
    for (const id of [gatewayClass, ids['envoy-gateway'], ids['aws-load-balancer-controller']]) expect(drain).toContain(id);
  });

  test('is made twice in one app, for two clusters', () => {
    const app = testApp();
    const stacks = ['A', 'B'].map((name) => {
      const stack = new Stack(app, name);
      const cluster = clusterIn(stack);
      for (const make of Object.values(ADD_ONS)) make(stack, cluster);
      return stack;
    });
    const [a, b] = stacks.map((stack) => Object.keys(releaseIds(stack)).filter((name) => !/^[ab]-/.test(name)));
    expect(a).toEqual(b);
    expect(a).toEqual(expect.arrayContaining(['kserve-resources', 'keda', 'prometheus-operator-crds']));
  });

  test('shares namespaces: each is made once', () => {
    expect(Object.keys(releaseIds(everything())).filter((name) => name.endsWith('-namespace')).sort()).toEqual([
      'cert-manager-namespace', 'envoy-ai-gateway-crds-helm-namespace', 'envoy-gateway-crds-helm-namespace', 'external-secrets-namespace', 'keda-namespace', 'kserve-crd-namespace', 'kube-prometheus-stack-namespace', 'lws-namespace',
    ]);
  });
});

describe('what is missing is an error at synthesis that says what to add', () => {
  const synthesized = (build: (stack: Stack) => void): string => faultOf(() => {
    const stack = testStack();
    build(stack);
    resourcesOf(stack);
  });

  test('KServe without cert-manager and Gateway API', () => {
    const fault = synthesized((stack) => new KServe(stack, 'KServe', { cluster: clusterIn(stack) }));
    expect(fault).toContain("[missing-requirement] 'kserve-resources' requires the custom resource cert-manager.io/Certificate, which no add-on defines; add the add-on that brings it, or name its group in installedApiGroups");
    expect(fault).toContain("[missing-requirement] 'kserve-resources' requires the custom resource gateway.networking.k8s.io/HTTPRoute, which no add-on defines");
  });

  test("KEDA's HTTP add-on without KEDA", () => {
    expect(synthesized((stack) => new KedaHttp(stack, 'Http', { cluster: clusterIn(stack) }))).toContain(
      "[missing-requirement]: 'keda-add-ons-http' requires the custom resource keda.sh/ScaledObject, which no add-on defines");
  });

  test('an internal load balancer without its controller', () => {
    expect(synthesized((stack) => new EnvoyGateway(stack, 'Gateway', { cluster: clusterIn(stack) }))).toContain(
      "requires the add-on 'aws-load-balancer-controller', which is not installed; add it to the cluster, or name it in installedAddOns");
  });

  test('nothing, where the gateway stays in the cluster, or Auto Mode makes load balancers', () => {
    for (const [exposure, nodeProvisioning] of [[GatewayExposure.CLUSTER_IP, undefined], [undefined, NodeProvisioning.AUTO_MODE]] as const) {
      const stack = testStack();
      new EnvoyGateway(stack, 'Gateway', { cluster: clusterIn(stack, { nodeProvisioning }), exposure });
      expect(Object.keys(releaseIds(stack))).toContain('envoy-gateway');
    }
  });
});

describe('the definitions of monitors', () => {
  test('are made once, in the scope of the cluster, whoever needs them', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    PrometheusOperatorCrds.ensure(cluster);
    new Keda(stack, 'Keda', { cluster });
    PrometheusOperatorCrds.ensure(cluster);
    expect(releaseIds(stack)['prometheus-operator-crds']).toMatch(/^ClusterPrometheusOperatorCrds/);
  });

  test('are not made where something else brings them: the cluster itself, or another add-on', () => {
    const theirs = testStack();
    PrometheusOperatorCrds.ensure(clusterIn(theirs, { installedApiGroups: ['monitoring.coreos.com'] }));
    expect(releaseIds(theirs)).toEqual({});
    const own = testStack();
    const cluster = clusterIn(own);
    new HelmAddOn(own, 'Own', { cluster, chart: 'prometheus-operator-crds', namespace: 'default', relations: { defines: ['monitoring.coreos.com/ServiceMonitor'] } });
    PrometheusOperatorCrds.ensure(cluster);
    expect(releaseIds(own)['prometheus-operator-crds']).toMatch(/^Own/);
  });

  test('cannot be made again', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new Keda(stack, 'Keda', { cluster });
    expect(faultOf(() => new PrometheusOperatorCrds(stack, 'Again', { cluster }))).toBe(
      'ValidationError at Stack/Again [definitions-exist]: the cluster has definitions of monitoring.coreos.com already, from something that was made before; make PrometheusOperatorCrds first, or leave it out');
  });
});

describe('a namespace that two add-ons share', () => {
  test('keeps one standard', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new Keda(stack, 'Keda', { cluster });
    expect(faultOf(() => new HelmAddOn(stack, 'Own', { cluster, chart: 'keda-add-ons-http', namespace: 'keda', podSecurity: PodSecurity.PRIVILEGED }))).toBe(
      "ValidationError at Stack/Own [conflicting-pod-security]: podSecurity 'privileged' is not 'restricted', which the namespace 'keda' has by another add-on; say the same, or choose another namespace");
  });

  test('is that of a set of manifests where that one came first', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new ManifestRelease(stack, 'Namespace', { cluster, chart: chartOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'keda' } }) });
    const { addOn } = new Keda(stack, 'Keda', { cluster });
    expect(addOn.namespaceRelease).toBeUndefined();
    expect(ancestorsOf(stack, releaseIds(stack).keda!)).toContain(idOf(stack, /^Namespace[0-9A-F]{8}$/));
  });
});

describe('load balancers', () => {
  test('are drained before their controller goes, also in a stack of its own', () => {
    const app = testApp();
    const base = new Stack(app, 'Base');
    const cluster = new MlCluster(base, 'Cluster', { network: textNetwork(base) });
    const addOns = new Stack(app, 'AddOns');
    new LoadBalancerController(addOns, 'Controller', { cluster });
    Template.fromStack(addOns).hasResourceProperties('Custom::MlPlatformDrain', { Kind: ControlledResource.LOAD_BALANCERS });
  });

  test('of Gateways are drained before Envoy Gateway goes, where there are any', () => {
    const drains = (exposure?: GatewayExposure): number => {
      const stack = testStack();
      new EnvoyGateway(stack, 'Gateway', { cluster: clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'] }), exposure });
      return Object.keys(Template.fromStack(stack).findResources('Custom::MlPlatformDrain')).length;
    };
    expect([drains(), drains(GatewayExposure.CLUSTER_IP)]).toEqual([1, 0]);
  });
});
