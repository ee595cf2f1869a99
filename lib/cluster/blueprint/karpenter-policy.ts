/** A statement of an IAM policy, as JSON. */
export interface PolicyStatementJson {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Names in the policy that the engine fills in: `${ClusterName}`, `${NodeRoleArn}`, `${QueueArn}`, and CloudFormation's own. */
const EC2 = 'arn:${AWS::Partition}:ec2:${AWS::Region}';
const OWNED = { 'aws:ResourceTag/kubernetes.io/cluster/${ClusterName}': 'owned' };
const OF_A_POOL = { 'aws:ResourceTag/karpenter.sh/nodepool': '*' };
const REQUESTED = {
  'aws:RequestTag/kubernetes.io/cluster/${ClusterName}': 'owned',
  'aws:RequestTag/eks:eks-cluster-name': '${ClusterName}',
};
const FOR_A_POOL = { 'aws:RequestTag/karpenter.sh/nodepool': '*' };
const MADE = ['fleet', 'instance', 'volume', 'network-interface', 'launch-template', 'spot-instances-request']
  .map((type) => `${EC2}:*:${type}/*`);
type Condition = PolicyStatementJson['Condition'];

/**
 * What the controller may do, and no more: upstream's policy, whose rights are bound to the cluster's tags, without the rights
 * to make instance profiles, as nodes have one of ours.
 *
 * https://karpenter.sh/docs/reference/cloudformation/
 */
export function karpenterPolicy(): PolicyStatementJson[] {
  return [...lifecycle(), ...integration(), ...discovery()];
}

function lifecycle(): PolicyStatementJson[] {
  const allow = (Sid: string, Action: string | string[], Resource: string | string[], condition?: Condition): PolicyStatementJson =>
    ({ Sid, Effect: 'Allow', Action, Resource, ...condition === undefined ? {} : { Condition: condition } });
  return [
    allow('AllowScopedEC2InstanceAccessActions', ['ec2:RunInstances', 'ec2:CreateFleet'], [
      `${EC2}::image/*`, `${EC2}::snapshot/*`, `${EC2}:*:security-group/*`, `${EC2}:*:subnet/*`, `${EC2}:*:capacity-reservation/*`,
      `${EC2}:*:placement-group/*`,
    ]),
    allow('AllowScopedEC2LaunchTemplateAccessActions', ['ec2:RunInstances', 'ec2:CreateFleet'], `${EC2}:*:launch-template/*`,
      { StringEquals: OWNED, StringLike: OF_A_POOL }),
    allow('AllowScopedEC2InstanceActionsWithTags', ['ec2:RunInstances', 'ec2:CreateFleet', 'ec2:CreateLaunchTemplate'], MADE,
      { StringEquals: REQUESTED, StringLike: FOR_A_POOL }),
    allow('AllowScopedResourceCreationTagging', 'ec2:CreateTags', MADE, {
      StringEquals: { ...REQUESTED, 'ec2:CreateAction': ['RunInstances', 'CreateFleet', 'CreateLaunchTemplate'] },
      StringLike: FOR_A_POOL,
    }),
    allow('AllowScopedResourceTagging', 'ec2:CreateTags', `${EC2}:*:instance/*`, {
      'StringEquals': OWNED,
      'StringLike': OF_A_POOL,
      'StringEqualsIfExists': { 'aws:RequestTag/eks:eks-cluster-name': '${ClusterName}' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['eks:eks-cluster-name', 'karpenter.sh/nodeclaim', 'Name'] },
    }),
    allow('AllowScopedDeletion', ['ec2:TerminateInstances', 'ec2:DeleteLaunchTemplate'], [`${EC2}:*:instance/*`, `${EC2}:*:launch-template/*`],
      { StringEquals: OWNED, StringLike: OF_A_POOL }),
  ];
}

function integration(): PolicyStatementJson[] {
  return [
    {
      Sid: 'AllowPassingInstanceRole', Effect: 'Allow', Action: 'iam:PassRole', Resource: '${NodeRoleArn}',
      Condition: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'] } },
    },
    {
      Sid: 'AllowAPIServerEndpointDiscovery', Effect: 'Allow', Action: 'eks:DescribeCluster',
      Resource: 'arn:${AWS::Partition}:eks:${AWS::Region}:${AWS::AccountId}:cluster/${ClusterName}',
    },
    {
      Sid: 'AllowInterruptionQueueActions', Effect: 'Allow', Resource: '${QueueArn}',
      Action: ['sqs:DeleteMessage', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'],
    },
  ];
}

function discovery(): PolicyStatementJson[] {
  return [
    {
      Sid: 'AllowRegionalReadActions', Effect: 'Allow', Resource: '*',
      Action: [
        'ec2:DescribeCapacityReservations', 'ec2:DescribeImages', 'ec2:DescribeInstances', 'ec2:DescribeInstanceStatus',
        'ec2:DescribeInstanceTypeOfferings', 'ec2:DescribeInstanceTypes', 'ec2:DescribeLaunchTemplates', 'ec2:DescribePlacementGroups',
        'ec2:DescribeSecurityGroups', 'ec2:DescribeSpotPriceHistory', 'ec2:DescribeSubnets',
      ],
      Condition: { StringEquals: { 'aws:RequestedRegion': '${AWS::Region}' } },
    },
    {
      Sid: 'AllowSSMReadActions', Effect: 'Allow', Action: 'ssm:GetParameter',
      Resource: 'arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/*',
    },
    { Sid: 'AllowPricingReadActions', Effect: 'Allow', Action: 'pricing:GetProducts', Resource: '*' },
    { Sid: 'AllowUnscopedInstanceProfileListAction', Effect: 'Allow', Action: 'iam:ListInstanceProfiles', Resource: '*' },
    {
      Sid: 'AllowInstanceProfileReadActions', Effect: 'Allow', Action: 'iam:GetInstanceProfile',
      Resource: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:instance-profile/*',
    },
  ];
}
