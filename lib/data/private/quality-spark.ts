import { join } from 'path';
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { give } from './give';
import { letCount, makeQualityRun, type QualityRunInput } from './quality-run';
import { runtimeAsset } from '../../core/private/runtime-asset';
import { waitRights } from '../../network/blueprint/job-plan';
import { makeOneJobMachine } from '../../network/one-job-machine';
import { sparkMachine } from '../blueprint/quality-machine';
import { pythonProperties, QUALITY_PYTHON } from '../blueprint/spark';
import type { SparkQualityCheckProps } from '../quality-check-props';
import { SparkJob } from '../spark-job';

/** Minutes that a start may take besides: the application starts first, and its workers after it. */
const START_MINUTES = 30;

/** What a check on Spark is made from. */
export interface SparkQualityInput extends QualityRunInput {
  readonly props: SparkQualityCheckProps;
}

/** Makes job, rights and state machine of a check in the scope of the check itself. */
export function makeSparkQuality(scope: Construct, input: SparkQualityInput): { readonly job: SparkJob; readonly stateMachine: sfn.StateMachine } {
  const { props, prefix, plan } = input;
  const run = makeQualityRun(scope, input);
  const job = new SparkJob(scope, 'Job', {
    application: props.application,
    entryPoint: join(runtimeAsset('quality-spark').directory, 'src', 'ml_platform_runtime', 'spark_job.py'),
    workerVcpu: props.workerVcpu,
    workerMemoryGb: props.workerMemoryGb,
    maxExecutors: props.maxExecutors,
    timeout: props.timeout,
    sparkProperties: { ...pythonProperties(QUALITY_PYTHON), ...props.sparkProperties },
  });
  run.letRun(job.role);
  const verdicts = `${prefix}/runs`;
  const definition = sparkMachine({
    ...job.run,
    environment: { ...run.environment, ML_QUALITY_ON_SPARK: 'true', AWS_REGION: Stack.of(scope).region },
    bucketName: props.reportBucket.bucketName,
    verdicts,
  }, run.machineInput);
  const stateMachine = makeOneJobMachine(scope, definition, (job.run.executionTimeoutMinutes + START_MINUTES) * 60, 'EMR');
  job.grants.start(stateMachine);
  letWait(stateMachine);
  give(stateMachine, [{ actions: ['s3:GetObject'], resources: [props.reportBucket.arnForObjects(`${verdicts}/*`)] }], props.reportBucket, false);
  letCount(stateMachine, plan.namespace);
  return { job, stateMachine };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/emr-serverless-iam.html */
function letWait(machine: sfn.StateMachine): void {
  const endRuleArn = Stack.of(machine).formatArn({ service: 'events', resource: 'rule', resourceName: 'StepFunctionsGetEventsForEMRServerlessJobRule' });
  for (const { actions, resources } of waitRights({ endRuleArn })) machine.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
}
