import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { faultsOf } from './support';
import { Faults } from '../../lib/core/private/faults';
import { Column, DataContract, DataContractProps, DataLake, IcebergType, Partition, Sort } from '../../lib/data';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'contracts-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const ID = Column.required('id', IcebergType.LONG);
const AT = Column.required('at', IcebergType.TIMESTAMPTZ);
const AMOUNT = Column.optional('amount', IcebergType.decimal(9, 2));
const FIRST: DataContractProps = { columns: [ID, AT, AMOUNT], partitionBy: [Partition.day('at')], identifiedBy: ['id'] };

const file = () => join(folder, 'contracts', 'card-payments.json');
const json = () => JSON.parse(readFileSync(file(), 'utf8'));
const resolve = (contract: DataContract, update = false) => {
  const faults = Faults.at('Lake/Payments');
  const resolved = contract._resolve(faults, update);
  faults.throwIfAny();
  return resolved!;
};
const write = (props: DataContractProps) => resolve(DataContract.fromColumns(file(), props), true);

/** The template of a lake whose one table has a contract. */
function templateOf(props: DataContractProps | undefined, context: { [key: string]: unknown } = {}): Template {
  const stack = new Stack(new App({ context }), 'Data');
  const contract = props ? DataContract.fromColumns(file(), props) : DataContract.fromFile(file());
  new DataLake(stack, 'Lake').addTable('Payments', { contract });
  return Template.fromStack(stack);
}

