import { Duration, Size, Stack, Token } from 'aws-cdk-lib';
import { gpuPlan, PLACEMENT } from './node-pool-samples';
import { ancestorsOf, fakeCluster, faultOf, idOf, idsOf, resourcesOf, testStack, textNetwork } from './support';
import { Capacity, GpuNodePool, GpuSharing, GpuSoftware, MlCluster, NodeImage, NodeProvisioning, Weekday, type GpuNodePoolOptions, type IMlCluster } from '../../lib/cluster';
import type { GpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-gpu';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';

function clusterIn(stack: Stack): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
}

/** The objects of a pool, by kind and name. */
function objectsOf(request: Partial<GpuPoolRequest> = {}): Record<string, any> {
  const objects: any[] = nodePoolChart(gpuPlan(request), PLACEMENT).toJson();
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

const typesOf = (request: Partial<GpuPoolRequest>): readonly string[] => gpuPlan(request).instanceTypes;
const families = (types: readonly string[]): string[] => [...new Set(types.map((type) => type.split('.')[0] ?? ''))];

describe('a GPU pool with defaults', () => {
  const objects = objectsOf({ instanceTypes: ['g6e.xlarge', 'g6.xlarge'] });

  test('is one class of nodes with encrypted disks, NVMe as RAID 0, a pinned image and credentials over one hop', () => {
    expect(objects['EC2NodeClass inference']).toEqual({
      apiVersion: 'karpenter.k8s.aws/v1',
      kind: 'EC2NodeClass',
      metadata: { name: 'inference' },
      spec: {
        amiSelectorTerms: [{ alias: 'al2023@v20260903' }],
        instanceProfile: 'ml-nodes',
        subnetSelectorTerms: [{ id: 'subnet-0a' }, { id: 'subnet-0b' }],
        securityGroupSelectorTerms: [{ id: 'sg-01' }],
        associatePublicIPAddress: false,
        metadataOptions: { httpEndpoint: 'enabled', httpProtocolIPv6: 'disabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [{ deviceName: '/dev/xvda', ebs: { volumeSize: '100Gi', volumeType: 'gp3', encrypted: true, deleteOnTermination: true } }],
        instanceStorePolicy: 'RAID0',
        // https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/doc/examples.md
        userData: 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  featureGates:\n    FastImagePull: true\n',
      },
    });
  });

  test('is on spot, with a limit, a taint, its label, and without consolidation of working nodes', () => {
    expect(objects['NodePool inference']).toEqual({
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name: 'inference' },
      spec: {
        weight: 100,
        limits: { 'nvidia.com/gpu': '16' },
        disruption: { consolidationPolicy: 'WhenEmpty', consolidateAfter: '5m', budgets: [{ nodes: '10%' }] },
        template: {
          metadata: { labels: { 'ml-platform/node-pool': 'inference', 'ml-platform/gpu-software': 'gpu-operator' } },
          spec: {
            nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'inference' },
            taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }],
            expireAfter: 'Never',
            requirements: [
              { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6.xlarge', 'g6e.xlarge'] },
              { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] },
              { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] },
            ],
          },
        },
      },
    });
  });

  test('falls back to on-demand nodes that are tried second, expire after a day and drain for an hour at most', () => {
    const { spec } = objects['NodePool inference-on-demand'];
    expect([spec.weight, spec.limits, spec.template.spec.expireAfter, spec.template.spec.terminationGracePeriod]).toEqual([90, { 'nvidia.com/gpu': '16' }, '24h', '1h']);
    expect(spec.template.spec.requirements.at(-1)).toEqual({ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] });
    // pods select both by the same label
    expect(spec.template.metadata.labels).toEqual(objects['NodePool inference'].spec.template.metadata.labels);
  });

  test('is nothing else', () => {
    expect(Object.keys(objects)).toEqual(['EC2NodeClass inference', 'NodePool inference', 'NodePool inference-on-demand']);
  });
});

