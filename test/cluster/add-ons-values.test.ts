import { createHash } from 'node:crypto';
import { Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ADD_ONS, chartValues, clusterIn, releaseIds } from './add-ons-support';
import { fakeCluster, faultOf, idOf, resourcesOf, testStack, textNetwork } from './support';
import {
  EnvoyAiGateway, EnvoyGateway, ExternalSecrets, GatewayExposure, InferenceExtension, Keda, KedaHttp, KServe, LeaderWorkerSets, LoadBalancerController, MlCluster, type IMlCluster,
} from '../../lib/cluster';
import { neededEndpoints } from '../../lib/cluster/blueprint/endpoints';
import { imageAddress, imageNamed } from '../../lib/cluster/blueprint/image-address';
import { loadBalancerAccess } from '../../lib/cluster/blueprint/load-balancer-access';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';
import { helmValueFaults } from '../conformance/helm-values-oracle';

const CHARTS = PLATFORM_SETS['2026-11'].charts;

/** Values of one release of an add-on. */
function valuesOf(release: string, make: (stack: Stack, cluster: IMlCluster) => void): Record<string, any> {
  const stack = testStack();
  make(stack, clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'], installedApiGroups: GROUPS }));
  return chartValues(stack)[release]!.values;
}

const GROUPS = ['cert-manager.io', 'gateway.networking.k8s.io', 'keda.sh'];

describe('the values of every add-on', () => {
  const stack = testStack();
  const cluster = clusterIn(stack);
  for (const make of Object.values(ADD_ONS)) make(stack, cluster);
  const releases = Object.entries(chartValues(stack)).map(([release, { chart, values }]): [string, string, Record<string, any>] => {
    const [name] = Object.entries(CHARTS).find(([, it]) => it.chart === chart.slice(chart.lastIndexOf('/') + 1))!;
    return [release, name, values];
  });

  test.each(releases)('%s: the pinned chart %s has them', (_, chart, values) => {
    expect(helmValueFaults(chart, values)).toEqual([]);
  });
});

describe('images', () => {
  /** Every `registry/repository:tag` that values put together, in the spellings of the charts. */
  const imagesIn = (value: unknown): string[] => {
    if (typeof value === 'string') return /^[a-z0-9.-]+\.[a-z]+\/\S+:\S+$/.test(value) ? [value] : [];
    if (Array.isArray(value)) return value.flatMap(imagesIn);
    if (typeof value !== 'object' || value === null) return [];
    const { registry, repository, image, tag, version } = value as Record<string, unknown>;
    const path = [registry, repository, typeof image === 'string' ? image : undefined].filter((part) => typeof part === 'string').join('/');
    const own = path !== '' && typeof (tag ?? version) === 'string' ? [`${path}:${String(tag ?? version)}`] : [];
    return [...own, ...Object.values(value).flatMap(imagesIn)];
  };

  test('come from the mirror, all of them, where the cluster has one', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { imageMirror: 'mirror.example.com/all' });
    for (const make of Object.values(ADD_ONS)) make(stack, cluster);
    const charts = chartValues(stack);
    const found = Object.values(charts).flatMap(({ values }) => imagesIn(values));
    // this chart wants one tag for three repositories
    const { tag, ...http } = charts['keda-add-ons-http']!.values.images as Record<string, string>;
    found.push(...Object.values(http).map((path) => `${path}:${tag}`));
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter((image) => !image.startsWith('mirror.example.com/all/'))).toEqual([]);
    expect(found).toEqual(expect.arrayContaining([
      'mirror.example.com/all/public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0', 'mirror.example.com/all/ghcr.io/kedacore/keda-metrics-apiserver:2.20.2',
      'mirror.example.com/all/docker.io/kserve/kserve-controller:v0.20.0', 'mirror.example.com/all/quay.io/prometheus/node-exporter:v1.12.1-distroless',
      'mirror.example.com/all/registry.k8s.io/lws/lws:v0.10.0', 'mirror.example.com/all/docker.io/envoyproxy/envoy:distroless-v1.39.0',
      'mirror.example.com/all/docker.io/vllm/vllm-openai:v0.33.0',
    ]));
  });

  test('that cannot be reached are an error in a network without a route out', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), {
      network: textNetwork(stack, { routesOut: false, interfaceEndpoints: neededEndpoints() }), installedApiGroups: ['monitoring.coreos.com'],
    });
    for (const [make, image] of [
      [() => new LoadBalancerController(stack, 'A', { cluster }), 'public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0'],
      [() => new Keda(stack, 'B', { cluster }), 'ghcr.io/kedacore/keda:2.20.2'],
      [() => new LeaderWorkerSets(stack, 'C', { cluster }), 'registry.k8s.io/lws/lws:v0.10.0'],
    ] as const) {
      expect(faultOf(make)).toMatch(new RegExp(`\\[unreachable-images\\]: the network has no route out, so .*${image.replace(/[.]/g, '\\.')}.* cannot be pulled; copy them to a registry in ECR`));
    }
    expect(faultOf(() => new KServe(stack, 'D', { cluster, llmInferenceService: true }))).toBe(
      "ValidationError at Stack/D [unreachable-llm-images]: llmInferenceService runs images of llm-d that KServe's chart names itself, so that no mirror replaces them, and the network has no route out; leave it out and use LlmService on vLLM, or give the network a NAT gateway");
  });

  test('are taken apart as charts ask for them', () => {
    expect(imageAddress('mirror.example.com:5000/all/ghcr.io/kedacore/keda:2.20.2')).toEqual({
      registry: 'mirror.example.com:5000', repository: 'all/ghcr.io/kedacore/keda', tag: '2.20.2', path: 'mirror.example.com:5000/all/ghcr.io/kedacore/keda',
      full: 'mirror.example.com:5000/all/ghcr.io/kedacore/keda:2.20.2',
    });
    expect(faultOf(() => imageNamed(['a.io/b/keda:1'], 'kedas'))).toBe("ValidationError at images [unknown-image]: no image is called 'kedas'; there are a.io/b/keda:1");
  });
});

