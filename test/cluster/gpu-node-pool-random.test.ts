import { Duration, Size, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { cpuPlan, gpuPlan, PLACEMENT } from './node-pool-samples';
import { fakeCluster, resourcesOf, testStack, textNetwork, validOrRefused } from './support';
import { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { Capacity, GpuSharing, GpuSoftware, Karpenter, MlCluster, NodeImage, NodeProvisioning, Weekday, type GpuNodePoolOptions } from '../../lib/cluster';
import type { CpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-cpu';
import type { GpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-gpu';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const number = fc.oneof(fc.integer({ min: -2, max: 70 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
const text = fc.oneof(fc.string(), fc.constantFrom('', 'a', 'eu-west-1a', 'x'.repeat(64), Token.asString({ Ref: 'P' })));
const type = fc.oneof(text, fc.constantFrom('g6.xlarge', 'g6e.12xlarge', 'p5.48xlarge', 'g5g.xlarge', 'inf2.xlarge', 'g6f.xlarge', 'g7.2xlarge', 'm7i.large'));
const size = fc.oneof(fc.integer({ min: 0, max: 20_000 }).map((it) => Size.gibibytes(it)), fc.constant(Size.gibibytes(Token.asNumber({ Ref: 'S' }))));
const duration = fc.oneof(fc.integer({ min: 0, max: 3_000_000 }).map((it) => Duration.seconds(it)), fc.constant(Duration.hours(Token.asNumber({ Ref: 'D' }))), fc.constantFrom(Duration.millis(1), Duration.hours(4)));
const disk = fc.record({ size: maybe(size), localDisks: maybe(fc.boolean()), imageSize: maybe(size), modelSize: maybe(size), parallelPull: maybe(fc.boolean()) });
const disruption = fc.record({
  consolidateAfter: maybe(duration), expireAfter: maybe(duration), terminationGracePeriod: maybe(duration), maxUnavailable: maybe(fc.oneof(text, fc.constantFrom('1', '20%'))),
  maintenanceWindow: maybe(fc.record({ startHour: number, duration, weekdays: maybe(fc.array(fc.constantFrom(...Object.values(Weekday)), { maxLength: 3 })) })),
});
const capacity = fc.constantFrom(
  Capacity.onDemand(), Capacity.spot(), Capacity.spotWithOnDemandFallback({ max: 2 }), Capacity.reserved({ reservationIds: ['cr-1'], otherwise: Capacity.spotWithOnDemandFallback() }),
  Capacity.capacityBlock({ reservationIds: ['cr-1'] }));
const image = fc.constantFrom(NodeImage.al2023(), NodeImage.bottlerocket(), NodeImage.customAl2023({ imageIds: ['ami-1'] }));
const sharing = fc.constantFrom(GpuSharing.timeSlicing(4), GpuSharing.mig('1g.10gb'), GpuSharing.mig('3g.40gb'));
const common = {
  poolName: fc.oneof(text, fc.constantFrom('chat', 'default')), capacity, availabilityZones: maybe(fc.array(fc.oneof(text, fc.constant('eu-west-1b')), { maxLength: 2 })), image: maybe(image),
  provisioning: fc.constantFrom(NodeProvisioning.KARPENTER, NodeProvisioning.KARPENTER, NodeProvisioning.AUTO_MODE), disk: maybe(disk), disruption: maybe(disruption), tags: maybe(fc.dictionary(text, text, { maxKeys: 2 })),
};
const gpuRequest: fc.Arbitrary<Partial<GpuPoolRequest>> = fc.record({
  ...common, maxGpus: number, instanceTypes: maybe(fc.array(type, { maxLength: 3 })), gpus: maybe(fc.array(fc.oneof(text, fc.constantFrom('L4', 'h100', 'T4G')), { maxLength: 2 })),
  need: maybe(fc.record({ minMemoryGiBPerGpu: maybe(number), gpusPerNode: maybe(fc.array(number, { maxLength: 2 })), minComputeCapability: maybe(number) })),
  sharing: maybe(sharing), software: fc.constantFrom(GpuSoftware.auto(), GpuSoftware.none()),
});
const cpuRequest: fc.Arbitrary<Partial<CpuPoolRequest>> = fc.record({
  ...common, maxVcpus: number, instanceTypes: maybe(fc.array(type, { maxLength: 2 })), families: maybe(fc.array(fc.oneof(text, fc.constantFrom('m7i', 'm7g', 'g6')), { maxLength: 2 })),
  architecture: maybe(fc.oneof(text, fc.constantFrom('amd64', 'arm64'))), taints: maybe(fc.array(fc.record({ key: text, value: maybe(text), effect: maybe(text) }), { maxLength: 2 })),
});
// so that valid ones are met too: a few properties beside defaults
const sparse = <T extends object>(arbitrary: fc.Arbitrary<T>, keep: (keyof T)[]): fc.Arbitrary<T> => fc.tuple(arbitrary, fc.subarray(keep, { maxLength: 3 }))
  .map(([request, keys]) => Object.fromEntries(keys.map((key) => [key, request[key]])) as T);

/** Patterns of Karpenter's definitions: a server would refuse what does not match. */
const DURATION = /^(([0-9]+(s|m|h))+|Never)$/;
const LABEL = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

describe('any request gives objects that Karpenter takes, or a ValidationError', () => {
  let accepted = 0;

  function judge(objects: any[]): void {
    accepted += 1;
    for (const { kind, metadata, spec } of objects) {
      expect(metadata.name.length).toBeLessThanOrEqual(63);
      if (kind !== 'NodePool') continue;
      const { template } = spec;
      for (const value of [spec.disruption.consolidateAfter, template.spec.expireAfter]) expect(value).toMatch(DURATION);
      for (const value of Object.values(template.metadata.labels)) expect(value).toMatch(LABEL);
      for (const { values } of template.spec.requirements) expect(values.length).toBeGreaterThan(0);
      for (const limit of Object.values(spec.limits)) expect(limit).toMatch(/^[1-9][0-9]*$/);
      expect(spec.weight).toBeGreaterThan(0);
    }
  }

  test.each([['anything', gpuRequest], ['a little', sparse(gpuRequest, ['maxGpus', 'gpus', 'need', 'sharing', 'disk', 'disruption', 'capacity', 'image', 'provisioning'])]])('GPU pools: %s', (_, requests) => {
    accepted = 0;
    fc.assert(fc.property(requests, (request) => validOrRefused(() => {
      const plan = gpuPlan(request);
      judge(nodePoolChart(plan, PLACEMENT).toJson());
      const instances = plan.instanceTypes.map((name) => AcceleratedInstance.of(name));
      expect(new Set(instances.map(({ architecture }) => architecture)).size).toBe(1);
      for (const { gpuCount } of instances) expect(gpuCount).toBeLessThanOrEqual(request.maxGpus ?? 16);
      expect(plan.roomGiB).toBeGreaterThan(0);
    })), { numRuns: 500 });
    if (_ === 'a little') expect(accepted).toBeGreaterThan(50);
  });

  test.each([['anything', cpuRequest], ['a little', sparse(cpuRequest, ['maxVcpus', 'instanceTypes', 'families', 'architecture', 'disk', 'disruption', 'capacity', 'image', 'provisioning'])]])('CPU pools: %s', (_, requests) => {
    accepted = 0;
    fc.assert(fc.property(requests, (request) => validOrRefused(() => judge(nodePoolChart(cpuPlan(request), PLACEMENT).toJson()))), { numRuns: 500 });
    if (_ === 'a little') expect(accepted).toBeGreaterThan(50);
  });
});

describe('any properties give a template or a ValidationError', () => {
  const options = gpuRequest.map(({ poolName, provisioning: _, software: __, ...rest }) => ({ ...rest, poolName }) as GpuNodePoolOptions);

  test('of pools', () => fc.assert(fc.property(options, fc.integer({ min: 1, max: 16 }), fc.boolean(), (given, maxGpus, sane) => validOrRefused(() => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    cluster.addGpuNodePool('Pool', sane ? { maxGpus, capacity: given.capacity } : given);
    cluster.addCpuNodePool('Cpu', { maxVcpus: 8 });
    resourcesOf(stack);
  })), { numRuns: 50 }), 120_000);

  test('of Karpenter', () => fc.assert(fc.property(maybe(number), maybe(text), maybe(text), (replicas, queueName, instanceProfileName) => validOrRefused(() => {
    const stack = testStack();
    new Karpenter(stack, 'Karpenter', { cluster: MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) }), replicas, queueName, instanceProfileName });
    resourcesOf(stack);
  })), { numRuns: 50 }), 120_000);
});
