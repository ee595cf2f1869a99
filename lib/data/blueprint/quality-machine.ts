import { runTaskState, type JobPatience, type JobTarget } from '../../network/blueprint/job-plan';

/** What both kinds of state machines say of a check. */
export interface QualityMachineInput {
  readonly partition: string;
  readonly namespace: string;
  /** Dimensions of the metrics. */
  readonly dimensions: { readonly [name: string]: string };
  /** Address of the reports. */
  readonly reports: string;
}

/** A job on Spark, as its state machine starts it. */
export interface SparkQualityRun {
  readonly applicationId: string;
  readonly name: string;
  readonly executionRoleArn: string;
  readonly entryPoint: string;
  readonly sparkSubmitParameters: string;
  readonly executionTimeoutMinutes: number;
  /** What the check is told. */
  readonly environment: { readonly [name: string]: string };
  /** Bucket of the verdicts. */
  readonly bucketName: string;
  /** Prefix of the verdicts, each of which is an object with the name of its execution. */
  readonly verdicts: string;
}

type States = { readonly [name: string]: object };

/** Exit code of a task that found bad data. */
const BAD_DATA = 4;
/** What an execution may be told, by the variable that the check reads. */
const GIVEN = { ML_QUALITY_SNAPSHOT: 'snapshotId', ML_QUALITY_CORRELATION_ID: 'correlationId', ML_QUALITY_CAUSATION_ID: 'causationId' };

/**
 * The state machine around a Fargate task: it succeeds if the data is good, and fails with `DataQualityFailed` or `QualityCheckFailed` (no verdict).
 *
 * The verdict comes as the exit code of the task, which Step Functions shows in the cause of a failure.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
export function taskMachine(target: JobTarget, patience: JobPatience, input: QualityMachineInput): object {
  const environment = Object.entries(GIVEN).map(([name, key]) => ({ 'Name': name, 'Value.$': `$.given.${key}` }));
  return machine(input, 'Check', {
    Check: {
      ...runTaskState(target, patience, environment),
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Verdict' }],
      Next: 'Passed',
    },
    Verdict: {
      Type: 'Choice',
      Choices: [{ Or: exitCodePatterns(BAD_DATA).map((pattern) => ({ Variable: '$.error.Cause', StringMatches: pattern })), Next: 'BadData' }],
      Default: 'CountWithoutVerdict',
    },
  });
}

/** Step Functions gives the task as JSON in a string. */
function exitCodePatterns(code: number): string[] {
  return [`*"ExitCode":${code},*`, `*"ExitCode":${code}}*`, `*"ExitCode": ${code},*`, `*"ExitCode": ${code}}*`];
}

/**
 * The state machine around a job on Spark, with the same ends. EMR tells no exit code, so the job leaves its verdict on S3, in the
 * metadata of an object; and it gives no environment, so the job has it as an argument, in letters that nobody on the way reads otherwise.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
 */
export function sparkMachine(run: SparkQualityRun, input: QualityMachineInput): object {
  const key = `States.Format('${run.verdicts}/{}.json', $$.Execution.Name)`;
  const given = Object.entries(GIVEN).map(([name, from]) => [`${name}.$`, `$.given.${from}`]);
  const withoutVerdict = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'CountWithoutVerdict' }];
  return machine(input, 'Environment', {
    Environment: {
      Type: 'Pass',
      Parameters: {
        ...run.environment,
        ...Object.fromEntries(given),
        'ML_QUALITY_VERDICT.$': `States.Format('s3://${run.bucketName}/{}', ${key})`,
      },
      ResultPath: '$.environment',
      Next: 'Check',
    },
    Check: { ...startState(run, input), Catch: withoutVerdict, Next: 'ReadVerdict' },
    ReadVerdict: { ...readState(run, input, key), Catch: withoutVerdict, Next: 'CountVerdict' },
    CountVerdict: count(input, { FailedChecks: '$.verdict.failed', RowsChecked: '$.verdict.rows' }, 'Verdict'),
    Verdict: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.verdict.is', StringEquals: 'passed', Next: 'Passed' },
        { Variable: '$.verdict.is', StringEquals: 'failed', Next: 'BadData' },
      ],
      Default: 'CountWithoutVerdict',
    },
  });
}

function startState(run: SparkQualityRun, { partition }: QualityMachineInput): object {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::emr-serverless:startJobRun.sync`,
    Parameters: {
      ApplicationId: run.applicationId,
      Name: run.name,
      ExecutionRoleArn: run.executionRoleArn,
      ExecutionTimeoutMinutes: run.executionTimeoutMinutes,
      JobDriver: {
        SparkSubmit: {
          'EntryPoint': run.entryPoint,
          'EntryPointArguments.$': "States.Array(States.Base64Encode(States.JsonToString($.environment)), 'quality', 'check')",
          'SparkSubmitParameters': run.sparkSubmitParameters,
        },
      },
    },
    ResultPath: null,
  };
}

function readState({ bucketName }: SparkQualityRun, { partition }: QualityMachineInput, key: string): object {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::aws-sdk:s3:headObject`,
    Parameters: { 'Bucket': bucketName, 'Key.$': key },
    ResultSelector: {
      'is.$': '$.Metadata.verdict',
      'failed.$': 'States.StringToJson($.Metadata.failed)',
      'rows.$': 'States.StringToJson($.Metadata.rows)',
    },
    ResultPath: '$.verdict',
  };
}

function machine(input: QualityMachineInput, first: string, states: States): object {
  return {
    Comment: 'Checks the values of a table',
    StartAt: 'Defaults',
    States: {
      Defaults: { Type: 'Pass', Result: Object.fromEntries(Object.values(GIVEN).map((key) => [key, ''])), ResultPath: '$.defaults', Next: 'Settings' },
      Settings: { Type: 'Pass', Parameters: { 'given.$': 'States.JsonMerge($.defaults, $$.Execution.Input, false)' }, Next: first },
      ...states,
      Passed: { Type: 'Pass', Result: { verdict: 'passed' }, End: true },
      BadData: { Type: 'Fail', Error: 'DataQualityFailed', Cause: `the data broke its checks; the report lies below ${input.reports}` },
      CountWithoutVerdict: count(input, { RunsWithoutVerdict: 1 }, 'NoVerdict'),
      NoVerdict: { Type: 'Fail', Error: 'QualityCheckFailed', Cause: 'the check ended without a verdict; the input of the state CountWithoutVerdict and the log of the run say why' },
    },
  };
}

function count({ partition, namespace, dimensions }: QualityMachineInput, values: { readonly [metric: string]: string | number }, next: string): object {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::aws-sdk:cloudwatch:putMetricData`,
    Parameters: {
      Namespace: namespace,
      MetricData: Object.entries(values).map(([MetricName, value]) => ({
        MetricName,
        [typeof value === 'number' ? 'Value' : 'Value.$']: value,
        Unit: 'Count',
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      })),
    },
    ResultPath: null,
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: next }],
    Next: next,
  };
}
