import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { give } from './give';
import { acknowledgeAll, acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import { PlatformBusGrants } from '../../network/platform-bus-grants';
import { runtimeImage } from '../../network/runtime-image';
import { qualityMachine, type QualityCheckBlueprint } from '../blueprint/quality-check';
import type { QualityChecks } from '../blueprint/quality-choices';
import type { DataQualityCheckProps } from '../quality-check-props';

/** What a task is made from. */
export interface QualityTaskProps {
  readonly plan: QualityCheckBlueprint;
  readonly props: DataQualityCheckProps;
  readonly files: { readonly contracts: QualityChecks[]; readonly suites: string[] };
  /** Prefix of the reports in their bucket. */
  readonly prefix: string;
  readonly dimensions: { readonly Table: string; readonly Check: string };
  /** Address of the reports. */
  readonly reports: string;
}

/** Task definition, rights and state machine of a quality check, made in the scope of the check itself. */
export class QualityTask {
  readonly cluster: ecs.ICluster;
  readonly logGroup: logs.LogGroup;
  readonly securityGroup: ec2.SecurityGroup;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly stateMachine: sfn.StateMachine;

  constructor(private readonly scope: Construct, private readonly all: QualityTaskProps) {
    const { vpc } = all.props.network;
    this.cluster = all.props.cluster ?? this.makeCluster(vpc);
    this.logGroup = new logs.LogGroup(scope, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.securityGroup = new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, allowAllOutbound: false, description: 'Quality check of a table' });
    this.securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS APIs');
    this.taskDefinition = this.makeTaskDefinition();
    this.makeContainer();
    this.letTask();
    this.stateMachine = this.makeStateMachine();
    this.letMachine();
  }

  private makeCluster(vpc: ec2.IVpc): ecs.Cluster {
    const cluster = new ecs.Cluster(this.scope, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.DISABLED });
    acknowledgeAll(cluster, ['AwsSolutions-ECS4'], 'it runs short tasks, whose outcome has metrics of its own; Container Insights would be billed by metric');
    return cluster;
  }

  private makeTaskDefinition(): ecs.FargateTaskDefinition {
    const { plan, props } = this.all;
    const definition = new ecs.FargateTaskDefinition(this.scope, 'TaskDefinition', {
      cpu: plan.cpu,
      memoryLimitMiB: plan.memoryLimitMiB,
      volumes: [{ name: plan.scratchVolume.name }],
      runtimePlatform: { cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    acknowledgeAll(definition, ['AwsSolutions-ECS2'], 'the environment holds names and addresses only');
    return definition;
  }

  private makeContainer(): void {
    const { plan, props } = this.all;
    const container = this.taskDefinition.addContainer('Container', {
      image: props.image ?? runtimeImage(plan.target, props.cpuArchitecture),
      command: plan.command,
      environment: this.environment(),
      user: plan.user,
      readonlyRootFilesystem: true,
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: 'quality' }),
    });
    container.addMountPoints({ sourceVolume: plan.scratchVolume.name, containerPath: plan.scratchVolume.path, readOnly: false });
    acknowledgeAll(this.taskDefinition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
  }

  private environment(): { [name: string]: string } {
    const { plan, props, files, dimensions, reports } = this.all;
    const contracts = files.contracts.flatMap(({ _contract }) => (_contract ? [this.publish('Contract', _contract.file)] : []));
    const suites = files.suites.map((file, index) => this.publish(`Suite${index + 1}`, file));
    return {
      ML_QUALITY_TABLE: dimensions.Table,
      ML_QUALITY_REPORT: reports,
      ML_QUALITY_SAMPLE: plan.sample,
      ML_QUALITY_MEMORY_MIB: String(plan.keptMiB),
      ML_QUALITY_NAME: dimensions.Check,
      ML_QUALITY_METRICS_NAMESPACE: plan.namespace,
      ...(contracts.length > 0 ? { ML_QUALITY_CONTRACT: contracts.join(' ') } : {}),
      ...(suites.length > 0 ? { ML_QUALITY_SUITES: suites.join(' ') } : {}),
      ...(props.showValues ? { ML_QUALITY_SHOW_VALUES: 'true' } : {}),
      ...(props.eventBus ? { ML_EVENT_BUS: props.eventBus.eventBusName, ML_ENVIRONMENT: props.environmentName ?? 'default' } : {}),
      ...(props.s3TableCatalog ? { ML_CATALOG: 's3tables', ML_WAREHOUSE: props.s3TableCatalog.tableBucketArn } : {}),
      HOME: plan.scratchVolume.path,
    };
  }

  /** A check file as an asset that the task may read, and nothing beside it. */
  private publish(id: string, path: string): string {
    const asset = new assets.Asset(this.scope, id, { path });
    this.taskDefinition.addToTaskRolePolicy(new iam.PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [Stack.of(this.scope).formatArn({ service: 's3', region: '', account: '', resource: asset.s3BucketName, resourceName: asset.s3ObjectKey })],
    }));
    return asset.s3ObjectUrl;
  }

  private letTask(): void {
    const { props, prefix } = this.all;
    const { taskRole } = this.taskDefinition;
    props.table.grants.read(taskRole);
    const objects = props.reportBucket.arnForObjects(`${prefix}/*`);
    give(taskRole, [{ actions: ['s3:GetObject', 's3:PutObject'], resources: [objects] }], props.reportBucket, true);
    if (props.eventBus) new PlatformBusGrants(props.eventBus).publish(taskRole);
  }

  private makeStateMachine(): sfn.StateMachine {
    const { plan, props, dimensions, reports } = this.all;
    const stack = Stack.of(this.scope);
    const definition = qualityMachine({
      partition: stack.partition,
      clusterArn: this.cluster.clusterArn,
      taskDefinitionArn: this.taskDefinition.taskDefinitionArn,
      container: 'Container',
      subnets: props.network.vpc.selectSubnets(props.network.privateSubnets).subnetIds,
      securityGroups: [this.securityGroup.securityGroupId],
      timeoutSeconds: plan.timeoutSeconds,
      namespace: plan.namespace,
      dimensions: { ...dimensions },
      reports,
    });
    const machine = new sfn.StateMachine(this.scope, 'StateMachine', {
      definitionBody: sfn.DefinitionBody.fromString(stack.toJsonString(definition)),
      // the task, and the pauses before it could start
      timeout: Duration.seconds(plan.timeoutSeconds + 1800),
    });
    acknowledgeAll(machine, ['AwsSolutions-SF1'], 'its one task has a log group of its own; executions keep their history for 90 days');
    acknowledgeAll(machine, ['AwsSolutions-SF2'], 'X-Ray would trace one call to ECS');
    return machine;
  }

  private letMachine(): void {
    const { taskDefinition, cluster, scope } = this;
    const stack = Stack.of(scope);
    const running = stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${cluster.clusterName}/*` });
    const rule = stack.formatArn({ service: 'events', resource: 'rule', resourceName: 'StepFunctionsGetEventsForECSTaskRule' });
    const allow = (actions: string[], resources: string[], conditions?: { [operator: string]: { [key: string]: string } }) =>
      this.stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    allow(['ecs:RunTask'], [taskDefinition.taskDefinitionArn], { ArnEquals: { 'ecs:cluster': cluster.clusterArn } });
    allow(['ecs:StopTask', 'ecs:DescribeTasks'], [running]);
    allow(['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], [rule]);
    allow(['iam:PassRole'], [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
      { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
    allow(['cloudwatch:PutMetricData'], ['*'], { StringEquals: { 'cloudwatch:namespace': this.all.plan.namespace } });
    acknowledgeWildcards(this.stateMachine.role, [running], 'a task has no ARN before it runs; the cluster is the limit');
    acknowledgeWildcards(this.stateMachine.role, ['*'], 'cloudwatch:PutMetricData cannot be confined to a resource; the namespace is the limit');
  }
}
