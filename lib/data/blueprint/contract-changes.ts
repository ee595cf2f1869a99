import type { FieldJson, ListJson, MapJson, SchemaJson, StructJson, TableShape, TypeJson } from './contract-schema';
import { show } from '../../core/private/checks';

/** One difference between two versions of a table. */
export interface ShapeChange {
  /** True if a reader, or data that is already written, would no longer fit. */
  readonly breaking: boolean;
  /** What differs, and for a breaking change the compatible way. */
  readonly message: string;
}

/**
 * What lies between two versions of a table, column by column.
 *
 * Readers know columns by name and files know them by id, so neither may change its meaning. What Iceberg itself allows without
 * rewriting data passes, except dropping and renaming, which break readers: https://iceberg.apache.org/spec/#schema-evolution
 */
export function shapeChanges(before: TableShape, after: TableShape): ShapeChange[] {
  return [
    ...structChanges(before.schema, after.schema, ''),
    ...identifierChanges(before.schema, after.schema),
    ...partitionChanges(before, after),
    ...settingChanges(before, after),
  ];
}

const breaking = (message: string): ShapeChange => ({ breaking: true, message });
const additive = (message: string): ShapeChange => ({ breaking: false, message });
const NEW_COLUMN = 'add a new optional column, write that one from now on, and leave the old one';

function structChanges(before: StructJson, after: StructJson, path: string): ShapeChange[] {
  const changes: ShapeChange[] = [];
  const old = new Map(before.fields.map((field) => [field.name, field]));
  const now = new Map(after.fields.map((field) => [field.name, field]));
  const renamedFrom = new Map(before.fields.filter(({ name }) => !now.has(name)).map((field) => [field.id, field]));
  for (const field of before.fields) {
    if (now.has(field.name)) continue;
    const to = after.fields.find(({ id, name }) => id === field.id && !old.has(name));
    changes.push(breaking(to
      ? `column ${show(path + field.name)} is renamed to ${show(path + to.name)}; readers ask for the old name: keep it, or ${NEW_COLUMN}`
      : `column ${show(path + field.name)} is dropped; readers still ask for it: keep it, and stop writing it (a rename is a drop as well)`));
  }
  for (const field of after.fields) {
    const was = old.get(field.name);
    if (was) changes.push(...fieldChanges(was, field, path + field.name));
    else if (!renamedFrom.has(field.id)) changes.push(addition(field, path + field.name));
  }
  return [...changes, ...orderChanges(before, after, path)];
}

function addition(field: FieldJson, path: string): ShapeChange {
  if (!field.required) return additive(`column ${show(path)} is new`);
  return breaking(`column ${show(path)} is new and required; rows that exist have no value for it: make it Column.optional, and check for nulls once all rows have one`);
}

function fieldChanges(before: FieldJson, after: FieldJson, path: string): ShapeChange[] {
  const changes: ShapeChange[] = [];
  if (before.id !== after.id) {
    changes.push(breaking(`column ${show(path)} had id ${before.id} and has ${after.id}; files know it by the old one: put ${before.id} back`));
  }
  changes.push(...nullChanges(before.required, after.required, `column ${show(path)}`));
  if (before.doc !== after.doc) changes.push(additive(`column ${show(path)} has a new comment`));
  return [...changes, ...typeChanges(before.type, after.type, path)];
}

function nullChanges(before: boolean, after: boolean, what: string): ShapeChange[] {
  if (before === after) return [];
  if (!after) return [additive(`${what} may be null`)];
  return [breaking(`${what} was optional and is required; rows that exist may hold null: leave it optional, and check for nulls instead`)];
}

function typeChanges(before: TypeJson, after: TypeJson, path: string): ShapeChange[] {
  if (typeof before === 'string' && typeof after === 'string') return primitiveChanges(before, after, path);
  if (typeof before !== 'string' && typeof after !== 'string') {
    if (before.type === 'struct' && after.type === 'struct') return structChanges(before, after, `${path}.`);
    if (before.type === 'list' && after.type === 'list') return listChanges(before, after, path);
    if (before.type === 'map' && after.type === 'map') return mapChanges(before, after, path);
  }
  return [breaking(`column ${show(path)} was ${kindOf(before)} and is ${kindOf(after)}; data cannot be read as that: ${NEW_COLUMN}`)];
}

