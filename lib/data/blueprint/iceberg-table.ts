import type { Column } from './column';
import { FieldBlueprint, icebergSchema, isNested, NamedField, SchemaBlueprint } from './iceberg-schema';
import type { TypeShape } from './iceberg-type';
import type { Partition, TransformKind } from './partition';
import type { Sort } from './sort';
import type { TableLayout } from './table-layout';
import { checkInteger, checkLiteral, checkText, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { isUnresolved } from '../../core/private/tokens';

/** What a user may say about a table, in every engine. */
export interface IcebergTableInput extends TableLayout {
  readonly tableName: string;
  readonly columns: Column[];
}

/** A table, decided: the whole of what Glue has to know, because an update that holds less makes it forget that this is Iceberg. */
export interface IcebergTableBlueprint {
  readonly tableName: string;
  /** Where the table lies inside its bucket, without slashes at the ends. */
  readonly prefix: string;
  /** Iceberg's format version. */
  readonly formatVersion: string;
  readonly schema: { type: 'struct'; schemaId: number; fields: FieldBlueprint[]; identifierFieldIds?: number[] };
  readonly partitionSpec?: { specId: number; fields: { fieldId: number; sourceId: number; name: string; transform: string }[] };
  readonly writeOrder?: { orderId: number; fields: { sourceId: number; transform: string; direction: string; nullOrder: string }[] };
  readonly properties: { [key: string]: string };
  /** Whether a column is a struct, list or map. */
  readonly nested: boolean;
}

/** Name of a table or database that Glue, Athena and Spark all take as it is. */
export const SQL_NAME = { pattern: /^[a-z][a-z0-9_]{0,127}$/, allowed: '1 to 128 lower-case letters, digits or underscores, starting with a letter' };

/** Properties that the catalog or the construct owns. */
const OWNED = new Map([
  ['format-version', 'it is always 2'],
  ['comment', 'use the property comment of the construct'],
  ['location', 'it follows from the lake'],
  ['table_type', 'the catalog writes it'],
  ['metadata_location', 'the catalog writes it'],
  ['previous_metadata_location', 'the catalog writes it'],
  ['write.data.path', 'rights of readers and writers end at the table\'s prefix'],
  ['write.metadata.path', 'rights of readers and writers end at the table\'s prefix'],
  ['write.object-storage.path', 'rights of readers and writers end at the table\'s prefix'],
  ['write.folder-storage.path', 'rights of readers and writers end at the table\'s prefix'],
]);

const TIMES = ['timestamp', 'timestamptz'];
const BUCKETS = ['int', 'long', 'decimal', 'date', 'time', ...TIMES, 'string', 'uuid', 'fixed', 'binary'];

/** Which types a transform takes. https://iceberg.apache.org/spec/#partition-transforms */
const TAKES: Record<Exclude<TransformKind, 'identity'>, readonly string[]> = {
  year: ['date', ...TIMES],
  month: ['date', ...TIMES],
  day: ['date', ...TIMES],
  hour: TIMES,
  bucket: BUCKETS,
  truncate: ['int', 'long', 'decimal', 'string', 'binary'],
};
const MAX_PARAMETER = 2_147_483_647;

/** Decides on a table; the engine creates what this says. */
export function icebergTable(faults: Faults, input: IcebergTableInput): IcebergTableBlueprint {
  if (checkLiteral(faults, 'tableName', input.tableName)) checkText(faults, 'tableName', input.tableName, SQL_NAME);
  const schema = icebergSchema(faults, input.columns);
  return {
    tableName: input.tableName,
    prefix: `tables/${input.tableName}`,
    formatVersion: '2',
    schema: { type: 'struct', schemaId: 0, fields: schema.fields, identifierFieldIds: identifiers(faults, schema, input.identifiedBy ?? []) },
    partitionSpec: partitionSpec(faults, schema, input.partitionBy ?? []),
    writeOrder: writeOrder(faults, schema, input.sortBy ?? []),
    properties: properties(faults, input),
    nested: schema.nested,
  };
}

function partitionSpec(faults: Faults, schema: SchemaBlueprint, partitions: Partition[]): IcebergTableBlueprint['partitionSpec'] {
  if (partitions.length === 0) return undefined;
  const fields = partitions.map((partition, index) => {
    const source = find(faults, schema, 'partitionBy', partition.column);
    if (source) checkTransform(faults, partition, source.shape);
    return { fieldId: 1000 + index, sourceId: source?.id ?? 0, name: partitionName(partition), transform: partition.transform };
  });
  checkUnique(faults, 'partitionBy', partitions.map(redundancyKey));
  for (const { name, sourceId, transform } of fields) {
    const other = schema.byPath.get(name);
    faults.check(other === undefined || (transform === 'identity' && other.id === sourceId), 'partition-name-taken',
      `partitionBy makes a partition named ${show(name)}, which is also the name of a column; rename that column`);
  }
  return { specId: 0, fields };
}

/** The names that Iceberg's own builder gives. */
function partitionName({ column, _kind: kind }: Partition): string {
  if (kind === 'identity') return column;
  return kind === 'truncate' ? `${column}_trunc` : `${column}_${kind}`;
}

/** Year, month, day and hour of one column say the same: Iceberg takes only one of them. */
function redundancyKey({ column, _kind: kind }: Partition): string {
  return ['year', 'month', 'day', 'hour'].includes(kind) ? `${column} by time` : `${column} by ${kind}`;
}

function checkTransform(faults: Faults, { column, transform, _kind: kind, _parameter: parameter }: Partition, shape: TypeShape): void {
  if (kind === 'bucket' || kind === 'truncate') {
    const property = `partitionBy[${show(column)}].${kind === 'bucket' ? 'buckets' : 'width'}`;
    if (checkLiteral(faults, property, parameter)) checkInteger(faults, property, parameter ?? NaN, { min: 1, max: MAX_PARAMETER });
  }
  const type = shape.kind === 'primitive' ? shape.name : shape.kind;
  const takes = kind === 'identity' ? undefined : TAKES[kind];
  faults.check(takes ? takes.includes(type) : !isNested(shape), 'invalid-partition-type',
    `partitionBy ${isUnresolved(parameter) ? kind : transform} does not take column ${show(column)} of type ${type}; use it with ${takes ? takes.join(', ') : 'a column that is no struct, list or map'}`);
}

function writeOrder(faults: Faults, schema: SchemaBlueprint, sorts: Sort[]): IcebergTableBlueprint['writeOrder'] {
  if (sorts.length === 0) return undefined;
  checkUnique(faults, 'sortBy', sorts.map(({ column }) => String(column)));
  const fields = sorts.map(({ column, direction, nullOrder }) => {
    const source = find(faults, schema, 'sortBy', column);
    faults.check(!source || !isNested(source.shape), 'invalid-sort-type',
      `sortBy cannot order by column ${show(column)}, which is a ${source?.shape.kind}; name a column that is no struct, list or map`);
    return { sourceId: source?.id ?? 0, transform: 'identity', direction, nullOrder };
  });
  return { orderId: 1, fields };
}

/** https://iceberg.apache.org/spec/#identifier-field-ids */
function identifiers(faults: Faults, schema: SchemaBlueprint, names: string[]): number[] | undefined {
  if (names.length === 0) return undefined;
  checkUnique(faults, 'identifiedBy', names.map(String));
  return names.map((name) => {
    const field = find(faults, schema, 'identifiedBy', name);
    if (!field) return 0;
    const path = name.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'));
    faults.check(path.every((step) => schema.byPath.get(step)?.required), 'optional-identifier',
      `identifiedBy names ${show(name)}, which may be null; make it and what it lies in Column.required, or name other columns`);
    const type = field.shape.kind === 'primitive' ? field.shape.name : field.shape.kind;
    faults.check(!isNested(field.shape) && type !== 'float' && type !== 'double', 'invalid-identifier-type',
      `identifiedBy names ${show(name)} of type ${type}, which cannot identify a row; name columns that are no float, double, struct, list or map`);
    return field.id;
  });
}

function find(faults: Faults, schema: SchemaBlueprint, property: string, name: string): NamedField | undefined {
  if (!checkLiteral(faults, `${property}.column`, name)) return undefined;
  const field = schema.byPath.get(name);
  if (field) return field;
  const near = typeof name === 'string' ? suggest(name, schema.byPath.keys()) : undefined;
  faults.add('unknown-column', `${property} names column ${show(name)}, which is not in columns; ${near ? `perhaps ${show(near)} is meant` : 'add it or name another one'}`);
  return undefined;
}

function properties(faults: Faults, { properties: given = {}, comment }: IcebergTableInput): { [key: string]: string } {
  checkLiteral(faults, 'properties', Object.keys(given));
  for (const key of Object.keys(given)) {
    const why = OWNED.get(key);
    faults.check(why === undefined, 'reserved-property', `properties sets ${show(key)}, which is not for users: ${why}; remove it`);
    faults.check(key.trim() !== '', 'empty-property', 'properties has a key without a name; name it or remove it');
  }
  return comment === undefined ? { ...given } : { ...given, comment };
}
