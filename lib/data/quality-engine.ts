import type { IAthenaWorkgroup } from './interfaces';

/** Where a `DataQualityCheck` looks at the values of a table. `SparkQualityCheck` has an engine of its own. */
export class QualityEngine {
  /** In the task itself, which reads the rows: Arrow judges the contract, and pandas the suites of Great Expectations. */
  static task(): QualityEngine {
    return new QualityEngine(undefined);
  }

  /**
   * In Athena, which counts; no row comes to the task. The contract is one statement, a suite of Great Expectations some for each expectation.
   * It reads every row of the snapshot, of Parquet only the columns that are checked, and each of them is billed by its size.
   *
   * The report then names no places of failing rows. NaN is missing to the contract, and a value to a suite. Expectations about regular
   * expressions, quantiles and types are not computed, so that a suite with one ends without a verdict.
   *
   * @param workgroup workgroup that the queries run in; its scan limit ends a run that would read more, without a verdict
   */
  static athena(workgroup: IAthenaWorkgroup): QualityEngine {
    return new QualityEngine(workgroup);
  }

  private constructor(
    /** @internal */
    readonly _workgroup: IAthenaWorkgroup | undefined,
  ) {}
}
