/** A statement of an IAM policy, for every engine. */
export interface LoadBalancerStatement {
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: { [operator: string]: { [key: string]: string | string[] } };
}

/** Where the controller works. */
export interface LoadBalancerScope {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly vpcId: string;
  readonly clusterName: string;
}

/** The tag that the controller puts on all that it makes. */
const TAG = 'elbv2.k8s.aws/cluster';

/**
 * Rights of the AWS Load Balancer Controller 3.5: those of upstream's policy, held to one region, VPC and cluster where
 * upstream allows all. Rights for Shield and WAF Classic are left out, because both are switched off.
 *
 * @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
 */
export function loadBalancerAccess(scope: LoadBalancerScope): LoadBalancerStatement[] {
  return [...readAccess(), ...securityGroupAccess(scope), ...loadBalancerObjects(scope), ...listeners(scope)];
}

/** What is looked at: none of these can be held to a resource. */
function readAccess(): LoadBalancerStatement[] {
  const ec2 = [
    'DescribeAccountAttributes', 'DescribeAddresses', 'DescribeAvailabilityZones', 'DescribeCoipPools', 'DescribeInstances',
    'DescribeInternetGateways', 'DescribeIpamPools', 'DescribeNetworkInterfaces', 'DescribeRouteTables', 'DescribeSecurityGroups',
    'DescribeSubnets', 'DescribeTags', 'DescribeVpcPeeringConnections', 'DescribeVpcs', 'GetCoipPoolUsage', 'GetSecurityGroupsForVpc',
  ];
  const described = [
    'CapacityReservation', 'ListenerAttributes', 'ListenerCertificates', 'Listeners', 'LoadBalancerAttributes', 'LoadBalancers', 'Rules',
    'SSLPolicies', 'Tags', 'TargetGroupAttributes', 'TargetGroups', 'TargetHealth', 'TrustStores',
  ];
  return [
    {
      actions: ['iam:CreateServiceLinkedRole'], resources: ['*'],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'elasticloadbalancing.amazonaws.com' } },
    },
    { actions: [...ec2.map((it) => `ec2:${it}`), ...described.map((it) => `elasticloadbalancing:Describe${it}`)], resources: ['*'] },
    {
      actions: [
        'acm:DescribeCertificate', 'acm:ListCertificates', 'cognito-idp:DescribeUserPoolClient',
        'iam:GetServerCertificate', 'iam:ListServerCertificates',
        'wafv2:AssociateWebACL', 'wafv2:DisassociateWebACL', 'wafv2:GetWebACL', 'wafv2:GetWebACLForResource',
      ],
      resources: ['*'],
    },
  ];
}

/** Security groups of its own, and rules in those of the nodes: of this VPC, as upstream recommends. */
function securityGroupAccess(scope: LoadBalancerScope): LoadBalancerStatement[] {
  const arn = `arn:${scope.partition}:ec2:${scope.region}:${scope.account}`;
  const groups = [`${arn}:security-group/*`];
  const inVpc = { ArnEquals: { 'ec2:Vpc': `${arn}:vpc/${scope.vpcId}` } };
  return [
    { actions: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:RevokeSecurityGroupIngress'], resources: groups, conditions: inVpc },
    { actions: ['ec2:CreateSecurityGroup'], resources: [...groups, `${arn}:vpc/${scope.vpcId}`] },
    {
      actions: ['ec2:CreateTags'], resources: groups,
      conditions: { StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup', [`aws:RequestTag/${TAG}`]: scope.clusterName } },
    },
    { actions: ['ec2:CreateTags', 'ec2:DeleteTags'], resources: groups, conditions: keepsOwner(scope) },
    { actions: ['ec2:DeleteSecurityGroup'], resources: groups, conditions: owned(scope) },
  ];
}

/** Load balancers and target groups: made with the cluster's tag, and changed only with it. */
function loadBalancerObjects(scope: LoadBalancerScope): LoadBalancerStatement[] {
  const tagged = [`${balancing(scope)}:targetgroup/*`, `${balancing(scope)}:loadbalancer/net/*`, `${balancing(scope)}:loadbalancer/app/*`];
  const changes = [
    'DeleteLoadBalancer', 'DeleteTargetGroup', 'ModifyCapacityReservation', 'ModifyIpPools', 'ModifyListenerAttributes',
    'ModifyLoadBalancerAttributes',
    'ModifyTargetGroup', 'ModifyTargetGroupAttributes', 'SetIpAddressType', 'SetSecurityGroups', 'SetSubnets',
  ];
  return [
    {
      actions: ['elasticloadbalancing:CreateLoadBalancer', 'elasticloadbalancing:CreateTargetGroup'], resources: ['*'],
      conditions: { StringEquals: { [`aws:RequestTag/${TAG}`]: scope.clusterName } },
    },
    {
      actions: ['elasticloadbalancing:AddTags'], resources: tagged,
      conditions: {
        StringEquals: { 'elasticloadbalancing:CreateAction': ['CreateTargetGroup', 'CreateLoadBalancer'], [`aws:RequestTag/${TAG}`]: scope.clusterName },
      },
    },
    { actions: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:RemoveTags'], resources: tagged, conditions: keepsOwner(scope) },
    { actions: changes.map((it) => `elasticloadbalancing:${it}`), resources: ['*'], conditions: owned(scope) },
    // target groups of TargetGroupBindings may be somebody else's
    {
      actions: ['elasticloadbalancing:RegisterTargets', 'elasticloadbalancing:DeregisterTargets'],
      resources: [`${balancing(scope)}:targetgroup/*`],
    },
  ];
}

/** Listeners and rules, which do not always have the tag. */
function listeners(scope: LoadBalancerScope): LoadBalancerStatement[] {
  const kinds = ['loadbalancer/net', 'loadbalancer/app', 'listener/net', 'listener/app', 'listener-rule/net', 'listener-rule/app'];
  const arns = kinds.map((kind) => `${balancing(scope)}:${kind}/*`);
  const actions = [
    'AddListenerCertificates', 'CreateListener', 'CreateRule', 'DeleteListener', 'DeleteRule', 'ModifyListener', 'ModifyRule',
    'RemoveListenerCertificates', 'SetRulePriorities', 'SetWebAcl',
  ];
  return [
    { actions: actions.map((it) => `elasticloadbalancing:${it}`), resources: arns },
    {
      actions: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:RemoveTags'],
      resources: arns.filter((arn) => arn.includes(':listener')),
    },
  ];
}

function balancing({ partition, region, account }: LoadBalancerScope): string {
  return `arn:${partition}:elasticloadbalancing:${region}:${account}`;
}

/** On what bears the cluster's tag. */
function owned(scope: LoadBalancerScope): { [operator: string]: { [key: string]: string } } {
  return { StringEquals: { [`aws:ResourceTag/${TAG}`]: scope.clusterName } };
}

/** On what bears the cluster's tag, and without touching that tag. */
function keepsOwner(scope: LoadBalancerScope): { [operator: string]: { [key: string]: string } } {
  return { ...owned(scope), Null: { [`aws:RequestTag/${TAG}`]: 'true' } };
}