describe('the AWS Load Balancer Controller', () => {
  test('is told cluster, region and VPC, and makes internal load balancers that reach pods', () => {
    expect(valuesOf('aws-load-balancer-controller', (stack, cluster) => new LoadBalancerController(stack, 'A', { cluster }))).toMatchObject({
      clusterName: 'theirs', region: 'deploy-time', vpcId: 'vpc-1', replicaCount: 2, defaultTargetType: 'ip', defaultLoadBalancerScheme: 'internal', keepTLSSecret: true,
    });
  });

  test('takes other values, last', () => {
    const values = valuesOf('aws-load-balancer-controller', (stack, cluster) => new LoadBalancerController(stack, 'A', { cluster, replicas: 3, values: { enableShield: true, resources: { limits: { memory: '1Gi' } } } }));
    expect(values).toMatchObject({ replicaCount: 3, enableShield: true, resources: { requests: { cpu: '50m' }, limits: { memory: '1Gi' } } });
  });

  const statements = loadBalancerAccess({ partition: 'aws', region: 'eu-west-1', account: '111122223333', vpcId: 'vpc-1', clusterName: 'ml' });

  test('may do what upstream lists, but for Shield and WAF Classic', () => {
    // jq -r '.Statement[].Action[]' docs/install/iam_policy.json | grep -vE '^(shield|waf-regional):' | LC_ALL=C sort -u | sha256sum, at v3.5.0
    const actions = [...new Set(statements.flatMap((it) => it.actions))].sort();
    expect(createHash('sha256').update(actions.map((it) => `${it}\n`).join('')).digest('hex')).toBe('fcd23670248aa01a51cb9372738f13448b8e0242761c84e572b9c81f76ebd794');
  });

  test('changes nothing of other clusters, VPCs and regions', () => {
    const reads = /^(ec2:(Describe|Get)|elasticloadbalancing:Describe|acm:(List|Describe)|iam:(List|Get)|cognito-idp:Describe|wafv2:)/;
    for (const { actions, resources, conditions } of statements) {
      if (actions.every((action) => reads.test(action))) continue;
      const limited = JSON.stringify(conditions ?? '').includes('ml') || JSON.stringify(conditions ?? '').includes('vpc-1') || JSON.stringify(conditions ?? '').includes('elasticloadbalancing.amazonaws.com');
      expect({ actions, limited: limited || resources.every((resource) => resource.startsWith('arn:aws:') && resource.includes(':eu-west-1:111122223333:')) }).toEqual({ actions, limited: true });
    }
  });

  test('gets its rights by Pod Identity, before its pods are made', () => {
    const stack = testStack();
    new LoadBalancerController(stack, 'A', { cluster: clusterIn(stack) });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'kube-system', ServiceAccount: 'aws-load-balancer-controller', ClusterName: 'theirs' });
    expect(resourcesOf(stack)[idOf(stack, /^AAddOn[0-9A-F]{8}$/)]?.DependsOn).toContain(idOf(stack, /^AIdentity[0-9A-F]{8}$/));
  });
});

