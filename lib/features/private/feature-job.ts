import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Faults } from '../../core/private/faults';
import { oneTaskMachine } from '../../network/blueprint/job-plan';
import { checkJobRoute, makeJob, makeJobMachine } from '../../network/fargate-job';
import type { IMlNetwork } from '../../network/interfaces';
import { featureJob, type FeatureJobBlueprint, type FeatureJobInput } from '../blueprint/job';

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

/** Decides on a job. It needs its secrets wherever it stands; what a backend calls besides is for its owner to know. */
export function decideJob(faults: Faults, network: IMlNetwork, input: FeatureJobInput): FeatureJobBlueprint {
  checkJobRoute(faults, network, ['secretsmanager']);
  return featureJob(faults, input);
}

/** A task on Fargate with its state machine. */
export class FeatureJob extends Construct {
  readonly stateMachine: sfn.StateMachine;
  readonly taskRole: iam.IRole;

  constructor(
    scope: Construct, id: string, around: JobSurroundings, plan: FeatureJobBlueprint, environment: { readonly [name: string]: string } = {},
  ) {
    super(scope, id);
    const { network, cluster, image, cpuArchitecture, secrets } = around;
    const job = makeJob(this, plan, {
      network, cluster, image, cpuArchitecture, secrets,
      environment: { ...around.environment, ...environment },
      logRetention: logs.RetentionDays.ONE_MONTH,
      description: `Job ${plan.command.at(3) ?? ''} of the feature store`,
    });
    around.letIn(job.securityGroup);
    this.taskRole = job.taskDefinition.taskRole;
    this.stateMachine = makeJobMachine(this, job, plan, oneTaskMachine(job.target, plan));
  }
}
