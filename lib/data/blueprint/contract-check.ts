import { idsOf, type FieldJson, type PartitionJson, type SchemaJson, type SortJson, type TableShape, type TypeJson } from './contract-schema';
import { show } from '../../core/private/checks';

type Refuse = (message: string) => void;
interface Json { readonly [key: string]: unknown }

const PRIMITIVE = /^(boolean|int|long|float|double|date|time|timestamp|timestamptz|string|uuid|binary|decimal\(\s*\d+\s*,\s*\d+\s*\)|fixed\[\d+\])$/;

/** Iceberg's JSON of one version, if it is that; each fault names its place. */
export function checkShape(refuse: Refuse, place: string, given: Json): TableShape | undefined {
  let faults = 0;
  const note = (message: string) => {
    faults++;
    refuse(`${place}${message}`);
  };
  const { schema, properties = {}, 'partition-spec': spec = [], 'sort-order': order = [] } = given;
  checkSchema(note, schema);
  if (faults > 0) return undefined;
  const ids = idsOf(schema as SchemaJson);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) note(`schema has id ${id} more than once; each field has its own`);
  for (const id of (schema as SchemaJson)['identifier-field-ids'] ?? []) if (!ids.includes(id)) note(`schema.identifier-field-ids names ${show(id)}, which is no field`);
  checkSources(note, 'partition-spec', spec, ['transform', 'name'], ids);
  checkSources(note, 'sort-order', order, ['transform', 'direction', 'null-order'], ids);
  if (!isObject(properties) || !Object.values(properties).every((value) => typeof value === 'string')) note('properties is not an object of texts');
  if (faults > 0) return undefined;
  return { 'schema': schema as SchemaJson, 'partition-spec': spec as PartitionJson[], 'sort-order': order as SortJson[], 'properties': properties as TableShape['properties'] };
}

function checkSchema(note: Refuse, schema: unknown): void {
  if (!isObject(schema) || schema.type !== 'struct') {
    note('schema is not a struct in Iceberg\'s JSON');
    return;
  }
  const identifiers = schema['identifier-field-ids'] ?? [];
  if (!Array.isArray(identifiers)) note('schema.identifier-field-ids is not a list of ids');
  checkType(note, 'schema', schema);
}

function checkType(note: Refuse, place: string, type: unknown): void {
  if (typeof type === 'string' && PRIMITIVE.test(type)) return;
  switch (isObject(type) ? type.type : undefined) {
    case 'struct': return checkFields(note, place, (type as Json).fields);
    case 'list': return checkInner(note, place, type as Json, ['element'], ['element']);
    case 'map': return checkInner(note, place, type as Json, ['key', 'value'], ['value']);
    default: note(`${place} is ${show(type)}, which is no type of Iceberg's format version 2`);
  }
}

function checkFields(note: Refuse, place: string, fields: unknown): void {
  if (!Array.isArray(fields) || fields.length === 0) {
    note(`${place}.fields is not a list of at least one field`);
    return;
  }
  const names = new Set<unknown>();
  for (const [index, field] of (fields as unknown[]).entries()) {
    if (!isField(field)) {
      note(`${place}.fields[${index}] is not { id, name, required, type }`);
      continue;
    }
    if (names.has(field.name)) note(`${place} has the field ${show(field.name)} more than once`);
    names.add(field.name);
    checkType(note, `${place}.${field.name}`, field.type);
  }
}

function isField(field: unknown): field is FieldJson {
  return isObject(field) && isId(field.id) && typeof field.name === 'string' && typeof field.required === 'boolean'
    && (field.doc === undefined || typeof field.doc === 'string');
}

function checkInner(note: Refuse, place: string, type: Json, parts: string[], nullable: string[]): void {
  for (const part of parts) {
    if (!isId(type[`${part}-id`])) note(`${place}.${part}-id is ${show(type[`${part}-id`])}; give a whole number of 1 or more`);
    checkType(note, `${place}.${part}`, type[part] as TypeJson);
  }
  for (const part of nullable) if (typeof type[`${part}-required`] !== 'boolean') note(`${place}.${part}-required is not true or false`);
}

function checkSources(note: Refuse, place: string, list: unknown, texts: string[], ids: number[]): void {
  if (!Array.isArray(list)) {
    note(`${place} is not a list`);
    return;
  }
  for (const [index, one] of (list as unknown[]).entries()) {
    if (!isObject(one) || !texts.every((key) => typeof one[key] === 'string')) note(`${place}[${index}] is not { source-id, ${texts.join(', ')} }`);
    else if (!ids.includes(one['source-id'] as number)) note(`${place}[${index}].source-id is ${show(one['source-id'])}, which is no field of the schema`);
  }
}

function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
