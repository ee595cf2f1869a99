import { Duration } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { IMlCluster } from '../../cluster/interfaces';
import { acknowledgeAll } from '../../network/acknowledge-wildcards';
import { pinExports } from '../../network/pin-exports';
import { GATEWAY_PORTS } from '../blueprint/inference-gateway';

export interface GatewayLoadBalancerProps {
  readonly cluster: IMlCluster;
  readonly certificate?: acm.ICertificate;
  readonly idleSeconds: number;
  readonly hostName?: string;
  readonly hostedZone?: route53.IHostedZone;
}

/** The internal network load balancer of a gateway. It lets nobody in until `connections` does. */
export class StackLoadBalancer extends Construct {
  readonly resource: elbv2.NetworkLoadBalancer;
  readonly securityGroup: ec2.SecurityGroup;
  readonly targetGroup: elbv2.NetworkTargetGroup;
  readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: GatewayLoadBalancerProps) {
    super(scope, id);
    const { vpc, privateSubnets } = props.cluster.network;
    this.securityGroup = this.makeSecurityGroup(props.cluster);
    this.resource = new elbv2.NetworkLoadBalancer(this, 'Resource', {
      vpc, vpcSubnets: privateSubnets, internetFacing: false, securityGroups: [this.securityGroup], crossZoneEnabled: true,
    });
    acknowledgeAll(this.resource, ['AwsSolutions-ELB2'], 'a network load balancer sees no requests; the proxies behind it log each of them');
    this.targetGroup = this.makeTargetGroup(vpc, props.certificate);
    this.makeListener(props);
    this.connections = new ec2.Connections({ securityGroups: [this.securityGroup], defaultPort: ec2.Port.tcp(GATEWAY_PORTS.service) });
    if (props.hostedZone !== undefined) {
      new route53.ARecord(this, 'Record', {
        zone: props.hostedZone, recordName: `${props.hostName}.`, target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(this.resource)),
      });
    }
    pinExports(this, [this.securityGroup.securityGroupId, this.resource.loadBalancerDnsName]);
  }

  /** Pods stand behind the cluster's own security group, which may be in another stack: the rule belongs to this one. */
  private makeSecurityGroup(cluster: IMlCluster): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.network.vpc, allowAllOutbound: false, description: 'Callers of the inference gateway',
    });
    const { clusterSecurityGroup, clusterSecurityGroupId } = cluster.cluster;
    group.addEgressRule(clusterSecurityGroup, ec2.Port.tcp(GATEWAY_PORTS.proxy), 'to the proxies');
    new ec2.CfnSecurityGroupIngress(this, 'ToProxies', {
      groupId: clusterSecurityGroupId,
      sourceSecurityGroupId: group.securityGroupId,
      ipProtocol: 'tcp',
      fromPort: GATEWAY_PORTS.proxy,
      toPort: GATEWAY_PORTS.proxy,
      description: 'from the load balancer of the inference gateway',
    });
    return group;
  }

  private makeTargetGroup(vpc: ec2.IVpc, certificate?: acm.ICertificate): elbv2.NetworkTargetGroup {
    return new elbv2.NetworkTargetGroup(this, 'Proxies', {
      vpc,
      port: GATEWAY_PORTS.proxy,
      // with a certificate the load balancer decrypts and encrypts again; without one it passes on what it gets
      protocol: certificate ? elbv2.Protocol.TLS : elbv2.Protocol.TCP,
      targetType: elbv2.TargetType.IP,
      // a pod that calls a proxy on its own node would not find the way back otherwise
      preserveClientIp: false,
      healthCheck: { protocol: elbv2.Protocol.TCP, interval: Duration.seconds(10), healthyThresholdCount: 2, unhealthyThresholdCount: 2 },
    });
  }

  private makeListener({ certificate, idleSeconds }: GatewayLoadBalancerProps): void {
    this.resource.addListener('Listener', {
      port: GATEWAY_PORTS.service,
      defaultTargetGroups: [this.targetGroup],
      ...certificate === undefined
        ? { protocol: elbv2.Protocol.TCP, tcpIdleTimeout: Duration.seconds(idleSeconds) }
        // AWS fixes the idle timeout of TLS listeners at 350 seconds; the proxies' keep-alive packets start it anew
        : { protocol: elbv2.Protocol.TLS, certificates: [certificate], sslPolicy: elbv2.SslPolicy.TLS13_RES, alpnPolicy: elbv2.AlpnPolicy.HTTP2_PREFERRED },
    });
  }
}
