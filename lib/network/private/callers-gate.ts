import { Names, Resource, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct, IConstruct } from 'constructs';

/**
 * The load balancer's security group as callers see it.
 *
 * All services behind the load balancer share one group and one port, so two of them that allow the same caller
 * mean the same rule, and AWS refuses the second one. Each rule is therefore made once per caller, in the
 * caller's stack, which depends on the network already: neither a duplicate nor a cycle can come up.
 */
export class CallersGate extends Resource implements ec2.ISecurityGroup {
  readonly allowAllOutbound = false;
  readonly canInlineRule = false;
  readonly connections: ec2.Connections;
  private tokens = 0;

  constructor(scope: Construct, id: string, readonly securityGroupId: string, port: number, private readonly vpc: IConstruct) {
    super(scope, id);
    this.connections = new ec2.Connections({ securityGroups: [this], defaultPort: ec2.Port.tcp(port) });
  }

  get uniqueId(): string {
    return Names.nodeUniqueId(this.node);
  }

  get securityGroupRef(): ec2.SecurityGroupReference {
    return { securityGroupId: this.securityGroupId };
  }

  toIngressRuleConfig(): ec2.IngressRuleConfig {
    return { sourceSecurityGroupId: this.securityGroupId };
  }

  toEgressRuleConfig(): ec2.EgressRuleConfig {
    return { destinationSecurityGroupId: this.securityGroupId };
  }

  addIngressRule(peer: ec2.IPeer, connection: ec2.Port, description?: string): void {
    const { scope, id } = this.placeOf(peer, connection);
    if (scope.node.tryFindChild(id)) return;
    new ec2.CfnSecurityGroupIngress(scope, id, {
      groupId: this.securityGroupId,
      description: description ?? `calls on port ${connection}`,
      ...peer.toIngressRuleConfig(),
      ...connection.toRuleJson(),
    } as ec2.CfnSecurityGroupIngressProps);
  }

  /** The load balancer reaches all of the VPC and nothing else: there is nothing to add. */
  addEgressRule(): void {}

  private placeOf(peer: ec2.IPeer, connection: ec2.Port): { scope: Construct; id: string } {
    const group = securityGroupOf(peer);
    if (!group) return { scope: this, id: `from ${this.nameOf(peer)}:${connection}`.replaceAll('/', '_') };
    if (!Token.isUnresolved(group.securityGroupId)) return { scope: this, id: `from ${group.securityGroupId}:${connection}` };
    const home = Stack.of(group);
    // the VPC's own stack comes before this one: a rule there would be a cycle
    if (home === Stack.of(this) || home === Stack.of(this.vpc)) return { scope: this, id: `from ${Names.nodeUniqueId(group.node)}:${connection}` };
    return { scope: group, id: `into ${this.uniqueId}:${connection}` };
  }

  private nameOf(peer: ec2.IPeer): string {
    return Token.isUnresolved(peer.uniqueId) ? `peer ${++this.tokens}` : peer.uniqueId;
  }
}

function securityGroupOf(peer: ec2.IPeer): ec2.SecurityGroup | undefined {
  return ec2.SecurityGroup.isSecurityGroup(peer) ? (peer as ec2.SecurityGroup) : undefined;
}