describe('the file of a contract', () => {
  test('is written at the first synthesis with the flag, as Iceberg\'s own JSON', () => {
    templateOf({ ...FIRST, sortBy: [Sort.ascending('id')], comment: 'card payments', checks: { amount: { min: 0, maxNullShare: 0.1 }, at: { maxAge: Duration.hours(2) } } }, { 'cdk-ml-platform:update-contracts': true });
    expect(json()).toEqual({
      'table': 'card_payments',
      'version': 1,
      'schema': {
        'type': 'struct', 'schema-id': 0, 'identifier-field-ids': [1],
        'fields': [
          { id: 1, name: 'id', required: true, type: 'long' },
          { id: 2, name: 'at', required: true, type: 'timestamptz' },
          { id: 3, name: 'amount', required: false, type: 'decimal(9,2)' },
        ],
      },
      'partition-spec': [{ 'source-id': 2, 'field-id': 1000, 'transform': 'day', 'name': 'at_day' }],
      'sort-order': [{ 'transform': 'identity', 'source-id': 1, 'direction': 'asc', 'null-order': 'nulls-first' }],
      'properties': { comment: 'card payments' },
      'checks': { amount: { min: 0, maxNullShare: 0.1 }, at: { maxAgeSeconds: 7200 } },
    });
  });

  test('is asked for by the command that writes it', () => {
    expect(faultsOf(() => templateOf(FIRST))).toEqual([
      `[no-contract-file] contract '${file()}' does not exist; write it with 'npx cdk synth -c cdk-ml-platform:update-contracts=true', and commit it`,
    ]);
    expect(existsSync(file())).toBe(false);
    expect(faultsOf(() => templateOf(undefined))).toEqual([
      `[no-contract-file] contract '${file()}' does not exist; give the path of a file that DataContract.fromColumns wrote`,
    ]);
  });

  test('is never touched without the flag, nor with it where nothing changed', () => {
    write(FIRST);
    const { mtimeMs } = statSync(file());
    resolve(DataContract.fromColumns(file(), FIRST));
    write(FIRST);
    expect(statSync(file()).mtimeMs).toBe(mtimeMs);
    expect(json().version).toBe(1);
  });

  test('gets a version with each change, keeps the earlier ones and their ids, wherever a column is put', () => {
    write(FIRST);
    const address = IcebergType.struct(Column.optional('city', IcebergType.STRING));
    write({ ...FIRST, columns: [Column.optional('country', IcebergType.STRING), ID, AT, Column.optional('amount', IcebergType.decimal(12, 2)), Column.optional('address', address)] });
    const wider = IcebergType.struct(Column.optional('zip', IcebergType.STRING), Column.optional('city', IcebergType.STRING, { comment: 'of the card' }));
    write({ ...FIRST, columns: [Column.optional('country', IcebergType.STRING), ID, AT, Column.optional('amount', IcebergType.decimal(12, 2)), Column.optional('address', wider)] });
    const { version, schema, history } = json();
    expect(version).toBe(3);
    expect(history.map((was: any) => was.version)).toEqual([1, 2]);
    expect(history[0].schema.fields.map(({ id, name }: any) => [id, name])).toEqual([[1, 'id'], [2, 'at'], [3, 'amount']]);
    expect(schema.fields.map(({ id, name }: any) => [id, name])).toEqual([[4, 'country'], [1, 'id'], [2, 'at'], [3, 'amount'], [5, 'address']]);
    expect(schema.fields[4].type.fields.map(({ id, name }: any) => [id, name])).toEqual([[7, 'zip'], [6, 'city']]);
    expect(json()['partition-spec'][0]['source-id']).toBe(2);
  });

  test('keeps its version where only checks change', () => {
    write(FIRST);
    write({ ...FIRST, checks: { id: { unique: true } } });
    expect(json()).toMatchObject({ version: 1, checks: { id: { unique: true } } });
    expect(faultsOf(() => resolve(DataContract.fromColumns(file(), FIRST)))[0]).toContain('does not say what the code says (checks differ)');
  });

  test('that is behind the code fails with the difference and the command', () => {
    write(FIRST);
    const props = { ...FIRST, columns: [ID, AT, Column.optional('amount', IcebergType.decimal(12, 2)), Column.optional('country', IcebergType.STRING)], comment: 'x' };
    expect(faultsOf(() => templateOf(props))).toEqual([
      `[contract-out-of-date] contract '${file()}' does not say what the code says (column 'amount' is widened from decimal(9,2) to decimal(12,2); `
      + 'column \'country\' is new; properties or comment of the table are new); write it with \'npx cdk synth -c cdk-ml-platform:update-contracts=true\', and commit it',
    ]);
    expect(json().version).toBe(1);
  });

  test('belongs to one table', () => {
    write(FIRST);
    expect(faultsOf(() => write({ ...FIRST, tableName: 'other' }))).toEqual([
      `[contract-of-another-table] contract '${file()}' is that of table 'card_payments', not of 'other'; give each table a file of its own`,
    ]);
  });

  test('may order its keys as it likes', () => {
    write(FIRST);
    const { table, schema, ...rest } = json();
    writeFileSync(file(), JSON.stringify({ ...rest, schema: Object.fromEntries(Object.entries(schema).reverse()), table }));
    expect(resolve(DataContract.fromColumns(file(), FIRST)).version).toBe(1);
  });
});