describe('KEDA', () => {
  test('has an operator whose rights can be added to', () => {
    const stack = testStack();
    const keda = new Keda(stack, 'Keda', { cluster: clusterIn(stack), replicas: 2 });
    expect(keda.identity.serviceAccountName).toBe('keda-operator');
    expect(chartValues(stack).keda!.values).toMatchObject({
      crds: { install: true }, operator: { replicaCount: 2 }, metricsServer: { replicaCount: 2 }, webhooks: { replicaCount: 2 },
      serviceAccount: { operator: { name: 'keda-operator' } },
    });
    // no right until one is given
    const role = idOf(stack, /^KedaIdentityRole[0-9A-F]{8}$/);
    expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'))).not.toContain(role);

  });

  test('holds requests in two proxies, and answers late ones', () => {
    expect(valuesOf('keda-add-ons-http', (stack, cluster) => new KedaHttp(stack, 'A', { cluster }))).toMatchObject({
      scaler: { replicas: 2 }, interceptor: { replicas: { min: 2 }, responseHeaderTimeout: '900s', coldStart: { maxPendingRequests: 1000 } },
    });
    expect(valuesOf('keda-add-ons-http', (stack, cluster) => new KedaHttp(stack, 'A', { cluster, replicas: 5, values: { interceptor: { requestTimeout: '1h' } } }))).toMatchObject({
      scaler: { replicas: 5 }, interceptor: { replicas: { min: 5 }, requestTimeout: '1h' },
    });
  });
});

describe('the External Secrets Operator', () => {
  test('reads what was granted to it, by a store that comes after its webhook', () => {
    const stack = testStack();
    const { identity, storeName, store } = new ExternalSecrets(stack, 'Secrets', { cluster: clusterIn(stack), replicas: 2 });
    secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'hugging-face').grantRead(identity);
    expect(storeName).toBe('aws-secrets-manager');
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'] }] }, Roles: [{ Ref: idOf(stack, /^SecretsIdentityRole[0-9A-F]{8}$/) }],
    });
    expect(resourcesOf(stack)[idOf(stack, /^SecretsStore[0-9A-F]{8}$/)]?.DependsOn).toContain(idOf(stack, /^SecretsAddOn[0-9A-F]{8}$/));
    expect(chartValues(stack)['external-secrets']!.values).toMatchObject({ replicaCount: 2, leaderElect: true, webhook: { replicaCount: 2 }, serviceAccount: { name: 'external-secrets' } });
    expect(store.node.path).toBe('Stack/Secrets/Store');
  });

  test('is refused with namespaces that cannot be', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(faultOf(() => new ExternalSecrets(stack, 'A', { cluster, namespaces: [] }))).toBe(
      'ValidationError at Stack/A [invalid-namespaces]: namespaces is empty, so that nobody could read the store; name at least one, or leave it out');
    expect(faultOf(() => new ExternalSecrets(stack, 'A', { cluster, namespaces: ['models', 'models', 'My Space'] }))).toBe([
      'ValidationError at Stack/A: 2 faults',
      "  - [invalid-namespaces] namespaces[2] 'My Space' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      "  - [duplicate-namespaces] namespaces names 'models' more than once; keep one of them",
    ].join('\n'));
  });
});

