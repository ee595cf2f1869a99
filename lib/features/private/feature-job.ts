import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeAll, acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import type { IMlNetwork } from '../../network/interfaces';
import { jobMachine, type FeatureJobBlueprint } from '../blueprint/job';

/** What every job of a store has. */
export interface JobSurroundings {
  readonly network: IMlNetwork;
  readonly cluster: ecs.ICluster;
  readonly image: ecs.ContainerImage;
  readonly cpuArchitecture: ecs.CpuArchitecture;
  readonly environment: { readonly [name: string]: string };
  readonly secrets: { readonly [name: string]: ecs.Secret };
  /** Opens databases and caches to the job. */
  readonly letIn: (peer: ec2.IConnectable) => void;
}

/** A task on Fargate with its state machine. */
export class FeatureJob extends Construct {
  readonly stateMachine: sfn.StateMachine;
  readonly taskDefinition: ecs.FargateTaskDefinition;
  readonly taskRole: iam.IRole;
  readonly logGroup: logs.LogGroup;
  readonly securityGroup: ec2.SecurityGroup;

  constructor(
    scope: Construct, id: string, private readonly around: JobSurroundings, private readonly plan: FeatureJobBlueprint,
    environment: { readonly [name: string]: string } = {},
  ) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.taskDefinition = this.makeTaskDefinition();
    this.makeContainer(environment);
    this.taskRole = this.taskDefinition.taskRole;
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc: around.network.vpc, description: `Job ${plan.command.at(3) ?? ''} of the feature store` });
    around.letIn(this.securityGroup);
    this.stateMachine = this.makeStateMachine();
    this.letMachineRun();
  }

  private makeTaskDefinition(): ecs.FargateTaskDefinition {
    const { plan, around } = this;
    const definition = new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: plan.cpu,
      memoryLimitMiB: plan.memoryLimitMiB,
      volumes: [{ name: plan.scratchVolume.name }],
      runtimePlatform: { cpuArchitecture: around.cpuArchitecture, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
    acknowledgeAll(definition, ['AwsSolutions-ECS2'], 'the environment holds names and addresses only; secrets come from Secrets Manager');
    return definition;
  }

  private makeContainer(environment: { readonly [name: string]: string }): void {
    const { plan, around } = this;
    const container = this.taskDefinition.addContainer('Container', {
      image: around.image,
      command: plan.command,
      environment: { ...around.environment, ...environment, HOME: '/tmp' },
      secrets: around.secrets,
      user: plan.user,
      readonlyRootFilesystem: true,
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: 'job' }),
    });
    container.addMountPoints({ sourceVolume: plan.scratchVolume.name, containerPath: plan.scratchVolume.path, readOnly: false });
    acknowledgeAll(this.taskDefinition.obtainExecutionRole(), ['AwsSolutions-IAM5[Resource::*]'], 'ecr:GetAuthorizationToken cannot be confined to a resource');
  }

  private makeStateMachine(): sfn.StateMachine {
    const { plan, around } = this;
    const definition = jobMachine({
      clusterArn: around.cluster.clusterArn,
      taskDefinitionArn: this.taskDefinition.taskDefinitionArn,
      subnets: around.network.vpc.selectSubnets(around.network.privateSubnets).subnetIds,
      securityGroups: [this.securityGroup.securityGroupId],
      timeoutSeconds: plan.timeoutSeconds,
      tries: plan.tries,
    });
    const machine = new sfn.StateMachine(this, 'StateMachine', {
      definitionBody: sfn.DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
      // all tries, and the pauses between them
      timeout: Duration.seconds(plan.tries * plan.timeoutSeconds + 600),
    });
    acknowledgeAll(machine, ['AwsSolutions-SF1'], 'the one state is a task, whose output is in its own log group; executions keep their history for 90 days');
    acknowledgeAll(machine, ['AwsSolutions-SF2'], 'X-Ray would trace one call to ECS');
    return machine;
  }

  private letMachineRun(): void {
    const { taskDefinition, around } = this;
    const stack = Stack.of(this);
    const tasks = stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${around.cluster.clusterName}/*` });
    const rule = stack.formatArn({ service: 'events', resource: 'rule', resourceName: 'StepFunctionsGetEventsForECSTaskRule' });
    acknowledgeWildcards(this.stateMachine.role, [tasks], 'tasks get their ids when they start; the right ends at the cluster of this store');
    this.allow(['ecs:RunTask'], [taskDefinition.taskDefinitionArn]);
    this.allow(['ecs:StopTask', 'ecs:DescribeTasks'], [tasks]);
    this.allow(['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], [rule]);
    this.stateMachine.addToRolePolicy(new iam.PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    }));
  }

  private allow(actions: string[], resources: string[]): void {
    this.stateMachine.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
  }
}
