import type { Partition } from './partition';
import type { Sort } from './sort';

/** How a table is laid out and described, beside its columns. */
export interface TableLayout {
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
