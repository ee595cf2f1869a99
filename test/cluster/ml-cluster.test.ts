import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { chartOf, configMap, fakeCluster, faultOf, idOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import { CertManager, ManifestDelivery, ManifestRelease, MlCluster, SupportType } from '../../lib/cluster';
import { neededEndpoints } from '../../lib/cluster/blueprint/endpoints';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';
import { MlNetwork } from '../../lib/network/ml-network';

const folder = mkdtempSync(join(tmpdir(), 'ml-cluster-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PINNED = PLATFORM_SETS['2026-11'].addOns;

describe('a cluster with defaults', () => {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
  const template = Template.fromStack(stack);

  test('answers in the VPC only, encrypts secrets with a key of its own and logs everything', () => {
    template.hasResourceProperties('AWS::EKS::Cluster', {
      Version: '1.35',
      AccessConfig: { AuthenticationMode: 'API', BootstrapClusterCreatorAdminPermissions: false },
      BootstrapSelfManagedAddons: false,
      ComputeConfig: { Enabled: false },
      StorageConfig: { BlockStorage: { Enabled: false } },
      KubernetesNetworkConfig: { ElasticLoadBalancing: { Enabled: false } },
      ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: false, SubnetIds: ['subnet-a', 'subnet-b'] },
      EncryptionConfig: [{ Resources: ['secrets'], Provider: { KeyArn: { 'Fn::GetAtt': [idOf(stack, /^ClusterSecretsKey/), 'Arn'] } } }],
      Logging: { ClusterLogging: { EnabledTypes: ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'].map((Type) => ({ Type })) } },
      UpgradePolicy: { SupportType: 'STANDARD' },
    });
    template.hasResource('AWS::KMS::Key', { Properties: { EnableKeyRotation: true, PendingWindowInDays: 30 } });
    template.hasResourceProperties('Custom::LogRetention', { RetentionInDays: 90 });
  });

  test('has two small nodes with encrypted gp3 disks that hand out credentials over IMDSv2 and one hop only', () => {
    template.hasResourceProperties('AWS::EKS::Nodegroup', {
      AmiType: 'AL2023_x86_64_STANDARD', InstanceTypes: ['t3.large'], ScalingConfig: { MinSize: 2, DesiredSize: 2, MaxSize: 4 }, Subnets: ['subnet-a', 'subnet-b'],
    });
    template.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: {
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize: 50 } }],
      },
    });
  });

  test('pins every EKS add-on, each once, in the versions of its platform version', () => {
    const addOns = Object.values(resourcesOf(stack)).filter((it) => it.Type === 'AWS::EKS::Addon').map((it) => [it.Properties.AddonName, it.Properties.AddonVersion]);
    expect(addOns.sort()).toEqual(['aws-ebs-csi-driver', 'coredns', 'eks-pod-identity-agent', 'kube-proxy', 'vpc-cni'].map((name) => [name, PINNED[name as keyof typeof PINNED]]));
    template.allResourcesProperties('AWS::EKS::Addon', { PreserveOnDelete: false, ResolveConflicts: 'OVERWRITE' });
  });

  test('makes the network add-ons before the nodes and the others after them', () => {
    const nodes = idOf(stack, /SystemNodes[0-9A-F]{8}$/);
    const before = resourcesOf(stack)[nodes]?.DependsOn ?? [];
    expect(before.map((id) => resourcesOf(stack)[id]?.Properties.AddonName).sort()).toEqual(['eks-pod-identity-agent', 'kube-proxy', 'vpc-cni']);
    for (const name of ['CoreDns', 'EbsCsiDriver']) expect(resourcesOf(stack)[idOf(stack, new RegExp(`AddOns${name}[0-9A-F]{8}$`))]?.DependsOn).toEqual([nodes]);
  });

  test('gives the drivers rights by Pod Identity, and the nodes none of them', () => {
    template.hasResourceProperties('AWS::EKS::Addon', { AddonName: 'vpc-cni', PodIdentityAssociations: [{ ServiceAccount: 'aws-node' }], ConfigurationValues: '{"enableNetworkPolicy":"true"}' });
    template.hasResourceProperties('AWS::EKS::Addon', { AddonName: 'aws-ebs-csi-driver', PodIdentityAssociations: [{ ServiceAccount: 'ebs-csi-controller-sa' }] });
    const node = resourcesOf(stack)[idOf(stack, /^ClusterNodeRole/)];
    expect(JSON.stringify(node?.Properties.ManagedPolicyArns).match(/policy\/[A-Za-z0-9]+/g)).toEqual(['policy/AmazonEKSWorkerNodePolicy', 'policy/AmazonEC2ContainerRegistryPullOnly']);
  });

  test('lets in nobody but the handlers', () => {
    const principals = Object.values(resourcesOf(stack)).filter((it) => it.Type === 'AWS::EKS::AccessEntry').map((it) => JSON.stringify(it.Properties.PrincipalArn));
    expect(principals.map((it) => /Cluster(\w+?)[0-9A-F]{8}/.exec(it)?.[1]).sort()).toEqual(['DrainProviderRole', 'KubectlProviderHandlerServiceRole']);
    template.hasResourceProperties('AWS::EKS::AccessEntry', { KubernetesGroups: ['ml-platform:drain'], AccessPolicies: Match.absent() });
  });

  test('has stable paths', () => {
    expect([cluster.cluster, cluster.systemNodeGroup, cluster.secretsKey, cluster.nodeRole, cluster.storageClasses].map((it) => it?.node.path)).toEqual([
      'Stack/Cluster/Resource', 'Stack/Cluster/SystemNodes', 'Stack/Cluster/SecretsKey', 'Stack/Cluster/NodeRole', 'Stack/Cluster/StorageClasses',
    ]);
    expect(cluster.storageClasses.releaseName).toBe('stack-cluster-storage-classes-3413ee60');
  });
});

