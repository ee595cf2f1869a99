import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcome, removeSynthesized, resourcesOf, synthesize } from './synthesize';
import { Column, DataContract, DataLake, IcebergType, Partition } from '../../lib/terraform/data';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'terraform-contracts-')); });
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(removeSynthesized);

const ID = Column.required('id', IcebergType.LONG);
const AT = Column.required('at', IcebergType.TIMESTAMPTZ);

function programOf(columns: Column[], context: { [key: string]: unknown } = {}) {
  const contract = DataContract.fromColumns(join(folder, 'payments.json'), { columns, partitionBy: [Partition.day('at')] });
  return synthesize((stack) => { new DataLake(stack, 'Lake').addTable('Payments', { contract }); }, context).program;
}

const UPDATE = { 'cdk-ml-platform:update-contracts': true };

describe('a table in Terraform with a contract', () => {
  test('has a program that evolution never changes', () => {
    const first = JSON.stringify(programOf([ID, AT], UPDATE));
    const evolved = [Column.optional('country', IcebergType.STRING), ID, AT];
    expect(JSON.stringify(programOf(evolved, UPDATE))).toBe(first);
    expect(JSON.stringify(programOf(evolved))).toBe(first);
    const [table] = resourcesOf(JSON.parse(first), 'aws_glue_catalog_table');
    expect(JSON.stringify(table)).toContain('"name":"at"');
    expect(first).not.toContain('country');
  });

  test('is refused where a change would break readers', () => {
    programOf([ID, AT, Column.optional('amount', IcebergType.LONG)], UPDATE);
    expect(String(outcome(() => programOf([ID, AT], UPDATE)))).toContain('column \'amount\' is dropped; readers still ask for it');
  });
});
