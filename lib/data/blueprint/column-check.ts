import type { Duration } from 'aws-cdk-lib';

/**
 * What the values of a column must keep to. Required columns are checked for nulls in any case.
 *
 * The checks stand in the contract file, and data quality checks read them there.
 */
export interface ColumnCheck {
  /**
   * Least value allowed.
   *
   * @default - any
   */
  readonly min?: number;

  /**
   * Greatest value allowed.
   *
   * @default - any
   */
  readonly max?: number;

  /**
   * The only values allowed.
   *
   * @default - any
   */
  readonly oneOf?: string[];

  /**
   * Regular expression (RE2) that has to be found in every value.
   *
   * @default - any
   */
  readonly pattern?: string;

  /**
   * Whether no value may stand in two rows.
   *
   * @default false
   */
  readonly unique?: boolean;

  /**
   * Largest share of rows without a value, 0 to 1.
   *
   * @default - any for an optional column
   */
  readonly maxNullShare?: number;

  /**
   * Greatest age of the newest value of a date or timestamp.
   *
   * @default - any
   */
  readonly maxAge?: Duration;
}