function primitiveChanges(before: string, after: string, path: string): ShapeChange[] {
  if (compact(before) === compact(after)) return [];
  if (widens(before, after)) return [additive(`column ${show(path)} is widened from ${before} to ${after}`)];
  const why = widens(after, before) ? `${after} holds less than ${before}` : 'Iceberg does not read the one as the other';
  return [breaking(`column ${show(path)} was ${before} and is ${after}; ${why}: ${NEW_COLUMN}`)];
}

/** https://iceberg.apache.org/spec/#schema-evolution, format version 2. */
function widens(before: string, after: string): boolean {
  if (before === 'int') return after === 'long';
  if (before === 'float') return after === 'double';
  const [was, is] = [decimal(before), decimal(after)];
  return was !== undefined && is !== undefined && was.scale === is.scale && was.precision < is.precision;
}

function decimal(type: string): { precision: number; scale: number } | undefined {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(compact(type)) ?? [];
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale) };
}

/** `decimal(9, 2)` and `decimal(9,2)` are the same type. */
function compact(type: string): string {
  return type.replace(/\s+/g, '');
}

function listChanges(before: ListJson, after: ListJson, path: string): ShapeChange[] {
  const inner = `${path}.element`;
  return [
    ...idChange(before['element-id'], after['element-id'], inner),
    ...nullChanges(before['element-required'], after['element-required'], `column ${show(inner)}`),
    ...typeChanges(before.element, after.element, inner),
  ];
}

function mapChanges(before: MapJson, after: MapJson, path: string): ShapeChange[] {
  const inner = `${path}.value`;
  const keys = JSON.stringify(before.key) === JSON.stringify(after.key) && before['key-id'] === after['key-id'];
  return [
    ...(keys ? [] : [breaking(`column ${show(`${path}.key`)} changed; Iceberg never changes keys of a map: ${NEW_COLUMN}`)]),
    ...idChange(before['value-id'], after['value-id'], inner),
    ...nullChanges(before['value-required'], after['value-required'], `column ${show(inner)}`),
    ...typeChanges(before.value, after.value, inner),
  ];
}

function idChange(before: number, after: number, path: string): ShapeChange[] {
  return before === after ? [] : [breaking(`column ${show(path)} had id ${before} and has ${after}; files know it by the old one: put ${before} back`)];
}

/** The order of columns that were there before; where new ones stand among them does not matter. */
function orderChanges(before: StructJson, after: StructJson, path: string): ShapeChange[] {
  const names = (struct: StructJson, other: StructJson) =>
    struct.fields.map(({ name }) => name).filter((name) => other.fields.some((field) => field.name === name)).join();
  if (names(before, after) === names(after, before)) return [];
  return [additive(`${path === '' ? 'columns' : `columns of ${show(path.slice(0, -1))}`} are in another order`)];
}

function identifierChanges(before: SchemaJson, after: SchemaJson): ShapeChange[] {
  const names = (schema: SchemaJson) => [...schema['identifier-field-ids'] ?? []].sort((a, b) => a - b).join();
  return names(before) === names(after) ? [] : [breaking(
    'identifiedBy names other columns; writers that merge by them would meet rows that were merged by others: make a new table with the new ones')];
}

function partitionChanges(before: TableShape, after: TableShape): ShapeChange[] {
  if (same(before['partition-spec'], after['partition-spec'])) return [];
  return [breaking('partitionBy is not what it was; files that exist stay in their old parts, and jobs that overwrite whole parts lose rows: '
    + 'make a new table with the new partitions and copy the data')];
}

function settingChanges(before: TableShape, after: TableShape): ShapeChange[] {
  const changes: ShapeChange[] = [];
  if (!same(before['sort-order'], after['sort-order'])) changes.push(additive('sortBy orders new files in another way'));
  if (!same(before.properties, after.properties)) changes.push(additive('properties or comment of the table are new'));
  return changes;
}

/** True if two values say the same, whatever the order of their keys; a key without a value is no key. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** Keys in order, so that two objects that say the same compare as the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}

function kindOf(type: TypeJson): string {
  return typeof type === 'string' ? type : `a ${type.type}`;
}
