import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { gpuPlan, PLACEMENT } from './node-pool-samples';
import { ancestorsOf, fakeCluster, faultOf, idOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import { Capacity, GpuSharing, MlCluster, NodeImage, NodeProvisioning, type MlClusterProps } from '../../lib/cluster';
import type { GpuPoolRequest } from '../../lib/cluster/blueprint/node-pool-gpu';
import { networkPolicyChart } from '../../lib/cluster/manifests/auto-mode';
import { storageClassesChart } from '../../lib/cluster/manifests/basics';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';
import { nag } from '../conformance/cloudformation-oracles';

const AUTO = { nodeProvisioning: NodeProvisioning.AUTO_MODE };

function autoCluster(stack: Stack, props: Partial<MlClusterProps> = {}): MlCluster {
  return new MlCluster(stack, 'Cluster', { network: textNetwork(stack), ...AUTO, ...props });
}

describe('a cluster with EKS Auto Mode', () => {
  const stack = testStack();
  const cluster = autoCluster(stack);
  cluster.addGpuNodePool('Inference', { maxGpus: 8, gpus: ['L40S'] });
  const template = Template.fromStack(stack);

  test('has compute, volumes and load balancers made by AWS, which has to be said together', () => {
    // https://docs.aws.amazon.com/eks/latest/userguide/automode-get-started-cli.html
    template.hasResourceProperties('AWS::EKS::Cluster', {
      ComputeConfig: { Enabled: true, NodePools: ['general-purpose', 'system'], NodeRoleArn: stack.resolve(cluster.nodeRole.roleArn) },
      StorageConfig: { BlockStorage: { Enabled: true } },
      KubernetesNetworkConfig: { ElasticLoadBalancing: { Enabled: true } },
      AccessConfig: { AuthenticationMode: 'API' },
      BootstrapSelfManagedAddons: false,
    });
  });

  test('lets the control plane do it, and nodes only join and pull', () => {
    const policies = (pattern: RegExp) => JSON.stringify(resourcesOf(stack)[idOf(stack, pattern)]?.Properties.ManagedPolicyArns).match(/policy\/\w+/g)?.map((it) => it.slice(7)).sort();
    // https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html and auto-cluster-iam-role.html
    expect(policies(/^ClusterNodeRole/)).toEqual(['AmazonEC2ContainerRegistryPullOnly', 'AmazonEKSWorkerNodeMinimalPolicy']);
    expect(policies(/^ClusterRole/)).toEqual(['AmazonEKSBlockStoragePolicy', 'AmazonEKSClusterPolicy', 'AmazonEKSComputePolicy', 'AmazonEKSLoadBalancingPolicy', 'AmazonEKSNetworkingPolicy']);
  });

  test('has no nodes, add-ons, Karpenter or queue of ours', () => {
    for (const type of ['AWS::EKS::Nodegroup', 'AWS::EKS::Addon', 'AWS::EC2::LaunchTemplate', 'AWS::SQS::Queue', 'AWS::Events::Rule', 'AWS::IAM::InstanceProfile']) template.resourceCountIs(type, 0);
    expect(cluster.systemNodeGroup).toBeUndefined();
    expect(cluster.node.tryFindChild('Karpenter')).toBeUndefined();
    expect(Object.values(resourcesOf(stack)).filter(({ Properties }) => /karpenter/.test(String(Properties?.Chart)))).toEqual([]);
  });

  test('drains load balancers and volumes; its nodes go with it', () => {
    const kinds = Object.values(template.findResources('Custom::MlPlatformDrain')).map(({ Properties }) => Properties.Kind).sort();
    expect(kinds).toEqual(['load-balancers', 'volumes']);
    // the pool goes before the drain
    expect(ancestorsOf(stack, idOf(stack, /^ClusterInferenceNodes[0-9A-F]{8}$/))).toContain(idOf(stack, /^ClusterDrainLoadBalancers/));
  });

  test('keeps network policies and has storage classes of its driver', () => {
    // https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html
    expect(networkPolicyChart().toJson()).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'amazon-vpc-cni', namespace: 'kube-system' }, data: { 'enable-network-policy-controller': 'true' } },
    ]);
    expect(cluster.node.tryFindChild('NetworkPolicies')).toBeDefined();
    // https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html
    expect(storageClassesChart('ebs.csi.eks.amazonaws.com').toJson().map(({ provisioner }: { provisioner: string }) => provisioner)).toEqual(['ebs.csi.eks.amazonaws.com', 'ebs.csi.eks.amazonaws.com']);
    expect(storageClassesChart().toJson()[0].provisioner).toBe('ebs.csi.aws.com');
  });

  test('may mount S3 buckets, by the one add-on that it does not bring', () => {
    const other = testStack();
    autoCluster(other, { s3CsiDriver: true });
    Template.fromStack(other).resourcePropertiesCountIs('AWS::EKS::Addon', { AddonName: 'aws-mountpoint-s3-csi-driver', AddonVersion: PLATFORM_SETS['2026-11'].addOns['aws-mountpoint-s3-csi-driver'] }, 1);
    Template.fromStack(other).resourceCountIs('AWS::EKS::Addon', 1);
  });

  test('refuses system nodes', () => {
    expect(faultOf(() => autoCluster(testStack(), { systemNodes: { count: 3 } }))).toBe(
      'ValidationError at Stack/Cluster [system-nodes-on-auto-mode]: systemNodes is given, and EKS Auto Mode makes the nodes of controllers itself; leave it out, or use NodeProvisioning.KARPENTER');
  });

  test('has no finding of cdk-nag that is not explained', () => {
    const app = testApp();
    const clean = new Stack(app, 'Stack');
    autoCluster(clean).addGpuNodePool('Inference', { maxGpus: 8 });
    expect(nag(app)).toEqual([]);
  });
});