describe('what can be chosen', () => {
  const template = (props: object): Template => {
    const stack = testStack();
    new MlCluster(stack, 'Cluster', { network: textNetwork(stack), ...props });
    return Template.fromStack(stack);
  };

  test('a name, extended support and ranges that reach the API from the internet', () => {
    template({ clusterName: 'ml', supportType: SupportType.EXTENDED, publicEndpointCidrs: ['203.0.113.0/24'] }).hasResourceProperties('AWS::EKS::Cluster', {
      Name: 'ml', UpgradePolicy: { SupportType: 'EXTENDED' },
      ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: true, PublicAccessCidrs: ['203.0.113.0/24'] },
    });
  });

  test('other system nodes: Graviton gets its own image', () => {
    const result = template({ systemNodes: { instanceTypes: ['m7g.large'], count: 3, maxCount: 5, diskSize: Size.gibibytes(100) } });
    result.hasResourceProperties('AWS::EKS::Nodegroup', { AmiType: 'AL2023_ARM_64_STANDARD', InstanceTypes: ['m7g.large'], ScalingConfig: { MinSize: 3, DesiredSize: 3, MaxSize: 5 } });
    result.hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { BlockDeviceMappings: [{ Ebs: { VolumeSize: 100 } }] } });
  });

  test('administrators', () => {
    const stack = testStack();
    new MlCluster(stack, 'Cluster', { network: textNetwork(stack), adminRoles: [iam.Role.fromRoleArn(stack, 'Ops', 'arn:aws:iam::111122223333:role/ops')] });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::AccessEntry', {
      PrincipalArn: 'arn:aws:iam::111122223333:role/ops', AccessPolicies: [{ AccessScope: { Type: 'cluster' }, PolicyArn: Match.objectLike({}) }],
    });
  });

  test('a key of the user: no other is made', () => {
    const stack = testStack();
    new MlCluster(stack, 'Cluster', { network: textNetwork(stack), secretsKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1') });
    Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 0);
  });

  test('the Mountpoint S3 driver, with a role that buckets are granted to', () => {
    const stack = testStack();
    const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack), s3CsiDriver: true });
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::Addon', {
      AddonName: 'aws-mountpoint-s3-csi-driver', AddonVersion: PINNED['aws-mountpoint-s3-csi-driver'],
      PodIdentityAssociations: [{ ServiceAccount: 's3-csi-driver-sa', RoleArn: stack.resolve(cluster.s3CsiRole?.roleArn) }],
    });
    expect(new MlCluster(testStack(), 'Cluster', { network: textNetwork(testStack()) }).s3CsiRole).toBeUndefined();
  });

  test('no drain', () => {
    const result = template({ drainOnDelete: false });
    result.resourceCountIs('Custom::MlPlatformDrain', 0);
    result.resourceCountIs('AWS::StepFunctions::StateMachine', 0);
  });

  test('files instead of a handler: no function that installs charts is made', () => {
    const result = template({ delivery: ManifestDelivery.yaml({ directory: join(folder, 'files') }) });
    result.resourceCountIs('Custom::AWSCDK-EKS-HelmChart', 0);
    expect(Object.values(result.findResources('AWS::Lambda::LayerVersion'))).toEqual([]);
  });
});

