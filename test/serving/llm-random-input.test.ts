import { Duration, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import vllm from './fixtures/vllm.json';
import { bucketIn, clusterIn, LLAMA, objectsOf, poolIn } from './llm-support';
import { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { KvCacheDtype, ModelDtype, WeightQuantization } from '../../lib/accelerators/quantization';
import { GpuSharing } from '../../lib/cluster';
import { Faults } from '../../lib/core/private/faults';
import { LlmRuntime, LlmService, ModelSource } from '../../lib/serving';
import { checkExtraArgs } from '../../lib/serving/blueprint/llm-extra-args';
import { startup } from '../../lib/serving/blueprint/llm-startup';
import { testStack, validOrRefused } from '../cluster/support';

const flags = new Set([...vllm.flags, ...vllm.negatable.map((it) => it.replace('--', '--no-'))]);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
/** Odd values are odd: most services are asked for things that exist. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });
const text = fc.oneof(fc.string(), fc.constantFrom('', 'chat', 'My Name', 'a'.repeat(300), '__proto__', '${Token[P.1]}', Token.asString({ Ref: 'P' })));
const number = fc.oneof(fc.integer({ min: -5, max: 600 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
const types = AcceleratedInstance.all().map((it) => it.name);
const pool = fc.record({
  instanceTypes: fc.subarray(types, { minLength: 1, maxLength: 12 }), maxGpus: mostly(fc.constant(64), fc.constantFrom(1, 8)),
  diskGiB: mostly(fc.constantFrom(100, 1_000), fc.constant(20)), usesSpot: fc.boolean(),
  sharing: rarely(fc.constantFrom(GpuSharing.timeSlicing(2), GpuSharing.timeSlicing(8))),
});

describe('any input of a blueprint is accepted or refused with a fault', () => {
  test('extraArgs', () => fc.assert(fc.property(
    fc.array(fc.oneof(text, fc.constantFrom(...vllm.flags), fc.constantFrom('-tp', '-x', '--no-x', '--seed=1', '-1')), { maxLength: 4 }),
    (args) => {
      const faults = Faults.at('X');
      checkExtraArgs(faults, args);
      if (!faults.ok) return;
      const used = args.filter((it) => it.startsWith('--') && !it.includes('Token')).map((it) => it.split(/[=.]/)[0]!.replace(/_/g, '-'));
      expect(used.filter((it) => !flags.has(it))).toEqual([]);
    }), { numRuns: 1_000 }));

  test('a start is never given less than it is expected to take', () => fc.assert(fc.property(
    fc.constantFrom('s3', 'registry', 'hugging-face', 'node-cache'), fc.double({ min: 0, max: 2_000, noNaN: true }), fc.double({ min: 0, max: 3_200, noNaN: true }),
    (type, gib, gbps) => {
      const { expectedSeconds, budgetSeconds } = startup({ type } as never, gib, gbps);
      expect(budgetSeconds).toBeGreaterThanOrEqual(Math.max(600, 3 * expectedSeconds));
      expect(budgetSeconds % 10).toBe(0);
    }), { numRuns: 2_000 }));
});

describe('any properties give a service that can work, or a ValidationError', () => {
  const source = fc.constantFrom('s3', 'hub', 'cache');
  const props = fc.record({
    model: fc.constantFrom(LLAMA, LlmModel.of('Qwen/Qwen3-0.6B'), LlmModel.of('meta-llama/Llama-3.1-70B-Instruct'), LlmModel.of('openai/gpt-oss-20b')),
    contextLength: mostly(fc.constantFrom<number | undefined>(128, 4_096, 16_384), maybe(number)),
    concurrency: mostly(fc.constantFrom<number | undefined>(undefined, 1, 16, 300), number),
    replicas: mostly(fc.constantFrom<number | undefined>(undefined, 1, 2, 5), number),
    tensorParallel: mostly(fc.constantFrom<number | undefined>(undefined, 1, 2), fc.constantFrom(3, 8)),
    dtype: maybe(fc.constantFrom(...Object.values(ModelDtype))),
    quantization: rarely(fc.constantFrom(...Object.values(WeightQuantization))),
    kvCacheDtype: rarely(fc.constantFrom(...Object.values(KvCacheDtype))),
    gpuMemoryUtilization: rarely(fc.constantFrom(0.5, 0.9, 1.5)),
    maxNumSeqs: rarely(fc.constantFrom(1, 64, 1_024)),
    prefixCaching: maybe(fc.boolean()),
    runtime: maybe(fc.constantFrom(LlmRuntime.deployment(), LlmRuntime.kserve(), LlmRuntime.llmInferenceService())),
    serviceName: rarely(fc.oneof(text, fc.constant('chat'))),
    servedModelName: rarely(fc.oneof(text, fc.constant('chat'))),
    callers: maybe(mostly(fc.constantFrom<string[]>(['shop']), fc.array(text, { maxLength: 2 }))),
    environment: rarely(fc.dictionary(text, fc.string(), { maxKeys: 2 })),
    drainTimeout: mostly(fc.constantFrom(undefined, Duration.seconds(30), Duration.seconds(90)), fc.constantFrom(Duration.seconds(0), Duration.seconds(200))),
    extraArgs: mostly(fc.constantFrom<string[]>([], ['--seed', '7']), fc.constantFrom<string[]>(['--port', '1'], ['--nope'])),
  });

  test('LlmService', () => {
    let accepted = 0;
    fc.assert(fc.property(props, pool, source, (given, pooled, from) => validOrRefused(() => {
      const stack = testStack();
      const cluster = clusterIn(stack, { gpuNodePools: [poolIn(stack, pooled)] });
      const model = { s3: ModelSource.s3(bucketIn(stack), 'm'), hub: ModelSource.huggingFace(), cache: ModelSource.nodeCache('c') }[from]!;
      const service = new LlmService(stack, 'Chat', { cluster, source: model, ...given });
      accepted++;
      expect(service.fit.fits).toBe(true);
      expect(service.placement.instanceTypes.filter((it) => !pooled.instanceTypes.includes(it))).toEqual([]);
      for (const object of objectsOf(service)) {
        for (const pod of podsOf(object)) expectWorkingPod(pod, service, pooled.usesSpot);
      }
    })), { numRuns: 150 });
    // the property would hold for a service that refuses everything
    expect(accepted).toBeGreaterThan(20);
  }, 180_000);
});

/** Pod specifications of a workload, wherever its kind has them. */
function podsOf({ kind, spec }: any): any[] {
  switch (kind) {
    case 'Deployment': return [spec.template.spec];
    case 'LeaderWorkerSet': return [spec.leaderWorkerTemplate.leaderTemplate.spec, spec.leaderWorkerTemplate.workerTemplate.spec];
    case 'InferenceService': return [spec.predictor];
    default: return [];
  }
}

function expectWorkingPod(pod: any, service: LlmService, spot: boolean): void {
  const [container] = pod.containers;
  const args: string[] = container.args;
  expect(args.filter((it) => it.startsWith('--') && !flags.has(it))).toEqual([]);
  expect(new Set(args.filter((it) => it.startsWith('--'))).size).toBe(args.filter((it) => it.startsWith('--')).length);
  if (spot) expect(pod.terminationGracePeriodSeconds).toBeLessThan(120);
  const drain = Number(args[args.indexOf('--shutdown-timeout') + 1]);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drain + container.lifecycle.preStop.sleep.seconds);
  const { requests, limits } = container.resources;
  for (const instance of service.placement.instanceTypes.map((it) => AcceleratedInstance.of(it))) {
    const gpus: number = limits['nvidia.com/gpu'];
    expect(gpus).toBeLessThanOrEqual(instance.gpuCount);
    // as many pods as the node has GPUs for find their CPU and memory there
    const pods = Math.floor(instance.gpuCount / gpus);
    expect(pods * parseInt(requests.memory, 10)).toBeLessThan(instance.memoryGiB * 0.9);
    expect(pods * parseInt(requests.cpu, 10)).toBeLessThan(instance.vcpus * 1_000);
  }
}
