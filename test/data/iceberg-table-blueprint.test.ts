import { Token } from 'aws-cdk-lib';
import * as oracle from './iceberg-oracle.json';
import { faultsOf } from './support';
import { Faults } from '../../lib/core/private/faults';
import { Column, ColumnOptions } from '../../lib/data/blueprint/column';
import { icebergTable, IcebergTableInput } from '../../lib/data/blueprint/iceberg-table';
import { IcebergType } from '../../lib/data/blueprint/iceberg-type';
import { Partition } from '../../lib/data/blueprint/partition';
import { NullOrder, Sort } from '../../lib/data/blueprint/sort';

const { required, optional } = Column;
const { LONG, STRING, DOUBLE, TIMESTAMPTZ, FLOAT } = IcebergType;

function table(input: Partial<IcebergTableInput> = {}) {
  const faults = Faults.at('Lake/Events');
  const plan = icebergTable(faults, { tableName: 'events', columns: [required('id', LONG)], ...input });
  faults.throwIfAny();
  return plan;
}

function column(name: string, type: IcebergType, options?: ColumnOptions) {
  return optional(name, type, options);
}

const TYPES: Record<string, IcebergType> = {
  'boolean': IcebergType.BOOLEAN,
  'int': IcebergType.INT,
  'long': LONG,
  'float': FLOAT,
  'double': DOUBLE,
  'decimal(12, 2)': IcebergType.decimal(12, 2),
  'date': IcebergType.DATE,
  'time': IcebergType.TIME,
  'timestamp': IcebergType.TIMESTAMP,
  'timestamptz': TIMESTAMPTZ,
  'string': STRING,
  'uuid': IcebergType.UUID,
  'fixed[16]': IcebergType.fixed(16),
  'binary': IcebergType.BINARY,
};
const TRANSFORMS: Record<string, (column: string) => Partition> = {
  'identity': (name) => Partition.identity(name),
  'year': (name) => Partition.year(name),
  'month': (name) => Partition.month(name),
  'day': (name) => Partition.day(name),
  'hour': (name) => Partition.hour(name),
  'bucket[16]': (name) => Partition.bucket(name, 16),
  'truncate[4]': (name) => Partition.truncate(name, 4),
};

/** pyiceberg writes `decimal(12, 2)`, the specification `decimal(12,2)`; both read both. */
function normalised(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/decimal\((\d+), (\d+)\)/g, 'decimal($1,$2)'));
}

describe('field ids', () => {
  test('are given in the order in which Iceberg itself gives them, at every depth', () => {
    const { schema } = table({
      columns: [
        required('id', LONG),
        optional('address', IcebergType.struct(
          required('city', STRING),
          optional('lines', IcebergType.list(STRING, true)),
          optional('point', IcebergType.struct(required('lat', DOUBLE), required('lon', DOUBLE))),
        )),
        required('scores', IcebergType.map(STRING, IcebergType.list(IcebergType.struct(
          required('at', TIMESTAMPTZ), optional('value', IcebergType.decimal(12, 2)),
        )), true)),
        optional('hash', IcebergType.fixed(32)),
      ],
    });
    const fields = schema.fields.map(({ doc, type, ...field }) => ({ ...field, type: type.startsWith('{') ? JSON.parse(type) : type }));
    expect(fields).toEqual(normalised(oracle.nested.fields));
  });

  test('that were set are kept, and others go around them', () => {
    const { schema } = table({ columns: [column('a', STRING, { fieldId: 2 }), column('b', STRING), column('c', STRING), column('d', STRING, { fieldId: 7 })] });
    expect(schema.fields.map(({ id }) => id)).toEqual([2, 1, 3, 7]);
  });

  test('set twice are refused, also inside a nested type', () => {
    const inner = IcebergType.list(IcebergType.struct(column('x', STRING, { fieldId: 4 })));
    expect(faultsOf(() => table({ columns: [column('a', inner), column('b', STRING, { fieldId: 4 })] }))).toEqual([
      '[duplicate-field-id] fieldId 4 of column \'b\' is that of another column; give it a number that no column of the table has, nested ones included',
    ]);
  });
});

