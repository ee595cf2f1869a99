import { App, Duration, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { Faults } from '../../lib/core/private/faults';
import { isValidationError } from '../../lib/core/private/validation-error';
import { Column, DataLake, IcebergTableOptions, IcebergType, NullOrder, Partition, Sort, Zone } from '../../lib/data';
import { dataLake } from '../../lib/data/blueprint/data-lake';
import { icebergTable } from '../../lib/data/blueprint/iceberg-table';

const TOKEN = Token.asString({ Ref: 'Parameter' });
const NUMBER_TOKEN = Token.asNumber({ Ref: 'Parameter' });

const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const goodName = fc.constantFrom('id', 'at', 'amount', 'city', 'tags', 'a_b', '_x');
const name = fc.oneof(
  { weight: 80, arbitrary: goodName },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.constantFrom(TOKEN, 'id.city', 'A', '__proto__', 'constructor', '') },
);
const number = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 1, max: 38 }) },
  fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -0, NUMBER_TOKEN),
);
const primitive = fc.constantFrom(
  IcebergType.BOOLEAN, IcebergType.INT, IcebergType.LONG, IcebergType.FLOAT, IcebergType.DOUBLE, IcebergType.DATE, IcebergType.TIME,
  IcebergType.TIMESTAMP, IcebergType.TIMESTAMPTZ, IcebergType.STRING, IcebergType.UUID, IcebergType.BINARY,
);

const { column } = fc.letrec<{ type: IcebergType; column: Column }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 8, arbitrary: primitive },
    fc.tuple(number, number).map(([precision, scale]) => IcebergType.decimal(Math.max(precision, scale), Math.min(precision, scale))),
    number.map((length) => IcebergType.fixed(length)),
    fc.tuple(tie('type'), fc.boolean()).map(([element, required]) => IcebergType.list(element, required)),
    fc.tuple(tie('type'), tie('type')).map(([key, value]) => IcebergType.map(key, value)),
    fc.uniqueArray(tie('column'), { minLength: 0, maxLength: 3, selector: (field) => field.name }).map((fields) => IcebergType.struct(...fields)),
  ),
  column: fc.tuple(fc.boolean(), name, tie('type'), rarely(fc.oneof(fc.integer({ min: 1, max: 1_000 }), number)), rarely(fc.string({ maxLength: 260 })))
    .map(([required, key, type, fieldId, comment]) => Column[required ? 'required' : 'optional'](key, type, { fieldId, comment })),
}));

const partition = fc.tuple(name, number, fc.integer({ min: 0, max: 6 })).map(([key, parameter, which]) => [
  Partition.identity(key), Partition.year(key), Partition.month(key), Partition.day(key), Partition.hour(key),
  Partition.bucket(key, parameter), Partition.truncate(key, parameter),
][which] as Partition);
const sort = fc.tuple(name, fc.constantFrom(...Object.values(NullOrder))).map(([key, nulls]) => Sort.descending(key, nulls));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const options: fc.Arbitrary<IcebergTableOptions> = fc.record({
  columns: fc.oneof(
    { weight: 9, arbitrary: fc.uniqueArray(column, { minLength: 1, maxLength: 6, selector: ({ name: key }) => key }) },
    fc.array(column, { maxLength: 6 }),
  ),
  tableName: maybe(fc.oneof({ weight: 5, arbitrary: fc.constantFrom('events', 'clicks') }, fc.string(), fc.constant(TOKEN))),
  partitionBy: maybe(fc.array(partition, { maxLength: 2 })),
  sortBy: maybe(fc.array(sort, { maxLength: 2 })),
  identifiedBy: maybe(fc.array(name, { maxLength: 2 })),
  comment: maybe(fc.string()),
  properties: maybe(fc.dictionary(fc.oneof(fc.constantFrom('format-version', 'write.format.default'), fc.string()), fc.string(), { maxKeys: 3 })),
  zone: maybe(fc.constantFrom(...Object.values(Zone))),
});

/** All ids of a rendered type, at every depth. */
function idsOf(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(idsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (/^(id|(element|key|value)-id)$/.test(key) ? [inner as number] : idsOf(inner)));
}

test('2,000 random tables are either refused or have unique ids that every partition, sort order and identifier finds', () => {
  let accepted = 0;
  fc.assert(fc.property(options, (given) => {
    const faults = Faults.at('Lake/T');
    const plan = icebergTable(faults, { ...given, columns: given.columns ?? [], tableName: given.tableName ?? 't' });
    if (!faults.ok) return;
    accepted++;
    const fields = plan.schema.fields.map((field) => ({ ...field, type: field.type.startsWith('{') ? JSON.parse(field.type) : field.type }));
    const ids = idsOf(fields);
    expect(new Set(ids).size).toBe(ids.length);
    const sources = [...plan.partitionSpec?.fields ?? [], ...plan.writeOrder?.fields ?? []].map(({ sourceId }) => sourceId);
    for (const id of [...sources, ...plan.schema.identifierFieldIds ?? []]) expect(ids).toContain(id);
  }), { numRuns: 2_000, seed: 1 });
  expect(accepted).toBeGreaterThan(300);
});

const duration = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map(Duration.days),
  fc.integer({ min: 0, max: 100_000_000_000 }).map(Duration.millis),
  fc.constant(Duration.days(Lazy.number({ produce: () => 3 }))),
);

test('2,000 random lakes are either refused or decided', () => {
  fc.assert(fc.property(maybe(fc.oneof(fc.constantFrom('shop', TOKEN), fc.string())), maybe(duration), (databaseName, noncurrentVersionExpiration) => {
    const faults = Faults.at('Lake');
    const plan = dataLake(faults, { databaseName, noncurrentVersionExpiration });
    if (faults.ok) expect(plan.noncurrentDays).toBeGreaterThanOrEqual(1);
  }), { numRuns: 2_000, seed: 1 });
});

test('50 random lakes with a table are either synthesised or refused with a ValidationError', () => {
  let synthesised = 0;
  const props = fc.record({
    databaseName: maybe(fc.constantFrom('shop', 'Shop!')),
    noncurrentVersionExpiration: maybe(duration),
    accessLogs: maybe(fc.boolean()),
    removalPolicy: maybe(fc.constantFrom(...Object.values(RemovalPolicy))),
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, props), options, (lakeProps, tableOptions) => {
    const app = new App();
    const stack = new Stack(app, 'Data');
    try {
      const lake = new DataLake(stack, 'Lake', lakeProps);
      lake.addTable('Plain', { columns: [Column.required('id', IcebergType.LONG)] });
      lake.addTable('Random', tableOptions);
    } catch (error) {
      if (!isValidationError(error)) throw error;
    }
    app.synth();
    synthesised++;
  }), { numRuns: 50, seed: 1 });
  expect(synthesised).toBe(50);
}, 120_000);
