import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import Ajv2019 from 'ajv/dist/2019';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { unknownValues, type ValueShape } from '../../lib/cluster/private/value-paths';

const FOLDER = join(__dirname, '../fixtures/charts');

interface ChartFixture {
  readonly values: ValueShape;
  /** Charts that it brings along, by the name under which their values stand. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** With the schema: the chart's defaults, because Helm validates the merged values. */
  readonly defaults?: Values;
  readonly schema?: { readonly [keyword: string]: unknown };
}

type Values = { readonly [key: string]: unknown };

const validators = new Map<string, ValidateFunction>();

/** Names of the charts that the oracle knows. */
export function knownCharts(): string[] {
  return readdirSync(FOLDER).map(name => name.replace('.json', '')).sort();
}

/** What upstream's files say against values: paths that the chart does not have, and violations of its schema. */
export function helmValueFaults(chart: string, values: Values): string[] {
  const fixture = fixtureOf(chart);
  if (fixture === undefined) throw new Error(`there are no reference values of chart '${chart}'; there are those of ${knownCharts().join(', ')}`);
  const unknown = unknownValues(fixture.values, values).map(({ path, suggestion, expected }) => {
    if (expected !== undefined) return `${path} is a ${expected} in chart ${chart}`;
    return `${path} is not a value of chart ${chart}${suggestion === undefined ? '' : `, did you mean ${suggestion}`}`;
  });
  return [...unknown, ...schemaFaults(chart, fixture, values)];
}

/** Helm validates the values of a chart and those of each chart that it brings along, every one by its own schema. */
function schemaFaults(chart: string, fixture: ChartFixture, values: Values): string[] {
  const nested = Object.entries(fixture.dependencies).flatMap(([name, dependency]) => {
    const below = values[name];
    const known = fixtureOf(dependency);
    if (known === undefined || typeof below !== 'object' || below === null) return [];
    return schemaFaults(dependency, known, below as Values).map(fault => `${name}: ${fault}`);
  });
  if (fixture.schema === undefined) return nested;
  const validate = validatorOf(chart, fixture.schema);
  // through JSON as Helm reads it: what is undefined is not there
  const merged = merge(fixture.defaults ?? {}, JSON.parse(JSON.stringify(values)) as Values);
  return validate(merged) ? nested : [...nested, ...(validate.errors ?? []).map(error => describeError(chart, error))];
}

function validatorOf(chart: string, schema: NonNullable<ChartFixture['schema']>): ValidateFunction {
  const known = validators.get(chart);
  if (known !== undefined) return known;
  const { $schema: dialect = '', ...rest } = schema;
  const Dialect = String(dialect).includes('2020-12') ? Ajv2020 : String(dialect).includes('2019-09') ? Ajv2019 : Ajv;
  const ajv = new Dialect({ strict: false, logger: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(rest);
  validators.set(chart, validate);
  return validate;
}

function describeError(chart: string, { instancePath, message, params }: ErrorObject): string {
  const path = instancePath.slice(1).replace(/\//g, '.') || 'the whole';
  const detail = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
  return `${path} of chart ${chart} ${message}${detail}`;
}

/** As Helm merges: maps key by key, everything else replaced, null deletes. */
function merge(defaults: Values, values: Values): Values {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(values)) {
    if (value === null) delete merged[key];
    else merged[key] = isMap(value) && isMap(merged[key]) ? merge(merged[key], value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fixtureOf(chart: string): ChartFixture | undefined {
  const file = join(FOLDER, `${chart}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as ChartFixture : undefined;
}
