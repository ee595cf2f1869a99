/**
 * Type of a feature, as Feast's `ValueType` names it.
 *
 * @see https://docs.feast.dev/reference/type-system
 */
export class FeatureType {
  /** Text; in Python `String`. */
  static readonly STRING = new FeatureType('STRING', ['string', 'uuid']);
  /** Bytes; in Python `Bytes`. */
  static readonly BYTES = new FeatureType('BYTES', ['binary', 'fixed']);
  /** True or false; in Python `Bool`. */
  static readonly BOOL = new FeatureType('BOOL', ['boolean']);
  /** 32-bit whole number; in Python `Int32`. */
  static readonly INT32 = new FeatureType('INT32', ['int']);
  /** 64-bit whole number; in Python `Int64`. */
  static readonly INT64 = new FeatureType('INT64', ['int', 'long']);
  /** 32-bit floating point number; in Python `Float32`. */
  static readonly FLOAT32 = new FeatureType('FLOAT', ['float']);
  /** 64-bit floating point number; in Python `Float64`. Decimals of a table are rounded to it. */
  static readonly FLOAT64 = new FeatureType('DOUBLE', ['int', 'long', 'float', 'double', 'decimal']);
  /** A moment; in Python `UnixTimestamp`. */
  static readonly UNIX_TIMESTAMP = new FeatureType('UNIX_TIMESTAMP', ['timestamp', 'timestamptz']);

  /**
   * Values of one type, in order; in Python `Array(...)`.
   *
   * @param element type of the values
   */
  static listOf(element: FeatureType): FeatureType {
    return new FeatureType(`${element.valueType}_LIST`, element._columnTypes.map((name) => `list<${name}`));
  }

  private constructor(
    /** Name in Feast's `ValueType`, for example `INT64`. */
    readonly valueType: string,
    /** @internal */
    readonly _columnTypes: string[],
  ) {}

  /**
   * Whether a column of a table can feed the feature.
   *
   * @internal
   */
  _takes(columnType: string): boolean {
    return this._columnTypes.some((name) => columnType === name || columnType.startsWith(`${name}(`) || columnType.startsWith(`${name}[`)
      || (name.startsWith('list<') && (columnType.startsWith(`${name}>`) || columnType.startsWith(`${name}(`))));
  }
}

/** A feature of a view: a column of the table that feeds it. */
export class Feature {
  /**
   * A feature that is a column of the table.
   *
   * @param name name of the feature and of its column
   * @param type type in Feast
   */
  static of(name: string, type: FeatureType): Feature {
    return new Feature(name, type);
  }

  private constructor(
    /** Name of the feature and of its column. */
    readonly name: string,
    /** Type in Feast. */
    readonly type: FeatureType,
  ) {}
}
