import type { Duration } from 'aws-cdk-lib';
import type { DataContract } from './data-contract';

/** What a table is held against: its contract, or suites of Great Expectations. */
export class QualityChecks {
  /**
   * The checks of a contract, required fields and identifiers included. They run on Arrow, batch by batch: fast, and cheap in memory.
   *
   * @param contract contract of the table
   */
  static contract(contract: DataContract): QualityChecks {
    return new QualityChecks(contract, undefined);
  }

  /**
   * A suite of Great Expectations, as `suite.to_json_dict()` writes it. It runs on pandas, so the rows have to fit into memory.
   *
   * @param file path of the JSON file, from the folder in which synthesis runs
   * @see https://docs.greatexpectations.io/docs/core/define_expectations/organize_expectation_suites/
   */
  static suite(file: string): QualityChecks {
    return new QualityChecks(undefined, file);
  }

  private constructor(
    /** @internal */
    readonly _contract: DataContract | undefined,
    /** @internal */
    readonly _suite: string | undefined,
  ) {}
}

/** When a table is checked. */
export class QualityTrigger {
  /** Each time that `Data Arrived` names the table on the bus; the snapshot of the event is checked. */
  static onDataArrived(): QualityTrigger {
    return new QualityTrigger(undefined, undefined);
  }

  /**
   * At equal distances.
   *
   * @param interval whole minutes, at least 1
   */
  static rate(interval: Duration): QualityTrigger {
    return new QualityTrigger(interval, undefined);
  }

  /**
   * At fixed times, in UTC.
   *
   * @param expression six fields: minutes, hours, day of month, month, day of week, year; for example `0 6 * * ? *`
   * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
   */
  static cron(expression: string): QualityTrigger {
    return new QualityTrigger(undefined, expression);
  }

  private constructor(
    /** @internal */
    readonly _interval: Duration | undefined,
    /** @internal */
    readonly _cron: string | undefined,
  ) {}
}

/** Which rows are looked at. */
export class QualitySample {
  /** Every row. A run reads every data file, but of Parquet only the columns that the checks name. */
  static all(): QualitySample {
    return new QualitySample('all');
  }

  /**
   * So many rows at equal steps from at least 20 data files, if the table has them. The same snapshot gives the same sample.
   *
   * @param rows number of rows, 1 to 100 million
   */
  static rows(rows: number): QualitySample {
    return new QualitySample('rows', rows);
  }

  /** The rows that the snapshot added; what older snapshots brought is not looked at again. Uniqueness then holds among the new rows. */
  static newestSnapshot(): QualitySample {
    return new QualitySample('newest-snapshot');
  }

  /**
   * The rows of the newest partition: of the greatest year, month, day, hour, date or timestamp that the table is cut by. Manifests
   * tell which one it is, so that nothing else of the table is read. Files from before the table was cut that way do not count.
   *
   * @param column partition column that says what is new, for example a string `dt` with dates as text; without it the first one
   *   that is a time
   */
  static newestPartition(column?: string): QualitySample {
    return new QualitySample('newest-partition', undefined, column);
  }

  private constructor(
    /** @internal */
    readonly _kind: 'all' | 'rows' | 'newest-snapshot' | 'newest-partition',
    /** @internal */
    readonly _rows?: number,
    /** @internal */
    readonly _column?: string,
  ) {}
}
