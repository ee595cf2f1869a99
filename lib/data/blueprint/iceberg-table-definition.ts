import type { Column } from './column';
import type { DataContract } from './data-contract';
import type { Partition } from './partition';
import type { Sort } from './sort';

/** What a table is, for whichever engine makes it. */
export interface IcebergTableDefinition {
  /**
   * Columns, in order.
   *
   * @default - those of the contract
   */
  readonly columns?: Column[];

  /**
   * The contract that says what the table is, and through which it evolves; then nothing else may say so.
   *
   * @default - columns, partitions and so on are given here, and must not change once data is written
   */
  readonly contract?: DataContract;

  /**
   * Name of the table, in lower case.
   *
   * @default - that of the contract, else the id in snake case: `CardPayments` becomes `card_payments`
   */
  readonly tableName?: string;

  /**
   * How the table is cut into parts.
   *
   * @default - not at all
   */
  readonly partitionBy?: Partition[];

  /**
   * How rows are ordered inside data files.
   *
   * @default - as they are written
   */
  readonly sortBy?: Sort[];

  /**
   * Required columns that together identify a row.
   *
   * @default - none
   */
  readonly identifiedBy?: string[];

  /**
   * What the table holds.
   *
   * @default - none
   */
  readonly comment?: string;

  /**
   * Further table properties.
   *
   * @default - Iceberg's defaults
   * @see https://iceberg.apache.org/docs/latest/configuration/
   */
  readonly properties?: { readonly [key: string]: string };
}
