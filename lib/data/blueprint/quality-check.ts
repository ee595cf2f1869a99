import type { Duration } from 'aws-cdk-lib';
import type { ContractJson } from './contract-file';
import type { QualitySample, QualityTrigger } from './quality-choices';
import { asksForAnything, asksForFreshness, checkNewestPartition, checkPatterns, checkRules, checkSuiteColumns, IN_THE_TASK } from './quality-rules';
import { checkInteger, checkText, kebab, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import { wholeSeconds } from '../../network/blueprint/durations';

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
  /** Who counts. */
  readonly engine: 'task' | 'Athena' | 'Spark';
  readonly inS3Tables: boolean;
  readonly triggers: QualityTrigger[];
  readonly hasBus: boolean;
  readonly reportPrefix?: string;
}

/** A check, decided. */
export interface QualityCheckBlueprint {
  /** `all`, `newest-snapshot` or `rows:100000`. */
  readonly sample: string;
  readonly onDataArrived: boolean;
  /** Expressions of EventBridge Scheduler. */
  readonly schedules: string[];
  readonly namespace: string;
}

/** CloudWatch namespace of the metrics. */
export const QUALITY_NAMESPACE = 'MlPlatform/Data';
const PREFIX = { pattern: /^[A-Za-z0-9]([A-Za-z0-9_.=/-]*[A-Za-z0-9])?$/, allowed: 'letters, digits and _ . = / - without a slash at the ends' };
const CRON = { pattern: /^(\S+ ){5}\S+$/, allowed: 'six fields with a space between them, for example \'0 6 * * ? *\'' };

/** Decides on a check; every fault of the check files is noted. */
export function qualityCheck(faults: Faults, input: QualityCheckInput): QualityCheckBlueprint {
  checkFiles(faults, input);
  if (input.engine !== 'task') checkEngine(faults, input.engine, input);
  checkText(faults, 'reportPrefix', input.reportPrefix, PREFIX);
  return {
    sample: sampleOf(faults, input),
    onDataArrived: arrivals(faults, input),
    schedules: schedulesOf(faults, input.triggers),
    namespace: QUALITY_NAMESPACE,
  };
}

function checkFiles(faults: Faults, { tableName, contracts, suites, columnTypes, engine }: QualityCheckInput): void {
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
    if (engine !== 'task') checkPatterns(faults, engine, contract);
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

function checkEngine(faults: Faults, engine: 'Athena' | 'Spark', { sample, inS3Tables, columnTypes = {} }: QualityCheckInput): void {
  const code = engine.toLowerCase();
  const lost = { Athena: 'finds a table of S3 Tables only once the account has joined it to Glue', Spark: 'is configured for the catalog of Glue, and the table is in S3 Tables' };
  faults.check(!inS3Tables, `table-not-on-${code}`, `engine is ${engine}, which ${lost[engine]}; ${IN_THE_TASK[engine]}`);
  faults.check(sample === undefined || ['all', 'newest-partition'].includes(sample._kind), `sample-not-on-${code}`,
    `sample takes single rows or the files of a snapshot, which a query cannot; use QualitySample.all() or newestPartition(), or ${IN_THE_TASK[engine]}`);
  const times = Object.keys(columnTypes).filter((name) => columnTypes[name] === 'time');
  faults.check(engine !== 'Spark' || times.length === 0, 'table-not-on-spark',
    `columns ${times.join(', ')} have the type time, and Spark reads no table with one; ${IN_THE_TASK.Spark}`);
}

function sampleOf(faults: Faults, { sample, suites, contracts, engine, columnTypes, partitionTransforms }: QualityCheckInput): string {
  if (!sample) return suites.length > 0 && engine === 'task' ? 'rows:100000' : 'all';
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