describe('instance types', () => {
  // what EC2 offers: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
  test('are by default all x86 ones with whole NVIDIA GPUs, from Turing on, that fit under the limit', () => {
    expect(families(typesOf({ maxGpus: 8 }))).toEqual(['g4dn', 'g5', 'g6', 'g6e', 'g7e', 'gr6', 'p4d', 'p4de', 'p5', 'p5e', 'p5en', 'p6-b200', 'p6-b300']);
    expect(families(typesOf({ maxGpus: 1 }))).toEqual(['g4dn', 'g5', 'g6', 'g6e', 'g7e', 'gr6', 'p5']);
  });

  test('are found by the name of their GPU, in any case', () => {
    expect(families(typesOf({ gpus: ['l40s'] }))).toEqual(['g6e']);
    expect(families(typesOf({ gpus: ['T4', 'A10G'] }))).toEqual(['g4dn', 'g5']);
  });

  test('are x86 ones where a GPU comes with both, and Arm ones where it comes with nothing else', () => {
    expect(typesOf({ gpus: ['B200'] })).toEqual(['p6-b200.48xlarge']);
    expect(families(typesOf({ gpus: ['T4G'] }))).toEqual(['g5g']);
    expect(objectsOf({ gpus: ['T4G'] })['NodePool inference'].spec.template.spec.requirements[1]).toEqual({ key: 'kubernetes.io/arch', operator: 'In', values: ['arm64'] });
  });

  test('are found by what is needed', () => {
    expect(families(typesOf({ need: { minMemoryGiBPerGpu: 44, gpusPerNode: [1] }, maxGpus: 4 }))).toEqual(['g6e', 'g7e', 'p5']);
    expect(families(typesOf({ need: { minComputeCapability: 9 } }))).toEqual(['g7e', 'p5', 'p5e', 'p5en', 'p6-b200', 'p6-b300']);
    expect(typesOf({ gpus: ['L4'], need: { gpusPerNode: [8] } })).toEqual(['g6.48xlarge']);
  });

  test('with a driver of one\'s own include those that EKS\'s image does not run', () => {
    expect(families(typesOf({ maxGpus: 1, image: NodeImage.customAl2023({ imageIds: ['ami-1'] }) }))).toContain('g7');
  });
});

describe('images', () => {
  test('are pinned by the platform version, or by the user', () => {
    const termsOf = (image?: NodeImage) => objectsOf({ image })['EC2NodeClass inference'].spec;
    expect(termsOf(NodeImage.al2023('v20260714')).amiSelectorTerms).toEqual([{ alias: 'al2023@v20260714' }]);
    expect(termsOf(NodeImage.bottlerocket()).amiSelectorTerms).toEqual([{ alias: 'bottlerocket@v1.65.0' }]);
    expect(termsOf(NodeImage.customBottlerocket({ imageIds: ['ami-1', 'ami-2'] }))).toMatchObject({ amiFamily: 'Bottlerocket', amiSelectorTerms: [{ id: 'ami-1' }, { id: 'ami-2' }] });
    expect(termsOf(NodeImage.customAl2023({ imageIds: ['ami-1'] }))).toMatchObject({ amiFamily: 'AL2023', amiSelectorTerms: [{ id: 'ami-1' }] });
  });

  test('on Bottlerocket fetch layers side by side, on a data volume of the disk\'s size', () => {
    const { spec } = objectsOf({ image: NodeImage.bottlerocket(), disk: { localDisks: false, size: Size.gibibytes(200) } })['EC2NodeClass inference'];
    expect(spec.userData).toBe('[settings.container-runtime]\nsnapshotter = "soci"\n[settings.container-runtime-plugins.soci-snapshotter]\npull-mode = "parallel-pull-unpack"\n');
    expect(spec.blockDeviceMappings.map(({ deviceName, ebs }: any) => [deviceName, ebs.volumeSize, ebs.throughput, ebs.encrypted]))
      .toEqual([['/dev/xvda', '4Gi', undefined, true], ['/dev/xvdb', '200Gi', 600, true]]);
    expect(spec.instanceStorePolicy).toBeUndefined();
  });

  test('bring their own device plugin, or get the operator\'s', () => {
    const labels = (image: NodeImage, software?: GpuSoftware) => objectsOf({ image, ...software ? { software } : {} })['NodePool inference'].spec.template.metadata.labels['ml-platform/gpu-software'];
    expect(labels(NodeImage.al2023())).toBe('gpu-operator');
    expect(labels(NodeImage.bottlerocket())).toBe('dcgm-exporter');
    expect(labels(NodeImage.al2023(), GpuSoftware.none())).toBe('none');
  });
});

