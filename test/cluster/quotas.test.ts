import { Template } from 'aws-cdk-lib/assertions';
import * as fc from 'fast-check';
import { cpuPlan, gpuPlan } from './node-pool-samples';
import { fakeCluster, resourcesOf, testStack, textNetwork } from './support';
import { Capacity, MlCluster } from '../../lib/cluster';
import { describeQuotas, requiredQuota, sumQuotas } from '../../lib/cluster/blueprint/quotas-needed';

// codes and names: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
const G_ON_DEMAND = { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' };
const G_SPOT = { code: 'L-3819A6DF', name: 'All G and VT Spot Instance Requests' };
const P_ON_DEMAND = { code: 'L-417A185B', name: 'Running On-Demand P instances' };
const P5_SPOT = { code: 'L-C4BD4855', name: 'All P5 Spot Instance Requests' };
const STANDARD_ON_DEMAND = { code: 'L-1216C47A', name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances' };
const STANDARD_SPOT = { code: 'L-34B43A08', name: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests' };

describe('the quotas of a GPU pool', () => {
  test('are those of its instances\' class, for each kind of capacity', () => {
    // g6e.xlarge: 4 vCPUs and 1 GPU
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge'], maxGpus: 8 }).quotas).toEqual([
      { ...G_SPOT, minVcpus: 32, maxVcpus: 32 }, { ...G_ON_DEMAND, minVcpus: 32, maxVcpus: 32 },
    ]);
    // p5.48xlarge: 192 vCPUs and 8 GPUs
    expect(gpuPlan({ instanceTypes: ['p5.48xlarge'], maxGpus: 16 }).quotas).toEqual([
      { ...P5_SPOT, minVcpus: 384, maxVcpus: 384 }, { ...P_ON_DEMAND, minVcpus: 384, maxVcpus: 384 },
    ]);
  });

  test('reach from the leanest to the largest types', () => {
    // per GPU g6.xlarge has 4 vCPUs, g6.16xlarge 64, and g6.12xlarge 12 with 4 GPUs
    expect(gpuPlan({ instanceTypes: ['g6.xlarge', 'g6.16xlarge', 'g6.12xlarge'], maxGpus: 5, capacity: Capacity.onDemand() }).quotas)
      .toEqual([{ ...G_ON_DEMAND, minVcpus: 20, maxVcpus: 320 }]);
  });

  test('follow the limit of the fallback', () => {
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge'], maxGpus: 8, capacity: Capacity.spotWithOnDemandFallback({ max: 2 }) }).quotas.map(({ maxVcpus }) => maxVcpus)).toEqual([32, 8]);
  });

  test('count reservations as on-demand, and Capacity Blocks not at all', () => {
    const reservationIds = ['cr-1'];
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge'], maxGpus: 8, capacity: Capacity.reserved({ reservationIds }) }).quotas).toEqual([{ ...G_ON_DEMAND, minVcpus: 32, maxVcpus: 32 }]);
    expect(gpuPlan({ gpus: ['H200'], capacity: Capacity.capacityBlock({ reservationIds }) }).quotas).toEqual([]);
  });

  test('leave out a class whose quota AWS does not list', () => {
    expect(gpuPlan({ gpus: ['B200'], capacity: Capacity.spot() }).quotas).toEqual([]);
  });
});

describe('the quotas of a CPU pool', () => {
  test('are its limit', () => {
    expect(cpuPlan({ maxVcpus: 64 }).quotas).toEqual([{ ...STANDARD_SPOT, minVcpus: 64, maxVcpus: 64 }, { ...STANDARD_ON_DEMAND, minVcpus: 64, maxVcpus: 64 }]);
  });

  test('are not guessed for other classes', () => {
    expect(cpuPlan({ families: ['x2iedn'] }).quotas).toEqual([]);
  });
});

test('no other choice of instances has more or fewer vCPUs', () => {
  const choice = fc.record({ gpus: fc.integer({ min: 1, max: 4 }), vcpus: fc.integer({ min: 1, max: 64 }) });
  fc.assert(fc.property(fc.array(choice, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 9 }), (choices, maxGpus) => {
    const all = everyFleet(choices, maxGpus);
    const fullest = Math.max(...all.map(({ gpus }) => gpus));
    expect(requiredQuota({ code: 'c', name: 'n', choices, maxGpus })).toEqual({
      code: 'c', name: 'n', maxVcpus: Math.max(...all.map(({ vcpus }) => vcpus)), minVcpus: Math.min(...all.filter(({ gpus }) => gpus === fullest).map(({ vcpus }) => vcpus)),
    });
  }), { numRuns: 300 });
});

/** Every set of instances under the limit, one by one. */
function everyFleet(choices: { gpus: number; vcpus: number }[], maxGpus: number): { gpus: number; vcpus: number }[] {
  const [first, ...rest] = choices;
  if (first === undefined) return [{ gpus: 0, vcpus: 0 }];
  return Array.from({ length: Math.floor(maxGpus / first.gpus) + 1 }, (_, count) => everyFleet(rest, maxGpus - count * first.gpus)
    .map(({ gpus, vcpus }) => ({ gpus: gpus + count * first.gpus, vcpus: vcpus + count * first.vcpus }))).flat();
}

describe('a cluster', () => {
  test('sums up what its pools need and tells it once, in its own stack', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    expect(cluster.requiredQuotas).toEqual([]);
    cluster.addGpuNodePool('Chat', { maxGpus: 8, instanceTypes: ['g6e.xlarge'], capacity: Capacity.onDemand() });
    cluster.addGpuNodePool('Embed', { maxGpus: 2, instanceTypes: ['g6.xlarge'], capacity: Capacity.onDemand() });
    cluster.addCpuNodePool('Batch', { maxVcpus: 16, capacity: Capacity.onDemand() });
    expect(cluster.requiredQuotas).toEqual([{ ...G_ON_DEMAND, minVcpus: 40, maxVcpus: 40 }, { ...STANDARD_ON_DEMAND, minVcpus: 16, maxVcpus: 16 }]);
    const outputs = Object.values(Template.fromStack(stack).findOutputs('*')).filter(({ Description }) => /quotas/.test(String(Description)));
    expect(outputs.map(({ Value }) => Value)).toEqual([
      'Running On-Demand G and VT instances (L-DB2E81BA): 40 vCPUs; Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A): 16 vCPUs',
    ]);
  });

  test('without pools says nothing', () => {
    const stack = testStack();
    MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    expect(resourcesOf(stack)).toEqual({});
    expect(Template.fromStack(stack).findOutputs('*')).toEqual({});
  });
});

test('people read a range, a number, or that there is nothing to ask for', () => {
  expect(describeQuotas([{ ...G_SPOT, minVcpus: 4, maxVcpus: 64 }])).toBe('All G and VT Spot Instance Requests (L-3819A6DF): 4 to 64 vCPUs');
  expect(describeQuotas([])).toBe('none');
  expect(sumQuotas([])).toEqual([]);
});