describe('a network without a route out', () => {
  const make = (interfaceEndpoints: string[], props: object = {}): MlCluster => {
    const stack = testStack();
    return new MlCluster(stack, 'Cluster', { network: textNetwork(stack, { routesOut: false, interfaceEndpoints }), ...props });
  };

  test('is refused with the endpoints that are missing', () => {
    expect(faultOf(() => make(['eks', 'sts', 'logs']))).toBe(
      'ValidationError at Stack/Cluster [missing-endpoints]: network has no route out and lacks the interface endpoints lambda, eks-auth, ec2, ecr.api, ecr.dkr (with the gateway endpoint of s3); add them to the network, or give it a NAT gateway');
  });

  test('is enough with all of them', () => {
    expect(make(neededEndpoints()).clusterName).toBeDefined();
  });

  test('has no way to charts and images of public registries', () => {
    const cluster = make(neededEndpoints());
    expect(faultOf(() => new CertManager(cluster, 'CertManager', { cluster }))).toBe(
      'ValidationError at Stack/Cluster/CertManager/AddOn [unreachable-images]: the network has no route out, so oci://quay.io/jetstack/charts/cert-manager, '
      + ['controller', 'webhook', 'cainjector', 'acmesolver', 'startupapicheck'].map((name) => `quay.io/jetstack/cert-manager-${name}:v1.21.1`).join(', ')
      + " cannot be pulled; copy them to a registry in ECR and name it in the cluster's imageMirror");
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'x', image: 'docker.io/library/nginx:1' }] } };
    expect(faultOf(() => cluster.addManifests('Pod', chartOf(pod)))).toContain('so docker.io/library/nginx:1 cannot be pulled');
  });

  test('takes charts and images from a mirror', () => {
    const cluster = make(neededEndpoints(), { imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' });
    new CertManager(cluster, 'CertManager', { cluster });
    const chart = resourcesOf(Stack.of(cluster))[idOf(Stack.of(cluster), /^ClusterCertManagerAddOn[0-9A-F]{8}$/)];
    expect(chart?.Properties.Repository).toBe('oci://111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/quay.io/jetstack/charts/cert-manager');
    expect(JSON.parse(chart?.Properties.Values).imageRegistry).toBe('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/quay.io');
  });
});

describe('validation', () => {
  const fault = (props: object): string => faultOf(() => {
    const stack = testStack();
    new MlCluster(stack, 'C', { network: textNetwork(stack), ...props });
  }).replace('ValidationError at Stack/C ', '');

  test.each<[string, object, string]>([
    ['a name', { clusterName: 'my cluster' }, "[invalid-cluster-name]: clusterName 'my cluster' is not allowed; use 1 to 100 letters, digits, hyphens or underscores, starting with a letter or digit"],
    ['an open endpoint', { publicEndpointCidrs: ['0.0.0.0/0'] }, "[endpoint-open-to-everybody]: publicEndpointCidrs[0] '0.0.0.0/0' is every address there is; name the ranges of your offices or runners"],
    ['no range', { publicEndpointCidrs: [] }, '[invalid-public-endpoint-cidrs]: publicEndpointCidrs is empty; name the ranges that may reach the endpoint, or leave it out to keep the endpoint private'],
    ['what is no range', { publicEndpointCidrs: ['office'] }, "[invalid-public-endpoint-cidrs]: publicEndpointCidrs[0] 'office' is not allowed; use an IPv4 range such as '203.0.113.0/24'"],
    ['a mirror with a scheme', { imageMirror: 'https://x' }, "[invalid-image-mirror]: imageMirror 'https://x' is not allowed; use a registry with an optional prefix, such as '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror'"],
    ['no node', { systemNodes: { count: 0 } }, '[invalid-system-nodes-count]: systemNodes.count 0 is not a whole number from 1 to 100 nodes; use a value in that range'],
    ['fewer nodes at most', { systemNodes: { count: 5, maxCount: 3 } }, '[invalid-system-nodes-max-count]: systemNodes.maxCount 3 is below systemNodes.count 5; raise maxCount, or lower count'],
    ['a small disk', { systemNodes: { diskSize: Size.gibibytes(8) } }, '[invalid-system-nodes-disk-size]: systemNodes.diskSize 8 is not a whole number from 20 to 16384 GiB; use a value in that range'],
    ['no instance type', { systemNodes: { instanceTypes: [] } }, "[invalid-instance-types]: systemNodes.instanceTypes is empty; name at least one, such as 't3.large'"],
    ['what is no instance type', { systemNodes: { instanceTypes: ['large'] } }, "[invalid-system-nodes-instance-types]: systemNodes.instanceTypes[0] 'large' is not allowed; use an EC2 instance type such as 't3.large'"],
    ['architectures that do not mix', { systemNodes: { instanceTypes: ['t3.large', 't4g.large'] } }, '[mixed-architectures]: systemNodes.instanceTypes mixes Graviton and x86 types (t3.large, t4g.large), and a node group has one image; keep one kind'],
  ])('%s is refused', (_, props, message) => expect(fault(props)).toBe(message));

  test('every fault is told at once, and nothing is made', () => {
    const stack = testStack();
    const network = textNetwork(stack);
    expect(faultOf(() => new MlCluster(stack, 'C', { network, clusterName: '-', publicEndpointCidrs: [] }))).toContain(': 2 faults\n');
    expect(stack.node.tryFindChild('C')).toBeUndefined();
  });

  test('a network in one zone is refused', () => {
    const stack = testStack();
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'v', availabilityZones: ['a'], privateSubnetIds: ['s'] });
    expect(faultOf(() => new MlCluster(stack, 'C', { network: MlNetwork.fromVpc(stack, 'N', vpc) })))
      .toBe('ValidationError at Stack/C [too-few-zones]: network has private subnets in 1 Availability Zone, and EKS wants two; give the network subnets in another zone');
  });
});

