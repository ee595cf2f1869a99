import { Duration, Size, Token } from 'aws-cdk-lib';
import { cpuPlan, PLACEMENT } from './node-pool-samples';
import { fakeCluster, faultOf, idsOf, testStack, textNetwork } from './support';
import { Capacity, CpuNodePool, MlCluster, NodeArchitecture, NodeImage, NodeProvisioning } from '../../lib/cluster';
import type { CpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-cpu';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';

function objectsOf(request: Partial<CpuPoolRequest> = {}): Record<string, any> {
  const objects: any[] = nodePoolChart(cpuPlan(request), PLACEMENT).toJson();
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

const requirements = (request: Partial<CpuPoolRequest>): unknown => objectsOf({ capacity: Capacity.spot(), ...request })['NodePool batch'].spec.template.spec.requirements.slice(0, -1);

describe('a CPU pool', () => {
  test('with defaults is on spot, falls back, has a limit and goes when its pods fit elsewhere', () => {
    const objects = objectsOf();
    expect(objects['NodePool batch'].spec).toEqual({
      weight: 100,
      limits: { cpu: '64' },
      disruption: { consolidationPolicy: 'WhenEmptyOrUnderutilized', consolidateAfter: '1m', budgets: [{ nodes: '10%' }] },
      template: {
        metadata: { labels: { 'ml-platform/node-pool': 'batch' } },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'batch' },
          expireAfter: 'Never',
          requirements: [
            { key: 'karpenter.k8s.aws/instance-category', operator: 'In', values: ['c', 'm', 'r'] },
            { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['5'] },
            { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] },
            { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] },
          ],
        },
      },
    });
    expect(objects['NodePool batch-on-demand'].spec).toMatchObject({ weight: 90, limits: { cpu: '64' }, template: { spec: { expireAfter: '24h', terminationGracePeriod: '1h' } } });
    expect(objects['EC2NodeClass batch'].spec).toMatchObject({
      amiSelectorTerms: [{ alias: 'al2023@v20260903' }], instanceStorePolicy: 'RAID0', blockDeviceMappings: [{ ebs: { volumeSize: '50Gi', encrypted: true } }],
    });
    expect(objects['EC2NodeClass batch'].spec.userData).toBeUndefined();
  });

  test('takes instance types or families, and is of their architecture', () => {
    expect(requirements({ instanceTypes: ['m7g.xlarge', 'c7gn.large'] })).toEqual([
      { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['c7gn.large', 'm7g.xlarge'] }, { key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] },
    ]);
    expect(requirements({ families: ['m7i', 'c7i'] })).toEqual([
      { key: 'karpenter.k8s.aws/instance-family', operator: 'In', values: ['c7i', 'm7i'] }, { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] },
    ]);
    expect(requirements({ architecture: NodeArchitecture.ARM64 })).toContainEqual({ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] });
  });

  test('on EKS Auto Mode selects by its labels', () => {
    expect(requirements({ provisioning: NodeProvisioning.AUTO_MODE })).toEqual([
      { key: 'eks.amazonaws.com/instance-category', operator: 'In', values: ['c', 'm', 'r'] },
      { key: 'eks.amazonaws.com/instance-generation', operator: 'Gt', values: ['5'] },
      { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] },
    ]);
  });

  test('takes taints, an image, disks and times', () => {
    const objects = objectsOf({
      taints: [{ key: 'example.com/batch' }, { key: 'night', value: 'only', effect: 'NoExecute' }], image: NodeImage.bottlerocket(),
      disk: { size: Size.gibibytes(100), localDisks: false, parallelPull: true }, disruption: { consolidateAfter: Duration.minutes(30) },
    });
    const { spec } = objects['NodePool batch'];
    expect(spec.template.spec.taints).toEqual([{ key: 'example.com/batch', effect: 'NoSchedule' }, { key: 'night', value: 'only', effect: 'NoExecute' }]);
    expect(spec.disruption.consolidateAfter).toBe('30m');
    expect(objects['EC2NodeClass batch'].spec.blockDeviceMappings[1]).toEqual({ deviceName: '/dev/xvdb', ebs: { volumeSize: '100Gi', volumeType: 'gp3', encrypted: true, deleteOnTermination: true, throughput: 600 } });
    expect(objects['EC2NodeClass batch'].spec.instanceStorePolicy).toBeUndefined();
  });
});

