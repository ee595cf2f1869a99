import { App, Duration, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { deliveredBy, kserveCluster, PaperGateway, PaperPool, PROMETHEUS } from './kserve-support';
import type { IMlCluster } from '../../lib/cluster';
import {
  type IClusterModelService, InferenceProtocol, ModelRuntime, ModelService, type ModelServiceProps, RequestLogging, Rollout, ScaleToZero,
} from '../../lib/serving';
import { ModelNamespace } from '../../lib/serving/model-namespace';
import { ModelSource } from '../../lib/serving/model-source';
import { faultOf, resourcesOf, testStack } from '../cluster/support';

const bucketIn = (stack: Stack): s3.IBucket => s3.Bucket.fromBucketName(stack, 'Models', 'models-of-the-team');
const files = (stack: Stack): ModelSource => ModelSource.s3(bucketIn(stack), 'fraud/3/');
type More = (stack: Stack, cluster: IMlCluster) => Partial<ModelServiceProps>;

/** What a service with some properties is in the cluster. */
function objectsOf(runtime: ModelRuntime, more: More = () => ({})): Record<string, any> {
  return deliveredBy((stack, cluster) => {
    new ModelService(stack, 'Fraud', { cluster, runtime, source: files(stack), ...more(stack, cluster) });
  });
}
const serviceOf = (runtime: ModelRuntime, more?: More): any => objectsOf(runtime, more)['InferenceService fraud'];
const onGpus: More = (stack) => ({ gpu: { pool: new PaperPool(stack, 'Pool') } });
const refusal = (runtime: ModelRuntime, more: More = () => ({})): string => faultOf(() => {
  const stack = testStack();
  const cluster = kserveCluster(stack);
  new ModelService(stack, 'Fraud', { cluster, runtime, source: files(stack), ...more(stack, cluster) });
});

describe('a model service', () => {
  test('is, at its smallest, an InferenceService with its runtime, ServiceAccount and network policy in the namespace for models', () => {
    expect(Object.keys(objectsOf(ModelRuntime.xgboost())).sort()).toEqual([
      'InferenceService fraud', 'Namespace models', 'NetworkPolicy default-deny', 'NetworkPolicy fraud-predictor', 'ServiceAccount fraud', 'ServingRuntime fraud',
    ]);
  });

  test('is deployed by KServe in Standard mode, without its autoscaler', () => {
    const { metadata, spec } = serviceOf(ModelRuntime.xgboost());
    expect(metadata.annotations).toEqual({ 'serving.kserve.io/deploymentMode': 'Standard', 'serving.kserve.io/autoscalerClass': 'none' });
    expect(spec).toMatchObject({ predictor: { minReplicas: 1, maxReplicas: 1, model: { modelFormat: { name: 'xgboost' }, runtime: 'fraud', protocolVersion: 'v2' } } });
  });

  test('reads one prefix and not its neighbours, with rights by Pod Identity and no secret', () => {
    expect(serviceOf(ModelRuntime.xgboost()).spec.predictor).toMatchObject({
      serviceAccountName: 'fraud', model: { storageUri: 's3://models-of-the-team/fraud/3/' },
    });
    const stack = testStack();
    new ModelService(stack, 'Fraud', { cluster: kserveCluster(stack), runtime: ModelRuntime.xgboost(), source: files(stack) });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'models', ServiceAccount: 'fraud' });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::models-of-the-team/fraud/3/*']] } }),
          // HeadBucket, with which KServe begins, says no prefix
          Match.objectLike({ Action: 's3:ListBucket', Condition: { Null: { 's3:prefix': 'true' } } }),
        ]),
      },
    });
  });

  test('takes a bucket whose name is known only at deploy time', () => {
    const stack = testStack();
    new ModelService(stack, 'Fraud', {
      cluster: kserveCluster(stack), runtime: ModelRuntime.xgboost(), source: ModelSource.s3(new s3.Bucket(stack, 'Models'), 'fraud'),
    });
    const [release] = Object.entries(resourcesOf(stack)).filter(([id]) => id.startsWith('FraudRelease'));
    expect(release?.[1].Properties.Values).toEqual({ 'Fn::Join': ['', ['{"T0":"', { Ref: expect.stringMatching(/^Models/) }, '"}']] });
  });

  test('knows its addresses', () => {
    const stack = testStack();
    const cluster = kserveCluster(stack);
    const service = new ModelService(stack, 'FraudModel', {
      cluster, runtime: ModelRuntime.tensorflow(), source: files(stack), grpc: true, modelName: 'Fraud', gateway: new PaperGateway(stack, 'Gateway', cluster),
    });
    expect(service).toMatchObject({
      serviceName: 'fraud-model', namespaceName: 'models', modelName: 'Fraud',
      url: 'http://fraud-model-predictor.models.svc.cluster.local',
      inferenceUrl: 'http://fraud-model-predictor.models.svc.cluster.local/v1/models/Fraud:predict',
      grpcAddress: 'fraud-model-predictor.models.svc.cluster.local:9000',
      gatewayUrl: 'https://models.example.com/fraud-model',
    });
  });

  test('stands in a namespace of its own choice, and twice in one stack', () => {
    const stack = testStack();
    const cluster = kserveCluster(stack);
    const namespace = ModelNamespace.fromModelNamespaceAttributes(stack, 'Team', { cluster, namespaceName: 'team-a' });
    for (const id of ['One', 'Two']) new ModelService(stack, id, { cluster, namespace, runtime: ModelRuntime.xgboost(), source: files2(stack) });
    expect(new ModelService(stack, 'Three', { cluster, runtime: ModelRuntime.xgboost(), source: files2(stack) }).namespaceName).toBe('models');
    Template.fromStack(stack).resourceCountIs('AWS::EKS::PodIdentityAssociation', 3);
  });

  test('has children with constant ids', () => {
    const stack = testStack();
    const service = new ModelService(stack, 'Fraud', { cluster: kserveCluster(stack), runtime: ModelRuntime.platform({ image: 'example.com/server:1' }), source: registrySource() });
    service.addCaller('team-a');
    expect(service.node.children.map((it) => it.node.id)).toEqual(['Identity', 'Release', 'FromTeamA']);
  });

  test('pulls from the cluster\'s mirror', () => {
    const stack = testStack();
    new ModelService(stack, 'Fraud', { cluster: kserveCluster(stack, { imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' }), runtime: ModelRuntime.onnx(), source: files(stack) });
    const { stdout } = chartsOf(stack);
    expect(stdout).toContain('"image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nvcr.io/nvidia/tritonserver:');
  });
});

describe('the pods of a model service', () => {
  test('meet Pod Security "restricted" and hold no token of the Kubernetes API', () => {
    const { predictor } = serviceOf(ModelRuntime.custom({ image: 'example.com/app:1' })).spec;
    expect(predictor).toMatchObject({
      automountServiceAccountToken: false, enableServiceLinks: false, securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(predictor.securityContext.runAsUser).toBeUndefined();
    expect(predictor.containers[0].securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
  });

  test('say requests and limits, which KServe would fill up with less', () => {
    const { resources } = serviceOf(ModelRuntime.xgboost(), () => ({ resources: { cpus: 2.5, memoryGiB: 6, diskGiB: 10 } })).spec.predictor.model;
    const set = { 'cpu': '2500m', 'memory': '6144Mi', 'ephemeral-storage': '10240Mi' };
    expect(resources).toEqual({ requests: set, limits: set });
  });

  test('wait for the model to load, and are not looked at before', () => {
    const { model } = serviceOf(ModelRuntime.xgboost(), () => ({ startupTimeout: Duration.minutes(30) })).spec.predictor;
    expect(model.startupProbe).toMatchObject({ httpGet: { path: '/v2/models/fraud/ready', port: 8080 }, periodSeconds: 10, failureThreshold: 180 });
  });

  test('of the platform\'s server are up before the first promotion, and asked after it', () => {
    const objects = objectsOf(ModelRuntime.platform({ image: 'example.com/server:1', allowPickle: true, pollInterval: Duration.seconds(1) }), () => ({ source: registrySource() }));
    const [container] = objects['InferenceService fraud'].spec.predictor.containers;
    expect(container).toMatchObject({
      image: 'example.com/server:1', command: ['python', '-m', 'ml_platform_runtime', 'serve'],
      startupProbe: { httpGet: { path: '/health' } }, readinessProbe: { httpGet: { path: '/v2/health/ready' } },
    });
    expect(Object.fromEntries(container.env.map((it: any) => [it.name, it.value]))).toMatchObject({
      ML_MODEL_NAME: 'Fraud Model', ML_RELEASE_TABLE: 'releases', AWS_REGION: 'eu-west-1', ML_RELEASE_POLL_MS: '1000', ML_ALLOW_PICKLE: 'true',
    });
    expect(objects['ServingRuntime fraud']).toBeUndefined();
  });

  test('go to their GPU pool, ask for its resource and are not moved by consolidation', () => {
    const { predictor } = serviceOf(ModelRuntime.triton(), (stack) => ({
      gpu: { pool: new PaperPool(stack, 'Pool', { gpuResource: 'nvidia.com/mig-1g.10gb' }), instanceTypes: ['g6e.xlarge', 'g6.xlarge'] },
    })).spec;
    expect(predictor).toMatchObject({
      nodeSelector: { 'ml-platform/node-pool': 'inference' },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      annotations: { 'karpenter.sh/do-not-disrupt': 'true' },
      model: { resources: { limits: { 'nvidia.com/mig-1g.10gb': 1 } } },
    });
    expect(predictor.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms)
      .toEqual([{ matchExpressions: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6.xlarge', 'g6e.xlarge'] }] }]);
  });

  test('are replaced one by one, on GPUs without one to spare', () => {
    const strategy = (runtime: ModelRuntime, more?: More): unknown => serviceOf(runtime, more).spec.predictor.deploymentStrategy.rollingUpdate;
    expect([strategy(ModelRuntime.triton()), strategy(ModelRuntime.triton(), onGpus)]).toEqual([{ maxSurge: 1, maxUnavailable: 0 }, { maxSurge: 0, maxUnavailable: 1 }]);
  });

  test('have a disruption budget from two on: one would never be let go', () => {
    const budgets = (replicas: number): string[] => Object.keys(objectsOf(ModelRuntime.xgboost(), () => ({ replicas }))).filter((it) => it.startsWith('PodDisruptionBudget'));
    expect([budgets(1), budgets(2)]).toEqual([[], ['PodDisruptionBudget fraud-predictor']]);
  });

  test('run on x86 where the image is for x86 only', () => {
    expect(serviceOf(ModelRuntime.tensorflow()).spec.predictor.nodeSelector).toEqual({ 'kubernetes.io/arch': 'amd64' });
    expect(serviceOf(ModelRuntime.xgboost()).spec.predictor.nodeSelector).toBeUndefined();
  });
});

describe('calls', () => {
  const ingress = (objects: Record<string, any>, component: string): unknown => objects[`NetworkPolicy fraud-${component}`].spec.ingress;
  const from = (...names: string[]) => names.map((it) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': it } } }));
  const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: 'TCP', port }));

  test('are let in from nowhere by default', () => {
    expect(ingress(objectsOf(ModelRuntime.xgboost()), 'predictor')).toEqual([]);
  });

  test('are let in from the gateway, named namespaces and Prometheus, each to its port', () => {
    const objects = objectsOf(ModelRuntime.triton(), (stack, cluster) => ({ gateway: new PaperGateway(stack, 'Gateway', cluster), callers: ['shop'], prometheus: PROMETHEUS, grpc: true }));
    expect(ingress(objects, 'predictor')).toEqual([
      { from: from('envoy-gateway-system', 'shop'), ports: tcp(8080, 9000) },
      { from: from('monitoring'), ports: tcp(8002) },
    ]);
    expect(objects['PodMonitor fraud'].spec.podMetricsEndpoints).toEqual([{ port: 'metrics', path: '/metrics', interval: '30s' }]);
  });

  test('pass the transformer first, which alone reaches the model', () => {
    const objects = objectsOf(ModelRuntime.xgboost(), () => ({ callers: ['shop'], transformer: { image: 'example.com/transformer:1' } }));
    expect(ingress(objects, 'transformer')).toEqual([{ from: from('shop'), ports: tcp(8080) }]);
    expect(ingress(objects, 'predictor')).toEqual([{ from: [{ podSelector: { matchLabels: { 'ml-platform/service': 'fraud', 'component': 'transformer' } } }], ports: tcp(8080) }]);
    expect(objects['InferenceService fraud'].spec.transformer).toMatchObject({
      annotations: { 'serving.kserve.io/autoscalerClass': 'none' },
      containers: [{ image: 'example.com/transformer:1', args: ['--model_name=fraud', '--predictor_protocol=v2', '--enable_grpc=false'] }],
    });
  });

  test('of one more namespace are let in by a method', () => {
    const objects = deliveredBy((stack, cluster) => {
      new ModelService(stack, 'Fraud', { cluster, runtime: ModelRuntime.xgboost(), source: files(stack) }).addCaller('team-a');
    });
    expect(objects['NetworkPolicy fraud-from-team-a'].spec.ingress).toEqual([{ from: from('team-a'), ports: tcp(8080) }]);
  });

  test('that are logged go through KServe\'s agent, whose port is opened instead of the server\'s', () => {
    const objects = objectsOf(ModelRuntime.xgboost(), (stack) => ({
      callers: ['shop'], requestLog: RequestLogging.toS3(s3.Bucket.fromBucketName(stack, 'Logs', 'logs'), { headers: ['x-request-id'] }),
    }));
    expect(objects['InferenceService fraud'].spec.predictor.logger).toEqual({
      url: 's3://logs/model-requests', mode: 'all', metadataHeaders: ['X-Request-Id'], batchSize: 100, batchInterval: '30000ms',
      storage: { path: 'requests', parameters: { format: 'json' }, serviceAccountName: 'fraud' },
    });
    expect(ingress(objects, 'predictor')).toEqual([{ from: from('shop'), ports: tcp(9081) }]);
  });

  test('that are logged to a bucket need the right to write below one prefix', () => {
    const stack = testStack();
    new ModelService(stack, 'Fraud', {
      cluster: kserveCluster(stack), runtime: ModelRuntime.xgboost(), source: files(stack), requestLog: RequestLogging.toS3(s3.Bucket.fromBucketName(stack, 'Logs', 'logs')),
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 's3:PutObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::logs/model-requests/*']] } })]) },
    });
  });

  test('that are logged to a sink in the cluster may reach its namespace', () => {
    const egress = (url: string): any[] => objectsOf(ModelRuntime.xgboost(), () => ({ requestLog: RequestLogging.toUrl(url) }))['NetworkPolicy fraud-predictor'].spec.egress;
    expect(egress('http://broker.events.svc.cluster.local:8080/models')).toContainEqual({ to: from('events') });
    expect(egress('https://collector.example.com:8443/')).toContainEqual({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] });
  });
});

describe('behind a gateway', () => {
  const gateway: More = (stack, cluster) => ({ gateway: new PaperGateway(stack, 'Gateway', cluster) });
  const rule = (more: More): any => objectsOf(ModelRuntime.custom({ image: 'example.com/app:1' }), (stack, cluster) => ({ ...gateway(stack, cluster), ...more(stack, cluster) }));

  test('a service answers below its name', () => {
    expect(rule(() => ({}))['HTTPRoute fraud'].spec.rules).toMatchObject([{
      matches: [{ path: { type: 'PathPrefix', value: '/fraud' } }],
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { replacePrefixMatch: '/' } } }],
      backendRefs: [{ name: 'fraud-predictor', port: 80 }],
    }]);
  });

  test('a candidate is a service of its own that gets its share, and loses it by one value', () => {
    const share = (step: number): Record<string, any> => rule((stack, cluster) => ({
      candidate: new ModelService(stack, 'Next', { cluster, runtime: ModelRuntime.custom({ image: 'example.com/app:2' }) }), rollout: Rollout.canary({ steps: [10, 50], step }),
    }));
    const backends = (step: number): unknown => share(step)['HTTPRoute fraud'].spec.rules[0].backendRefs;
    expect(backends(1)).toEqual([{ name: 'fraud-predictor', port: 80, weight: 90 }, { name: 'next-predictor', port: 80, weight: 10 }]);
    expect(backends(0)).toEqual([{ name: 'fraud-predictor', port: 80, weight: 100 }, { name: 'next-predictor', port: 80, weight: 0 }]);
    expect(share(1)['NetworkPolicy next-from-envoy-gateway-system'].spec.podSelector.matchLabels['ml-platform/service']).toBe('next');
  });

  test('a service that exists can be the candidate, and creates nothing', () => {
    const objects = rule((stack, cluster) => ({
      candidate: ModelService.fromClusterModelServiceAttributes(stack, 'Other', { cluster, kubernetesServiceName: 'theirs', port: 8080, modelName: 'x' }), rollout: Rollout.shadow(),
    }));
    expect(objects['HTTPRoute fraud'].spec.rules[0].filters).toContainEqual({ type: 'RequestMirror', requestMirror: { backendRef: { name: 'theirs', port: 8080 }, percent: 100 } });
    const stack = testStack();
    const imported = ModelService.fromClusterModelServiceAttributes(stack, 'Other', { cluster: kserveCluster(stack), kubernetesServiceName: 'theirs', modelName: 'x', protocol: InferenceProtocol.V2 });
    imported.addCaller('anybody');
    expect(imported).toMatchObject({ namespaceName: 'models', port: 80, url: 'http://theirs.models.svc.cluster.local', inferenceUrl: 'http://theirs.models.svc.cluster.local/v2/models/x/infer' });
    expect(resourcesOf(stack)).toEqual({});
  });

  test('KEDA scales the Deployment that KServe makes, and KServe leaves its replicas alone', () => {
    const objects = rule(() => ({ autoscaling: { minReplicas: 2, maxReplicas: 6, requestsPerSecond: 20 }, prometheus: PROMETHEUS }));
    expect(objects['ScaledObject fraud'].spec).toMatchObject({ scaleTargetRef: { kind: 'Deployment', name: 'fraud-predictor' }, minReplicaCount: 2, maxReplicaCount: 6 });
    expect(objects['InferenceService fraud'].metadata.annotations['serving.kserve.io/autoscalerClass']).toBe('external');
  });

  test('requests are held while there are no pods', () => {
    const objects = rule(() => ({ autoscaling: { maxReplicas: 2 }, scaleToZero: ScaleToZero.onRequest(), prometheus: PROMETHEUS }));
    expect(objects['HTTPRoute fraud'].spec.rules[0].backendRefs[0].name).toBe('keda-add-ons-http-interceptor-proxy');
    expect(objects['InterceptorRoute fraud'].spec.target).toEqual({ service: 'fraud-predictor', port: 80 });
    expect(JSON.stringify(objects['NetworkPolicy fraud-predictor'].spec.ingress)).toContain('"keda"');
  });
});

describe('warnings', () => {
  const warned = (runtime: ModelRuntime, more: More = () => ({})): string[] => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const cluster = kserveCluster(stack);
    new ModelService(stack, 'Fraud', { cluster, runtime, source: files(stack), ...more(stack, cluster) });
    return Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map((it) => String(it.entry.data));
  };

  test('name formats that run code when they are loaded', () => {
    expect(warned(ModelRuntime.sklearn())).toEqual([expect.stringContaining('the model is a pickle or joblib file')]);
    expect(warned(ModelRuntime.onnx())).toEqual([]);
  });

  test('name a single pod on spot nodes', () => {
    expect(warned(ModelRuntime.onnx(), onGpus)).toEqual([expect.stringContaining("pool 'inference' has spot nodes")]);
    expect(warned(ModelRuntime.onnx(), (stack, cluster) => ({ ...onGpus(stack, cluster), replicas: 2 }))).toEqual([]);
  });

  test('say that gRPC is not logged', () => {
    expect(warned(ModelRuntime.onnx(), () => ({ grpc: true, requestLog: RequestLogging.toUrl('http://sink.logs/') }))).toEqual([expect.stringContaining('calls by gRPC are not logged')]);
  });
});

describe('validation', () => {
  const pool = (facts: Partial<PaperPool> = {}, gpu: object = {}): More => (stack) => ({ gpu: { pool: new PaperPool(stack, 'Pool', facts), ...gpu } });
  const theirs = (stack: Stack, cluster: IMlCluster, more: object = {}): IClusterModelService => ModelService.fromClusterModelServiceAttributes(
    stack, 'Other', { cluster, kubernetesServiceName: 'theirs', modelName: 'fraud', protocol: InferenceProtocol.V2, ...more });
  const candidate = (more: object = {}): More => (stack, cluster) => ({
    gateway: new PaperGateway(stack, 'Gateway', cluster), candidate: theirs(stack, cluster, more), rollout: Rollout.canary({ step: 1 }),
  });

  test.each<[string, ModelRuntime, More, string]>([
    ['no source', ModelRuntime.xgboost(), () => ({ source: undefined }), "[missing-source]: runtime 'xgboost' loads a model, but source is not given; give one, such as ModelSource.s3(bucket, 'models/fraud/')"],
    ['a Hub model for another runtime', ModelRuntime.onnx(), () => ({ source: ModelSource.huggingFace({ id: 'a/b' }) }), "[unsupported-source]: source is the Hugging Face Hub, which runtime 'onnx' cannot load from; use ModelRuntime.huggingFace(), or copy the files to S3"],
    ['a Hub model without a name', ModelRuntime.huggingFace(), () => ({ source: ModelSource.huggingFace() }), "[missing-hub-id]: source names no repository of the Hugging Face Hub; give ModelSource.huggingFace({ id: 'organisation/name' })"],
    ['a registry for another runtime', ModelRuntime.mlflow(), () => ({ source: registrySource() }), "[unsupported-source]: source is a registry, whose release record only the platform's own server follows, but runtime is 'mlflow'; use ModelRuntime.platform(), or give the files by ModelSource.s3(...)"],
    ['files for the platform\'s server', ModelRuntime.platform(), () => ({}), "[unsupported-source]: runtime 'platform' follows the release record of a registry, but source is none; use ModelSource.registry(...), or ModelRuntime.mlflow() for files"],
    ['a protocol that is not spoken', ModelRuntime.mlflow(), () => ({ protocol: InferenceProtocol.V1 }), "[unsupported-protocol]: protocol 'v1' is not spoken by runtime 'mlflow', which speaks v2; use that"],
    ['a protocol of a container that says none', ModelRuntime.custom({ image: 'a/b:1' }), () => ({ protocol: InferenceProtocol.V2 }), "[unsupported-protocol]: protocol 'v2' is not spoken by runtime 'custom', which says none; name it in ModelRuntime.custom"],
    ['gRPC with protocol v1', ModelRuntime.sklearn(), () => ({ protocol: InferenceProtocol.V1, grpc: true }), "[grpc-with-v1]: grpc is the Open Inference Protocol, but protocol is v1, which has no gRPC in runtime 'sklearn'; use InferenceProtocol.V2, or leave grpc out"],
    ['gRPC of a container without it', ModelRuntime.bentoMl({ image: 'a/b:1' }), () => ({ grpc: true }), "[unsupported-grpc]: grpc is true, but runtime 'custom' names no port for gRPC; leave grpc out, or give ModelRuntime.custom a grpcPort"],
    ['an engine without GPUs', ModelRuntime.tensorRt(), () => ({}), "[missing-gpus]: runtime 'tensorrt' runs on GPUs only, but gpu is not given; give gpu: { pool: cluster.addGpuNodePool(...) }"],
    ['GPUs for a server without them', ModelRuntime.xgboost(), pool(), "[unsupported-gpus]: gpu is given, but runtime 'xgboost' does not use GPUs; leave gpu out, or choose a runtime that does, such as ModelRuntime.onnx()"],
    ['several shares of one GPU', ModelRuntime.onnx(), pool({ podsPerGpu: 4 }, { count: 2 }), "[shared-gpu-count]: gpu.count 2 asks for several shares of GPUs, but pool 'inference' shares each among 4 pods, and shares of one GPU add up to nothing; ask for 1, or use a pool without sharing"],
    ['more GPUs than TensorRT-LLM spreads over', ModelRuntime.tensorRtLlm(), pool({ instanceTypes: ['g6.xlarge'] }, { count: 2 }), '[invalid-gpu-count]: gpu.count 2 is not a whole number from 1 to 1; use a value in that range'],
    ['more GPUs than the pool makes', ModelRuntime.onnx(), (stack, cluster) => ({ ...pool({ maxGpus: 3 }, { count: 2 })(stack, cluster), replicas: 2 }), "[too-few-gpus]: 2 replicas with gpu.count 2 need 4 GPUs, but pool 'inference' makes at most 3; lower the replicas, or raise the pool's maxGpus"],
    ['an instance that the pool has not', ModelRuntime.onnx(), pool({}, { instanceTypes: ['p5.48xlarge'] }), "[instance-not-in-pool]: gpu.instanceTypes names p5.48xlarge, which pool 'inference' does not supply; it supplies ['g6.xlarge', 'g6e.xlarge', 'g6e.12xlarge']"],
    ['engines on two kinds of GPU', ModelRuntime.tensorRt(), pool(), "[mixed-gpus]: runtime 'tensorrt' runs engines that are compiled for one kind of GPU, but the pods may come to L4, L40S; name instances with one kind in gpu.instanceTypes"],
    ['GPUs that the image knows no more', ModelRuntime.onnx(), pool({ instanceTypes: ['p3.2xlarge', 'g6.xlarge'] }), "[unsupported-gpus]: runtime 'onnx' needs compute capability 7.5 or higher, which p3.2xlarge (V100) have not; name newer ones in gpu.instanceTypes"],
    ['an image for x86 on Arm', ModelRuntime.tensorflow(), pool({ instanceTypes: ['g5g.xlarge'] }), "[unsupported-architecture]: runtime 'tensorflow' has an image for amd64 only, but g5g.xlarge have Arm processors; use a pool with x86 instances"],
    ['more disk than the node has', ModelRuntime.onnx(), (stack, cluster) => ({ ...pool({ diskGiB: 50 })(stack, cluster), resources: { diskGiB: 80 } }), "[disk-too-small]: resources.diskGiB 80 is more than the 50 GiB that the pool's smallest node has; ask for less, or give the pool larger disks"],
    ['a transformer before an API of its own', ModelRuntime.custom({ image: 'a/b:1' }), () => ({ transformer: { image: 'a/t:1' } }), "[transformer-without-protocol]: transformer asks the model by an inference protocol, but runtime 'custom' says none; name it in ModelRuntime.custom"],
    ['a transformer without a tag', ModelRuntime.sklearn(), () => ({ transformer: { image: 'example.com/t' } }), "[invalid-transformer-image]: transformer.image 'example.com/t' has no tag or digest; name one, so that it stays what it is"],
    ['arguments that KServe adds', ModelRuntime.sklearn(), () => ({ transformer: { image: 'a/t:1', args: ['--http_port=80'] } }), '[reserved-argument]: transformer.args names --http_port=80, which KServe and the platform set; leave it out'],
    ['a variable that KServe refuses', ModelRuntime.sklearn(), () => ({ environment: { PYTHONPATH: '/x' } }), "[reserved-environment]: environment names 'PYTHONPATH', which is set by the service or by KServe; leave it out"],
    ['a variable of the server', ModelRuntime.mlflow(), () => ({ environment: { MLSERVER_MODEL_URI: '/x' } }), "[reserved-environment]: environment names 'MLSERVER_MODEL_URI', which is set by the service or by KServe; leave it out"],
    ['KServe\'s canary', ModelRuntime.sklearn(), () => ({ overrides: { canary: [{}] } }), "[kserve-canary]: overrides.canary is refused: KServe 0.20.0's own canary moves no requests in Standard mode and takes pods from the stable version; give candidate and rollout: Rollout.canary(...), which route by an HTTPRoute of the platform"],
    ['KServe\'s canary of the predictor', ModelRuntime.sklearn(), () => ({ overrides: { predictor: { canaryTrafficPercent: 10 } } }), '[kserve-canary]: overrides.predictor.canaryTrafficPercent is refused: '],
    ['KServe\'s autoscaler', ModelRuntime.sklearn(), () => ({ overrides: { predictor: { maxReplicas: 3 } } }), "[reserved-override]: overrides.predictor.maxReplicas is refused: replicas and autoscaling set it, with KServe's own autoscaler off; use those"],
    ['a candidate without a rollout', ModelRuntime.sklearn(), (stack, cluster) => ({ ...candidate()(stack, cluster), rollout: undefined }), '[incomplete-rollout]: candidate gets requests by a rollout, but rollout is not given; give one, such as Rollout.canary({ step: 1 })'],
    ['a rollout without a candidate', ModelRuntime.sklearn(), (stack, cluster) => ({ ...candidate()(stack, cluster), candidate: undefined }), "[incomplete-rollout]: rollout 'canary' divides requests between two services, but candidate is not given; give one, or leave rollout out"],
    ['a rollout without a gateway', ModelRuntime.sklearn(), (stack, cluster) => ({ ...candidate()(stack, cluster), gateway: undefined }), '[rollout-without-gateway]: candidate gets its requests at the gateway, but gateway is not given; give one'],
    ['a candidate with another protocol', ModelRuntime.sklearn(), candidate({ protocol: InferenceProtocol.V1 }), "[candidate-protocol]: candidate speaks 'v1', but this service 'v2', and callers do not know which one answers; use a runtime with the same protocol"],
    ['a candidate with another model', ModelRuntime.sklearn(), candidate({ modelName: 'other' }), "[candidate-model-name]: candidate answers for model 'other', but callers ask for 'fraud'; give the candidate modelName: 'fraud'"],
    ['a candidate elsewhere', ModelRuntime.sklearn(), candidate({ namespaceName: 'team-a' }), "[candidate-in-another-namespace]: candidate is in namespace 'team-a', but a route stays in its own, 'models'; make the candidate there"],
    ['scale to zero with a rollout', ModelRuntime.sklearn(), (stack, cluster) => ({ ...candidate()(stack, cluster), autoscaling: { maxReplicas: 3 }, prometheus: PROMETHEUS, scaleToZero: ScaleToZero.onRequest() }), '[scale-to-zero-with-rollout]'],
    ['two numbers of replicas', ModelRuntime.sklearn(), (stack, cluster) => ({ replicas: 2, autoscaling: { maxReplicas: 3 }, prometheus: PROMETHEUS, gateway: new PaperGateway(stack, 'Gateway', cluster) }), '[replicas-with-autoscaling]: replicas 2 is a fixed number, but autoscaling sets it; say it with autoscaling.minReplicas'],
    ['scaling without a gateway', ModelRuntime.sklearn(), () => ({ autoscaling: { maxReplicas: 3 }, prometheus: PROMETHEUS }), '[autoscaling-without-gateway]'],
    ['another name than the registry\'s', ModelRuntime.platform(), () => ({ source: registrySource(), modelName: 'fraud' }), "[model-name-of-registry]: modelName 'fraud' is not 'Fraud Model', by which the registry and the server know the model; leave modelName out"],
    ['a name that labels would cut', ModelRuntime.sklearn(), () => ({ serviceName: 'a'.repeat(47) }), `[invalid-service-name]: serviceName '${'a'.repeat(47)}' is not allowed; use 1 to 46 lower-case letters, digits or hyphens, starting with a letter and ending with a letter or digit`],
    ['a name that is known only at deploy time', ModelRuntime.sklearn(), () => ({ serviceName: Token.asString({ Ref: 'P' }) }), '[unresolved-service-name]: serviceName is known only at deploy time, but it decides what is created; give a literal'],
    ['replicas that are known only at deploy time', ModelRuntime.sklearn(), () => ({ replicas: Token.asNumber({ Ref: 'P' }) }), '[unresolved-replicas]: replicas is known only at deploy time, but it decides what is created; give a literal'],
    ['a timeout that is known only at deploy time', ModelRuntime.sklearn(), () => ({ startupTimeout: Duration.seconds(Token.asNumber({ Ref: 'P' })) }), '[unresolved-startup-timeout]: startupTimeout is known only at deploy time, but it is checked at synthesis; give a literal'],
    ['grace beyond the spot notice', ModelRuntime.onnx(), (stack, cluster) => ({ ...onGpus(stack, cluster), gracePeriod: Duration.minutes(5) }), '[invalid-grace-period]: gracePeriod 300 is not a whole number from 15 to 110 seconds; use a value in that range'],
    ['a caller that is no namespace', ModelRuntime.sklearn(), () => ({ callers: ['Team A'] }), "[invalid-callers]: callers[0] 'Team A' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
  ])('refuses %s', (_, runtime, more, message) => {
    expect(refusal(runtime, more)).toContain(message);
  });

  test('refuses a name that is taken, before anything is made', () => {
    const stack = testStack();
    const cluster = kserveCluster(stack);
    const make = (id: string) => new ModelService(stack, id, { cluster, runtime: ModelRuntime.custom({ image: 'a/b:1' }), serviceName: 'fraud' });
    make('One');
    expect(faultOf(() => make('Two'))).toContain("[duplicate-model-service]: serviceName 'fraud' is taken in namespace 'models' by Stack/One; give another serviceName");
    expect(stack.node.tryFindChild('Two')).toBeUndefined();
  });

  test('tells all faults at once', () => {
    const message = refusal(ModelRuntime.tensorRt(), () => ({ source: undefined, grpc: true, protocol: InferenceProtocol.V1, replicas: 0 }));
    for (const code of ['missing-source', 'missing-gpus', 'unsupported-protocol', 'invalid-replicas']) expect(message).toContain(`[${code}]`);
  });
});

function files2(stack: Stack): ModelSource {
  return ModelSource.s3((stack.node.tryFindChild('Models') as s3.Bucket | undefined) ?? bucketIn(stack), 'fraud');
}

/** A registry on paper: its rights are its own tests' business. */
function registrySource(): ModelSource {
  const registry: any = { releaseTable: { tableName: 'releases' }, releaseTableName: 'releases', model: () => ({ grants: { serve: () => undefined } }) };
  return ModelSource.registry({ modelName: 'Fraud Model', alias: 'champion', registry });
}

/** All that a stack wrote as charts. */
function chartsOf(stack: Stack): { stdout: string } {
  const assembly = (stack.node.root as App).synth();
  return { stdout: textBelow(`${assembly.directory}/generated-charts`) };
}

function textBelow(directory: string): string {
  const { readdirSync, readFileSync, statSync } = jest.requireActual<typeof import('node:fs')>('node:fs');
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((file) => `${directory}/${file}`)
    .filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'utf8')).join('\n');
}