describe('an imported cluster', () => {
  test('creates nothing', () => {
    const stack = testStack();
    MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    expect(resourcesOf(stack)).toEqual({});
  });

  test('takes charts, manifests and identities, and makes a drain only for what controls something', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), installedApiGroups: ['argoproj.io'] });
    new CertManager(stack, 'CertManager', { cluster });
    cluster.addManifests('Rollout', chartOf({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'x' } }));
    cluster.addWorkloadIdentity('Pods', { namespace: 'default', serviceAccountName: 'pods' });
    expect(idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(4);
    expect(idsOf(stack, 'AWS::EKS::PodIdentityAssociation')).toHaveLength(1);
    expect(idsOf(stack, 'Custom::MlPlatformDrain')).toEqual([]);
  });

  test('needs a handler for charts', () => {
    const stack = testStack();
    const theirs = eks.Cluster.fromClusterAttributes(stack, 'Theirs', { clusterName: 'theirs' });
    const network = textNetwork(stack);
    expect(faultOf(() => MlCluster.fromCluster(stack, 'Cluster', theirs, { network }))).toBe(
      'ValidationError at Stack/Cluster [missing-kubectl-provider]: cluster has no kubectlProvider with a role, and ManifestDelivery.helm() installs charts by it; give kubectlProvider to Cluster.fromClusterAttributes, or choose yaml or gitOps delivery');
    expect(MlCluster.fromCluster(stack, 'Files', theirs, { network, delivery: ManifestDelivery.yaml({ directory: join(folder, 'files') }) }).clusterName).toBe('theirs');
  });

  test('may be a cluster of the same app', () => {
    const stack = testStack();
    const network = textNetwork(stack);
    const made = new MlCluster(stack, 'Made', { network, drainOnDelete: false });
    const again = MlCluster.fromCluster(stack, 'Again', made.cluster, { network });
    new ManifestRelease(stack, 'Settings', { cluster: again, chart: chartOf(configMap('settings')) });
    expect(idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart')).toHaveLength(2);
  });
});

test('two clusters stand in one stack', () => {
  const stack = testStack();
  const network = textNetwork(stack);
  for (const id of ['Blue', 'Green']) {
    const cluster = new MlCluster(stack, id, { network });
    new CertManager(stack, `${id}CertManager`, { cluster }).addSelfSignedIssuer('Issuer');
  }
  expect(idsOf(stack, 'AWS::EKS::Cluster')).toHaveLength(2);
  expect(idsOf(stack, 'Custom::MlPlatformDrain')).toHaveLength(6);
});

test('the same app has the same template twice', () => {
  const make = (): string => {
    const stack = new Stack(testApp(), 'Stack');
    const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
    new CertManager(stack, 'CertManager', { cluster });
    return JSON.stringify(resourcesOf(stack));
  };
  expect(make()).toBe(make());
});
