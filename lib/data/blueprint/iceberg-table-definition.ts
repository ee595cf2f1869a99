import type { Column } from './column';
import type { DataContract } from './data-contract';
import type { TableLayout } from './table-layout';

/** What a table is, for whichever engine makes it. */
export interface IcebergTableDefinition extends TableLayout {
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
}
