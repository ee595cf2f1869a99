import type { Duration } from 'aws-cdk-lib';
import type { ContractJson } from './contract-file';
import type { QualitySample, QualityTrigger } from './quality-choices';
import { asksForAnything, asksForFreshness, checkNewestPartition, checkPatternsOnAthena, checkRules, checkSuiteColumns } from './quality-rules';
import { checkInteger, checkText, kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import { wholeSeconds } from '../../network/blueprint/durations';
import { checkFargateSize } from '../../network/blueprint/fargate-size';
import { runTaskState, type JobPatience, type JobPlan, type JobTarget } from '../../network/blueprint/job-plan';

/** A suite's file, read. */
export interface SuiteFile {
  readonly file: string;
  /** Undefined if there is no such file. */
  readonly text?: string;
}

/** What a user may say about a check, and what the construct knows. */
export interface QualityCheckInput {
  readonly tableName: string;
  /** Resolved contracts; undefined stands for one that has faults. */
  readonly contracts: (ContractJson | undefined)[];
  readonly suites: SuiteFile[];
  /** Types of the table's columns, if they are known. */
  readonly columnTypes?: { readonly [name: string]: string };
  /** How the table is cut, if it is known. */
  readonly partitionTransforms?: { readonly [column: string]: string };
  readonly sample?: QualitySample;
  readonly onAthena: boolean;
  readonly inS3Tables: boolean;
  readonly triggers: QualityTrigger[];
  readonly hasBus: boolean;
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly timeout?: Duration;
  readonly reportPrefix?: string;
}

/** A check, decided. */
export interface QualityCheckBlueprint extends JobPlan, JobPatience {
  /** Stage of the runtime image. */
  readonly target: 'data' | 'quality';
  /** `all`, `newest-snapshot` or `rows:100000`. */
  readonly sample: string;
  /** What may be kept in memory at once: an eighth of the task's, because judging it takes five times as much (measured). */
  readonly keptMiB: number;
  readonly onDataArrived: boolean;
  /** Expressions of EventBridge Scheduler. */
  readonly schedules: string[];
  readonly namespace: string;
}

/** CloudWatch namespace of the metrics. */
export const QUALITY_NAMESPACE = 'MlPlatform/Data';
/** Exit code of a run that found bad data. */
const BAD_DATA = 4;
const PREFIX = { pattern: /^[A-Za-z0-9]([A-Za-z0-9_.=/-]*[A-Za-z0-9])?$/, allowed: 'letters, digits and _ . = / - without a slash at the ends' };
const CRON = { pattern: /^(\S+ ){5}\S+$/, allowed: 'six fields with a space between them, for example \'0 6 * * ? *\'' };

/** Decides on a check; every fault of the check files is noted. */
export function qualityCheck(faults: Faults, input: QualityCheckInput): QualityCheckBlueprint {
  checkFiles(faults, input);
  if (input.onAthena) checkAthena(faults, input);
  const whole = input.suites.length > 0;
  const cpu = input.cpu ?? (whole ? 1024 : 512);
  const memoryLimitMiB = input.memoryLimitMiB ?? (whole ? 4096 : 2048);
  checkFargateSize(faults, cpu, memoryLimitMiB);
  checkText(faults, 'reportPrefix', input.reportPrefix, PREFIX);
  return {
    target: whole ? 'quality' : 'data',
    command: ['python', '-m', 'ml_platform_runtime', 'quality', 'check'],
    cpu,
    memoryLimitMiB,
    logPrefix: 'quality',
    sample: sampleOf(faults, input),
    keptMiB: Math.floor(memoryLimitMiB / 8),
    timeoutSeconds: wholeSeconds(faults, 'timeout', input.timeout, { min: 60, max: 86_400, otherwise: 3600 }),
    // a task that ran is not run again: the same data gets the same verdict
    tries: 1,
    onDataArrived: arrivals(faults, input),
    schedules: schedulesOf(faults, input.triggers),
    namespace: QUALITY_NAMESPACE,
  };
}

function checkFiles(faults: Faults, { tableName, contracts, suites, columnTypes, onAthena }: QualityCheckInput): void {
  faults.check(contracts.length + suites.length > 0, 'no-checks',
    'checks is empty and the table has no contract, so nothing would be checked; give QualityChecks.contract or QualityChecks.suite');
  faults.check(contracts.length <= 1, 'duplicate-contract', 'checks has more than one contract, but a table has one; keep one of them');
  for (const contract of contracts) {
    if (!contract) continue;
    faults.check(isUnresolved(tableName) || contract.table === tableName, 'contract-of-another-table',
      `checks has the contract of table ${show(contract.table)}, not of ${show(tableName)}; give the one of this table`);
    faults.check(suites.length > 0 || asksForAnything(contract), 'no-checks',
      `the contract of ${show(contract.table)} has neither checks nor required columns, so nothing would be checked; add checks to it`);
    checkRules(faults, contract);
    if (onAthena) checkPatternsOnAthena(faults, contract);
  }
  for (const suite of suites) checkSuite(faults, suite, columnTypes && Object.keys(columnTypes));
}

function checkSuite(faults: Faults, { file, text }: SuiteFile, columns: string[] | undefined): void {
  if (!faults.check(text !== undefined, 'missing-suite', `suite '${file}' does not exist; give the path of a file from the folder in which synthesis runs`)) return;
  const suite = parse(text ?? '');
  const fine = typeof suite?.name === 'string' && Array.isArray(suite.expectations) && suite.expectations.length > 0
    && suite.expectations.every((one: unknown) => typeof (one as { type?: unknown } | null)?.type === 'string');
  faults.check(fine, 'invalid-suite', `suite '${file}' is no suite of Great Expectations with a name and expectations; write it with suite.to_json_dict()`);
  if (fine && columns) checkSuiteColumns(faults, file, suite.expectations as unknown[], columns);
}

function parse(text: string): { name?: unknown; expectations?: unknown } | undefined {
  try {
    return JSON.parse(text) as { name?: unknown; expectations?: unknown };
  } catch {
    return undefined;
  }
}

function checkAthena(faults: Faults, { sample, inS3Tables }: QualityCheckInput): void {
  faults.check(!inS3Tables, 'table-not-on-athena',
    'engine is Athena, which finds a table of S3 Tables only once the account has joined it to Glue; use QualityEngine.task()');
  faults.check(sample === undefined || ['all', 'newest-partition'].includes(sample._kind), 'sample-not-on-athena',
    'sample takes single rows or the files of a snapshot, which a query cannot; use QualitySample.all() or newestPartition(), or QualityEngine.task()');
}

function sampleOf(faults: Faults, { sample, suites, contracts, onAthena, columnTypes, partitionTransforms }: QualityCheckInput): string {
  if (!sample) return suites.length > 0 && !onAthena ? 'rows:100000' : 'all';
  if (sample._kind === 'newest-partition') {
    checkNewestPartition(faults, sample._column, columnTypes, partitionTransforms);
    return ['newest-partition', ...(sample._column === undefined ? [] : [sample._column])].join(':');
  }
  if (sample._kind !== 'rows') return sample._kind;
  checkInteger(faults, 'sample.rows', sample._rows, { min: 1, max: 100_000_000 });
  const fresh = contracts.some((contract) => contract !== undefined && asksForFreshness(contract));
  faults.check(!fresh, 'sample-hides-freshness',
    'sample takes rows from anywhere, and the contract asks for maxAge, whose newest row may not be among them; use QualitySample.all() or newestSnapshot()');
  return `rows:${sample._rows}`;
}

function arrivals(faults: Faults, { triggers, hasBus }: QualityCheckInput): boolean {
  const wanted = triggers.filter(({ _interval, _cron }) => _interval === undefined && _cron === undefined).length;
  faults.check(wanted === 0 || hasBus, 'no-event-bus', 'triggers has onDataArrived, but there is no eventBus on which data could arrive; give eventBus');
  faults.check(wanted <= 1, 'duplicate-triggers', 'triggers has onDataArrived more than once; keep one of them');
  return wanted > 0;
}

function schedulesOf(faults: Faults, triggers: QualityTrigger[]): string[] {
  const schedules = triggers.flatMap(({ _interval, _cron }) => {
    if (_interval !== undefined) return [rate(faults, _interval)];
    if (_cron === undefined) return [];
    checkText(faults, 'triggers.cron', _cron, CRON);
    return [`cron(${_cron})`];
  });
  for (const twice of new Set(schedules.filter((one, index) => schedules.indexOf(one) !== index))) {
    faults.add('duplicate-triggers', `triggers has ${twice} more than once; keep one of them`);
  }
  return schedules;
}

function rate(faults: Faults, interval: Duration): string {
  const seconds = wholeSeconds(faults, 'triggers.rate', interval, { min: 60, max: 31_536_000, otherwise: 60 });
  faults.check(seconds % 60 === 0, `invalid-${kebab('triggers.rate')}`, `triggers.rate of ${seconds} seconds is not in whole minutes; use whole minutes`);
  const minutes = seconds / 60;
  return `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`;
}

/**
 * The state machine around the task: it succeeds if the data is good, and fails with `DataQualityFailed` or `QualityCheckFailed` (no verdict).
 *
 * The verdict comes as the exit code of the task, which Step Functions shows in the cause of a failure.
 *
 * @param reports where the reports lie
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
 */
export function qualityMachine(target: JobTarget, plan: QualityCheckBlueprint, dimensions: { readonly [name: string]: string }, reports: string): object {
  return {
    Comment: 'Checks the values of a table',
    StartAt: 'Defaults',
    States: {
      Defaults: { Type: 'Pass', Result: { snapshotId: '', correlationId: '', causationId: '' }, ResultPath: '$.defaults', Next: 'Settings' },
      Settings: { Type: 'Pass', Parameters: { 'given.$': 'States.JsonMerge($.defaults, $$.Execution.Input, false)' }, Next: 'Check' },
      Check: checkState(target, plan),
      Passed: { Type: 'Pass', Result: { verdict: 'passed' }, End: true },
      Verdict: {
        Type: 'Choice',
        Choices: [{ Or: exitCodePatterns(BAD_DATA).map((pattern) => ({ Variable: '$.error.Cause', StringMatches: pattern })), Next: 'BadData' }],
        Default: 'CountWithoutVerdict',
      },
      BadData: { Type: 'Fail', Error: 'DataQualityFailed', Cause: `the data broke its checks; the report lies below ${reports}` },
      CountWithoutVerdict: countState(target.partition, plan.namespace, dimensions),
      NoVerdict: { Type: 'Fail', Error: 'QualityCheckFailed', Cause: 'the check ended without a verdict; the input of the state Verdict and the log of the task say why' },
    },
  };
}

/** Step Functions gives the task as JSON in a string. */
function exitCodePatterns(code: number): string[] {
  return [`*"ExitCode":${code},*`, `*"ExitCode":${code}}*`, `*"ExitCode": ${code},*`, `*"ExitCode": ${code}}*`];
}

function checkState(target: JobTarget, plan: QualityCheckBlueprint): object {
  const variable = (name: string, key: string) => ({ 'Name': name, 'Value.$': `$.given.${key}` });
  const environment = [
    variable('ML_QUALITY_SNAPSHOT', 'snapshotId'),
    variable('ML_QUALITY_CORRELATION_ID', 'correlationId'),
    variable('ML_QUALITY_CAUSATION_ID', 'causationId'),
  ];
  return {
    ...runTaskState(target, plan, environment),
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Verdict' }],
    Next: 'Passed',
  };
}

function countState(partition: string, namespace: string, dimensions: { readonly [name: string]: string }): object {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::aws-sdk:cloudwatch:putMetricData`,
    Parameters: {
      Namespace: namespace,
      MetricData: [{
        MetricName: 'RunsWithoutVerdict', Value: 1, Unit: 'Count',
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      }],
    },
    ResultPath: null,
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'NoVerdict' }],
    Next: 'NoVerdict',
  };
}
