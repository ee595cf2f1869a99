import type { Column } from './column';
import type { FieldBlueprint } from './iceberg-schema';
import type { IcebergTableBlueprint } from './iceberg-table';
import type { IcebergType } from './iceberg-type';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A field as in appendix C of Iceberg's specification. */
export interface FieldJson {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: TypeJson;
  readonly doc?: string;
}

/** A struct. */
export interface StructJson {
  readonly type: 'struct';
  readonly fields: FieldJson[];
}

/** A list. */
export interface ListJson {
  readonly 'type': 'list';
  readonly 'element-id': number;
  readonly 'element': TypeJson;
  readonly 'element-required': boolean;
}

/** A map. */
export interface MapJson {
  readonly 'type': 'map';
  readonly 'key-id': number;
  readonly 'key': TypeJson;
  readonly 'value-id': number;
  readonly 'value': TypeJson;
  readonly 'value-required': boolean;
}

/** Iceberg's JSON of a type: https://iceberg.apache.org/spec/#schemas */
export type TypeJson = string | StructJson | ListJson | MapJson;

/** Iceberg's JSON of a schema. */
export interface SchemaJson extends StructJson {
  readonly 'schema-id': number;
  readonly 'identifier-field-ids'?: number[];
}

/** Iceberg's JSON of a field of a partition spec. */
export interface PartitionJson {
  readonly 'source-id': number;
  readonly 'field-id': number;
  readonly 'transform': string;
  readonly 'name': string;
}

/** Iceberg's JSON of a field of a sort order. */
export interface SortJson {
  readonly 'transform': string;
  readonly 'source-id': number;
  readonly 'direction': string;
  readonly 'null-order': string;
}

/** What a table is at one version, in Iceberg's JSON. */
export interface TableShape {
  readonly 'schema': SchemaJson;
  readonly 'partition-spec': PartitionJson[];
  readonly 'sort-order': SortJson[];
  readonly 'properties': { readonly [key: string]: string };
}

/** What a blueprint decided, in Iceberg's JSON; its ids follow from positions. */
export function shapeOf(plan: IcebergTableBlueprint): TableShape {
  const fields = plan.schema.fields.map((field) => fieldJson(field, typeOf(field.type)));
  return {
    'schema': { 'type': 'struct', 'schema-id': 0, ...identifiers(plan.schema.identifierFieldIds), fields },
    'partition-spec': (plan.partitionSpec?.fields ?? []).map(({ fieldId, sourceId, name, transform }) => ({ 'source-id': sourceId, 'field-id': fieldId, transform, name })),
    'sort-order': (plan.writeOrder?.fields ?? []).map(({ sourceId, transform, direction, nullOrder }) => ({ transform, 'source-id': sourceId, direction, 'null-order': nullOrder })),
    'properties': plan.properties,
  };
}

/** The other way round: what an engine needs to create the table. */
export function blueprintOf(tableName: string, shape: TableShape): IcebergTableBlueprint {
  const { schema } = shape;
  const identifierFieldIds = schema['identifier-field-ids'];
  const fields = schema.fields.map((field) => ({
    id: field.id, name: field.name, required: field.required, doc: field.doc,
    type: typeof field.type === 'string' ? field.type : JSON.stringify(field.type),
  }));
  const partitions = shape['partition-spec'].map((field) => ({
    fieldId: field['field-id'], sourceId: field['source-id'], name: field.name, transform: field.transform,
  }));
  const sorts = shape['sort-order'].map((field) => ({
    sourceId: field['source-id'], transform: field.transform, direction: field.direction, nullOrder: field['null-order'],
  }));
  return {
    tableName,
    prefix: `tables/${tableName}`,
    formatVersion: '2',
    schema: { type: 'struct', schemaId: 0, fields, identifierFieldIds: identifierFieldIds?.length ? identifierFieldIds : undefined },
    partitionSpec: partitions.length > 0 ? { specId: 0, fields: partitions } : undefined,
    writeOrder: sorts.length > 0 ? { orderId: 1, fields: sorts } : undefined,
    properties: { ...shape.properties },
    nested: schema.fields.some(({ type }) => typeof type !== 'string'),
  };
}

/**
 * Gives each field the id that it has in an earlier schema, and new fields the next free ones, in the order in which Iceberg's own
 * schema updates give them: inside existing fields first, then what a struct gained, each followed by what lies in it.
 */
export function keepIds(shape: TableShape, before: SchemaJson): TableShape {
  const ids = new Map<number, number>();
  const next = counter(Math.max(...idsOf(before)));
  const schema = keepStruct(shape.schema, before, ids, next);
  const sameId = (id: number) => ids.get(id) ?? id;
  return {
    'schema': { ...shape.schema, ...identifiers(shape.schema['identifier-field-ids']?.map(sameId)), fields: schema.fields },
    'partition-spec': shape['partition-spec'].map((field) => ({ ...field, 'source-id': sameId(field['source-id']) })),
    'sort-order': shape['sort-order'].map((field) => ({ ...field, 'source-id': sameId(field['source-id']) })),
    'properties': shape.properties,
  };
}

