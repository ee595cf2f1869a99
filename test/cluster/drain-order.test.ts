import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ancestorsOf, chartOf, configMap, fakeCluster, idOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import { AddOnRequirement, CertManager, ControlledResource, HelmAddOn, ManifestRelease, MlCluster, WorkloadIdentity } from '../../lib/cluster';
import { MlNetwork } from '../../lib/network/ml-network';

const KARPENTER = {
  chart: 'karpenter',
  relations: { defines: ['karpenter.sh/NodePool', 'karpenter.sh/NodeClaim'], controls: [ControlledResource.NODES] },
};
const POOL = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', metadata: { name: 'gpu' }, spec: {} };

describe('what is deleted first', () => {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
  // made first, and still installed last
  new ManifestRelease(stack, 'Pool', { cluster, chart: chartOf(POOL) });
  const identity = new WorkloadIdentity(stack, 'KarpenterIdentity', { cluster, namespace: 'karpenter', serviceAccountName: 'karpenter' });
  new HelmAddOn(stack, 'Karpenter', { cluster, ...KARPENTER, identities: [identity] });
  const steps = ['Volumes', 'Nodes', 'LoadBalancers'].map((name) => idOf(stack, new RegExp(`^ClusterDrain${name}[0-9A-F]{8}$`)));
  const drains = new Set(steps);
  const [volumes, nodes, loadBalancers] = steps as [string, string, string];
  const karpenter = idOf(stack, /^Karpenter[0-9A-F]{8}$/);
  const pool = idOf(stack, /^Pool[0-9A-F]{8}$/);

  test('load balancers, then nodes, then volumes', () => {
    expect(ancestorsOf(stack, loadBalancers)).toContain(nodes);
    expect(ancestorsOf(stack, nodes)).toContain(volumes);
    expect([...ancestorsOf(stack, volumes)].filter((id) => drains.has(id))).toEqual([]);
  });

  test('what runs on the platform goes before the drain, and the drain before controllers, drivers, nodes, rights and network', () => {
    expect(ancestorsOf(stack, pool)).toContain(loadBalancers);
    const kept = ancestorsOf(stack, volumes);
    for (const id of [karpenter, ...idsOf(stack, 'AWS::EKS::Addon'), ...idsOf(stack, 'AWS::EKS::Nodegroup'), ...idsOf(stack, 'AWS::EKS::AccessEntry'), ...idsOf(stack, 'AWS::EC2::SecurityGroupIngress'),
      idOf(stack, /^ClusterDrainProviderAccess[0-9A-F]{8}$/), idOf(stack, /^ClusterStorageClasses/), idOf(stack, /^KarpenterIdentity[0-9A-F]{8}$/), idOf(stack, /^KarpenterIdentityServiceAccount/)]) {
      expect(kept).toContain(id);
    }
  });

  test('no controller waits for the drain', () => {
    for (const id of [karpenter, idOf(stack, /^KarpenterNamespace/), idOf(stack, /^KarpenterIdentityServiceAccount/)]) {
      expect([...ancestorsOf(stack, id)].filter((it) => drains.has(it))).toEqual([]);
    }
  });

  test('the handler gives up before CloudFormation does, and its resource keeps one identity', () => {
    const template = Template.fromStack(stack);
    template.allResourcesProperties('Custom::MlPlatformDrain', { ServiceTimeout: '3600' });
    template.hasResourceProperties('AWS::Lambda::Function', { Handler: 'index.is_complete', Environment: { Variables: { GIVE_UP_SECONDS: '3300' } } });
    expect(Object.keys(resourcesOf(stack)[nodes]?.Properties ?? {}).sort()).toEqual(['ClusterName', 'Kind', 'ServiceTimeout', 'ServiceToken']);
  });

  test('the drain may describe its cluster and nothing else in AWS', () => {
    const policy = resourcesOf(stack)[idOf(stack, /^ClusterDrainProviderRoleDefaultPolicy/)];
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([{ Action: 'eks:DescribeCluster', Effect: 'Allow', Resource: { 'Fn::GetAtt': [idOf(stack, /^Cluster[0-9A-F]{8}$/), 'Arn'] } }]);
  });
});