describe('sharing', () => {
  test('in time counts pods, in the limit and in what Karpenter believes', () => {
    const objects = objectsOf({ instanceTypes: ['g6.xlarge', 'g6.2xlarge', 'g6.12xlarge'], sharing: GpuSharing.timeSlicing(4), maxGpus: 8 });
    expect(objects['NodePool inference'].spec.limits).toEqual({ 'nvidia.com/gpu': '32' });
    expect(objects['NodeOverlay inference-0'].spec).toEqual({
      requirements: [
        { key: 'karpenter.sh/nodepool', operator: 'In', values: ['inference', 'inference-on-demand'] },
        { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6.2xlarge', 'g6.xlarge'] },
      ],
      capacity: { 'nvidia.com/gpu': '4' },
    });
    expect(objects['NodeOverlay inference-1'].spec.capacity).toEqual({ 'nvidia.com/gpu': '16' });
  });

  // https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html: instances of a profile that one card holds
  test.each([
    ['p4d.24xlarge', '1g.5gb', 7], ['p4d.24xlarge', '1g.10gb', 4], ['p4d.24xlarge', '2g.10gb', 3], ['p4d.24xlarge', '3g.20gb', 2], ['p4d.24xlarge', '4g.20gb', 1], ['p4d.24xlarge', '7g.40gb', 1],
    ['p5.48xlarge', '1g.10gb', 7], ['p5.48xlarge', '1g.20gb', 4], ['p5.48xlarge', '2g.20gb', 3], ['p5.48xlarge', '3g.40gb', 2], ['p5.48xlarge', '4g.40gb', 1], ['p5.48xlarge', '7g.80gb', 1],
    ['p5en.48xlarge', '1g.18gb', 7], ['p5en.48xlarge', '1g.35gb', 4], ['p5en.48xlarge', '2g.35gb', 3], ['p5en.48xlarge', '3g.71gb', 2], ['p5en.48xlarge', '7g.141gb', 1],
  ])('cuts a card of %s into %s %i times', (type, profile, slices) => {
    const objects = objectsOf({ instanceTypes: [type], sharing: GpuSharing.mig(profile), maxGpus: 16 });
    expect(objects['NodePool inference'].spec.limits).toEqual({ 'nvidia.com/gpu': '16', [`nvidia.com/mig-${profile}`]: String(16 * slices) });
    expect(objects['NodeOverlay inference-0'].spec.capacity).toEqual({ [`nvidia.com/mig-${profile}`]: String(8 * slices) });
    expect(objects['NodePool inference'].spec.template.metadata.labels['nvidia.com/mig.config']).toBe(`all-${profile}`);
  });

  test('on Bottlerocket is told to its own plugin', () => {
    const { spec } = objectsOf({ image: NodeImage.bottlerocket(), gpus: ['L4'], sharing: GpuSharing.timeSlicing(2), disk: { parallelPull: false } })['EC2NodeClass inference'];
    expect(spec.userData).toBe('[settings.kubelet-device-plugins.nvidia]\ndevice-sharing-strategy = "time-slicing"\n[settings.kubelet-device-plugins.nvidia.time-slicing]\nreplicas = 2\n');
  });

  test('is no overlay where GPUs are not shared', () => {
    expect(Object.keys(objectsOf()).filter((it) => it.startsWith('NodeOverlay'))).toEqual([]);
  });
});

describe('disks', () => {
  const gib = (size: number) => Size.gibibytes(size);

  test('have room for what is left of the volume or of the smallest NVMe disk', () => {
    // g6e.xlarge: 250 GB of NVMe = 232.8 GiB, of which kubelet uses 85 %
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge', 'g6e.48xlarge'] }).roomGiB).toBe(197);
    // the volume holds AL2023 with NVIDIA's driver too, Bottlerocket's does not
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge'], disk: { localDisks: false } }).roomGiB).toBe(73);
    expect(gpuPlan({ instanceTypes: ['g6e.xlarge'], disk: { localDisks: false }, image: NodeImage.bottlerocket() }).roomGiB).toBe(85);
    expect(gpuPlan({ gpus: ['T4G'] }).roomGiB).toBe(73);
  });

  test('are fast where layers are fetched side by side onto a volume', () => {
    const throughput = (request: Partial<GpuPoolRequest>) => objectsOf(request)['EC2NodeClass inference'].spec.blockDeviceMappings[0].ebs.throughput;
    expect([throughput({ gpus: ['L4'] }), throughput({ gpus: ['T4G'] }), throughput({ gpus: ['T4G'], disk: { parallelPull: false } })]).toEqual([undefined, 600, undefined]);
  });

  test.each<[string, Partial<GpuPoolRequest>, string]>([
    ['an image larger than the volume', { gpus: ['T4G'], disk: { size: gib(40) } },
      '[image-larger-than-disk]: g5g.16xlarge and 5 other types have 22 GiB of room for images and models, and disk.imageSize 30 GiB with disk.modelSize 0 GiB takes 30; set disk.size to 50 GiB or more'],
    ['a model larger than the volume', { gpus: ['L4'], disk: { localDisks: false, modelSize: gib(140) } },
      '[image-larger-than-disk]: every node has 73 GiB of room for images and models, and disk.imageSize 30 GiB with disk.modelSize 140 GiB takes 170; set disk.size to 215 GiB or more'],
    ['a model larger than the smallest NVMe disk', { instanceTypes: ['g6e.xlarge', 'g6e.12xlarge'], disk: { modelSize: gib(200) } },
      '[image-larger-than-disk]: g6e.xlarge has 197 GiB of room for images and models, and disk.imageSize 30 GiB with disk.modelSize 200 GiB takes 230; choose larger instance types, stream the model from S3, or set disk.localDisks to false with a large disk.size'],
    ['a volume too small for any node', { disk: { size: gib(10) } }, '[invalid-disk-size]: disk.size 10 is not a whole number from 20 to 16384 GiB; use a value in that range'],
    ['a size known only at deploy time', { disk: { modelSize: Size.gibibytes(Token.asNumber({ Ref: 'N' })) } },
      '[unresolved-disk-model-size]: disk.modelSize is known only at deploy time, but it is checked at synthesis; give a literal'],
  ])('%s is refused', (_, request, message) => expect(faultOf(() => gpuPlan(request))).toBe(`ValidationError at Stack/Pool ${message}`));

  test('become as large as the message says', () => {
    expect(gpuPlan({ gpus: ['T4G'], disk: { size: gib(50) } }).roomGiB).toBe(30);
    expect(gpuPlan({ gpus: ['L4'], disk: { localDisks: false, modelSize: gib(140), size: gib(215) } }).roomGiB).toBe(170);
  });
});

describe('what can be chosen beside', () => {
  test('zones, tags and times', () => {
    const objects = objectsOf({
      availabilityZones: ['eu-west-1a'], tags: { team: 'search' }, capacity: Capacity.onDemand(),
      disruption: { consolidateAfter: Duration.hours(2), expireAfter: Duration.days(14), terminationGracePeriod: Duration.seconds(90), maxUnavailable: '1', maintenanceWindow: { startHour: 2, duration: Duration.hours(4), weekdays: [Weekday.SUNDAY] } },
    });
    expect(objects['EC2NodeClass inference'].spec.tags).toEqual({ team: 'search' });
    const { spec } = objects['NodePool inference'];
    expect(spec.template.spec.requirements[2]).toEqual({ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['eu-west-1a'] });
    expect([spec.disruption.consolidateAfter, spec.template.spec.expireAfter, spec.template.spec.terminationGracePeriod]).toEqual(['2h', '336h', '90s']);
    expect(spec.disruption.budgets).toEqual([{ nodes: '1' }, { nodes: '0', reasons: ['Drifted'], schedule: '0 6 * * 0', duration: '164h' }]);
  });

  test('reservations, which only reserved nodes are made in', () => {
    const objects = objectsOf({ gpus: ['H200'], capacity: Capacity.capacityBlock({ reservationIds: ['cr-1'] }) });
    expect(objects['EC2NodeClass inference'].spec.capacityReservationSelectorTerms).toEqual([{ id: 'cr-1' }]);
    expect(objects['NodePool inference'].spec.template.spec.requirements.slice(2)).toEqual([
      { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['reserved'] },
      { key: 'karpenter.k8s.aws/capacity-reservation-type', operator: 'In', values: ['capacity-block'] },
    ]);
  });
});

describe('a GPU pool is refused', () => {
  const zones = Token.asString({ Ref: 'Z' });
  test.each<[string, Partial<GpuPoolRequest>, string]>([
    ['with an instance type that is not there', { instanceTypes: ['g6e.xlagre'] }, "[unknown-instance]: instance 'g6e.xlagre' is not in the catalogue of accelerated instances (did you mean 'g6e.xlarge'?); it has the families g4dn"],
    ['with Neuron devices', { instanceTypes: ['inf2.xlarge'] }, "[not-a-gpu-instance]: instanceTypes names 'inf2.xlarge', which has AWS Neuron devices and no GPUs; name types with NVIDIA GPUs, such as 'g6e.xlarge'"],
    ['with a part of a GPU', { instanceTypes: ['g6f.xlarge'] }, "[no-whole-gpu]: instanceTypes names 'g6f.xlarge', which has a part of a GPU, and Kubernetes counts none there; name a type with whole GPUs, such as 'g6.xlarge'"],
    ['with a driver that is too old', { instanceTypes: ['g7.2xlarge'] }, "[driver-too-old]: instanceTypes names 'g7.2xlarge', which needs NVIDIA's driver 595, and EKS's images have 580; build an image and give it as NodeImage.customAl2023(), or choose another type"],
    ['with two architectures', { instanceTypes: ['g5g.xlarge', 'g6.xlarge'] }, '[mixed-architectures]: the pool would have Arm instances (g5g.xlarge) beside x86 ones (g6.xlarge), and an image of a model runs on one of them; make a pool for each'],
    ['with a limit below one node', { instanceTypes: ['p5.48xlarge'], maxGpus: 4 }, "[max-gpus-below-node]: maxGpus 4 is less than the 8 GPUs of 'p5.48xlarge', so it would never be made; set maxGpus to 8 or more, or leave it out of instanceTypes"],
    ['with a limit below what is needed', { need: { minMemoryGiBPerGpu: 100 }, maxGpus: 4 }, '[max-gpus-below-node]: maxGpus 4 is less than the 8 GPUs of the smallest instance type with what is needed; set maxGpus to 8 or more'],
    ['with a GPU that is not there', { gpus: ['L40'] }, "[unknown-gpu]: gpus names 'L40', which no usable instance type has (did you mean 'L4'?); choose from T4, A10G, T4G, L4, L40S, RTX PRO 6000, V100, A100, H100, H200, B200, B300"],
    ['with a need that nothing meets', { gpus: ['T4'], need: { minComputeCapability: 8 } }, '[no-instance-fits]: no instance type has one of the GPUs T4, compute capability 8; the types with the largest GPUs have 16.0 GiB (T4), compute capability up to 7.5, and 1, 4, 8 GPUs; ask for less'],
    ['with two ways to choose', { instanceTypes: ['g6.xlarge'], gpus: ['L4'] }, '[conflicting-accelerators]: instanceTypes says which instances, so gpus and need have nothing to decide; leave out one or the other'],
    ['with no instance type', { instanceTypes: [] }, "[invalid-instance-types]: instanceTypes is empty; name at least one, such as 'g6e.xlarge', or leave it out"],
    ['with no GPU', { gpus: [] }, "[invalid-gpus]: gpus is empty; name at least one, such as 'L40S', or leave it out"],
    ['with no number of GPUs', { need: { gpusPerNode: [] } }, '[invalid-need-gpus-per-node]: need.gpusPerNode is empty; name at least one number, such as 1, or leave it out'],
    ['with an instance type twice', { instanceTypes: ['g6.xlarge', 'g6.xlarge'] }, "[duplicate-instance-types]: instanceTypes names 'g6.xlarge' more than once; keep one of them"],
    ['with MIG on a card without it', { gpus: ['L40S'], sharing: GpuSharing.mig('1g.10gb') }, "[mig-not-supported]: sharing asks for the MIG profile '1g.10gb', and the L40S of g6e.12xlarge and 7 other types cannot be cut into slices; choose GPUs that have the profile by gpus or instanceTypes, or use GpuSharing.timeSlicing()"],
    ['with a MIG profile of another card', { gpus: ['H100'], sharing: GpuSharing.mig('1g.5gb') }, "[mig-not-supported]: sharing asks for the MIG profile '1g.5gb', and the H100 of p5.48xlarge and 1 other types can be cut into 1g.10gb, 1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb; choose GPUs that have the profile by gpus or instanceTypes, or use GpuSharing.timeSlicing()"],
    ['with MIG on Bottlerocket', { gpus: ['H100'], sharing: GpuSharing.mig('1g.10gb'), image: NodeImage.bottlerocket() }, "[mig-on-bottlerocket]: sharing by MIG is done by the GPU Operator's MIG manager, which Bottlerocket has no place for; use NodeImage.al2023(), or GpuSharing.timeSlicing()"],
    ['with a zone that is not there', { availabilityZones: ['eu-west-1c'] }, "[unknown-zone]: availabilityZones names 'eu-west-1c', and the network has private subnets in eu-west-1a, eu-west-1b; choose one of them"],
    ['with no zone', { availabilityZones: [] }, '[invalid-availability-zones]: availabilityZones is empty; name at least one, or leave it out'],
    ['with a limit of nothing', { maxGpus: 0 }, '[invalid-max-gpus]: maxGpus 0 is not a whole number from 1 to 10000 GPUs; use a value in that range'],
    ['with a limit known only at deploy time', { maxGpus: Token.asNumber({ Ref: 'N' }) }, '[unresolved-max-gpus]: maxGpus is known only at deploy time, but it decides what is created; give a literal'],
    ['with instance types known only at deploy time', { instanceTypes: [Token.asString({ Ref: 'T' })] }, '[unresolved-instance-types]: instanceTypes is known only at deploy time, but it decides what is created; give a literal'],
    ['with a name that no label holds', { poolName: 'Chat' }, "[invalid-pool-name]: poolName 'Chat' is not allowed; use 1 to 50 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
    ['with tags that are not its own', { tags: { 'karpenter.sh/nodepool': 'x' } }, "[reserved-tag]: tags names 'karpenter.sh/nodepool', which AWS or Karpenter sets; choose another key"],
  ])('%s', (_, request, message) => expect(faultOf(() => gpuPlan(request))).toContain(`ValidationError at Stack/Pool ${message}`));

  test('with every fault at once', () => {
    expect(faultOf(() => gpuPlan({ maxGpus: 0, availabilityZones: ['x'], poolName: '-' }))).toContain(': 3 faults\n');
  });

  test('never for zones that are known only at deploy time', () => {
    expect(gpuPlan({ availabilityZones: [zones] }).instanceTypes.length).toBeGreaterThan(0);
    expect(gpuPlan({ availabilityZones: ['eu-west-1a'], networkZones: [zones] }).instanceTypes.length).toBeGreaterThan(0);
  });

  test.each<[string, () => unknown, string]>([
    ['the newest image, whatever it is', () => NodeImage.al2023('latest'), "ValidationError at NodeImage [invalid-version]: version 'latest' is not allowed; use a release such as 'v20260903', never 'latest': a new image would replace every node the day it appears"],
    ['a Bottlerocket of no release', () => NodeImage.bottlerocket('1.65'), "ValidationError at NodeImage [invalid-version]: version '1.65' is not allowed; use a release such as 'v1.65.0', never 'latest': a new image would replace every node the day it appears"],
    ['an image known only at deploy time', () => NodeImage.al2023(Token.asString({ Ref: 'V' })), 'ValidationError at NodeImage [unresolved-version]: version is known only at deploy time, but it decides what is created; give a literal'],
    ['no image', () => NodeImage.customAl2023({ imageIds: [] }), "ValidationError at NodeImage [invalid-image-ids]: imageIds is empty; name at least one, such as 'ami-0123456789abcdef0'"],
    ['something that is no image', () => NodeImage.customBottlerocket({ imageIds: ['x'] }), "ValidationError at NodeImage [invalid-image-ids]: imageIds[0] 'x' is not allowed; use the id of an image such as 'ami-0123456789abcdef0'"],
  ])('with %s', (_, act, message) => expect(faultOf(act)).toBe(message));
});

describe('the construct', () => {
  const options: GpuNodePoolOptions = { maxGpus: 8, instanceTypes: ['g6e.xlarge'] };

  test('tells services what it offers, and the cluster knows it', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const pool = cluster.addGpuNodePool('LargeModels', { ...options, gpus: undefined, sharing: GpuSharing.timeSlicing(2) });
    expect(pool).toMatchObject({
      poolName: 'large-models', instanceTypes: ['g6e.xlarge'], usesSpot: true, hasOnDemand: true, maxGpus: 8, diskGiB: 197, gpuResource: 'nvidia.com/gpu', podsPerGpu: 2,
      nodePoolNames: ['large-models', 'large-models-on-demand'],
    });
    expect(cluster.gpuNodePools).toEqual([pool]);
    expect([pool.node.path, pool.release.node.path]).toEqual(['Stack/Cluster/LargeModels', 'Stack/Cluster/LargeModels/Nodes']);
  });

  test('hands out copies of the list', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addGpuNodePool('Pool', options);
    cluster.gpuNodePools.pop();
    expect(cluster.gpuNodePools).toHaveLength(1);
  });

  test('stands in the stack of whoever makes it, and two beside each other', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const one = new GpuNodePool(stack, 'One', { cluster, ...options });
    const two = new GpuNodePool(stack, 'Two', { cluster, ...options, capacity: Capacity.onDemand() });
    expect([one, two].map(({ release }) => release.node.path)).toEqual(['Stack/One/Nodes', 'Stack/Two/Nodes']);
    // one Karpenter for both
    expect(idsOf(stack, 'AWS::SQS::Queue')).toHaveLength(1);
  });

  test('is installed after Karpenter, and goes before it', () => {
    const stack = testStack();
    const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
    cluster.addGpuNodePool('Pool', options);
    const pool = idOf(stack, /^ClusterPoolNodes[0-9A-F]{8}$/);
    const karpenter = idOf(stack, /^ClusterKarpenterAddOn[0-9A-F]{8}$/);
    expect(ancestorsOf(stack, pool)).toContain(karpenter);
    expect(ancestorsOf(stack, pool)).toContain(idOf(stack, /^ClusterDrainNodes/));
    expect(ancestorsOf(stack, idOf(stack, /^ClusterDrainNodes/))).toContain(karpenter);
  });

  test('refuses a name that is taken, before anything of it is made', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addGpuNodePool('Pool', options);
    expect(faultOf(() => cluster.addCpuNodePool('Other', { maxVcpus: 8, poolName: 'pool' })))
      .toBe("ValidationError at Stack/Cluster/Other [duplicate-pool-name]: poolName 'pool' is the name of Stack/Cluster/Pool already; choose another name");
    expect(cluster.node.tryFindChild('Other')).toBeUndefined();
  });

  test('says in PromQL how long on-demand nodes stood in for spot', () => {
    const cluster = clusterIn(testStack());
    expect(cluster.addGpuNodePool('A', options).onDemandFallbackHoursQuery)
      .toBe('sum_over_time(max(karpenter_nodepools_usage{nodepool="a-on-demand",resource_type="nodes"})[1d:1m]) / 60');
    expect(cluster.addGpuNodePool('B', { ...options, capacity: Capacity.spot() }).onDemandFallbackHoursQuery).toBeUndefined();
    expect(cluster.addGpuNodePool('C', { ...options, capacity: Capacity.onDemand() }).onDemandFallbackHoursQuery).toBeUndefined();
  });

  test('records those hours, where there are any to record', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(cluster.addGpuNodePool('A', options).addFallbackRule('Rule', { maxHoursPerDay: 6, namespace: 'monitoring' }).node.path).toBe('Stack/Cluster/A/Rule');
    const pool = cluster.addGpuNodePool('B', { ...options, capacity: Capacity.spot() });
    expect(faultOf(() => pool.addFallbackRule('Rule'))).toBe(
      'ValidationError at Stack/Cluster/B [no-fallback]: the pool has no on-demand nodes that stand in for spot, or EKS Auto Mode makes them and shows no metrics; use Capacity.spotWithOnDemandFallback() with NodeProvisioning.KARPENTER');
    expect(faultOf(() => cluster.addGpuNodePool('C', options).addFallbackRule('Rule', { maxHoursPerDay: -1 }))).toContain('[invalid-max-hours-per-day]: maxHoursPerDay -1');
  });
});

