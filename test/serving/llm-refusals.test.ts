import { type App, Duration, Stack, Token } from 'aws-cdk-lib';
import { bucketIn, chat, chatIn, clusterIn, LLAMA, poolIn } from './llm-support';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { ModelDtype } from '../../lib/accelerators/quantization';
import { GpuSharing, ManifestDelivery } from '../../lib/cluster';
import type { IModelRegistry, ModelReference } from '../../lib/registry/interfaces';
import { InferenceGateway, LlmRuntime, LlmService, ModelSource, Rollout, ScaleToZero } from '../../lib/serving';
import type { IInferenceGateway } from '../../lib/serving/interfaces';
import type { LlmServiceProps } from '../../lib/serving/llm-service-props';
import { faultOf, testStack } from '../cluster/support';

const LLAMA70 = LlmModel.of('meta-llama/Llama-3.1-70B-Instruct');
const LLAMA405 = LlmModel.of('meta-llama/Llama-3.1-405B-Instruct');
const prometheus = { serverUrl: 'http://prometheus.monitoring.svc:9090', namespace: 'monitoring' };

/** What the service is refused for; the path is that of the README's. */
function refusalOf(changes: (stack: Stack) => Partial<LlmServiceProps>): string {
  return faultOf(() => chat(changes)).replace('ValidationError at Stack/Chat', '');
}

function gatewayIn(stack: Stack): IInferenceGateway {
  return InferenceGateway.fromInferenceGatewayAttributes(stack, 'Gateway', {
    cluster: clusterIn(new Stack(stack.node.root as App, 'Elsewhere')), gatewayName: 'inference', namespace: 'gateway', address: 'llm.example.com',
  });
}

function pooled(changes: Parameters<typeof poolIn>[1]): (stack: Stack) => Partial<LlmServiceProps> {
  return (stack) => ({ pool: poolIn(stack, { poolName: 'mine', ...changes }) });
}

