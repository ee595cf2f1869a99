import type { Size } from 'aws-cdk-lib';
import { checkInteger, checkLiteral, checkOneOf, checkText, checkUnique, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isLiteral } from '../../core/private/tokens';

/** Names of EKS clusters. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html */
const CLUSTER_NAME: TextRule = {
  pattern: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
  allowed: '1 to 100 letters, digits, hyphens or underscores, starting with a letter or digit',
};
const INSTANCE_TYPE: TextRule = { pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, allowed: "an EC2 instance type such as 't3.large'" };
const CIDR: TextRule = {
  pattern: /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)\/(3[0-2]|[12]?\d)$/,
  allowed: "an IPv4 range such as '203.0.113.0/24'",
};
const MIRROR: TextRule = { pattern: /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._-]+)*$/, allowed: "a registry with an optional prefix, such as '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror'" };

/** One EKS add-on. */
export interface EksAddOn {
  /** Construct id. */
  readonly id: string;
  /** Name at EKS. */
  readonly name: string;
  /** True if nodes need it before they join. */
  readonly beforeNodes: boolean;
  /** Configuration as its schema wants it (`aws eks describe-addon-configuration`). */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** ServiceAccount that gets AWS rights by Pod Identity. */
  readonly serviceAccount?: string;
  /** AWS managed policies of that ServiceAccount's role. */
  readonly managedPolicies?: readonly string[];
}

/** The add-ons of a cluster, in the order in which they are made. EKS Auto Mode brings all but the Mountpoint driver. */
export function eksAddOns(options: { readonly s3CsiDriver: boolean; readonly autoMode?: boolean }): EksAddOn[] {
  return [...options.autoMode === true ? [] : nodeAddOns(), ...options.s3CsiDriver
    ? [{ id: 'S3CsiDriver', name: 'aws-mountpoint-s3-csi-driver', beforeNodes: false, serviceAccount: 's3-csi-driver-sa', managedPolicies: [] }]
    : []];
}

function nodeAddOns(): EksAddOn[] {
  return [
    { id: 'PodIdentityAgent', name: 'eks-pod-identity-agent', beforeNodes: true },
    {
      id: 'VpcCni', name: 'vpc-cni', beforeNodes: true, configuration: { enableNetworkPolicy: 'true' },
      serviceAccount: 'aws-node', managedPolicies: ['AmazonEKS_CNI_Policy'],
    },
    { id: 'KubeProxy', name: 'kube-proxy', beforeNodes: true },
    { id: 'CoreDns', name: 'coredns', beforeNodes: false },
    {
      id: 'EbsCsiDriver', name: 'aws-ebs-csi-driver', beforeNodes: false,
      serviceAccount: 'ebs-csi-controller-sa', managedPolicies: ['service-role/AmazonEBSCSIDriverPolicy'],
    },
  ];
}

/** What is decided about the system nodes. */
export interface SystemNodes {
  readonly instanceTypes: readonly string[];
  readonly count: number;
  readonly maxCount: number;
  readonly diskGiB: number;
}

/** What a user may say about the system nodes. */
export interface SystemNodesRequest {
  readonly instanceTypes?: string[];
  readonly count?: number;
  readonly maxCount?: number;
  readonly diskSize?: Size;
}

/** Two small nodes unless asked otherwise. */
export function systemNodes(faults: Faults, request: SystemNodesRequest = {}): SystemNodes {
  const { instanceTypes = ['t3.large'], count = 2 } = request;
  const maxCount = request.maxCount ?? (isLiteral(count) ? Math.max(count, 4) : 4);
  const diskGiB = request.diskSize?.toGibibytes({ rounding: 2 }) ?? 50;
  faults.check(instanceTypes.length > 0, 'invalid-instance-types', "systemNodes.instanceTypes is empty; name at least one, such as 't3.large'");
  instanceTypes.forEach((type, index) => {
    if (checkLiteral(faults, `systemNodes.instanceTypes[${index}]`, type)) checkText(faults, `systemNodes.instanceTypes[${index}]`, type, INSTANCE_TYPE);
  });
  checkUnique(faults, 'systemNodes.instanceTypes', instanceTypes);
  const graviton = instanceTypes.filter(isGraviton);
  faults.check(graviton.length === 0 || graviton.length === instanceTypes.length, 'mixed-architectures',
    `systemNodes.instanceTypes mixes Graviton and x86 types (${instanceTypes.join(', ')}), and a node group has one image; keep one kind`);
  checkInteger(faults, 'systemNodes.count', count, { min: 1, max: 100, unit: 'nodes' });
  checkInteger(faults, 'systemNodes.maxCount', maxCount, { min: 1, max: 450, unit: 'nodes' });
  checkInteger(faults, 'systemNodes.diskSize', diskGiB, { min: 20, max: 16_384, unit: 'GiB' });
  if (isLiteral(count) && isLiteral(maxCount)) {
    faults.check(maxCount >= count, 'invalid-system-nodes-max-count',
      `systemNodes.maxCount ${show(maxCount)} is below systemNodes.count ${show(count)}; raise maxCount, or lower count`);
  }
  return { instanceTypes, count, maxCount, diskGiB };
}

/** Graviton families have a `g` after their generation: `m7g`, `c7gn`, `t4g`; `a1` is the first of them. */
export function isGraviton(instanceType: string): boolean {
  return /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType);
}

/** The parts of a cluster's properties that are plain data. */
export interface ClusterRequest {
  readonly clusterName?: string;
  readonly publicEndpointCidrs?: string[];
  readonly imageMirror?: string;
  readonly kubernetesVersion: string;
  readonly kubectlVersions: readonly string[];
}

/** Refuses properties that EKS would refuse, or that would open the cluster to everybody. */
export function checkCluster(faults: Faults, request: ClusterRequest): void {
  checkText(faults, 'clusterName', request.clusterName, CLUSTER_NAME);
  checkText(faults, 'imageMirror', request.imageMirror, MIRROR);
  if (request.publicEndpointCidrs !== undefined) {
    const cidrs = request.publicEndpointCidrs;
    faults.check(cidrs.length > 0, 'invalid-public-endpoint-cidrs', 'publicEndpointCidrs is empty; name the ranges that may reach the endpoint, or leave it out to keep the endpoint private');
    cidrs.forEach((cidr, index) => {
      checkText(faults, `publicEndpointCidrs[${index}]`, cidr, CIDR);
      faults.check(!/\/0$/.test(cidr), 'endpoint-open-to-everybody', `publicEndpointCidrs[${index}] ${show(cidr)} is every address there is; name the ranges of your offices or runners`);
    });
    checkUnique(faults, 'publicEndpointCidrs', cidrs);
  }
  checkOneOf(faults, 'platformVersion', request.kubernetesVersion, request.kubectlVersions);
}