describe('a pool that exists', () => {
  test('creates nothing and can be named to a cluster that exists', () => {
    const stack = testStack();
    const pool = GpuNodePool.fromAttributes(stack, 'Pool', { poolName: 'theirs', instanceTypes: ['p5.48xlarge', 'g6.xlarge'], maxGpus: 64 });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), gpuNodePools: [pool], nodeProvisioning: NodeProvisioning.AUTO_MODE });
    expect(cluster.gpuNodePools).toEqual([pool]);
    expect(pool).toMatchObject({
      poolName: 'theirs', instanceTypes: ['g6.xlarge', 'p5.48xlarge'], maxGpus: 64, diskGiB: 100, usesSpot: true, hasOnDemand: true, gpuResource: 'nvidia.com/gpu', podsPerGpu: 1,
    });
    expect(resourcesOf(stack)).toEqual({});
  });

  test('says what it is', () => {
    const pool = GpuNodePool.fromAttributes(testStack(), 'Pool', {
      poolName: 'theirs', instanceTypes: ['p5.48xlarge'], maxGpus: 64, diskGiB: 500, usesSpot: false, hasOnDemand: false, sharing: GpuSharing.mig('1g.10gb'),
    });
    expect(pool).toMatchObject({ diskGiB: 500, usesSpot: false, hasOnDemand: false, gpuResource: 'nvidia.com/mig-1g.10gb', podsPerGpu: 1 });
  });

  test('keeps its name from pools that are made', () => {
    const stack = testStack();
    const pool = GpuNodePool.fromAttributes(stack, 'Pool', { poolName: 'theirs', instanceTypes: ['g6.xlarge'], maxGpus: 4 });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), gpuNodePools: [pool] });
    expect(faultOf(() => cluster.addGpuNodePool('Theirs', { maxGpus: 4 }))).toContain("[duplicate-pool-name]: poolName 'theirs' is the name of Stack/Pool already");
  });
});