describe('a place that cannot be', () => {
  test('a model that nothing in the pool holds: the closest, and what would help', () => {
    const message = refusalOf((stack) => ({ ...pooled({ instanceTypes: ['g4dn.xlarge', 'g6.xlarge'] })(stack), model: LLAMA405, concurrency: 1 }));
    expect(message).toMatch(/\[model-does-not-fit\]: contextLength 16384 of meta-llama\/Llama-3.1-405B-Instruct needs [\d.]+ GiB of KV cache on each GPU/);
    expect(message).toContain('the closest, g6.xlarge at tensorParallel 1');
    expect(message).toMatch(/let pool mine supply other types: .*p\d\S+ at tensorParallel \d for [\d.]+ USD an hour/);
  });

  test('no pool at all', () => {
    expect(refusalOf((stack) => ({ cluster: clusterIn(stack, { gpuNodePools: [] }) }))).toBe(
      " [no-gpu-pool]: cluster has no GPU pool that could supply nodes; add one, such as cluster.addGpuNodePool('Inference', { maxGpus: 8 })");
  });

  test('a pool of cards that run no language model', () => {
    expect(refusalOf(pooled({ instanceTypes: ['p3.2xlarge'] }))).toMatch(/\[no-usable-instance\]: pool mine can supply p3\.2xlarge, none of which/);
  });

  test('an instance type that no pool supplies, with the one that was meant', () => {
    expect(refusalOf(() => ({ instanceTypes: ['g6e.4xlarge'] }))).toBe(
      " [instance-not-in-pool]: instanceTypes names 'g6e.4xlarge', which pool inference cannot supply (did you mean 'g6e.2xlarge'?); "
      + 'choose of g6.12xlarge, g6.xlarge, g6e.12xlarge, g6e.2xlarge, g6e.xlarge, p5.48xlarge, or let the pool supply it');
  });

  test('an instance type that is named, but is too small', () => {
    const message = refusalOf(() => ({ instanceTypes: ['g6e.xlarge', 'g6.xlarge'] }));
    expect(message).toContain("[instance-does-not-fit]: instanceTypes names 'g6.xlarge', which does not hold at tensorParallel 1 and 3 replicas what g6e.xlarge does: 1 x g6.xlarge (L4 ");
    expect(message).toContain('; leave it out, or use');
  });

  test('heads that the GPUs do not divide', () => {
    expect(refusalOf(() => ({ tensorParallel: 3 }))).toMatch(/\[tensor-parallel-does-not-divide\]: .*3.*32/);
  });

  test('a context longer than the model\'s', () => {
    expect(refusalOf(() => ({ contextLength: 200_000 }))).toBe(
      ' [context-too-long]: contextLength 200000 is longer than the 131072 tokens of meta-llama/Llama-3.1-8B-Instruct; use at most that, or a model with a longer context');
  });

  test('bfloat16 on a card that lacks it', () => {
    expect(refusalOf((stack) => ({ ...pooled({ instanceTypes: ['g4dn.12xlarge'] })(stack), dtype: ModelDtype.BFLOAT16, contextLength: 2_048, concurrency: 1 })))
      .toMatch(/\[bfloat16-not-supported\]: .*T4/);
  });

  test('a shared GPU for a model that wants whole ones', () => {
    expect(refusalOf((stack) => ({ ...pooled({ sharing: GpuSharing.timeSlicing(4) })(stack), tensorParallel: 2 }))).toBe(
      ' [gpu-sharing-with-tensor-parallel]: pool mine shares each GPU between 4 pods, and tensorParallel 2 wants whole ones; leave tensorParallel out, or choose a pool without sharing');
  });

  test('a share of a GPU that is too small for the model', () => {
    expect(refusalOf(pooled({ instanceTypes: ['g6e.xlarge'], sharing: GpuSharing.timeSlicing(4) }))).toContain('[model-does-not-fit]: nothing of pool mine holds contextLength 16384 of');
  });

  test('a slice of a GPU', () => {
    expect(refusalOf(pooled({ instanceTypes: ['p5.48xlarge'], sharing: GpuSharing.mig('1g.10gb') }))).toContain('[sliced-gpu]: pool mine offers nvidia.com/mig-1g.10gb, a slice of a GPU');
  });

  test('replicas that are too few for the load', () => {
    const message = refusalOf((stack) => ({ ...pooled({ instanceTypes: ['g6e.xlarge'] })(stack), replicas: 1 }));
    expect(message).toBe(' [too-few-replicas]: concurrency 32 over 1 replicas is 32 each, which nothing of pool mine holds; use replicas 3 or more, or leave it out');
  });

  test('more GPUs than the pool makes', () => {
    expect(refusalOf(pooled({ instanceTypes: ['g6e.xlarge'], maxGpus: 2 }))).toBe(
      ' [pool-too-small]: 3 replicas need 3 GPUs, but pool mine makes at most 2; raise its maxGpus, or lower replicas or concurrency');
  });

  test('a disk that the image alone fills', () => {
    expect(refusalOf(pooled({ diskGiB: 20 }))).toBe(
      ' [disk-too-small]: image (30 GiB) and scratch files need 35 GiB, but nodes of pool mine have room for 20; give the pool a larger disk');
  });

  test('a disk that image and model fill together', () => {
    expect(refusalOf((stack) => ({ ...pooled({ diskGiB: 40 })(stack), source: ModelSource.huggingFace({ revision: 'a' }) }))).toBe(
      ' [disk-too-small]: image (30 GiB), model (15 GiB) and scratch files need 50 GiB, but nodes of pool mine have room for 40; '
      + 'give the pool a larger disk, or stream the model with ModelSource.s3(...)');
  });

  test('several nodes for a form that knows one', () => {
    expect(refusalOf((stack) => ({
      ...pooled({ instanceTypes: ['g6.12xlarge'], maxGpus: 64 })(stack), model: LLAMA70, contextLength: 8_192, concurrency: 1, runtime: LlmRuntime.kserve(),
    }))).toContain("[runtime-on-one-node]: runtime 'kserve' runs a replica on one node, but the cheapest placement takes");
  });
});

describe('options that contradict each other', () => {
  test('arguments beside the properties that are for them', () => {
    expect(refusalOf(() => ({ extraArgs: ['--max-model-len', '4096'] }))).toContain('[contradicting-extra-args]');
  });

  test('a fixed number of replicas beside an autoscaler', () => {
    expect(refusalOf(() => ({ replicas: 3, prometheus, autoscaling: { maxReplicas: 4 } }))).toContain(
      '[replicas-with-autoscaling]: replicas 3 is fixed, but autoscaling changes it; say it with autoscaling.minReplicas and maxReplicas');
  });

  test('zero replicas beside a canary', () => {
    expect(refusalOf((stack) => {
      const cluster = clusterIn(stack);
      return {
        cluster, gateway: gatewayIn(stack), prometheus, autoscaling: { maxReplicas: 4 }, scaleToZero: ScaleToZero.schedule({ start: '0 8 * * *', end: '0 18 * * *' }),
        candidate: LlmService.fromLlmServiceAttributes(stack, 'Candidate', { cluster, kubernetesServiceName: 'c', modelName: 'm' }), rollout: Rollout.canary({ step: 1 }),
      };
    })).toContain("[scale-to-zero-with-rollout]: scaleToZero cannot be combined with the rollout 'canary'");
  });

  test('zero by metrics', () => {
    expect(refusalOf(() => ({ prometheus, autoscaling: { minReplicas: 0, maxReplicas: 4 } }))).toContain('[metric-based-zero]');
  });

  test('a rollout without its other half, its gateway or its namespace', () => {
    expect(refusalOf(() => ({ rollout: Rollout.shadow() }))).toBe(' [incomplete-rollout]: rollout is given without candidate; a rollout divides requests between two services, so give both');
    const message = refusalOf((stack) => {
      const cluster = clusterIn(stack);
      return { cluster, candidate: LlmService.fromLlmServiceAttributes(stack, 'C', { cluster, kubernetesServiceName: 'c', modelName: 'm', namespaceName: 'other' }), rollout: Rollout.shadow() };
    });
    expect(message).toContain('[rollout-without-gateway]');
    expect(message).toContain("[candidate-in-another-namespace] candidate is in namespace 'other', but a route stays in its own, 'models'; make the candidate there");
  });

  test('a drain that outlasts a spot node', () => {
    expect(refusalOf(() => ({ drainTimeout: Duration.minutes(5) }))).toBe(
      " [invalid-drain-timeout]: drainTimeout of 300 seconds is not a whole number from 1 to 90, because spot nodes go with two minutes' notice; use a duration in that range");
    expect(() => chat((stack) => ({ pool: poolIn(stack, { poolName: 'steady', usesSpot: false }), drainTimeout: Duration.minutes(5) }))).not.toThrow();
  });

  test('a registry behind an LLMInferenceService', () => {
    expect(refusalOf(() => ({ runtime: LlmRuntime.llmInferenceService(), source: ModelSource.registry(reference('champion')) }))).toContain('[unsupported-source]');
  });
});