describe('partitions', () => {
  test.each(Object.keys(oracle.transforms))('by %s take exactly the types that pyiceberg takes', (transform) => {
    const accepted = oracle.types.filter((type) => {
      const faults = Faults.at('T');
      icebergTable(faults, { tableName: 't', columns: [column('c', TYPES[type] as IcebergType)], partitionBy: [(TRANSFORMS[transform] as (name: string) => Partition)('c')] });
      return faults.ok;
    });
    expect(accepted).toEqual((oracle.transforms as Record<string, string[]>)[transform]);
  });

  test('name their source by id and themselves as Iceberg does', () => {
    const { partitionSpec } = table({
      columns: [required('id', LONG), required('at', TIMESTAMPTZ), optional('address', IcebergType.struct(optional('city', STRING)))],
      partitionBy: [Partition.day('at'), Partition.bucket('id', 16), Partition.truncate('address.city', 3), Partition.identity('id')],
    });
    expect(partitionSpec).toEqual({
      specId: 0,
      fields: [
        { fieldId: 1000, sourceId: 2, name: 'at_day', transform: 'day' },
        { fieldId: 1001, sourceId: 1, name: 'id_bucket', transform: 'bucket[16]' },
        { fieldId: 1002, sourceId: 4, name: 'address.city_trunc', transform: 'truncate[3]' },
        { fieldId: 1003, sourceId: 1, name: 'id', transform: 'identity' },
      ],
    });
  });

  test('of an unknown column suggest the one that was meant', () => {
    expect(faultsOf(() => table({ columns: [required('event_time', TIMESTAMPTZ)], partitionBy: [Partition.day('event_tiem')] }))).toEqual([
      '[unknown-column] partitionBy names column \'event_tiem\', which is not in columns; perhaps \'event_time\' is meant',
    ]);
  });

  test('cannot look into lists and maps', () => {
    const rows = IcebergType.list(IcebergType.struct(required('x', LONG)));
    expect(faultsOf(() => table({ columns: [required('rows', rows)], partitionBy: [Partition.identity('rows.x')] }))[0]).toMatch(/^\[unknown-column\]/);
  });

  test('that say the same twice are refused', () => {
    expect(faultsOf(() => table({ columns: [required('at', TIMESTAMPTZ)], partitionBy: [Partition.day('at'), Partition.hour('at')] }))).toEqual([
      '[duplicate-partition-by] partitionBy names \'at by time\' more than once; keep one of them',
    ]);
  });

  test('whose name is that of a column are refused', () => {
    expect(faultsOf(() => table({ columns: [required('at', TIMESTAMPTZ), optional('at_day', STRING)], partitionBy: [Partition.day('at')] }))).toEqual([
      '[partition-name-taken] partitionBy makes a partition named \'at_day\', which is also the name of a column; rename that column',
    ]);
  });

  test.each([0, -1, 1.5, NaN, 2 ** 31])('into %p buckets are refused', (buckets) => {
    expect(faultsOf(() => table({ partitionBy: [Partition.bucket('id', buckets)] }))).toEqual([
      `[invalid-partition-by-buckets] partitionBy['id'].buckets ${buckets} is not a whole number from 1 to 2147483647; use a value in that range`,
    ]);
  });
});

