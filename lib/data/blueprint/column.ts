import type { IcebergType } from './iceberg-type';

/** Options of a column, besides its name and type. */
export interface ColumnOptions {
  /**
   * What the column holds, at most 255 characters.
   *
   * @default - none
   */
  readonly comment?: string;

  /**
   * Iceberg's id of the column: data files find their columns by it, not by name.
   *
   * Ids are given by position. New columns go to the end; before a column is removed or moved, the ids of those after
   * it must be set to what they were, or their data would be read as another column's.
   *
   * @default - by position, from 1
   */
  readonly fieldId?: number;
}

/** A column of a table, or a field of a struct. */
export class Column {
  /** A column that never holds null. */
  static required(name: string, type: IcebergType, options: ColumnOptions = {}): Column {
    return new Column(name, type, true, options);
  }

  /** A column that may hold null. */
  static optional(name: string, type: IcebergType, options: ColumnOptions = {}): Column {
    return new Column(name, type, false, options);
  }

  /** What the column holds. */
  readonly comment?: string;
  /** Iceberg's id, if it was set. */
  readonly fieldId?: number;

  private constructor(
    /** Name: lower-case letters, digits and underscores. */
    readonly name: string,
    /** Type. */
    readonly type: IcebergType,
    /** Whether the column never holds null. */
    readonly isRequired: boolean,
    options: ColumnOptions,
  ) {
    this.comment = options.comment;
    this.fieldId = options.fieldId;
  }
}