describe('a CPU pool is refused', () => {
  test.each<[string, Partial<CpuPoolRequest>, string]>([
    ['with GPUs', { instanceTypes: ['g6.xlarge'] }, '[accelerated-instance]: instanceTypes names g6.xlarge, which has accelerators; make a pool for it by addGpuNodePool()'],
    ['with Neuron devices', { families: ['inf2'] }, '[accelerated-instance]: families names inf2, which has accelerators; make a pool for it by addGpuNodePool()'],
    ['with two architectures', { instanceTypes: ['m7g.xlarge', 'm7i.xlarge'] }, '[mixed-architectures]: instanceTypes names m7g.xlarge, which is Graviton in a pool of x86 instances; make a pool for each, or set architecture'],
    ['with the other architecture', { families: ['m7i', 'c7i'], architecture: 'arm64' }, '[mixed-architectures]: families names m7i, c7i, which are x86 in a pool of Graviton instances; make a pool for each, or set architecture'],
    ['with an architecture that is none', { architecture: 'x86_64' }, "[invalid-architecture]: architecture 'x86_64' is not one of 'amd64', 'arm64'; choose one of them"],
    ['with something that is no instance type', { instanceTypes: ['large'] }, "[invalid-instance-types]: instanceTypes[0] 'large' is not allowed; use an EC2 instance type such as 'm7i.xlarge'"],
    ['with something that is no family', { families: ['m7i.large'] }, "[invalid-families]: families[0] 'm7i.large' is not allowed; use an EC2 instance family such as 'm7i'"],
    ['with no instance type', { instanceTypes: [] }, '[invalid-instance-types]: instanceTypes is empty; name at least one, or leave it out'],
    ['with no family', { families: [] }, '[invalid-families]: families is empty; name at least one, or leave it out'],
    ['with two ways to choose', { families: ['m7i'], instanceTypes: ['m7i.large'] }, '[conflicting-instance-types]: instanceTypes and families both say which instances; leave out one of them'],
    ['with a Capacity Block', { capacity: Capacity.capacityBlock({ reservationIds: ['cr-1'] }) }, '[capacity-block-without-gpus]: capacity is a Capacity Block, which AWS rents out for GPU and Trainium instances; use Capacity.reserved(), or addGpuNodePool()'],
    ['with a limit of nothing', { maxVcpus: 0 }, '[invalid-max-vcpus]: maxVcpus 0 is not a whole number from 1 to 100000 vCPUs; use a value in that range'],
    ['with a limit known only at deploy time', { maxVcpus: Token.asNumber({ Ref: 'N' }) }, '[unresolved-max-vcpus]: maxVcpus is known only at deploy time, but it decides what is created; give a literal'],
    ['with a taint of no key', { taints: [{ key: '' }] }, "[invalid-taints-key]: taints[0].key '' is not allowed; use a taint key such as 'example.com/batch'"],
    ['with a taint that does nothing', { taints: [{ key: 'a', effect: 'Never' }] }, "[invalid-taints-effect]: taints[0].effect 'Never' is not one of 'NoSchedule', 'PreferNoSchedule', 'NoExecute'; choose one of them"],
    ['with a taint twice', { taints: [{ key: 'a' }, { key: 'a', value: 'b' }] }, "[duplicate-taints]: taints names 'a:NoSchedule' more than once; keep one of them"],
    ['with a disk that images do not fit on', { disk: { size: Size.gibibytes(20) } }, '[image-larger-than-disk]: every node has 5 GiB of room for images and models, and disk.imageSize 10 GiB with disk.modelSize 0 GiB takes 10; set disk.size to 26 GiB or more'],
  ])('%s', (_, request, message) => expect(faultOf(() => cpuPlan(request))).toContain(`ValidationError at Stack/Pool ${message}`));
});

describe('the construct', () => {
  test('stands where it is made, under its name, with one Karpenter for all', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    const pool = cluster.addCpuNodePool('NightBatch', { maxVcpus: 64 });
    const other = new CpuNodePool(stack, 'Other', { cluster, maxVcpus: 8, capacity: Capacity.onDemand() });
    expect([pool.poolName, pool.nodePoolNames, pool.release.node.path]).toEqual(['night-batch', ['night-batch', 'night-batch-on-demand'], 'Stack/Cluster/NightBatch/Nodes']);
    expect([other.nodePoolNames, other.release.node.path]).toEqual([['other'], 'Stack/Other/Nodes']);
    expect(idsOf(stack, 'AWS::SQS::Queue')).toHaveLength(1);
    // CPU pools are no place for models
    expect(cluster.gpuNodePools).toEqual([]);
  });
});