describe('columns', () => {
  test('carry their comment', () => {
    expect(table({ columns: [required('id', LONG, { comment: 'who' })] }).schema.fields).toEqual([{ id: 1, name: 'id', type: 'long', required: true, doc: 'who' }]);
  });

  test('are needed', () => {
    expect(faultsOf(() => table({ columns: [] }))).toEqual(['[no-columns] columns is empty, and a table needs at least one; add Column.required or Column.optional']);
  });

  test('of one name are refused, in structs too', () => {
    const struct = IcebergType.struct(required('x', LONG), optional('x', STRING));
    expect(faultsOf(() => table({ columns: [required('a', LONG), optional('a', struct)] }))).toEqual([
      '[duplicate-columns] columns names \'a\' more than once; keep one of them',
      '[duplicate-columns-fields] columns[\'a\'].fields names \'x\' more than once; keep one of them',
    ]);
  });

  test.each(['Upper', 'with space', '1st', '', 'a'.repeat(256), 'dotted.name'])('named %p are refused', (name) => {
    expect(faultsOf(() => table({ columns: [required(name, LONG)] }))[0]).toMatch(/^\[invalid-columns-name\] columns\[0\]\.name '.* is not allowed; use 1 to 255 lower-case letters/);
  });

  test('whose name is known only at deploy time are refused', () => {
    const name = Token.asString({ Ref: 'Name' });
    expect(faultsOf(() => table({ columns: [required(name, LONG)] }))).toEqual([
      '[unresolved-columns-name] columns[0].name is known only at deploy time, but it decides what is created; give a literal',
    ]);
  });

  test('list every fault of a type', () => {
    expect(faultsOf(() => table({ columns: [optional('a', IcebergType.decimal(39, 2)), optional('b', IcebergType.decimal(5, 6)), optional('c', IcebergType.fixed(0)), optional('d', IcebergType.struct())] }))).toEqual([
      '[invalid-columns-precision] columns[\'a\'].precision 39 is not a whole number from 1 to 38 digits; use a value in that range',
      '[invalid-columns-scale] columns[\'b\'].scale 6 is not a whole number from 0 to 5 digits; use a value in that range',
      '[invalid-columns-length] columns[\'c\'].length 0 is not a whole number from 1 to 2147483647 bytes; use a value in that range',
      '[empty-struct] columns[\'d\'] is a struct without fields; add Column.required or Column.optional',
    ]);
  });

  test('nested without end are refused instead of exhausting the stack', () => {
    let type = STRING;
    for (let depth = 0; depth < 40; depth++) type = IcebergType.list(type);
    expect(faultsOf(() => table({ columns: [optional('deep', type)] }))[0]).toContain('[type-too-deep]');
  });
});

describe('sort order', () => {
  test('puts nulls first when ascending and last when descending, unless told otherwise', () => {
    const columns = [required('a', LONG), required('b', LONG), required('c', LONG)];
    expect(table({ columns, sortBy: [Sort.ascending('a'), Sort.descending('b'), Sort.ascending('c', NullOrder.LAST)] }).writeOrder).toEqual({
      orderId: 1,
      fields: [
        { sourceId: 1, transform: 'identity', direction: 'asc', nullOrder: 'nulls-first' },
        { sourceId: 2, transform: 'identity', direction: 'desc', nullOrder: 'nulls-last' },
        { sourceId: 3, transform: 'identity', direction: 'asc', nullOrder: 'nulls-last' },
      ],
    });
  });

  test('cannot be by a list', () => {
    expect(faultsOf(() => table({ columns: [required('tags', IcebergType.list(STRING))], sortBy: [Sort.ascending('tags')] }))).toEqual([
      '[invalid-sort-type] sortBy cannot order by column \'tags\', which is a list; name a column that is no struct, list or map',
    ]);
  });
});

describe('identifiers', () => {
  test('are the ids of required columns', () => {
    expect(table({ columns: [required('a', LONG), required('b', STRING)], identifiedBy: ['b'] }).schema.identifierFieldIds).toEqual([2]);
  });

  test('may neither be null nor floating point', () => {
    expect(faultsOf(() => table({ columns: [optional('a', LONG), required('b', FLOAT)], identifiedBy: ['a', 'b'] }))).toEqual([
      '[optional-identifier] identifiedBy names \'a\', which may be null; make it and what it lies in Column.required, or name other columns',
      '[invalid-identifier-type] identifiedBy names \'b\' of type float, which cannot identify a row; name columns that are no float, double, struct, list or map',
    ]);
  });
});

describe('properties', () => {
  test('hold what the user sets and the comment', () => {
    expect(table({ properties: { 'write.target-file-size-bytes': '134217728' }, comment: 'all of it' }).properties)
      .toEqual({ 'write.target-file-size-bytes': '134217728', 'comment': 'all of it' });
  });

  test('that the catalog owns are refused', () => {
    expect(faultsOf(() => table({ properties: { table_type: 'HIVE' } }))).toEqual([
      '[reserved-property] properties sets \'table_type\', which is not for users: the catalog writes it; remove it',
    ]);
  });
});

test('a type reads as SQL people write it', () => {
  expect(`${IcebergType.map(STRING, IcebergType.list(IcebergType.struct(required('x', IcebergType.decimal(3, 1)))))}`).toBe('map<string, list<struct<x: decimal(3,1)>>>');
});