describe('Envoy Gateway', () => {
  test('brings the standard channel of the Gateway API in a chart of its own', () => {
    const stack = testStack();
    const gateway = new EnvoyGateway(stack, 'Gateway', { cluster: clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'] }), replicas: 2 });
    expect(gateway.gatewayClassName).toBe('ml-platform');
    expect(gateway.namespace).toBe('envoy-gateway-system');
    const charts = chartValues(stack);
    expect(charts['envoy-gateway-crds-helm']!.values).toEqual({ crds: { gatewayAPI: { enabled: true, channel: 'standard' }, envoyGateway: { enabled: true } } });
    expect(charts['envoy-gateway']!.values).toMatchObject({ crds: { enabled: false }, deployment: { replicas: 2 }, podDisruptionBudget: { minAvailable: 1 } });
  });

  test('takes a name of its own for the class', () => {
    const stack = testStack();
    const gateway = new EnvoyGateway(stack, 'Gateway', { cluster: clusterIn(stack), gatewayClassName: 'models', exposure: GatewayExposure.CLUSTER_IP });
    expect(gateway.gatewayClassName).toBe('models');
  });
});

describe('Envoy AI Gateway', () => {
  const made = (make: (stack: Stack, cluster: IMlCluster) => unknown, groups: string[] = []) => {
    const stack = testStack();
    make(stack, clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'], installedApiGroups: ['cert-manager.io', ...groups] }));
    return { stack, charts: chartValues(stack) };
  };

  test('comes with Envoy Gateway where pools are asked for, and Envoy Gateway asks its Service', () => {
    const { charts, stack } = made((scope, cluster) => {
      expect(new EnvoyGateway(scope, 'Gateway', { cluster, inferencePools: true, replicas: 2 }).aiGateway).toBeDefined();
    });
    // the name that the chart's Service has by default: manifests/charts/ai-gateway-helm/values.yaml, fullnameOverride
    expect(charts['envoy-gateway']!.values.config.envoyGateway.extensionManager).toMatchObject({
      service: { fqdn: { hostname: 'ai-gateway-controller.envoy-ai-gateway-system.svc.cluster.local', port: 1063 } },
      backendResources: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', version: 'v1' }],
    });
    expect(charts['envoy-ai-gateway']!.values).toMatchObject({
      controller: { replicaCount: 2, podDisruptionBudget: { enabled: true }, mutatingWebhook: { certManager: { enable: true } } },
      extProc: { image: { repository: 'docker.io/envoyproxy/ai-gateway-extproc', tag: 'v1.1.0' } },
    });
    expect(Object.keys(releaseIds(stack)).filter((name) => /inference-ext/.test(name))).toHaveLength(1);
  });

  test('is not there otherwise', () => {
    const { charts } = made((stack, cluster) => {
      expect(new EnvoyGateway(stack, 'Gateway', { cluster }).aiGateway).toBeUndefined();
    });
    expect(charts['envoy-gateway']!.values).not.toHaveProperty('config');
    expect(Object.keys(charts).filter((name) => name.includes('ai-gateway'))).toEqual([]);
  });

  test('leaves the definitions of pools to a cluster that has them, and KServe leaves them to it', () => {
    const { stack } = made((scope, cluster) => new EnvoyGateway(scope, 'Gateway', { cluster, inferencePools: true }), ['inference.networking.k8s.io']);
    expect(Object.keys(releaseIds(stack)).filter((name) => /inference-ext/.test(name))).toEqual([]);
    const { charts } = made((scope, cluster) => {
      new EnvoyGateway(scope, 'Gateway', { cluster, inferencePools: true });
      new KServe(scope, 'KServe', { cluster, llmInferenceService: true });
    });
    expect(charts['kserve-llmisvc-resources']!.values.kserve.llmisvc.createGIECRDs).toBe(false);
  });

  test('a second set of definitions is refused', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    InferenceExtension.ensure(cluster);
    InferenceExtension.ensure(cluster);
    expect(faultOf(() => new InferenceExtension(stack, 'Again', { cluster }))).toContain(
      '[definitions-exist]: the cluster has definitions of inference.networking.k8s.io already, from something that was made before; make InferenceExtension first, or leave it out');
  });
});

describe('KServe', () => {
  test('runs in Standard mode on the Gateway API, and makes no route', () => {
    const { kserve } = valuesOf('kserve-resources', (stack, cluster) => new KServe(stack, 'KServe', { cluster }));
    expect(kserve.controller).toMatchObject({
      deploymentMode: 'Standard', gateway: { disableIngressCreation: true, disableIstioVirtualHost: true, ingressGateway: { enableGatewayApi: true } },
    });
    expect(kserve.security).toEqual({ autoMountServiceAccountToken: false });
  });

  test('has runtimes with the pinned images, and switches off those that nobody pins', () => {
    const { kserve } = valuesOf('kserve-runtime-configs', (stack, cluster) => new KServe(stack, 'KServe', { cluster }));
    expect(kserve.llmisvcConfigs).toEqual({ enabled: false });
    expect(kserve.servingruntime).toMatchObject({
      enabled: true, vllmserver: { image: 'docker.io/vllm/vllm-openai', tag: 'v0.33.0' }, tritonserver: { tag: '26.06-py3' }, torchserve: { disabled: true },
    });
  });

  test('leaves runtimes and LLMInferenceService out', () => {
    const stack = testStack();
    const kserve = new KServe(stack, 'KServe', { cluster: clusterIn(stack, { installedApiGroups: GROUPS }), runtimes: false });
    expect([kserve.runtimes, kserve.llmAddOn, kserve.llmDefinitions]).toEqual([undefined, undefined, undefined]);
    expect(Object.keys(chartValues(stack)).sort()).toEqual(['kserve-crd', 'kserve-resources']);
  });

  test('brings LLMInferenceService beside what is shared already, with the inference extension unless the cluster has it', () => {
    const make = (...groups: string[]) => {
      const stack = testStack();
      new KServe(stack, 'KServe', { cluster: clusterIn(stack, { installedApiGroups: [...GROUPS, ...groups] }), llmInferenceService: true, runtimes: false });
      return chartValues(stack);
    };
    expect(make()['kserve-llmisvc-resources']!.values.kserve).toMatchObject({ createSharedResources: false, llmisvc: { createGIECRDs: true } });
    expect(make('inference.networking.k8s.io')['kserve-llmisvc-resources']!.values.kserve.llmisvc.createGIECRDs).toBe(false);
    expect(make()['kserve-runtime-configs']!.values).toEqual({ kserve: { llmisvcConfigs: { enabled: true }, servingruntime: { enabled: false } } });
  });

  test('takes other values for each of its charts', () => {
    const stack = testStack();
    new KServe(stack, 'KServe', {
      cluster: clusterIn(stack, { installedApiGroups: GROUPS }), llmInferenceService: true,
      values: { kserve: { controller: { gateway: { domain: 'ml.internal' } } } },
      runtimeValues: { kserve: { servingruntime: { pmmlserver: { disabled: false } } } },
      llmValues: { kserve: { llmisvc: { controller: { replicas: 2 } } } },
    });
    const charts = chartValues(stack);
    expect(charts['kserve-resources']!.values.kserve.controller.gateway).toMatchObject({ domain: 'ml.internal', disableIngressCreation: true });
    expect(charts['kserve-runtime-configs']!.values.kserve.servingruntime.pmmlserver).toEqual({ disabled: false });
    expect(charts['kserve-llmisvc-resources']!.values.kserve.llmisvc.controller).toMatchObject({ replicas: 2, image: 'docker.io/kserve/llmisvc-controller' });
  });
});

describe('bad input', () => {
  const made = (make: (stack: Stack, cluster: IMlCluster) => unknown): string => {
    const stack = testStack();
    return faultOf(() => make(stack, clusterIn(stack)));
  };

  test.each<[string, (stack: Stack, cluster: IMlCluster, replicas: number) => unknown, number]>([
    ['LoadBalancerController', (stack, cluster, replicas) => new LoadBalancerController(stack, 'A', { cluster, replicas }), 10],
    ['Keda', (stack, cluster, replicas) => new Keda(stack, 'A', { cluster, replicas }), 10],
    ['KedaHttp', (stack, cluster, replicas) => new KedaHttp(stack, 'A', { cluster, replicas }), 50],
    ['EnvoyAiGateway', (stack, cluster, replicas) => new EnvoyAiGateway(stack, 'A', { cluster, replicas }), 10],
    ['EnvoyGateway', (stack, cluster, replicas) => new EnvoyGateway(stack, 'A', { cluster, replicas }), 10],
    ['ExternalSecrets', (stack, cluster, replicas) => new ExternalSecrets(stack, 'A', { cluster, replicas }), 10],
    ['LeaderWorkerSets', (stack, cluster, replicas) => new LeaderWorkerSets(stack, 'A', { cluster, replicas }), 10],
  ])('%s: a number of copies that cannot be', (_, make, max) => {
    expect(made((stack, cluster) => make(stack, cluster, 0))).toBe(`ValidationError at Stack/A [invalid-replicas]: replicas 0 is not a whole number from 1 to ${max}; use a value in that range`);
    expect(made((stack, cluster) => make(stack, cluster, Token.asNumber({ Ref: 'N' })))).toBe(
      'ValidationError at Stack/A [unresolved-replicas]: replicas is known only at deploy time, but it decides what is created; give a literal');
  });

  test('EnvoyGateway: every fault at once', () => {
    expect(made((stack, cluster) => new EnvoyGateway(stack, 'A', { cluster, gatewayClassName: 'My Class', proxyReplicas: 0.5 }))).toBe([
      'ValidationError at Stack/A: 2 faults',
      "  - [invalid-gateway-class-name] gatewayClassName 'My Class' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      '  - [invalid-proxy-replicas] proxyReplicas 0.5 is not a whole number from 1 to 100; use a value in that range',
    ].join('\n'));
  });

  test('a misspelt value of each chart', () => {
    expect(made((stack, cluster) => new KServe(stack, 'A', { cluster, values: { kserve: { controller: { deploymentmode: 'Knative' } } } }))).toBe(
      "ValidationError at Stack/A/AddOn [unknown-chart-value]: values.kserve.controller.deploymentmode is not a value of the pinned chart kserve-resources (did you mean 'kserve.controller.deploymentMode'?); correct the key, or leave it out");
    expect(made((stack, cluster) => new EnvoyGateway(stack, 'A', { cluster, values: { replicas: 2 } }))).toContain(
      '[unknown-chart-value]: values.replicas is not a value of the pinned chart envoy-gateway-helm');
  });
});
