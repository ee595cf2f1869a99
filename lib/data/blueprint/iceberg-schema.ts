import type { Column } from './column';
import type { IcebergType, TypeShape } from './iceberg-type';
import { checkInteger, checkLiteral, checkText, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** A field with its id. Nested types are Iceberg's JSON, as text: CloudFormation takes a string. */
export interface FieldBlueprint {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly doc?: string;
}

/** A field that partitions, sort orders and identifiers can name. */
export interface NamedField {
  readonly id: number;
  readonly shape: TypeShape;
  readonly required: boolean;
}

/** A schema with ids. */
export interface SchemaBlueprint {
  readonly fields: FieldBlueprint[];
  /** Fields by path; those inside lists and maps are absent, because nothing can name them. */
  readonly byPath: ReadonlyMap<string, NamedField>;
  /** Whether a column is a struct, list or map. */
  readonly nested: boolean;
}

/** JSON of a type, as in appendix C of Iceberg's specification. */
type TypeJson = string | { [key: string]: TypeJson | number | boolean | object[] };

const NAME = { pattern: /^[a-z_][a-z0-9_]{0,254}$/, allowed: '1 to 255 lower-case letters, digits or underscores, not starting with a digit: Glue and Athena fold everything else' };
const MAX_ID = 2_147_483_447;
const MAX_DEPTH = 32;

/** Checks columns and gives each field, at every depth, its id: first all of a level, then what lies inside, as Iceberg does itself. */
export function icebergSchema(faults: Faults, columns: Column[]): SchemaBlueprint {
  const schema = new SchemaBuilder(faults);
  const fields = schema.topLevel(columns);
  return { fields, byPath: schema.byPath, nested: columns.some(({ type }) => isNested(type._shape)) };
}

/** True for what Iceberg calls nested types. */
export function isNested(shape: TypeShape): boolean {
  return shape.kind === 'struct' || shape.kind === 'list' || shape.kind === 'map';
}

class SchemaBuilder {
  readonly byPath = new Map<string, NamedField>();
  private readonly taken = new Set<number>();
  private cursor = 1;

  constructor(private readonly faults: Faults) {}

  topLevel(columns: Column[]): FieldBlueprint[] {
    this.faults.check(columns.length > 0, 'no-columns', 'columns is empty, and a table needs at least one; add Column.required or Column.optional');
    this.reserve(columns, 0);
    return this.fields(columns, 'columns', '', 0).map(({ id, column, json }) => ({
      id, name: column.name, required: column.isRequired, doc: column.comment,
      type: typeof json === 'string' ? json : JSON.stringify(json),
    }));
  }

  /** Ids that were set are never given to another field, at whatever depth they stand. */
  private reserve(columns: Column[], depth: number): void {
    for (const { name, fieldId, type } of columns) {
      if (fieldId !== undefined && checkLiteral(this.faults, `columns[${show(name)}].fieldId`, fieldId)) {
        checkInteger(this.faults, `columns[${show(name)}].fieldId`, fieldId, { min: 1, max: MAX_ID });
        this.faults.check(!this.taken.has(fieldId), 'duplicate-field-id',
          `fieldId ${show(fieldId)} of column ${show(name)} is that of another column; give it a number that no column of the table has, nested ones included`);
        this.taken.add(fieldId);
      }
      this.reserveInside(type._shape, depth);
    }
  }

  private reserveInside(shape: TypeShape, depth: number): void {
    if (depth > MAX_DEPTH) return;
    if (shape.kind === 'struct') this.reserve(shape.fields, depth + 1);
    for (const inner of children(shape)) this.reserveInside(inner._shape, depth + 1);
  }

  private nextId(): number {
    while (this.taken.has(this.cursor)) this.cursor++;
    this.taken.add(this.cursor);
    return this.cursor;
  }

  /** `path` is undefined inside lists and maps. */
  private fields(columns: Column[], property: string, path: string | undefined, depth: number): { id: number; column: Column; json: TypeJson }[] {
    columns.forEach((column, index) => this.checkColumn(`${property}[${index}]`, column));
    checkUnique(this.faults, property, columns.map(({ name }) => String(name)).filter((name) => !isUnresolved(name)));
    const withIds = columns.map((column) => ({ column, id: column.fieldId ?? this.nextId() }));
    return withIds.map(({ column, id }) => {
      const own = path === undefined ? undefined : path + column.name;
      if (own !== undefined) this.byPath.set(own, { id, shape: column.type._shape, required: column.isRequired });
      return { id, column, json: this.type(column.type, `${property}[${show(column.name)}]`, own, depth) };
    });
  }

  private checkColumn(property: string, { name, comment }: Column): void {
    if (checkLiteral(this.faults, `${property}.name`, name)) checkText(this.faults, `${property}.name`, name, NAME);
    if (comment !== undefined && !isUnresolved(comment)) {
      this.faults.check(comment.length <= 255, 'comment-too-long', `comment of column ${show(name)} has ${comment.length} characters, allowed are 255; shorten it`);
    }
  }

  private type({ _shape: shape }: IcebergType, property: string, path: string | undefined, depth: number): TypeJson {
    if (depth > MAX_DEPTH) {
      this.faults.add('type-too-deep', `${property} is nested more than ${MAX_DEPTH} levels deep; flatten it`);
      return 'string';
    }
    switch (shape.kind) {
      case 'primitive': return shape.name;
      case 'decimal': return this.decimal(shape.precision, shape.scale, property);
      case 'fixed': return this.fixed(shape.length, property);
      case 'struct': return this.struct(shape.fields, property, path, depth);
      case 'list': return this.list(shape.element, shape.required, property, depth);
      case 'map': return this.map(shape.key, shape.value, shape.required, property, depth);
    }
  }

  private decimal(precision: number, scale: number, property: string): string {
    if (checkLiteral(this.faults, `${property}.decimal`, [precision, scale])) {
      checkInteger(this.faults, `${property}.precision`, precision, { min: 1, max: 38, unit: 'digits' });
      checkInteger(this.faults, `${property}.scale`, scale, { min: 0, max: Number.isInteger(precision) && precision > 0 ? Math.min(precision, 38) : 38, unit: 'digits' });
    }
    return `decimal(${precision},${scale})`;
  }

  private fixed(length: number, property: string): string {
    if (checkLiteral(this.faults, `${property}.length`, length)) checkInteger(this.faults, `${property}.length`, length, { min: 1, max: 2_147_483_647, unit: 'bytes' });
    return `fixed[${length}]`;
  }

  private struct(columns: Column[], property: string, path: string | undefined, depth: number): TypeJson {
    this.faults.check(columns.length > 0, 'empty-struct', `${property} is a struct without fields; add Column.required or Column.optional`);
    const fields = this.fields(columns, `${property}.fields`, path === undefined ? undefined : `${path}.`, depth + 1);
    return {
      type: 'struct',
      fields: fields.map(({ id, column, json }) => ({
        id, name: column.name, required: column.isRequired, type: json, ...(column.comment === undefined ? {} : { doc: column.comment }),
      })),
    };
  }

  private list(element: IcebergType, required: boolean, property: string, depth: number): TypeJson {
    const id = this.nextId();
    return { 'type': 'list', 'element-id': id, 'element': this.type(element, `${property}.element`, undefined, depth + 1), 'element-required': required };
  }

  private map(key: IcebergType, value: IcebergType, required: boolean, property: string, depth: number): TypeJson {
    const [keyId, valueId] = [this.nextId(), this.nextId()];
    return {
      'type': 'map',
      'key-id': keyId,
      'key': this.type(key, `${property}.key`, undefined, depth + 1),
      'value-id': valueId,
      'value': this.type(value, `${property}.value`, undefined, depth + 1),
      'value-required': required,
    };
  }
}

function children(shape: TypeShape): IcebergType[] {
  if (shape.kind === 'list') return [shape.element];
  return shape.kind === 'map' ? [shape.key, shape.value] : [];
}
