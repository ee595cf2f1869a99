import type { Duration } from 'aws-cdk-lib';
import type { Feature } from './feature-type';
import { checkLiteral, checkText, checkUnique, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { wholeSeconds } from '../../network/blueprint/durations';

/** What a user says about a view. */
export interface FeatureViewInput {
  readonly projectName: string;
  readonly viewName: string;
  readonly tableName: string;
  /** Types of the table's columns, where they are known. */
  readonly columnTypes?: { readonly [name: string]: string };
  readonly entities: string[];
  readonly joinKeys?: { readonly [entity: string]: string };
  readonly features: Feature[];
  readonly timestampField: string;
  readonly ttl?: Duration;
  readonly online?: boolean;
}

/** A view as `feature-tables.json` tells of it. */
export interface FeatureViewBlueprint {
  readonly name: string;
  readonly entities: string[];
  readonly features: { readonly name: string; readonly dtype: string }[];
  readonly source: { readonly table: string; readonly timestampField: string };
  readonly online: boolean;
  readonly ttlSeconds?: number;
}

/** How Feast names a view's table in DynamoDB: its default template. */
export const TABLE_NAME_TEMPLATE = '{project}.{table_name}';

/** https://github.com/feast-dev/feast/blob/v0.67.0/sdk/python/feast/repo_operations.py, and what DynamoDB and Redis keys take. */
export const PROJECT_NAME: TextRule = {
  pattern: /^[a-z][a-z0-9_]{0,62}$/, allowed: '1 to 63 lower-case letters, digits or underscores, starting with a letter',
};

const NAME: TextRule = {
  pattern: /^[A-Za-z][A-Za-z0-9_]*$/, allowed: 'letters, digits and underscores, starting with a letter: Feast gives @, : and . a meaning of their own',
};
const COLUMN: TextRule = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, allowed: 'letters, digits and underscores, not starting with a digit' };
const LONGEST_TABLE_NAME = 255;
const CENTURY_SECONDS = 100 * 365 * 86_400;

/** Name of a view's table in DynamoDB. */
export function onlineTableName(projectName: string, viewName: string): string {
  return TABLE_NAME_TEMPLATE.replace('{project}', projectName).replace('{table_name}', viewName);
}

/** Checks a view and says what both sides, stack and Python, have to agree on. */
export function featureView(faults: Faults, input: FeatureViewInput): FeatureViewBlueprint {
  const { features, entities, timestampField } = input;
  for (const property of ['viewName', 'timestampField'] as const) checkLiteral(faults, property, input[property]);
  checkText(faults, 'viewName', input.viewName, NAME);
  checkTableName(faults, input);
  checkNames(faults, input);
  checkColumns(faults, input);
  const ttlSeconds = input.ttl && wholeSeconds(faults, 'ttl', input.ttl, { min: 1, max: CENTURY_SECONDS, otherwise: 0 });
  return {
    name: input.viewName,
    entities: [...entities],
    features: features.map(({ name, type }) => ({ name, dtype: type.valueType })),
    source: { table: input.tableName, timestampField },
    online: input.online ?? true,
    ...ttlSeconds === undefined ? {} : { ttlSeconds },
  };
}

/** Everything that both sides agree on, as the file `feature-tables.json`. */
export function featureTables(project: string, views: FeatureViewBlueprint[]): string {
  return `${JSON.stringify({ project, views: [...views].sort((a, b) => (a.name < b.name ? -1 : 1)) }, undefined, 2)}\n`;
}

function checkTableName(faults: Faults, { projectName, viewName }: FeatureViewInput): void {
  const { length } = onlineTableName(projectName, viewName);
  faults.check(length <= LONGEST_TABLE_NAME, 'table-name-too-long',
    `viewName makes a table name of ${length} characters with projectName '${projectName}', and DynamoDB takes ${LONGEST_TABLE_NAME}; shorten one of them`);
}

function checkNames(faults: Faults, input: FeatureViewInput): void {
  const { entities, features, joinKeys = {}, timestampField } = input;
  faults.check(entities.length > 0, 'no-entities', 'entities is empty, so no row could be found again; name at least one, for example customer_id');
  faults.check(features.length > 0, 'no-features', 'features is empty, so there is nothing to look up; add Feature.of(name, type)');
  for (const entity of entities) checkText(faults, 'entities', entity, NAME);
  for (const { name } of features) checkText(faults, 'features', name, COLUMN);
  checkUnique(faults, 'entities', entities);
  checkUnique(faults, 'features', features.map(({ name }) => name));
  for (const entity of Object.keys(joinKeys)) {
    faults.check(entities.includes(entity), 'unknown-entity', `joinKeys names entity ${show(entity)}, which entities does not have; use one of ${entities.map(show).join(', ')}`);
  }
  const keys = keysOf(input);
  checkUnique(faults, 'joinKeys', keys);
  for (const { name } of features) {
    faults.check(!keys.includes(name), 'feature-is-entity', `feature ${show(name)} is the key of an entity too; leave it out of features`);
    faults.check(name !== timestampField, 'feature-is-timestamp', `feature ${show(name)} is the timestampField too; leave it out of features`);
  }
}

/** Columns by which rows are found. */
function keysOf({ entities, joinKeys = {} }: FeatureViewInput): string[] {
  // objects inherit a `constructor`, and an entity may be called so
  return entities.map((entity) => (Object.hasOwn(joinKeys, entity) ? joinKeys[entity] as string : entity));
}

function checkColumns(faults: Faults, input: FeatureViewInput): void {
  const { columnTypes } = input;
  if (!columnTypes) return;
  for (const key of keysOf(input)) known(faults, input, 'entities', key);
  const timestamp = known(faults, input, 'timestampField', input.timestampField);
  if (timestamp !== undefined) {
    faults.check(['timestamp', 'timestamptz'].includes(timestamp), 'timestamp-field-type',
      `timestampField ${show(input.timestampField)} is of type ${timestamp}, and Feast orders rows by a timestamp or timestamptz; name such a column`);
  }
  for (const { name, type } of input.features) {
    const found = known(faults, input, 'features', name);
    if (found === undefined) continue;
    faults.check(type._takes(found), 'feature-type',
      `feature ${show(name)} is ${type.valueType}, and its column in table ${show(input.tableName)} is ${found}; give the feature another FeatureType`);
  }
}

function known(faults: Faults, { columnTypes = {}, tableName }: FeatureViewInput, property: string, name: string): string | undefined {
  if (Object.hasOwn(columnTypes, name)) return columnTypes[name];
  const nearest = suggest(name, Object.keys(columnTypes));
  faults.add('unknown-column', `${property} names column ${show(name)}, which table ${show(tableName)} does not have; ${nearest
    ? `did you mean '${nearest}'` : `use one of ${Object.keys(columnTypes).map(show).join(', ')}`}`);
  return undefined;
}
