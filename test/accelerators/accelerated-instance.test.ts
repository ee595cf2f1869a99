import { refusal } from './support';
import { AcceleratedInstance, AcceleratorKind } from '../../lib/accelerators';

/** The model's type that CUDA reports, in GiB, the least of each in published logs of vLLM and torch. */
const REPORTED_BY_CUDA: readonly [string, number][] = [
  ['g4dn.xlarge', 14.56], ['g5.xlarge', 22.06], ['g6.xlarge', 22.04], ['g6e.xlarge', 44.31], ['g7e.2xlarge', 95.01], ['p4d.24xlarge', 39.39],
  ['p4de.24xlarge', 79.14], ['p5.48xlarge', 79.11], ['p5en.48xlarge', 139.81], ['p6-b200.48xlarge', 178.35],
];

test('an instance type knows what it has', () => {
  const instance = AcceleratedInstance.of('p5.48xlarge');
  expect(instance).toMatchObject({
    name: 'p5.48xlarge', family: 'p5', acceleratorKind: AcceleratorKind.GPU, gpuCount: 8, vcpus: 192, memoryGiB: 2048, architecture: 'amd64',
    localNvmeGB: 30400, networkGbps: 3200, efaCount: 32, nvlink: true, llmExclusion: undefined, imageExclusion: undefined,
  });
  expect(instance.gpu).toMatchObject({
    name: 'H100', karpenterName: 'h100', memoryMiB: 81920, computeCapability: 9, supportsBfloat16: true, supportsFp8: true, migCapable: true,
  });
  expect(instance.gpu?.usableGiB).toBeCloseTo(78.4, 5);
});

test.each(REPORTED_BY_CUDA)('%s does not promise more memory than the %d GiB that CUDA reports, and not much less', (name, reported) => {
  const usable = AcceleratedInstance.of(name).gpu?.usableGiB ?? NaN;
  expect(usable).toBeLessThanOrEqual(reported);
  expect(usable).toBeGreaterThan(reported * 0.975);
});

test.each([
  ['g4dn.xlarge', 7.5, false, false], ['g5.xlarge', 8.6, true, false], ['g6.xlarge', 8.9, true, true], ['g6e.xlarge', 8.9, true, true],
  ['p4d.24xlarge', 8.0, true, false], ['p5.48xlarge', 9.0, true, true], ['p6-b200.48xlarge', 10.0, true, true], ['g7e.2xlarge', 12.0, true, true],
])('%s has compute capability %d: bfloat16 %s, FP8 %s', (name, computeCapability, supportsBfloat16, supportsFp8) => {
  expect(AcceleratedInstance.of(name).gpu).toMatchObject({ computeCapability, supportsBfloat16, supportsFp8 });
});

