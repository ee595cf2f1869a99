import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { acknowledgeAll, acknowledgeRolesBelow } from '../../network/acknowledge-wildcards';
import type { IMlNetwork } from '../../network/interfaces';
import type { InternalService } from '../../network/internal-service';

/** A command of the registry's image that runs on a schedule, beside the server. */
export interface RegistryTaskProps {
  readonly network: IMlNetwork;
  readonly server: InternalService;
  readonly image: ecs.ContainerImage;
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  readonly command: string[];
  readonly environment: Record<string, string>;
  readonly secrets?: Record<string, ecs.Secret>;
  readonly every: Duration;
  /** What has failed, and what to do. */
  readonly alarmDescription: string;
  readonly alarmActions: cloudwatch.IAlarmAction[];
}

/** A Fargate task that a schedule starts by a state machine, so that a task that fails is seen: the execution fails with it. */
export class RegistryTask extends Construct {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: RegistryTaskProps) {
    super(scope, id);
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc: props.network.vpc, description: 'Scheduled task of the model registry' });
    this.taskDefinition = new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: 256,
      memoryLimitMiB: 512,
      volumes: [{ name: 'tmp' }],
      runtimePlatform: { cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    const container = this.addContainer(props);
    const machine = this.addStateMachine(props, container, group);
    new scheduler.Schedule(this, 'Schedule', {
      schedule: scheduler.ScheduleExpression.rate(props.every),
      target: new StepFunctionsStartExecution(machine, { retryAttempts: 3, maxEventAge: Duration.hours(1) }),
    });
    props.server.connections.allowDefaultPortFrom(group, 'scheduled task of the model registry');
    this.alarm = machine.metricFailed({ statistic: 'Sum', period: Duration.minutes(5) }).createAlarm(this, 'FailedAlarm', {
      alarmDescription: props.alarmDescription,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    this.alarm.addAlarmAction(...props.alarmActions);
    this.acknowledgeFindings(machine);
  }

  private addContainer(props: RegistryTaskProps): ecs.ContainerDefinition {
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
    const container = this.taskDefinition.addContainer('Container', {
      image: props.image,
      command: props.command,
      // the only place that the container may write to
      environment: { AWS_REGION: Stack.of(this).region, HOME: '/tmp', ...props.environment },
      secrets: props.secrets,
      user: '1000:1000',
      readonlyRootFilesystem: true,
      logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'task' }),
    });
    container.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
    return container;
  }

  private addStateMachine(props: RegistryTaskProps, container: ecs.ContainerDefinition, group: ec2.ISecurityGroup): sfn.StateMachine {
    const run = new tasks.EcsRunTask(this, 'Run', {
      integrationPattern: sfn.IntegrationPattern.RUN_JOB,
      cluster: props.server.cluster,
      taskDefinition: this.taskDefinition,
      launchTarget: new tasks.EcsFargateLaunchTarget(),
      subnets: props.network.privateSubnets,
      securityGroups: [group],
      assignPublicIp: false,
      propagatedTagSource: ecs.PropagatedTagSource.TASK_DEFINITION,
      containerOverrides: [{ containerDefinition: container }],
    });
    return new sfn.StateMachine(this, 'StateMachine', {
      definitionBody: sfn.DefinitionBody.fromChainable(run),
      timeout: Duration.minutes(30),
    });
  }

  private acknowledgeFindings(machine: sfn.StateMachine): void {
    acknowledgeAll(this.taskDefinition, ['AwsSolutions-ECS2'], 'the environment holds names and addresses only; secrets come from Secrets Manager');
    acknowledgeAll(this.taskDefinition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
    acknowledgeAll(machine, ['AwsSolutions-SF1', 'AwsSolutions-SF2'], 'one step: the task\'s own log says what happened, and the alarm that it failed');
    acknowledgeRolesBelow(machine, 'a task is named by its revision, and Step Functions asks for every task of a cluster: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html');
    acknowledgeRolesBelow(this, 'the schedule starts one state machine; the wildcard covers its versions');
  }
}
