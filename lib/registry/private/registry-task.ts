import { type Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { oneTaskMachine } from '../../network/blueprint/job-plan';
import { failedRunsAlarm, makeJob, makeJobMachine } from '../../network/fargate-job';
import type { IMlNetwork } from '../../network/interfaces';
import { scheduleRuns } from '../../network/schedule-runs';

/** What a task has to know of the server. */
export interface ServerBesideTasks {
  readonly connections: ec2.Connections;
  /** ECS cluster for tasks. */
  readonly cluster: ecs.ICluster;
}

/** A command of the registry's image that runs on a schedule, beside the server. */
export interface RegistryTaskProps {
  readonly network: IMlNetwork;
  readonly server: ServerBesideTasks;
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

/** A Fargate task that a schedule starts by a state machine, so that a task that fails is seen, and one that could not be started. */
export class RegistryTask extends Construct {
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: RegistryTaskProps) {
    super(scope, id);
    const { network, server, image, cpuArchitecture, command, secrets } = props;
    const job = makeJob(this, { command, cpu: 256, memoryLimitMiB: 512, logPrefix: 'task' }, {
      network, image, cpuArchitecture, secrets,
      cluster: server.cluster,
      environment: { AWS_REGION: Stack.of(this).region, ...props.environment },
      logRetention: logs.RetentionDays.THREE_MONTHS,
      description: 'Scheduled task of the model registry',
    });
    server.connections.allowDefaultPortFrom(job.securityGroup, 'scheduled task of the model registry');
    this.taskDefinition = job.taskDefinition;
    const patience = { timeoutSeconds: 1800, tries: 1 };
    const machine = makeJobMachine(this, job, patience, oneTaskMachine(job.target, patience));
    const deadLetters = scheduleRuns(this, machine, { Schedule: scheduler.ScheduleExpression.rate(props.every) });
    this.alarm = failedRunsAlarm(this, 'FailedAlarm', machine, props.alarmDescription, props.alarmActions, deadLetters);
  }
}