describe('a change that breaks readers', () => {
  const cases: [string, DataContractProps, string][] = [
    ['a dropped column', { ...FIRST, columns: [ID, AT] }, 'column \'amount\' is dropped; readers still ask for it: keep it, and stop writing it (a rename is a drop as well)'],
    ['a narrower decimal', { ...FIRST, columns: [ID, AT, Column.optional('amount', IcebergType.decimal(8, 2))] },
      'column \'amount\' was decimal(9,2) and is decimal(8,2); decimal(8,2) holds less than decimal(9,2): add a new optional column, write that one from now on, and leave the old one'],
    ['another scale', { ...FIRST, columns: [ID, AT, Column.optional('amount', IcebergType.decimal(12, 4))] },
      'column \'amount\' was decimal(9,2) and is decimal(12,4); Iceberg does not read the one as the other: add a new optional column, write that one from now on, and leave the old one'],
    ['a narrower number', { ...FIRST, columns: [Column.required('id', IcebergType.INT), AT, AMOUNT] },
      'column \'id\' was long and is int; int holds less than long: add a new optional column, write that one from now on, and leave the old one'],
    ['another kind', { ...FIRST, columns: [ID, AT, Column.optional('amount', IcebergType.list(IcebergType.LONG))] },
      'column \'amount\' was decimal(9,2) and is a list; data cannot be read as that: add a new optional column, write that one from now on, and leave the old one'],
    ['an optional column that becomes required', { ...FIRST, columns: [ID, AT, Column.required('amount', IcebergType.decimal(9, 2))] },
      'column \'amount\' was optional and is required; rows that exist may hold null: leave it optional, and check for nulls instead'],
    ['a new required column', { ...FIRST, columns: [ID, AT, AMOUNT, Column.required('country', IcebergType.STRING)] },
      'column \'country\' is new and required; rows that exist have no value for it: make it Column.optional, and check for nulls once all rows have one'],
    ['other partitions', { ...FIRST, partitionBy: [Partition.hour('at')] },
      'partitionBy is not what it was; files that exist stay in their old parts, and jobs that overwrite whole parts lose rows: make a new table with the new partitions and copy the data'],
    ['other identifiers', { ...FIRST, identifiedBy: [] },
      'identifiedBy names other columns; writers that merge by them would meet rows that were merged by others: make a new table with the new ones'],
  ];

  test.each(cases)('fails also with the flag, and leaves the file alone: %s', (_case, props, message) => {
    write(FIRST);
    const before = readFileSync(file(), 'utf8');
    expect(faultsOf(() => templateOf(props, { 'cdk-ml-platform:update-contracts': 'true' }))).toEqual([`[breaking-contract-change] contract '${file()}': ${message}`]);
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  test('is listed with all others at once', () => {
    write(FIRST);
    expect(faultsOf(() => write({ columns: [Column.required('amount', IcebergType.INT)] }))).toHaveLength(6);
  });

  test('is named as a rename where the id says so', () => {
    write(FIRST);
    expect(faultsOf(() => write({ ...FIRST, columns: [ID, AT, Column.optional('value', IcebergType.decimal(9, 2), { fieldId: 3 })] })))
      .toEqual(expect.arrayContaining([expect.stringContaining('column \'amount\' is dropped')]));
    const renamed = json();
    renamed.history = [{ version: 1, schema: json().schema }];
    renamed.version = 2;
    renamed.schema.fields[2].name = 'value';
    writeFileSync(file(), JSON.stringify(renamed));
    expect(faultsOf(() => resolve(DataContract.fromFile(file())))).toEqual([
      `[breaking-contract-change] contract '${file()}', version 1 to 2: column 'amount' is renamed to 'value'; readers ask for the old name: keep it, `
      + 'or add a new optional column, write that one from now on, and leave the old one',
    ]);
  });

  test('inside structs, lists and maps is named by its path', () => {
    const nested = (zip: boolean, element: IcebergType, key: IcebergType) => ({
      columns: [
        Column.optional('place', IcebergType.struct(Column.optional('city', IcebergType.STRING), ...zip ? [Column.required('zip', IcebergType.STRING)] : [])),
        Column.optional('tags', IcebergType.list(element)),
        Column.optional('scores', IcebergType.map(key, IcebergType.STRING)),
      ],
    });
    write(nested(false, IcebergType.LONG, IcebergType.INT));
    expect(faultsOf(() => write(nested(true, IcebergType.INT, IcebergType.LONG))).map((fault) => fault.split('json\': ')[1]?.split(';')[0])).toEqual([
      'column \'place.zip\' is new and required',
      'column \'tags.element\' was long and is int',
      'column \'scores.key\' changed',
    ]);
  });
});

describe('a table with a contract', () => {
  test('has a template that evolution never changes, to the byte: CloudFormation updates nothing that migrations own', () => {
    write(FIRST);
    const before = JSON.stringify(templateOf(FIRST).toJSON());
    const evolved = { ...FIRST, columns: [Column.optional('country', IcebergType.STRING), ID, AT, Column.optional('amount', IcebergType.decimal(12, 2))], sortBy: [Sort.ascending('at')], comment: 'new', properties: { 'write.format.default': 'parquet' } };
    write(evolved);
    expect(json().version).toBe(2);
    expect(JSON.stringify(templateOf(evolved).toJSON())).toBe(before);
    expect(JSON.stringify(templateOf(undefined).toJSON())).toBe(before);
  });

  test('holds the whole first schema, without which Glue forgets on an update that the table is Iceberg', () => {
    write(FIRST);
    templateOf(FIRST).hasResourceProperties('AWS::Glue::Table', {
      Name: 'card_payments',
      OpenTableFormatInput: {
        IcebergInput: {
          MetadataOperation: 'CREATE',
          IcebergTableInput: {
            Schema: {
              Fields: [
                { Id: 1, Name: 'id', Required: true, Type: 'long' },
                { Id: 2, Name: 'at', Required: true, Type: 'timestamptz' },
                { Id: 3, Name: 'amount', Required: false, Type: 'decimal(9,2)' },
              ],
              IdentifierFieldIds: [1],
            },
            PartitionSpec: { Fields: [{ FieldId: 1000, Name: 'at_day', SourceId: 2, Transform: 'day' }] },
          },
        },
      },
    });
  });

  test('has the same template as one with the same columns and no contract, so a table may get one later', () => {
    write({ ...FIRST, tableName: 'payments' });
    const stack = new Stack(new App(), 'Data');
    new DataLake(stack, 'Lake').addTable('Payments', FIRST);
    expect(templateOf({ ...FIRST, tableName: 'payments' }).toJSON()).toEqual(Template.fromStack(stack).toJSON());
  });

  test('tells the types of its present columns', () => {
    write(FIRST);
    const wide = { ...FIRST, columns: [ID, AT, Column.optional('amount', IcebergType.decimal(12, 2)), Column.optional('place', IcebergType.struct(Column.optional('tags', IcebergType.list(IcebergType.STRING))))] };
    write(wide);
    const lake = new DataLake(new Stack(new App(), 'Data'), 'Lake');
    expect(lake.addTable('Payments', { contract: DataContract.fromFile(file()) }).columnTypes).toEqual({
      id: 'long', at: 'timestamptz', amount: 'decimal(12,2)', place: 'struct<tags: list<string>>',
    });
  });

  test('says what it is in one place', () => {
    write(FIRST);
    const lake = new DataLake(new Stack(new App(), 'Data'), 'Lake');
    const contract = DataContract.fromFile(file());
    expect(faultsOf(() => lake.addTable('Payments', { contract, columns: [ID], comment: 'x', tableName: 'mine' }))).toEqual([
      '[contract-and-columns] columns, comment and contract both say what the table is; say it in DataContract.fromColumns alone',
      `[contract-of-another-table] tableName 'mine' is not 'card_payments', the table of contract '${file()}'; leave it out`,
    ]);
    expect(faultsOf(() => lake.addTable('Nothing', {}))).toEqual(['[no-columns] columns is empty, and a table needs at least one; add Column.required or Column.optional']);
  });
});

describe('validation', () => {
  test('refuses what the columns of a table may not be', () => {
    expect(faultsOf(() => write({ columns: [Column.required('Id', IcebergType.LONG)], partitionBy: [Partition.day('at')] })).map((fault) => fault.split(']')[0])).toEqual(['[invalid-columns-name', '[unknown-column']);
  });

  test('refuses checks that name no column or cannot hold', () => {
    expect(faultsOf(() => write({ ...FIRST, checks: { amuont: { min: 1 }, amount: { min: 2, max: 1, maxNullShare: 2, oneOf: [], maxAge: Duration.seconds(0) } } }))).toEqual([
      '[unknown-column] checks names column \'amuont\', which is not in columns; perhaps \'amount\' is meant',
      '[invalid-checks-max-null-share] checks[\'amount\'].maxNullShare 2 is not a number from 0 to 1; use a value in that range',
      '[invalid-range] checks[\'amount\'] has min 2 above max 1; turn them round',
      '[empty-one-of] checks[\'amount\'].oneOf is empty, so no value would be allowed; name at least one',
      '[invalid-max-age] checks[\'amount\'].maxAge is 0 seconds, so every value would be too old; give a longer one',
    ]);
  });

  test('refuses an id that the contract does not have', () => {
    write(FIRST);
    expect(faultsOf(() => write({ ...FIRST, columns: [ID, AT, AMOUNT, Column.optional('country', IcebergType.STRING, { fieldId: 9 })] }))).toEqual([
      '[field-id-not-in-contract] fieldId 9 of column \'country\' is not 4, the one in the contract; leave it out: the contract keeps the ids',
    ]);
  });

  const spoilt: [string, (it: any) => unknown, string][] = [
    ['no JSON', () => '{', 'is no JSON object; restore it from version control'],
    ['an unknown key', (it) => ({ ...it, colour: 1 }), '\'colour\' is not known; allowed are table, version, schema, partition-spec, sort-order, properties, checks, history'],
    ['no table', (it) => ({ ...it, table: '' }), 'table is \'\'; give the table\'s name'],
    ['no version', (it) => ({ ...it, version: 0 }), 'version is 0; give a whole number of 1 or more'],
    ['a missing version', (it) => ({ ...it, version: 3 }), 'history has versions none; allowed are 1 to 2, in order'],
    ['a schema that is none', (it) => ({ ...it, schema: {} }), 'schema is not a struct in Iceberg\'s JSON'],
    ['an unknown type', (it) => { it.schema.fields[0].type = 'lung'; return it; }, 'schema.id is \'lung\', which is no type of Iceberg\'s format version 2'],
    ['an id twice', (it) => { it.schema.fields[2].id = 1; return it; }, 'schema has id 1 more than once; each field has its own'],
    ['a field without a name', (it) => { delete it.schema.fields[0].name; return it; }, 'schema.fields[0] is not { id, name, required, type }'],
    ['a partition of nothing', (it) => { it['partition-spec'][0]['source-id'] = 9; return it; }, 'partition-spec[0].source-id is 9, which is no field of the schema'],
    ['checks that are none', (it) => ({ ...it, checks: [] }), 'checks is []; give an object from column to check'],
  ];

  test.each(spoilt)('refuses a file with %s', (_case, spoil, message) => {
    write(FIRST);
    const text = spoil(json());
    writeFileSync(file(), typeof text === 'string' ? text : JSON.stringify(text));
    expect(faultsOf(() => resolve(DataContract.fromFile(file())))).toEqual([`[invalid-contract] contract '${file()}': ${message}`]);
  });
});

describe('the contract that the runtime\'s tests read', () => {
  const transactions = (columns: Column[]): DataContractProps => ({
    columns,
    partitionBy: [Partition.day('at'), Partition.bucket('id', 4)],
    sortBy: [Sort.ascending('at')],
    identifiedBy: ['id'],
    comment: 'card transactions',
    checks: {
      id: { unique: true },
      amount: { min: 0, max: 100_000, maxNullShare: 0.01 },
      country: { oneOf: ['DE', 'FR'], pattern: '^[A-Z]{2}$' },
      at: { maxAge: Duration.hours(6) },
    },
  });
  const place = (...more: Column[]) => Column.optional('place', IcebergType.struct(Column.optional('city', IcebergType.STRING), ...more));
  const versions = [
    [ID, AT, AMOUNT, Column.optional('country', IcebergType.STRING)],
    [ID, AT, Column.optional('amount', IcebergType.decimal(12, 2)), Column.optional('country', IcebergType.STRING), place()],
    [place(Column.optional('tags', IcebergType.list(IcebergType.STRING))), ID, AT, Column.optional('amount', IcebergType.decimal(12, 2), { comment: 'in EUR' }), Column.optional('country', IcebergType.STRING)],
  ];

  test('is what synthesis writes, version by version', () => {
    const path = join(folder, 'transactions.json');
    for (const columns of versions) resolve(DataContract.fromColumns(path, transactions(columns)), true);
    const committed = join(__dirname, 'contracts', 'transactions.json');
    if (process.env.UPDATE_CONTRACT_FIXTURE) writeFileSync(committed, readFileSync(path));
    expect(readFileSync(committed, 'utf8')).toBe(readFileSync(path, 'utf8'));
  });
});
