import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import type { InternalServiceBlueprint } from './blueprint/internal-service';
import type { IMlNetwork } from './interfaces';
import { makeAlarms } from './private/alarms';
import { claimHost } from './private/host-registry';

/** Who answers behind the load balancer. */
export interface InternalPlaceOptions {
  readonly network: IMlNetwork;
  /** Undefined where something else registers the addresses, for example a controller of Kubernetes. */
  readonly targets?: elbv2.IApplicationLoadBalancerTarget[];
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** A host name behind the internal load balancer. */
export interface InternalPlace {
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  readonly listenerRule: elbv2.ApplicationListenerRule;
  readonly record: route53.ARecord;
  readonly alarms: cloudwatch.Alarm[];
}

/**
 * What a service has at the load balancer, whatever its tasks or pods are: target group, rule, name and alarms, as children of `scope`.
 * The plan was checked by `checkInternalService`.
 *
 * @internal
 */
export function makeInternalPlace(scope: Construct, plan: InternalServiceBlueprint, options: InternalPlaceOptions): InternalPlace {
  const balancer = options.network.loadBalancer;
  claimHost(balancer, { hostName: plan.hostName, priority: plan.listenerPriority, path: scope.node.path });
  const targetGroup = makeTargetGroup(scope, plan, options);
  const listenerRule = makeListenerRule(scope, plan, options, targetGroup);
  const dimensions = { LoadBalancer: balancer.fullName, TargetGroup: targetGroup.targetGroupFullName };
  return {
    targetGroup,
    listenerRule,
    record: makeRecord(scope, plan, options),
    alarms: makeAlarms(scope, plan.alarms, dimensions, options.alarmActions ?? []),
  };
}

function makeTargetGroup(scope: Construct, plan: InternalServiceBlueprint, { network, targets }: InternalPlaceOptions): elbv2.ApplicationTargetGroup {
  const check = plan.healthCheck;
  return new elbv2.ApplicationTargetGroup(scope, 'TargetGroup', {
    vpc: network.vpc,
    port: plan.port,
    protocol: elbv2.ApplicationProtocol.HTTP,
    targetType: elbv2.TargetType.IP,
    targets,
    deregistrationDelay: Duration.seconds(plan.deregistrationDelaySeconds),
    healthCheck: {
      path: check.path,
      interval: Duration.seconds(check.intervalSeconds),
      timeout: Duration.seconds(check.timeoutSeconds),
      healthyThresholdCount: check.healthyThreshold,
      unhealthyThresholdCount: check.unhealthyThreshold,
      healthyHttpCodes: check.healthyHttpCodes,
    },
  });
}

/** The listener and its group are seen through imports, so that nothing of this service lands in the network's stack. */
function makeListenerRule(
  scope: Construct, plan: InternalServiceBlueprint, { network }: InternalPlaceOptions, targetGroup: elbv2.ApplicationTargetGroup,
): elbv2.ApplicationListenerRule {
  const balancer = network.loadBalancer;
  const listener = elbv2.ApplicationListener.fromApplicationListenerAttributes(scope, 'Listener', {
    listenerArn: balancer.listener.listenerArn,
    defaultPort: balancer.port,
    securityGroup: ec2.SecurityGroup.fromSecurityGroupId(scope, 'LoadBalancerSecurityGroup', balancer.securityGroupId, { mutable: false }),
  });
  return new elbv2.ApplicationListenerRule(scope, 'ListenerRule', {
    listener,
    priority: plan.listenerPriority,
    conditions: [elbv2.ListenerCondition.hostHeaders([plan.hostName])],
    action: elbv2.ListenerAction.forward([targetGroup]),
  });
}

function makeRecord(scope: Construct, plan: InternalServiceBlueprint, { network }: InternalPlaceOptions): route53.ARecord {
  const { dnsName, canonicalHostedZoneId, hostedZone } = network.loadBalancer;
  return new route53.ARecord(scope, 'Record', {
    zone: hostedZone,
    recordName: `${plan.hostName}.`,
    target: route53.RecordTarget.fromAlias({ bind: () => ({ dnsName, hostedZoneId: canonicalHostedZoneId }) }),
  });
}
