/** Where rows without a value go. */
export enum NullOrder {
  /** Before all others. */
  FIRST = 'nulls-first',
  /** After all others. */
  LAST = 'nulls-last',
}

/**
 * How rows are ordered inside data files, so that readers skip what they do not need.
 *
 * @see https://iceberg.apache.org/spec/#sorting
 */
export class Sort {
  /**
   * Small values first.
   *
   * @param nullOrder where nulls go; default: first
   */
  static ascending(column: string, nullOrder: NullOrder = NullOrder.FIRST): Sort {
    return new Sort(column, 'asc', nullOrder);
  }

  /**
   * Large values first.
   *
   * @param nullOrder where nulls go; default: last
   */
  static descending(column: string, nullOrder: NullOrder = NullOrder.LAST): Sort {
    return new Sort(column, 'desc', nullOrder);
  }

  private constructor(
    /** Column to order by; inside a struct with dots. */
    readonly column: string,
    /** `asc` or `desc`. */
    readonly direction: string,
    /** Where nulls go. */
    readonly nullOrder: NullOrder,
  ) {}
}
