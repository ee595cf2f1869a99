import { App, CfnResource, Duration, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf } from './support';
import { Column, DataLake, IcebergTable, IcebergType, type IIcebergTable, S3Table, S3TableCatalog } from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG)];
const BUCKET = 'arn:aws:s3tables:eu-west-1:111122223333:bucket/shop';

function orders(): IIcebergTable {
  return new DataLake(new Stack(new App(), 'Data'), 'Lake', { databaseName: 'shop' }).addTable('Orders', { columns });
}

describe('a state of a table', () => {
  test('is named by its tag, its snapshot or a moment', () => {
    const table = orders();
    expect(table.tag('fraud-v12').qualifiedName).toBe('shop.orders@fraud-v12');
    expect(table.snapshot('5187211234567890123').qualifiedName).toBe('shop.orders@5187211234567890123');
    expect(table.asOf(new Date('2026-11-01T02:00:00+02:00')).qualifiedName).toBe('shop.orders@2026-11-01T00:00:00.000Z');
    expect(table.tag('fraud-v12').table).toBe(table);
  });

  test('is told to a container with the catalog where it is', () => {
    expect(orders().tag('v1').toEnvironment()).toEqual({ ML_TABLE: 'shop.orders@v1' });
    expect(orders().snapshot('7').toEnvironment('TRAINING_DATA')).toEqual({ TRAINING_DATA: 'shop.orders@7' });
  });

  test('is frozen by a command with a retention of its own', () => {
    const tag = orders().tag('fraud-v12');
    expect(tag.tagName).toBe('fraud-v12');
    expect(tag.freezeCommand(Duration.days(730))).toEqual([
      'python', '-m', 'ml_platform_runtime', 'tables-freeze', '--table', 'shop.orders', '--tag', 'fraud-v12', '--retention-days', '730',
    ]);
  });

  test('is one of any table: of S3 Tables, of another stack, and with a name that a pipeline decides', () => {
    const stack = new Stack(new App(), 'Data');
    const catalog = S3TableCatalog.fromS3TableCatalogAttributes(stack, 'Tables', { tableBucketArn: BUCKET, namespaceName: 'shop' });
    const theirs = S3Table.fromS3TableAttributes(stack, 'Theirs', { catalog, tableName: 'orders', tableArn: `${BUCKET}/table/1`, location: 's3://1--table-s3' });
    for (const table of [theirs, new S3Table(stack, 'Orders', { catalog, columns })]) {
      expect(table.s3TableCatalog).toBe(catalog);
      expect(table.tag('v1').toEnvironment()).toEqual({ ML_TABLE: 'shop.orders@v1', ML_CATALOG: 's3tables', ML_WAREHOUSE: BUCKET });
    }
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    const imported = IcebergTable.fromIcebergTableAttributes(stack, 'Imported', { bucket, databaseName: 'shop', tableName: 'old' });
    const before = stack.node.findAll().filter((child) => CfnResource.isCfnResource(child)).length;
    const name = Token.asString({ Ref: 'Run' });
    expect(stack.resolve(imported.tag(name).freezeCommand(Duration.days(1)))[7]).toEqual({ Ref: 'Run' });
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toHaveLength(before);
  });

  const ALLOWED = 'use 1 to 128 letters, digits, dots, hyphens or underscores, starting with a letter or digit, other than main, and not digits alone';
  test.each<[string, (table: IIcebergTable) => unknown, string]>([
    ['the branch that everybody writes to', (table) => table.tag('main'), `[invalid-tag] tag 'main' is not allowed; ${ALLOWED}`],
    ['a tag that looks like a snapshot', (table) => table.tag('2026'), `[invalid-tag] tag '2026' is not allowed; ${ALLOWED}`],
    ['a tag with a space', (table) => table.tag('fraud v1'), `[invalid-tag] tag 'fraud v1' is not allowed; ${ALLOWED}`],
    ['a tag that is too long', (table) => table.tag('x'.repeat(129)), `[invalid-tag] tag '${'x'.repeat(76)}... is not allowed; ${ALLOWED}`],
    ['a snapshot that is no number', (table) => table.snapshot('latest'), '[invalid-snapshot] snapshot \'latest\' is not allowed; use the digits of a snapshot id'],
    ['a date that is none', (table) => table.asOf(new Date('soon')), '[invalid-moment] moment is no date; give one such as new Date(\'2026-11-01T00:00:00Z\')'],
    ['a variable that no shell takes', (table) => table.tag('v1').toEnvironment('1-table'),
      '[invalid-variable] variable \'1-table\' is not allowed; use letters, digits and underscores, not starting with a digit'],
    ['a retention of hours', (table) => table.tag('v1').freezeCommand(Duration.hours(12)),
      '[invalid-retention] retention of 0.5 days is not a whole number from 1 to 36500 days; use a duration in that range'],
  ])('refuses %s', (_what, use, message) => {
    expect(faultsOf(() => use(orders()))).toEqual([message]);
  });
});