describe('names and forms', () => {
  test('are all refused at once', () => {
    const message = refusalOf(() => ({
      serviceName: 'My Chat', servedModelName: 'a b', callers: ['No Name'], apiKey: { secretName: 'S', key: '' }, environment: { 'HOME': '/x', 'a-b': 'c' },
      maxLoraRank: 7, replicas: 0, toolCallParser: 'x y',
    }));
    expect(message.split('\n').map((line) => /\[([a-z-]+)\]/.exec(line)?.[1]).filter((it) => it !== undefined)).toEqual([
      'invalid-service-name', 'invalid-served-model-name', 'invalid-tool-call-parser', 'invalid-replicas', 'invalid-api-key-secret-name', 'invalid-api-key-key',
      'invalid-callers', 'reserved-environment', 'invalid-environment', 'invalid-max-lora-rank', 'lora-rank-without-adapters',
    ]);
  });

  test('a name that is taken', () => {
    const stack = testStack();
    const { cluster } = chatIn(stack);
    expect(faultOf(() => new LlmService(stack, 'Other', { cluster, model: LLAMA, source: ModelSource.nodeCache('c'), serviceName: 'chat', contextLength: 4_096 }))).toBe(
      "ValidationError at Stack/Other [duplicate-model-service]: serviceName 'chat' is taken in namespace 'models' by Stack/Chat; give another serviceName");
  });

  test('an adapter whose source cannot be fetched, twice', () => {
    const message = refusalOf(() => ({ loraAdapters: [{ name: 'a', source: ModelSource.nodeCache('c') }, { name: 'a', source: ModelSource.nodeCache('c') }] }));
    expect(message).toContain('[duplicate-lora-adapters]');
    expect(message).toContain("[unsupported-adapter-source] loraAdapters[0] comes from 'node-cache'");
  });

  test('what is known only at deploy time, where it decides what is made', () => {
    expect(refusalOf(() => ({ contextLength: Token.asNumber({ Ref: 'P' }) }))).toContain('[unresolved-context-length]');
    expect(refusalOf(() => ({ serviceName: Token.asString({ Ref: 'P' }) }))).toContain('[unresolved-service-name]');
  });

  test('a bucket whose name is known only at deploy time cannot go to Git', () => {
    const message = refusalOf((stack) => ({
      cluster: clusterIn(stack, { delivery: ManifestDelivery.gitOps({ directory: 'unused' }) }),
      source: ModelSource.s3(bucketIn(stack), Token.asString({ Ref: 'Prefix' })),
    }));
    expect(message).toContain('[deploy-time-value-in-git]');
    expect(message).toContain("spec.template.spec.containers[0].args[0] of Deployment 'models/chat'");
  });
});

describe('sources', () => {
  test('are checked where they are written', () => {
    expect(faultOf(() => ModelSource.huggingFace({ id: 'a/b/c', revision: 'a b', token: { secretName: 'Hub', key: 't' } })).split('\n')).toHaveLength(4);
    expect(faultOf(() => ModelSource.nodeCache('My Claim', { path: '../x' }))).toMatch(/invalid-claim-name[\s\S]*invalid-path/);
    expect(faultOf(() => ModelSource.s3(bucketIn(testStack()), 'a b'))).toContain("[invalid-prefix]: prefix 'a b' is not allowed; use a key prefix without blanks");
    expect(faultOf(() => ModelSource.registry(reference('staging')))).toBe(
      "ValidationError at ModelSource [alias-without-release-record]: model names alias 'staging', but only 'champion' has a release record to follow; use model.alias('champion')");
  });
});

function reference(alias: string): ModelReference {
  return { modelName: 'chat', alias, registry: { releaseTableName: 'releases' } as unknown as IModelRegistry };
}