describe('stacks for network, cluster, add-ons and workloads', () => {
  const app = testApp();
  const [networkStack, clusterStack, addOnStack, workloadStack] = ['Network', 'Cluster', 'AddOns', 'Workload'].map((id) => new Stack(app, id)) as [Stack, Stack, Stack, Stack];
  const network = new MlNetwork(networkStack, 'Network');
  const cluster = new MlCluster(clusterStack, 'Cluster', { network });
  new ManifestRelease(workloadStack, 'Pool', { cluster, chart: chartOf(POOL), requires: [AddOnRequirement.addOn('karpenter')] });
  new WorkloadIdentity(workloadStack, 'Identity', { cluster, namespace: 'models', serviceAccountName: 'chat' });
  new HelmAddOn(addOnStack, 'Karpenter', { cluster, ...KARPENTER });
  new CertManager(addOnStack, 'CertManager', { cluster });
  const names = (stack: Stack): string[] => stack.dependencies.map((it) => it.stackName).sort();
  app.synth();

  test('depend one way, without cycles', () => {
    expect([networkStack, clusterStack, addOnStack, workloadStack].map(names)).toEqual([[], ['Network'], ['Cluster'], ['AddOns', 'Cluster']]);
  });

  test('each own what they make', () => {
    expect(idsOf(networkStack, 'Custom::AWSCDK-EKS-HelmChart')).toEqual([]);
    expect(idsOf(clusterStack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(2);
    expect(idsOf(addOnStack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(4);
    expect(idsOf(workloadStack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(2);
    expect(idsOf(workloadStack, 'AWS::EKS::PodIdentityAssociation')).toHaveLength(1);
  });

  test('the stack of a controller drains what this controller made, before it goes', () => {
    const drain = idsOf(addOnStack, 'Custom::MlPlatformDrain');
    expect(drain.map((id) => resourcesOf(addOnStack)[id]?.Properties.Kind)).toEqual(['nodes']);
    expect(ancestorsOf(addOnStack, drain[0] ?? '')).toContain(idOf(addOnStack, /^Karpenter[0-9A-F]{8}$/));
    expect(idsOf(workloadStack, 'Custom::MlPlatformDrain')).toEqual([]);
    expect(idsOf(clusterStack, 'Custom::MlPlatformDrain')).toHaveLength(3);
  });

  test('exports what others use from the first deployment on', () => {
    const alone = testApp();
    const only = new Stack(alone, 'Cluster');
    new MlCluster(only, 'Cluster', { network: textNetwork(only) });
    const exported = (stack: Stack): number => Object.keys(Template.fromStack(stack).findOutputs('*', { Export: {} })).length;
    expect(exported(only)).toBeGreaterThanOrEqual(2);
  });
});

test('a controller in an imported cluster brings its drain', () => {
  const stack = testStack();
  const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
  new HelmAddOn(stack, 'Karpenter', { cluster, ...KARPENTER });
  new ManifestRelease(stack, 'Settings', { cluster, chart: chartOf(configMap('x')) });
  const [drain] = idsOf(stack, 'Custom::MlPlatformDrain');
  expect(resourcesOf(stack)[drain ?? '']?.Properties).toMatchObject({ Kind: 'nodes', ClusterName: 'theirs' });
  expect(ancestorsOf(stack, drain ?? '')).toContain(idOf(stack, /^Karpenter[0-9A-F]{8}$/));
  expect(ancestorsOf(stack, idOf(stack, /^Settings[0-9A-F]{8}$/))).toContain(drain);
});

test('without a drain nothing waits for one', () => {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack), drainOnDelete: false });
  new HelmAddOn(stack, 'Karpenter', { cluster, ...KARPENTER });
  new ManifestRelease(stack, 'Pool', { cluster, chart: chartOf(POOL) });
  expect(idsOf(stack, 'Custom::MlPlatformDrain')).toEqual([]);
  expect(ancestorsOf(stack, idOf(stack, /^Pool[0-9A-F]{8}$/))).toContain(idOf(stack, /^Karpenter[0-9A-F]{8}$/));
});