test('cards have the MIG profiles of NVIDIA\'s guide, and none where they have no MIG', () => {
  const profiles = (name: string) => AcceleratedInstance.of(name).gpu?.migProfiles;
  expect(profiles('p4d.24xlarge')).toEqual(['1g.5gb', '1g.10gb', '2g.10gb', '3g.20gb', '4g.20gb', '7g.40gb']);
  expect(profiles('p4de.24xlarge')).toEqual(['1g.10gb', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb']);
  expect(profiles('p5en.48xlarge')).toEqual(['1g.18gb', '1g.35gb', '2g.35gb', '3g.71gb', '4g.71gb', '7g.141gb']);
  expect(profiles('g7e.2xlarge')).toEqual(['1g.24gb', '2g.48gb', '4g.96gb']);
  for (const name of ['g4dn.xlarge', 'g5.xlarge', 'g6.xlarge', 'g6e.xlarge']) {
    expect(profiles(name)).toEqual([]);
    expect(AcceleratedInstance.of(name).gpu?.migCapable).toBe(false);
  }
});

test('the slices of every card fit into it', () => {
  const cards = AcceleratedInstance.all().flatMap(({ gpu }) => (gpu?.migCapable ? [gpu] : []));
  expect(cards.length).toBeGreaterThan(10);
  for (const { migProfiles, memoryMiB } of cards) {
    const sizes = migProfiles.map((profile) => Number(/(\d+)gb$/.exec(profile)?.[1]));
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    // profiles are named in GB, and round up
    expect(Math.max(...sizes)).toBeLessThan(memoryMiB / 1024 * 1.074);
    expect(Math.max(...sizes)).toBeGreaterThan(memoryMiB / 1024 * 0.95);
  }
});

test('changing the list of profiles changes nothing', () => {
  const { gpu } = AcceleratedInstance.of('p5.48xlarge');
  gpu?.migProfiles.push('8g.1tb');
  expect(gpu?.migProfiles).toHaveLength(6);
});

test.each([
  ['g6e.xlarge', 'L-DB2E81BA', 'L-3819A6DF'], ['gr6.4xlarge', 'L-DB2E81BA', 'L-3819A6DF'], ['p4d.24xlarge', 'L-417A185B', 'L-7212CCBC'],
  ['p5.48xlarge', 'L-417A185B', 'L-C4BD4855'], ['p5en.48xlarge', 'L-417A185B', 'L-C4BD4855'], ['inf2.xlarge', 'L-1945791B', 'L-B5D1601B'],
  ['trn1.32xlarge', 'L-2C3B7624', 'L-6B0D517C'],
])('%s counts against the EC2 quotas %s and %s', (name, onDemand, spot) => {
  const instance = AcceleratedInstance.of(name);
  expect([instance.quotaOnDemand?.code, instance.quotaSpot?.code]).toEqual([onDemand, spot]);
});

test('no spot quota is guessed where AWS does not say which one counts', () => {
  const instance = AcceleratedInstance.of('p6-b200.48xlarge');
  expect(instance.quotaOnDemand).toEqual({ code: 'L-417A185B', name: 'Running On-Demand P instances' });
  expect(instance.quotaSpot).toBeUndefined();
  expect(AcceleratedInstance.all().filter(({ quotaOnDemand }) => quotaOnDemand === undefined)).toEqual([]);
});

describe('what no language model is placed on, with the reason', () => {
  test.each([
    ['inf2.xlarge', 'Neuron compiles models ahead of time and has memory rules of its own, which those of vLLM on CUDA do not describe'],
    ['g6f.xlarge', 'it has 0.125 of an L4, which Kubernetes does not offer as nvidia.com/gpu'],
    ['p3.2xlarge', 'its V100 has compute capability 7.0, and vLLM\'s image is built for 7.5 and up'],
    ['g5g.xlarge', 'its T4G has compute capability 7.5, and vLLM\'s arm64 image is built for 8.0 and up'],
  ])('%s', (name, reason) => expect(AcceleratedInstance.of(name).llmExclusion).toBe(reason));

  test('nothing else', () => {
    const excluded = AcceleratedInstance.all().filter(({ llmExclusion }) => llmExclusion !== undefined);
    expect([...new Set(excluded.map(({ family }) => family))].sort())
      .toEqual(['g5g', 'g6f', 'gr6f', 'inf2', 'p3', 'p3dn', 'trn1', 'trn1n', 'trn2', 'trn2u']);
  });
});

test('Neuron has no card and no GPUs', () => {
  expect(AcceleratedInstance.of('trn1.32xlarge')).toMatchObject({ acceleratorKind: AcceleratorKind.NEURON, gpu: undefined, gpuCount: 0 });
});

test('G7 needs a driver that EKS\'s images do not ship', () => {
  const restricted = AcceleratedInstance.all().filter(({ imageExclusion }) => imageExclusion !== undefined);
  expect([...new Set(restricted.map(({ family }) => family))]).toEqual(['g7']);
  expect(restricted[0]?.imageExclusion).toBe('EKS\'s node images ship the NVIDIA driver 580, G7 needs 595: it takes an AMI of your own');
});

test('an unknown name is refused with the one that was meant', () => {
  expect(refusal(() => AcceleratedInstance.of('g6e.xlarg')).message).toBe('ValidationError at AcceleratedInstance [unknown-instance]: '
    + 'instance \'g6e.xlarg\' is not in the catalogue of accelerated instances (did you mean \'g6e.xlarge\'?); it has the families '
    + 'g4dn, g5, g5g, g6, gr6, g6e, g6f, gr6f, g7, g7e, p3, p3dn, p4d, p4de, p5, p5e, p5en, p6-b200, p6-b300, p6e-gb200, inf2, trn1, trn1n, '
    + 'trn2, trn2u');
  expect(refusal(() => AcceleratedInstance.of('m7g.large')).message).toContain('instance \'m7g.large\' is not in the catalogue of accelerated instances');
});
