import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { acknowledgeAll } from './acknowledge-wildcards';
import type { InternalServiceBlueprint } from './blueprint/internal-service';
import { checkInternalService } from './check-internal-service';
import { IInternalService } from './interfaces';
import { makeInternalPlace } from './internal-place';
import { InternalServiceProps } from './internal-service-props';
import { targetMetric } from './private/alarms';
import { Faults } from '../core/private/faults';

/**
 * One container on Fargate behind the network's internal load balancer, under its own host name.
 *
 * It brings a target group, a listener rule, a DNS record, security groups, a log group, alarms and, if asked, scaling,
 * all in its own scope: services of other stacks share the load balancer without cycles.
 *
 * The container gets `ML_HOST` and `ML_PORT` (where to listen), runs as an ordinary user on a read-only file
 * system, and writes to `/tmp` only. Fargate makes that volume writable for the image's user if the image
 * declares `VOLUME ["/tmp"]`.
 *
 * Fails with `invalid-host-name`, `host-name-taken`, `listener-priority-taken`, `invalid-cpu`,
 * `invalid-memory-limit-mib`, `no-route-out` and others, all at once.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
export class InternalService extends Construct implements IInternalService {
  readonly hostName: string;
  readonly url: string;
  /** Who may call: shared by all services behind the load balancer. */
  readonly connections: ec2.Connections;
  readonly securityGroup: ec2.ISecurityGroup;
  /** The role of the tasks, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** What the container may do on AWS. */
  readonly taskRole: iam.IRole;
  /** Port on which the container listens. */
  readonly port: number;
  /** ECS cluster that the tasks run in. */
  readonly cluster: ecs.ICluster;
  /** What a task is made of. */
  readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The one container of a task. */
  readonly container: ecs.ContainerDefinition;
  /** Keeps the tasks running. */
  readonly service: ecs.FargateService;
  /** Where the container's output goes. */
  readonly logGroup: logs.LogGroup;
  /** The tasks, as the load balancer sees them. */
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** Sends requests for the host name to the target group. */
  readonly listenerRule: elbv2.ApplicationListenerRule;
  /** DNS record of the host name, an alias of the load balancer. */
  readonly record: route53.ARecord;
  /** Alarms on unhealthy tasks, server errors, slow answers and missing tasks. */
  readonly alarms: cloudwatch.Alarm[];
  private readonly dimensions: { LoadBalancer: string; TargetGroup: string };

  constructor(scope: Construct, id: string, props: InternalServiceProps) {
    const plan = decide(scope, id, props);
    super(scope, id);
    const balancer = props.network.loadBalancer;

    this.hostName = plan.hostName;
    this.url = plan.url;
    this.port = plan.port;
    this.connections = balancer.connections;
    this.cluster = props.cluster ?? this.makeCluster(props);
    this.logGroup = this.makeLogGroup(props);
    this.taskDefinition = this.makeTaskDefinition(plan, props);
    this.container = this.makeContainer(plan, props);
    this.taskRole = this.taskDefinition.taskRole;
    this.grantPrincipal = this.taskRole.grantPrincipal;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc: props.network.vpc, description: `Tasks of ${plan.hostName}` });
    this.service = this.makeService(plan, props);
    const place = makeInternalPlace(this, plan, { network: props.network, targets: [this.service], alarmActions: props.alarmActions });
    this.targetGroup = place.targetGroup;
    this.listenerRule = place.listenerRule;
    this.service.node.addDependency(this.listenerRule);
    this.record = place.record;
    this.dimensions = { LoadBalancer: balancer.fullName, TargetGroup: this.targetGroup.targetGroupFullName };
    this.alarms = place.alarms;
    this.makeScaling(plan, balancer.fullName);
    this.acknowledgeFindings(props);
  }

  /** Requests that reached the service; default: sum over five minutes. */
  metricRequestCount(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return targetMetric(this.dimensions, 'RequestCount', 'Sum', options);
  }

  /** Answers with a server error; default: sum over five minutes. */
  metricServerErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return targetMetric(this.dimensions, 'HTTPCode_Target_5XX_Count', 'Sum', options);
  }

  /** Seconds from request to answer; default: 99th percentile over five minutes. */
  metricResponseTime(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return targetMetric(this.dimensions, 'TargetResponseTime', 'p99', options);
  }

  /** Tasks that pass their health check; default: minimum over five minutes. */
  metricHealthyHosts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return targetMetric(this.dimensions, 'HealthyHostCount', 'Minimum', options);
  }

  /** Tasks that fail their health check; default: maximum over five minutes. */
  metricUnhealthyHosts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return targetMetric(this.dimensions, 'UnHealthyHostCount', 'Maximum', options);
  }

  /** CPU use in percent of what the tasks have; default: average over five minutes. */
  metricCpuUtilization(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.service.metricCpuUtilization(options);
  }

  /** Memory use in percent of what the tasks have; default: average over five minutes. */
  metricMemoryUtilization(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.service.metricMemoryUtilization(options);
  }

  private makeCluster(props: InternalServiceProps): ecs.Cluster {
    return new ecs.Cluster(this, 'Cluster', {
      vpc: props.network.vpc,
      containerInsightsV2: props.containerInsights ? ecs.ContainerInsights.ENABLED : ecs.ContainerInsights.DISABLED,
    });
  }

  private makeLogGroup(props: InternalServiceProps): logs.LogGroup {
    return new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: props.logRemovalPolicy ?? RemovalPolicy.DESTROY,
    });
  }

  private makeTaskDefinition(plan: InternalServiceBlueprint, props: InternalServiceProps): ecs.FargateTaskDefinition {
    return new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: plan.cpu,
      memoryLimitMiB: plan.memoryLimitMiB,
      ephemeralStorageGiB: plan.ephemeralStorageGiB,
      taskRole: props.taskRole,
      volumes: [{ name: plan.scratchVolume.name }],
      runtimePlatform: {
        cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
  }

  private makeContainer(plan: InternalServiceBlueprint, props: InternalServiceProps): ecs.ContainerDefinition {
    const container = this.taskDefinition.addContainer('Container', {
      image: props.image,
      command: plan.command,
      environment: plan.environment,
      secrets: props.secrets,
      user: plan.user,
      readonlyRootFilesystem: true,
      portMappings: [{ containerPort: plan.port, protocol: ecs.Protocol.TCP }],
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: 'service' }),
    });
    container.addMountPoints({ sourceVolume: plan.scratchVolume.name, containerPath: plan.scratchVolume.path, readOnly: false });
    return container;
  }

  private makeService(plan: InternalServiceBlueprint, props: InternalServiceProps): ecs.FargateService {
    return new ecs.FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      desiredCount: plan.desiredCount,
      minHealthyPercent: plan.deployment.minHealthyPercent,
      maxHealthyPercent: plan.deployment.maxHealthyPercent,
      circuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriod: Duration.seconds(plan.healthCheck.graceSeconds),
      assignPublicIp: false,
      vpcSubnets: props.network.privateSubnets,
      securityGroups: [this.securityGroup],
      propagateTags: ecs.PropagatedTagSource.SERVICE,
    });
  }

  private acknowledgeFindings(props: InternalServiceProps): void {
    acknowledgeAll(this.taskDefinition, ['AwsSolutions-ECS2'], 'the environment holds names and addresses only; secrets come from Secrets Manager');
    acknowledgeAll(this.taskDefinition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
    if (props.cluster || props.containerInsights) return;
    acknowledgeAll(this.cluster, ['AwsSolutions-ECS4'], 'Container Insights is billed by metric; alarms watch the load balancer, which costs nothing more');
  }

  private makeScaling(plan: InternalServiceBlueprint, loadBalancerFullName: string): void {
    const { scaling } = plan;
    if (!scaling) return;
    const target = new appscaling.ScalableTarget(this, 'Scaling', {
      serviceNamespace: appscaling.ServiceNamespace.ECS,
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${this.cluster.clusterName}/${this.service.serviceName}`,
      minCapacity: scaling.minTasks,
      maxCapacity: scaling.maxTasks,
      role: iam.Role.fromRoleArn(this, 'ScalingRole', Stack.of(this).formatArn({
        service: 'iam', region: '', resource: 'role/aws-service-role/ecs.application-autoscaling.amazonaws.com',
        resourceName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
      })),
    });
    const cooldowns = { scaleInCooldown: Duration.seconds(scaling.scaleInSeconds), scaleOutCooldown: Duration.seconds(scaling.scaleOutSeconds) };
    target.scaleToTrackMetric('Cpu', {
      predefinedMetric: appscaling.PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION,
      targetValue: scaling.targetCpuPercent,
      ...cooldowns,
    });
    if (scaling.targetRequestsPerMinute === undefined) return;
    target.scaleToTrackMetric('Requests', {
      predefinedMetric: appscaling.PredefinedMetric.ALB_REQUEST_COUNT_PER_TARGET,
      resourceLabel: `${loadBalancerFullName}/${this.targetGroup.targetGroupFullName}`,
      targetValue: scaling.targetRequestsPerMinute,
      ...cooldowns,
    });
    // the label names the target group before it is attached: AWS refuses that
    target.node.addDependency(this.listenerRule);
  }
}

/** Everything that is checked, before any child exists. */
function decide(scope: Construct, id: string, props: InternalServiceProps): InternalServiceBlueprint {
  const faults = Faults.of(scope, id);
  const plan = checkInternalService(faults, { ...props, secretNames: props.secrets && Object.keys(props.secrets) });
  faults.throwIfAny();
  return plan;
}
