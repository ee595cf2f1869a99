import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { parse } from 'yaml';
import { bucketIn, chat, chatIn, clusterIn, LLAMA, objectsOf, poolIn } from './llm-support';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../lib/accelerators/quantization';
import { Capacity, GpuSharing, ManifestDelivery, MlCluster } from '../../lib/cluster';
import { ModelRegistry } from '../../lib/registry';
import { InferenceGateway, LlmRuntime, LlmService, ModelNamespace, ModelSource, Rollout, ScaleToZero } from '../../lib/serving';
import type { IInferenceGateway } from '../../lib/serving/interfaces';
import { ancestorsOf, idOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from '../cluster/support';

const LLAMA70 = LlmModel.of('meta-llama/Llama-3.1-70B-Instruct');
const SMALL = LlmModel.of('Qwen/Qwen3-0.6B');
const HELM = 'Custom::AWSCDK-EKS-HelmChart';
const prometheus = { serverUrl: 'http://prometheus.monitoring.svc:9090', namespace: 'monitoring' };

function gatewayIn(stack: Stack): IInferenceGateway {
  return InferenceGateway.fromInferenceGatewayAttributes(stack, 'Gateway', {
    cluster: clusterIn(new Stack(stack.node.root as App, 'Elsewhere')), gatewayName: 'inference', namespace: 'gateway', address: 'llm.example.com', proxyNamespace: 'envoy-gateway-system',
  });
}

function podOf(service: LlmService): any {
  return objectsOf(service).find((it) => it.kind === 'Deployment').spec.template.spec;
}

function argsOf(service: LlmService): string[] {
  return podOf(service).containers[0].args;
}

describe('a language model in a few lines', () => {
  const service = chat();

  test('stands where it costs least: on the cheapest type of the pool that holds it, and on those that cost a little more', () => {
    // 8B in bfloat16 takes 15 of the 22 GiB of an L4, which leaves no room for 16,384 tokens 32 times; an L40S has 44 GiB
    expect(service.placement.instanceTypes).toEqual(['g6e.xlarge', 'g6e.2xlarge', 'g6e.12xlarge']);
    expect(service.placement.tensorParallel).toBe(1);
    expect(service.fit.fits).toBe(true);
    expect(service.fit.summary).toContain('g6e.xlarge');
    expect(service.placement.pool.poolName).toBe('inference');
  });

  test('has as many replicas as its requests need', () => {
    expect(service.placement.replicas).toBe(Math.ceil(32 / Math.floor(service.fit.concurrencyAtContext)));
    expect(objectsOf(service).find((it) => it.kind === 'Deployment').spec.replicas).toBe(service.placement.replicas);
  });

  test('answers inside of the cluster', () => {
    expect(service.url).toBe('http://chat.models.svc.cluster.local:8000/v1');
    expect(service.modelName).toBe('meta-llama/Llama-3.1-8B-Instruct');
    expect([service.serviceName, service.namespaceName, service.kubernetesServiceName, service.port]).toEqual(['chat', 'models', 'chat', 8000]);
    expect(service.gatewayUrl).toBeUndefined();
  });

  test('may read its own prefix of the bucket, and nothing else', () => {
    const stack = Stack.of(service);
    const statements = resourcesOf(stack)[idOf(stack, /^ChatIdentityRoleDefaultPolicy/)]?.Properties.PolicyDocument.Statement;
    expect(statements).toEqual([
      { Action: 's3:GetObject', Effect: 'Allow', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::models/llama-3.1-8b/*']] } },
      {
        Action: 's3:ListBucket', Effect: 'Allow', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::models']] },
        Condition: { StringLike: { 's3:prefix': ['llama-3.1-8b', 'llama-3.1-8b/*'] } },
      },
    ]);
  });

  test('has its rights before its pods, and its namespace before both', () => {
    const stack = Stack.of(service);
    const needed = ancestorsOf(stack, idOf(stack, /^ChatRelease[0-9A-F]{8}$/));
    expect(needed).toContain(idsOf(stack, 'AWS::EKS::PodIdentityAssociation')[0]);
    expect(needed).toContain(idOf(stack, /^ClusterModelNamespaceRelease[0-9A-F]{8}$/));
    expect(idsOf(stack, HELM)).toHaveLength(2);
  });

  test('says that spot nodes go only where that takes the service away', () => {
    Annotations.fromStack(Stack.of(service)).hasNoWarning('*', Match.anyValue());
    const alone = chat(() => ({ concurrency: 1 }));
    expect(alone.placement.replicas).toBe(1);
    Annotations.fromStack(Stack.of(alone)).hasWarning('/Stack/Chat', Match.stringLikeRegexp('one replica on spot nodes of pool inference.*cdk-ml-platform:llm-alone-on-spot'));
    const steady = chat((stack) => ({ concurrency: 1, pool: poolIn(stack, { poolName: 'steady', usesSpot: false }) }));
    Annotations.fromStack(Stack.of(steady)).hasNoWarning('*', Match.anyValue());
  });
});

describe('the place', () => {
  test('is the pool that holds the model at the lowest price', () => {
    const service = chat((stack) => ({
      cluster: clusterIn(stack, {
        gpuNodePools: [
          poolIn(stack, { poolName: 'large', instanceTypes: ['p5.48xlarge'] }), poolIn(stack, { poolName: 'right', instanceTypes: ['g6e.xlarge'] }),
          poolIn(stack, { poolName: 'small', instanceTypes: ['g4dn.xlarge'] }),
        ],
      }),
    }));
    expect(service.placement.pool.poolName).toBe('right');
    expect(podOf(service).nodeSelector).toEqual({ 'ml-platform/node-pool': 'right' });
  });

  test('may be stated', () => {
    const service = chat((stack) => ({ pool: poolIn(stack, { poolName: 'mine', instanceTypes: ['g6e.12xlarge'] }), instanceTypes: ['g6e.12xlarge'], tensorParallel: 4 }));
    expect([service.placement.tensorParallel, service.placement.instanceTypes]).toEqual([4, ['g6e.12xlarge']]);
    expect(argsOf(service)).toEqual(expect.arrayContaining(['--tensor-parallel-size', '4']));
    // g6e.12xlarge: 48 vCPUs and 384 GiB for its four GPUs
    expect(podOf(service).containers[0].resources).toEqual({
      requests: { 'cpu': '36000m', 'memory': '288Gi', 'ephemeral-storage': '5Gi', 'nvidia.com/gpu': 4 }, limits: { 'nvidia.com/gpu': 4 },
    });
  });

  test('divides the load over the replicas that are stated', () => {
    const service = chat(() => ({ replicas: 8 }));
    expect(service.placement.replicas).toBe(8);
    expect(service.fit.concurrencyAtContext).toBeGreaterThanOrEqual(4);
  });

  test('takes several nodes where one is too small, as one group of pods', () => {
    const service = chat((stack) => ({
      pool: poolIn(stack, { poolName: 'small', instanceTypes: ['g6.12xlarge'], maxGpus: 64 }), model: LLAMA70, contextLength: 8_192, concurrency: 1,
    }));
    expect(service.placement.nodesPerReplica).toBeGreaterThan(1);
    const set = objectsOf(service).find((it) => it.kind === 'LeaderWorkerSet');
    expect(set.spec.leaderWorkerTemplate.size).toBe(service.placement.nodesPerReplica);
    expect(service.url).toBe('http://chat.models.svc.cluster.local:8000/v1');
  });

  test('may be a part of a GPU: each server then takes its part of the memory', () => {
    const service = chat((stack) => ({
      pool: poolIn(stack, { poolName: 'shared', instanceTypes: ['g6e.xlarge'], sharing: GpuSharing.timeSlicing(2) }), model: SMALL, contextLength: 4_096, concurrency: 1, replicas: 2,
    }));
    const args = argsOf(service);
    expect(Number(args[args.indexOf('--gpu-memory-utilization') + 1])).toBeLessThan(0.5);
    expect(podOf(service).containers[0].resources.limits).toEqual({ 'nvidia.com/gpu': 1 });
  });
});

describe('what users write first', () => {
  test('works as it stands in the README, on a cluster of the library\'s own', () => {
    const stack = testStack();
    const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
    cluster.addGpuNodePool('Inference', { capacity: Capacity.spotWithOnDemandFallback(), maxGpus: 16 });
    const bucket = new s3.Bucket(stack, 'Bucket');
    const service = new LlmService(stack, 'Chat', {
      cluster, model: LlmModel.of('meta-llama/Llama-3.1-8B-Instruct'), source: ModelSource.s3(bucket, 'llama-3.1-8b/'), contextLength: 16384, concurrency: 32,
    });
    expect(service.placement.pool.poolName).toBe('inference');
    expect(service.placement.instanceTypes.length).toBeGreaterThanOrEqual(3);
    expect(service.placement.replicas).toBeLessThanOrEqual(16);
    // the release of the pods waits for the drain, so that it goes first when the stack goes
    const drains = idsOf(stack, 'Custom::MlPlatformDrain');
    expect(drains.length).toBeGreaterThan(0);
    expect([...ancestorsOf(stack, idOf(stack, /^ChatRelease[0-9A-F]{8}$/))]).toEqual(expect.arrayContaining(drains));
  });
});

describe('the engine', () => {
  test('is told what the user says', () => {
    const args = argsOf(chat(() => ({
      dtype: ModelDtype.BFLOAT16, quantization: WeightQuantization.FP8, kvCacheDtype: KvCacheDtype.FP8, gpuMemoryUtilization: 0.85, maxNumSeqs: 64,
      maxNumBatchedTokens: 4_096, prefixCaching: true, enforceEager: true, servedModelName: 'chat', toolCallParser: 'llama3_json', extraArgs: ['--seed', '7'],
      drainTimeout: Duration.seconds(30),
    })));
    for (const pair of [
      ['--dtype', 'bfloat16'], ['--quantization', 'fp8'], ['--kv-cache-dtype', 'fp8'], ['--gpu-memory-utilization', '0.85'], ['--max-num-seqs', '64'],
      ['--max-num-batched-tokens', '4096'], ['--served-model-name', 'chat'], ['--tool-call-parser', 'llama3_json'], ['--seed', '7'], ['--shutdown-timeout', '30'],
    ]) expect(args.slice(args.indexOf(pair[0]!), args.indexOf(pair[0]!) + 2)).toEqual(pair);
    expect(args).toEqual(expect.arrayContaining(['--enable-prefix-caching', '--enforce-eager', '--enable-auto-tool-choice']));
  });

  test('is told to hold more requests than it would by itself', () => {
    const service = chat(() => ({ contextLength: 128, concurrency: 700, replicas: 1 }));
    expect(argsOf(service)).toEqual(expect.arrayContaining(['--max-num-seqs', '700']));
    expect(argsOf(chat())).not.toContain('--max-num-seqs');
  });

  test('runs from the mirror of the cluster', () => {
    const service = chat((stack) => ({ cluster: clusterIn(stack, { imageMirror: 'mirror.example.com/ml' }) }));
    expect(podOf(service).containers[0].image).toBe('mirror.example.com/ml/docker.io/vllm/vllm-openai:v0.33.0');
  });
});

describe('the forms', () => {
  test('KServe keeps the container of the Deployment and answers under a name of its own', () => {
    const service = chat(() => ({ runtime: LlmRuntime.kserve() }));
    const [container] = objectsOf(service).find((it) => it.kind === 'InferenceService').spec.predictor.containers;
    expect({ ...container, name: 'vllm' }).toEqual(podOf(chat()).containers[0]);
    expect(service.url).toBe('http://chat-predictor.models.svc.cluster.local/v1');
  });

  test('an LLMInferenceService warns that the fit is not its own', () => {
    const service = chat(() => ({ runtime: LlmRuntime.llmInferenceService() }));
    expect(objectsOf(service).map((it) => it.kind)).toContain('LLMInferenceService');
    expect(service.url).toBe('https://chat-kserve-workload-svc.models.svc.cluster.local:8000/v1');
    Annotations.fromStack(Stack.of(service)).hasWarning('/Stack/Chat', Match.stringLikeRegexp("llm-d's build of vLLM, for which the memory fit does not hold"));
  });

  test('a cluster without KServe says what is missing', () => {
    expect(() => resourcesOf(Stack.of(chat((stack) => ({ cluster: clusterIn(stack, { installedApiGroups: [] }), runtime: LlmRuntime.kserve() })))))
      .toThrow('missing-requirement');
  });
});

describe('the source', () => {
  test('in a bucket with a key brings the right to use the key', () => {
    const stack = testStack();
    const bucket = new s3.Bucket(stack, 'Own', { encryptionKey: new kms.Key(stack, 'Key') });
    chatIn(stack, { source: ModelSource.s3(bucket, 'm', { region: 'eu-west-1' }) });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt' })]) },
    });
  });

  test('whose bucket is known only at deploy time is a value of the chart', () => {
    const stack = testStack();
    const service = chatIn(stack, { source: ModelSource.s3(new s3.Bucket(stack, 'Own'), 'm') });
    expect(argsOf(service)[0]).toBe('s3://<T0>/m');
    const release = Object.entries(resourcesOf(stack)).find(([id]) => /^ChatRelease[0-9A-F]{8}$/.test(id))?.[1];
    expect(JSON.stringify(release?.Properties.Values)).toContain('Own');
  });

  test('on the Hub is warned about without a revision, and pinned with one', () => {
    const source = (revision?: string) => ({ source: ModelSource.huggingFace({ revision, token: { secretName: 'hub', key: 'token' } }) });
    const loose = chat(() => source());
    Annotations.fromStack(Stack.of(loose)).hasWarning('/Stack/Chat', Match.stringLikeRegexp('cdk-ml-platform:unpinned-hugging-face-revision'));
    const pinned = chat(() => source('0e9e39f'));
    Annotations.fromStack(Stack.of(pinned)).hasNoWarning('*', Match.anyValue());
    expect(argsOf(pinned).slice(0, 3)).toEqual(['meta-llama/Llama-3.1-8B-Instruct', '--revision', '0e9e39f']);
    expect(podOf(pinned).containers[0].resources.requests['ephemeral-storage']).toBe('20Gi');
    expect(resourcesOf(Stack.of(pinned))).not.toHaveProperty('ChatIdentityRoleDefaultPolicy');
  });

  test('in the registry is looked up by each pod, with the right to read its record and artifacts', () => {
    const stack = testStack();
    const models = ModelRegistry.fromModelRegistryAttributes(stack, 'Registry', {
      trackingUri: 'https://mlflow.example.com', artifactBucket: bucketIn(stack), releaseTable: dynamodb.Table.fromTableName(stack, 'Releases', 'releases'),
    });
    const service = chatIn(stack, { source: ModelSource.registry(models.model('chat').alias('champion')) });
    const [fetch] = podOf(service).initContainers;
    expect(fetch.image).toBe('docker.io/vllm/vllm-openai:v0.33.0');
    expect(JSON.parse(fetch.env[0].value)).toEqual({ release: { model: 'chat', table: 'releases', paths: { model: 'model', tokenizer: 'components/tokenizer' } } });
    expect(argsOf(service).slice(0, 2)).toEqual(['--config', '/var/run/llm/model.yaml']);
    const actions = resourcesOf(stack)[idOf(stack, /^ChatIdentityRoleDefaultPolicy/)]?.Properties.PolicyDocument.Statement.map((it: any) => it.Action);
    expect(actions).toEqual(['dynamodb:GetItem', 's3:GetObject', 's3:ListBucket']);
  });

  test('on a volume is mounted, not fetched', () => {
    const pod = podOf(chat(() => ({ source: ModelSource.nodeCache('llama-gpu', { path: 'llama' }) })));
    expect(pod.volumes).toContainEqual({ name: 'models', persistentVolumeClaim: { claimName: 'llama-gpu', readOnly: true } });
    expect(pod.containers[0].args[0]).toBe('/mnt/models/llama');
  });
});

describe('who may call', () => {
  test('is nobody, then the gateway, Prometheus and the namespaces that are named', () => {
    const policy = (service: LlmService): any => objectsOf(service).find((it) => it.kind === 'NetworkPolicy').spec;
    expect(policy(chat()).ingress).toEqual([]);
    const namespaces = policy(chat((stack) => ({ gateway: gatewayIn(stack), prometheus, callers: ['shop'] }))).ingress[0].from
      .map((it: any) => it.namespaceSelector.matchLabels['kubernetes.io/metadata.name']);
    expect(namespaces).toEqual(['envoy-gateway-system', 'monitoring', 'shop']);
  });

  test('grows by a policy of its own, once for each namespace', () => {
    const stack = testStack();
    const service = chatIn(stack);
    service.addCaller('shop');
    service.addCaller('shop');
    // the namespace, the service, the caller
    expect(idsOf(stack, HELM)).toHaveLength(3);
    expect(() => service.addCaller('My Shop')).toThrow('[invalid-namespace-name]');
  });
});

describe('scaling and routing', () => {
  test('KEDA scales by vLLM\'s metrics between one and the most that the pool holds', () => {
    const objects = objectsOf(chat(() => ({ prometheus, autoscaling: { maxReplicas: 6 } })));
    expect(objects.find((it) => it.kind === 'Deployment').spec).not.toHaveProperty('replicas');
    const scaled = objects.find((it) => it.kind === 'ScaledObject').spec;
    expect(scaled.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'chat' });
    expect([scaled.minReplicaCount, scaled.maxReplicaCount]).toEqual([1, 6]);
    expect(scaled.triggers[0].metadata.query).toContain('namespace="models",ml_platform_service="chat"');
  });

  test('the route has OpenAI\'s API below the name of the service', () => {
    const service = chat((stack) => ({ gateway: gatewayIn(stack) }));
    const [rule] = objectsOf(service).find((it) => it.kind === 'HTTPRoute').spec.rules;
    expect(rule.matches).toEqual([{ path: { type: 'PathPrefix', value: '/chat' } }]);
    expect(rule.backendRefs).toEqual([{ name: 'chat', port: 8000 }]);
    expect(service.gatewayUrl).toBe('https://llm.example.com/chat/v1');
  });

  test('a candidate gets its share, and lets the gateway in', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const gateway = gatewayIn(stack);
    const shared = { cluster, model: LLAMA, source: ModelSource.s3(bucketIn(stack), 'm'), contextLength: 4_096 };
    const candidate = new LlmService(stack, 'Candidate', { ...shared, quantization: WeightQuantization.FP8 });
    const stable = new LlmService(stack, 'Chat', { ...shared, gateway, candidate, rollout: Rollout.canary({ steps: [10, 100], step: 1 }) });
    const [rule] = objectsOf(stable).find((it) => it.kind === 'HTTPRoute').spec.rules;
    expect(rule.backendRefs).toEqual([{ name: 'chat', port: 8000, weight: 90 }, { name: 'candidate', port: 8000, weight: 10 }]);
    expect(candidate.node.tryFindChild('From-envoy-gateway-system')).toBeDefined();
  });

  test('a request wakes it through the proxy that holds it', () => {
    const service = chat((stack) => ({ gateway: gatewayIn(stack), prometheus, autoscaling: { maxReplicas: 4 }, scaleToZero: ScaleToZero.onRequest() }));
    const objects = objectsOf(service);
    const [rule] = objects.find((it) => it.kind === 'HTTPRoute').spec.rules;
    expect(rule.backendRefs).toEqual([{ name: 'keda-add-ons-http-interceptor-proxy', namespace: 'keda', port: 8080 }]);
    expect(objects.find((it) => it.kind === 'InterceptorRoute').spec.target).toEqual({ service: 'chat', port: 8000 });
    expect(JSON.stringify(objects.find((it) => it.kind === 'NetworkPolicy').spec.ingress)).toContain('"keda"');
  });
});

describe('monitoring', () => {
  test('comes with a Prometheus, and without the operator only if asked', () => {
    const kinds = (service: LlmService): string[] => objectsOf(service).map((it) => it.kind);
    expect(kinds(chat(() => ({ prometheus })))).toEqual(expect.arrayContaining(['ServiceMonitor', 'PrometheusRule', 'ConfigMap']));
    expect(kinds(chat(() => ({ prometheus, monitoring: false })))).not.toContain('ServiceMonitor');
    expect(kinds(chat())).not.toContain('ServiceMonitor');
  });

  test('reads an LLMInferenceService over its own TLS', () => {
    const service = chat(() => ({ prometheus, runtime: LlmRuntime.llmInferenceService() }));
    expect(objectsOf(service).find((it) => it.kind === 'ServiceMonitor').spec.endpoints[0]).toMatchObject({ scheme: 'https', tlsConfig: { insecureSkipVerify: true } });
  });
});

describe('GitOps', () => {
  test('writes the service and its namespace as files, in waves', () => {
    const directory = mkdtempSync(join(tmpdir(), 'llm-git-'));
    const service = chat((stack) => ({ cluster: clusterIn(stack, { delivery: ManifestDelivery.gitOps({ directory }) }) }));
    resourcesOf(Stack.of(service));
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
    const wave = (pattern: RegExp): number => {
      const file = files.find((it) => pattern.test(it)) ?? '';
      return Number(parse(readFileSync(join(directory, file), 'utf8')).metadata.annotations['argocd.argoproj.io/sync-wave']);
    };
    expect(wave(/namespace-models\.yaml$/)).toBeLessThan(wave(/deployment-models-chat\.yaml$/));
    rmSync(directory, { recursive: true });
  });
});

describe('constructs', () => {
  test('stand at paths that do not change', () => {
    const service = chat();
    expect(service.node.children.map((it) => it.node.id)).toEqual(['Identity', 'Release']);
    expect(service.release.node.path).toBe('Stack/Chat/Release');
  });

  test('two services live in one stack and share the namespace', () => {
    const stack = testStack();
    const one = chatIn(stack);
    new LlmService(stack, 'Other', { cluster: one.cluster, model: LLAMA, source: ModelSource.s3(s3.Bucket.fromBucketName(stack, 'Others', 'others'), 'm'), contextLength: 4_096 });
    expect(idsOf(stack, HELM)).toHaveLength(3);
    expect(idsOf(stack, 'AWS::EKS::PodIdentityAssociation')).toHaveLength(2);
  });

  test('a service of another stack depends on the cluster\'s', () => {
    const app = testApp();
    const base = new Stack(app, 'Base');
    const models = new Stack(app, 'Models');
    const cluster = clusterIn(base);
    new LlmService(models, 'Chat', { cluster, model: LLAMA, source: ModelSource.s3(bucketIn(models), 'm'), contextLength: 4_096 });
    app.synth();
    expect(models.dependencies).toContain(base);
  });

  test('an imported service creates nothing', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const service = LlmService.fromLlmServiceAttributes(stack, 'Vllm', { cluster, kubernetesServiceName: 'vllm', modelName: 'm', tls: true, port: 443, namespaceName: 'team' });
    service.addCaller('shop');
    expect(service.url).toBe('https://vllm.team.svc.cluster.local/v1');
    expect(resourcesOf(stack)).toEqual({});
    expect(() => LlmService.fromLlmServiceAttributes(stack, 'Bad', { cluster, kubernetesServiceName: 'My Service', modelName: 'm', port: 0 })).toThrow(/invalid-kubernetes-service-name[\s\S]*invalid-port/);
  });

  test('a namespace is made once, by name, or taken as it is', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(ModelNamespace.of(cluster)).toBe(ModelNamespace.of(cluster));
    const namespace = new ModelNamespace(stack, 'Team', { cluster, namespaceName: 'team' });
    expect(chatIn(stack, { cluster, namespace }).url).toContain('chat.team.svc');
    const imported = ModelNamespace.fromModelNamespaceAttributes(stack, 'Existing', { cluster, namespaceName: 'theirs' });
    expect([imported.namespaceName, imported.node.children]).toEqual(['theirs', []]);
    expect(() => new ModelNamespace(stack, 'Bad', { cluster, namespaceName: 'No Name' })).toThrow('[invalid-namespace-name]');
  });
});
