/** Custom resources that the chart karpenter-crd defines. */
export const KARPENTER_KINDS = [
  'autoscaling.x-k8s.io/CapacityBuffer', 'karpenter.k8s.aws/EC2NodeClass',
  'karpenter.sh/NodeClaim', 'karpenter.sh/NodeOverlay', 'karpenter.sh/NodePool',
];

/** Where Karpenter runs: upstream's recommendation, as its requests to the API server then come first. */
export const KARPENTER_NAMESPACE = 'kube-system';

/** ServiceAccount that the chart makes. */
export const KARPENTER_ACCOUNT = 'karpenter';

/** How long a message about an instance is worth reading, in seconds: upstream's value. */
export const INTERRUPTION_RETENTION_SECONDS = 300;

/** What AWS tells about instances, and the queue is fed with. https://karpenter.sh/docs/reference/cloudformation/#interruption-handling */
export const INTERRUPTION_RULES = [
  { id: 'ScheduledChange', source: 'aws.health', detailType: 'AWS Health Event' },
  { id: 'SpotInterruption', source: 'aws.ec2', detailType: 'EC2 Spot Instance Interruption Warning' },
  { id: 'Rebalance', source: 'aws.ec2', detailType: 'EC2 Instance Rebalance Recommendation' },
  { id: 'InstanceStateChange', source: 'aws.ec2', detailType: 'EC2 Instance State-change Notification' },
  { id: 'CapacityReservationInterruption', source: 'aws.ec2', detailType: 'EC2 Capacity Reservation Instance Interruption Warning' },
] as const;

/** Policies of a node: images and the control plane. Network and drivers have rights of their own. */
export const NODE_POLICIES = ['AmazonEKSWorkerNodePolicy', 'AmazonEC2ContainerRegistryPullOnly'];

/**
 * Interface endpoints that Karpenter needs beside the cluster's, where its network has no route out.
 * https://karpenter.sh/docs/getting-started/getting-started-with-karpenter/#private-clusters
 */
export const KARPENTER_ENDPOINTS = ['sqs', 'ssm'];

/** What is decided about the controller. */
export interface KarpenterRequest {
  readonly clusterName: string;
  readonly interruptionQueue: string;
  /** Region, where it is known or may be handed over at deploy time. */
  readonly region?: string;
  readonly replicas: number;
  readonly serviceMonitor: boolean;
  /** True where the network has no route to AWS's price list. */
  readonly isolated: boolean;
  /** Repository of the controller's image; the chart pins tag and digest. */
  readonly image: string;
}

/** Values of the chart. */
export function karpenterValues(request: KarpenterRequest): Record<string, unknown> {
  const { region, image, isolated } = request;
  return {
    replicas: request.replicas,
    serviceMonitor: { enabled: request.serviceMonitor },
    serviceAccount: { name: KARPENTER_ACCOUNT },
    controller: {
      resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } },
      // the instance metadata, which it would ask otherwise, is out of a pod's reach
      ...region === undefined ? {} : { env: [{ name: 'AWS_REGION', value: region }] },
      image: { repository: image },
    },
    settings: {
      clusterName: request.clusterName,
      interruptionQueue: request.interruptionQueue,
      ...isolated ? { isolatedVPC: true } : {},
      // how many pods share a GPU: alpha, but without it each share would get a node of its own
      featureGates: { nodeOverlay: true },
    },
  };
}