describe('a pool on EKS Auto Mode', () => {
  const objectsOf = (request: Partial<GpuPoolRequest> = {}): any[] => nodePoolChart(gpuPlan({ instanceTypes: ['g6e.xlarge'], provisioning: NodeProvisioning.AUTO_MODE, ...request }), PLACEMENT).toJson();

  test('is a class of its own and NodePools that live 14 days', () => {
    const [nodeClass, spot, onDemand] = objectsOf();
    // https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html
    expect(nodeClass).toEqual({
      apiVersion: 'eks.amazonaws.com/v1',
      kind: 'NodeClass',
      metadata: { name: 'inference' },
      spec: {
        role: 'ml-nodes',
        subnetSelectorTerms: [{ id: 'subnet-0a' }, { id: 'subnet-0b' }],
        securityGroupSelectorTerms: [{ id: 'sg-01' }],
        ephemeralStorage: { size: '100Gi' },
        networkPolicy: 'DefaultAllow',
        networkPolicyEventLogs: 'Disabled',
      },
    });
    expect(spot.spec.template.spec).toEqual({
      nodeClassRef: { group: 'eks.amazonaws.com', kind: 'NodeClass', name: 'inference' },
      taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }],
      expireAfter: '336h',
      terminationGracePeriod: '1h',
      requirements: [
        { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g6e.xlarge'] },
        { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] },
        { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] },
      ],
    });
    expect(onDemand.spec.template.spec.expireAfter).toBe('24h');
    expect(spot.spec.template.metadata.labels).toEqual({ 'ml-platform/node-pool': 'inference', 'ml-platform/gpu-software': 'dcgm-exporter', 'nvidia.com/gpu.deploy.operands': 'false' });
  });

  test('may use reservations', () => {
    const [nodeClass, nodePool] = objectsOf({ capacity: Capacity.reserved({ reservationIds: ['cr-1'] }) });
    expect(nodeClass.spec.capacityReservationSelectorTerms).toEqual([{ id: 'cr-1' }]);
    expect(nodePool.spec.template.spec.requirements.slice(2)).toEqual([{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['reserved'] }]);
  });

  test('has no query for the fallback: AWS shows no metrics of Karpenter', () => {
    const cluster = autoCluster(testStack());
    expect(cluster.addGpuNodePool('Pool', { maxGpus: 1 }).onDemandFallbackHoursQuery).toBeUndefined();
  });

  test.each<[string, Partial<GpuPoolRequest>, string]>([
    ['an image', { image: NodeImage.al2023() }, '[unsupported-on-auto-mode]: image cannot be chosen with EKS Auto Mode, which has an image of its own; leave it out, or use NodeProvisioning.KARPENTER'],
    ['GPU sharing', { sharing: GpuSharing.timeSlicing(2) }, "[unsupported-on-auto-mode]: sharing cannot be chosen with EKS Auto Mode, which runs NVIDIA's device plugin itself; leave it out, or use NodeProvisioning.KARPENTER"],
    ['how images are fetched', { disk: { parallelPull: true } }, '[unsupported-on-auto-mode]: disk.parallelPull cannot be chosen with EKS Auto Mode, which uses NVMe disks and fetches images side by side by itself; leave it out, or use NodeProvisioning.KARPENTER'],
    ['which disks are used', { disk: { localDisks: false } }, '[unsupported-on-auto-mode]: disk.localDisks cannot be chosen with EKS Auto Mode, which uses NVMe disks and fetches images side by side by itself; leave it out, or use NodeProvisioning.KARPENTER'],
    ['tags', { tags: { team: 'search' } }, '[unsupported-on-auto-mode]: tags cannot be set with EKS Auto Mode, whose role may not tag instances with them; leave them out, or use NodeProvisioning.KARPENTER'],
    ['a life of more than 21 days', { disruption: { expireAfter: Duration.days(22) } }, '[invalid-disruption-expire-after]: disruption.expireAfter of 1900800 seconds is not a whole number from 300 to 1814400 seconds; use a duration in that range'],
    ['the name of one of AWS\'s own pools', { poolName: 'general-purpose' }, "[reserved-pool-name]: poolName 'general-purpose' is the name of something that EKS Auto Mode brings; choose another name"],
  ])('refuses %s', (_, request, message) => expect(faultOf(() => objectsOf(request))).toBe(`ValidationError at Stack/Pool ${message}`));

  test('names every fault at once', () => {
    expect(faultOf(() => objectsOf({ image: NodeImage.al2023(), tags: {}, disk: { localDisks: true } }))).toContain(': 3 faults\n');
  });
});

describe('an imported cluster with EKS Auto Mode', () => {
  const options = (stack: Stack) => ({ network: textNetwork(stack), ...AUTO });

  test('needs the role of its nodes for pools', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), options(stack));
    expect(faultOf(() => cluster.addGpuNodePool('Pool', { maxGpus: 1 }))).toBe(
      'ValidationError at Stack/Cluster/Pool [missing-auto-mode-role]: the cluster was imported without autoModeNodeRole, and nodes of EKS Auto Mode need one; give it to MlCluster.fromCluster()');
  });

  test('creates nothing but what a pool is', () => {
    const stack = testStack();
    const autoModeNodeRole = iam.Role.fromRoleName(stack, 'Nodes', 'their-nodes');
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { ...options(stack), autoModeNodeRole });
    cluster.addCpuNodePool('Batch', { maxVcpus: 8 });
    expect(idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(1);
    expect(idsOf(stack, 'AWS::SQS::Queue')).toEqual([]);
    Template.fromStack(stack).hasResourceProperties('Custom::AWSCDK-EKS-HelmChart', { Chart: Match.absent() });
  });
});
