import { Fn } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgeRolesBelow, acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { NODE_POLICIES } from '../blueprint/karpenter';
import { karpenterPolicy } from '../blueprint/karpenter-policy';
import type { IMlCluster } from '../interfaces';

/** Properties of the rights around Karpenter. */
export interface KarpenterAccessProps {
  readonly cluster: IMlCluster;
  readonly controllerRole: iam.IRole;
  readonly queueArn: string;
  readonly instanceProfileName?: string;
}

/** What the controller may do, and who its nodes are. */
export class KarpenterAccess extends Construct {
  readonly nodeRole: iam.Role;
  readonly instanceProfile: iam.CfnInstanceProfile;

  constructor(scope: Construct, id: string, props: KarpenterAccessProps) {
    super(scope, id);
    const { cluster } = props;
    this.nodeRole = new iam.Role(this, 'NodeRole', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'Nodes that Karpenter makes',
      managedPolicies: NODE_POLICIES.map((name) => iam.ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
    // made here and not by Karpenter, which would need rights in IAM, and would leave the role undeletable if it went too early
    this.instanceProfile = new iam.CfnInstanceProfile(this, 'InstanceProfile', {
      roles: [this.nodeRole.roleName], instanceProfileName: props.instanceProfileName,
    });
    new eks.CfnAccessEntry(this, 'NodeEntry', { clusterName: cluster.clusterName, principalArn: this.nodeRole.roleArn, type: 'EC2_LINUX' });
    const policy = new iam.CfnManagedPolicy(this, 'ControllerPolicy', {
      description: 'What Karpenter may do in its own cluster',
      roles: [props.controllerRole.roleName],
      policyDocument: this.policyDocument(props),
    });
    acknowledgeWildcards(policy, karpenterPolicy().flatMap(({ Resource }) => Resource),
      'the statements are Karpenter\'s own: what it makes has no name yet, so the tag of the cluster is the limit, and reading EC2 and its prices knows no resource');
    acknowledgeRolesBelow(this, 'policies of nodes are maintained by AWS');
  }

  /** As text, because CloudFormation fills in no names of condition keys, and those hold the cluster's name. */
  private policyDocument({ cluster, queueArn }: KarpenterAccessProps): string {
    return Fn.sub(JSON.stringify({ Version: '2012-10-17', Statement: karpenterPolicy() }), {
      ClusterName: cluster.clusterName,
      NodeRoleArn: this.nodeRole.roleArn,
      QueueArn: queueArn,
    });
  }
}
