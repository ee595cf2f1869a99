/** What a transform is, for the blueprint only. */
export type TransformKind = 'identity' | 'year' | 'month' | 'day' | 'hour' | 'bucket' | 'truncate';

/**
 * How a table is cut into parts. Iceberg hides it from queries: a filter on the column is enough.
 *
 * A column inside a struct is named with dots: `address.city`.
 *
 * @see https://iceberg.apache.org/spec/#partitioning
 */
export class Partition {
  /** One part for each value. */
  static identity(column: string): Partition {
    return new Partition(column, 'identity');
  }

  /** One part for each year of a date or timestamp. */
  static year(column: string): Partition {
    return new Partition(column, 'year');
  }

  /** One part for each month of a date or timestamp. */
  static month(column: string): Partition {
    return new Partition(column, 'month');
  }

  /** One part for each day of a date or timestamp. */
  static day(column: string): Partition {
    return new Partition(column, 'day');
  }

  /** One part for each hour of a timestamp. */
  static hour(column: string): Partition {
    return new Partition(column, 'hour');
  }

  /**
   * A fixed number of parts by a hash of the value.
   *
   * @param buckets number of parts, at least 1
   */
  static bucket(column: string, buckets: number): Partition {
    return new Partition(column, 'bucket', buckets);
  }

  /**
   * One part for each beginning of a text, or for each range of a number.
   *
   * @param width characters, bytes or size of the range, at least 1
   */
  static truncate(column: string, width: number): Partition {
    return new Partition(column, 'truncate', width);
  }

  /** @internal */
  readonly _kind: TransformKind;
  /** @internal */
  readonly _parameter?: number;

  private constructor(
    /** Column that the parts are made from. */
    readonly column: string,
    kind: TransformKind,
    parameter?: number,
  ) {
    this._kind = kind;
    this._parameter = parameter;
  }

  /** Iceberg's spelling of the transform, for example `bucket[16]`. */
  get transform(): string {
    return this._parameter === undefined ? this._kind : `${this._kind}[${this._parameter}]`;
  }
}