/** Refuses an id that code sets and the contract does not have. */
export function checkFieldIds(faults: Faults, columns: Column[], fields: FieldJson[], path: string = ''): void {
  for (const column of columns) {
    const field = fields.find(({ name }) => name === column.name);
    if (!field) continue;
    faults.check(column.fieldId === undefined || column.fieldId === field.id, 'field-id-not-in-contract',
      `fieldId ${show(column.fieldId)} of column ${show(path + column.name)} is not ${field.id}, the one in the contract; leave it out: the contract keeps the ids`);
    checkInside(faults, column.type, field.type, `${path}${column.name}.`);
  }
}

/** Every id of a type. */
export function idsOf(type: TypeJson): number[] {
  if (typeof type === 'string') return [];
  switch (type.type) {
    case 'struct': return type.fields.flatMap((field) => [field.id, ...idsOf(field.type)]);
    case 'list': return [type['element-id'], ...idsOf(type.element)];
    case 'map': return [type['key-id'], ...idsOf(type.key), type['value-id'], ...idsOf(type.value)];
  }
}

function checkInside(faults: Faults, { _shape: shape }: IcebergType, type: TypeJson, path: string): void {
  if (typeof type === 'string') return;
  if (shape.kind === 'struct' && type.type === 'struct') checkFieldIds(faults, shape.fields, type.fields, path);
  if (shape.kind === 'list' && type.type === 'list') checkInside(faults, shape.element, type.element, `${path}element.`);
  if (shape.kind === 'map' && type.type === 'map') {
    checkInside(faults, shape.key, type.key, `${path}key.`);
    checkInside(faults, shape.value, type.value, `${path}value.`);
  }
}

type Next = () => number;

function counter(last: number): Next {
  let current = last;
  return () => ++current;
}

/** Keeps ids inside of what exists first; then gives ids to what is new. */
function keepStruct(struct: StructJson, before: StructJson, ids: Map<number, number>, next: Next): StructJson {
  const known = new Map(before.fields.map((field) => [field.name, field]));
  const kept = new Map<FieldJson, FieldJson>();
  for (const field of struct.fields) {
    const old = known.get(field.name);
    if (!old) continue;
    ids.set(field.id, old.id);
    kept.set(field, { ...field, id: old.id, type: keepType(field.type, old.type, ids, next) });
  }
  return { type: 'struct', fields: struct.fields.map((field) => kept.get(field) ?? freshField(field, ids, next)) };
}

function keepType(type: TypeJson, before: TypeJson, ids: Map<number, number>, next: Next): TypeJson {
  if (typeof type === 'string') return type;
  if (typeof before === 'string' || before.type !== type.type) return freshType(type, ids, next);
  if (type.type === 'struct' && before.type === 'struct') return keepStruct(type, before, ids, next);
  if (type.type === 'list' && before.type === 'list') {
    return { ...type, 'element-id': before['element-id'], 'element': keepType(type.element, before.element, ids, next) };
  }
  if (type.type === 'map' && before.type === 'map') {
    return {
      ...type,
      'key-id': before['key-id'],
      'key': keepType(type.key, before.key, ids, next),
      'value-id': before['value-id'],
      'value': keepType(type.value, before.value, ids, next),
    };
  }
  return type;
}

function freshField(field: FieldJson, ids: Map<number, number>, next: Next): FieldJson {
  const id = next();
  ids.set(field.id, id);
  return { ...field, id, type: freshType(field.type, ids, next) };
}

/** All ids of a level first, then those inside, as Iceberg assigns fresh ones. */
function freshType(type: TypeJson, ids: Map<number, number>, next: Next): TypeJson {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'struct': {
      const level = type.fields.map((field) => ({ field, id: next() }));
      for (const { field, id } of level) ids.set(field.id, id);
      return { type: 'struct', fields: level.map(({ field, id }) => ({ ...field, id, type: freshType(field.type, ids, next) })) };
    }
    case 'list': {
      const id = next();
      return { ...type, 'element-id': id, 'element': freshType(type.element, ids, next) };
    }
    case 'map': {
      const [keyId, valueId] = [next(), next()];
      return { ...type, 'key-id': keyId, 'key': freshType(type.key, ids, next), 'value-id': valueId, 'value': freshType(type.value, ids, next) };
    }
  }
}

function identifiers(ids: number[] | undefined): { 'identifier-field-ids'?: number[] } {
  return ids?.length ? { 'identifier-field-ids': ids } : {};
}

function fieldJson({ id, name, required, doc }: FieldBlueprint, type: TypeJson): FieldJson {
  return { id, name, required, type, ...(doc === undefined ? {} : { doc }) };
}

/** The blueprint keeps nested types as text, because CloudFormation takes them so. */
function typeOf(text: string): TypeJson {
  return text.startsWith('{') ? JSON.parse(text) as TypeJson : text;
}
