import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { letCount, makeQualityRun, type QualityRunInput } from './quality-run';
import { jobCluster, makeJob, makeJobMachine, type FargateJob } from '../../network/fargate-job';
import { runtimeImage } from '../../network/runtime-image';
import { taskMachine } from '../blueprint/quality-machine';
import type { QualityTaskBlueprint } from '../blueprint/quality-task';
import type { DataQualityCheckProps } from '../quality-check-props';

/** What a task is made from. */
export interface QualityTaskProps extends QualityRunInput {
  readonly task: QualityTaskBlueprint;
  readonly props: DataQualityCheckProps;
}

/** A quality check's task with its state machine. */
export interface QualityTask extends FargateJob {
  readonly stateMachine: sfn.StateMachine;
}

/** Makes task, rights and state machine of a quality check in the scope of the check itself. */
export function makeQualityTask(scope: Construct, input: QualityTaskProps): QualityTask {
  const { task, props } = input;
  const { network, cpuArchitecture, engine } = props;
  const run = makeQualityRun(scope, input);
  const job = makeJob(scope, task, {
    network, cpuArchitecture,
    cluster: props.cluster ?? jobCluster(scope, 'Cluster', network.vpc),
    image: props.image ?? runtimeImage(task.target, cpuArchitecture),
    environment: {
      ...run.environment,
      ML_QUALITY_MEMORY_MIB: String(task.keptMiB),
      ML_QUALITY_METRICS_NAMESPACE: input.plan.namespace,
      ...(engine?._workgroup ? { ML_QUALITY_ATHENA_WORKGROUP: engine._workgroup.workgroupName } : {}),
    },
    logRetention: logs.RetentionDays.ONE_MONTH,
    description: 'Quality check of a table',
    callsAwsOnly: true,
  });
  run.letRun(job.taskDefinition.taskRole);
  engine?._workgroup?.grants.query(job.taskDefinition.taskRole);
  const stateMachine = makeJobMachine(scope, job, task, taskMachine(job.target, task, run.machineInput));
  letCount(stateMachine, input.plan.namespace);
  return { ...job, stateMachine };
}
