import type { Column } from './column';

/** How a type is built: for the blueprint only. */
export type TypeShape =
  | { readonly kind: 'primitive'; readonly name: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'struct'; readonly fields: Column[] }
  | { readonly kind: 'list'; readonly element: IcebergType; readonly required: boolean }
  | { readonly kind: 'map'; readonly key: IcebergType; readonly value: IcebergType; readonly required: boolean };

/**
 * Type of a column, as Iceberg's format version 2 has them.
 *
 * @see https://iceberg.apache.org/spec/#schemas-and-data-types
 */
export class IcebergType {
  /** True or false. */
  static readonly BOOLEAN = IcebergType.primitive('boolean');
  /** 32-bit whole number. */
  static readonly INT = IcebergType.primitive('int');
  /** 64-bit whole number. */
  static readonly LONG = IcebergType.primitive('long');
  /** 32-bit floating point number. */
  static readonly FLOAT = IcebergType.primitive('float');
  /** 64-bit floating point number. */
  static readonly DOUBLE = IcebergType.primitive('double');
  /** Date without a time. */
  static readonly DATE = IcebergType.primitive('date');
  /** Time of day in microseconds, without a date. */
  static readonly TIME = IcebergType.primitive('time');
  /** Date and time in microseconds, without a time zone. */
  static readonly TIMESTAMP = IcebergType.primitive('timestamp');
  /** A moment in microseconds, stored as UTC. */
  static readonly TIMESTAMPTZ = IcebergType.primitive('timestamptz');
  /** Text of any length. */
  static readonly STRING = IcebergType.primitive('string');
  /** Universally unique identifier. Athena does not write it. */
  static readonly UUID = IcebergType.primitive('uuid');
  /** Bytes of any number. */
  static readonly BINARY = IcebergType.primitive('binary');

  /**
   * Decimal number with a fixed number of digits.
   *
   * @param precision digits in all, 1 to 38
   * @param scale digits after the point, 0 to `precision`
   */
  static decimal(precision: number, scale: number): IcebergType {
    return new IcebergType({ kind: 'decimal', precision, scale });
  }

  /**
   * Bytes of a fixed number.
   *
   * @param length number of bytes, at least 1
   */
  static fixed(length: number): IcebergType {
    return new IcebergType({ kind: 'fixed', length });
  }

  /** Named fields, each with its own type. */
  static struct(...fields: Column[]): IcebergType {
    return new IcebergType({ kind: 'struct', fields });
  }

  /**
   * Values of one type, in order.
   *
   * @param element type of the values
   * @param elementRequired whether no value may be null; default: false
   */
  static list(element: IcebergType, elementRequired: boolean = false): IcebergType {
    return new IcebergType({ kind: 'list', element, required: elementRequired });
  }

  /**
   * Values found by key; keys are never null.
   *
   * @param key type of the keys
   * @param value type of the values
   * @param valueRequired whether no value may be null; default: false
   */
  static map(key: IcebergType, value: IcebergType, valueRequired: boolean = false): IcebergType {
    return new IcebergType({ kind: 'map', key, value, required: valueRequired });
  }

  private static primitive(name: string): IcebergType {
    return new IcebergType({ kind: 'primitive', name });
  }

  /** @internal */
  readonly _shape: TypeShape;

  private constructor(shape: TypeShape) {
    this._shape = shape;
  }

  /** The type as SQL people write it, for example `decimal(12,2)` or `list<string>`. */
  toString(): string {
    const shape = this._shape;
    switch (shape.kind) {
      case 'primitive': return shape.name;
      case 'decimal': return `decimal(${shape.precision},${shape.scale})`;
      case 'fixed': return `fixed[${shape.length}]`;
      case 'struct': return `struct<${shape.fields.map((field) => `${field.name}: ${field.type}`).join(', ')}>`;
      case 'list': return `list<${shape.element}>`;
      case 'map': return `map<${shape.key}, ${shape.value}>`;
    }
  }
}
