import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { plain, template } from './support';
import * as platform from '../../../lib';
import { textNetwork } from '../../cluster/support';
import { image } from '../../network/support';
import type { StructUses } from '../literal-faults';

const { data } = platform;

const COLUMNS = [data.Column.required('id', data.IcebergType.LONG)];
const folder = mkdtempSync(join(tmpdir(), 'documented-contracts-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

let files = 0;

/** A contract in a file that no other use has. */
function contract(given: Partial<platform.data.DataContractProps> = {}): platform.data.DataContract {
  return data.DataContract.fromColumns(join(folder, String(files++), 'payments.json'), { columns: COLUMNS, ...given });
}

/** What synthesis writes. */
function written(check: Partial<platform.data.ColumnCheck>): string {
  const stack = new Stack(new App({ context: { 'cdk-ml-platform:update-contracts': true } }), 'Data');
  const made = contract({ checks: { id: check } });
  new data.DataLake(stack, 'Lake').addTable('Payments', { contract: made });
  return readFileSync(made.file, 'utf8');
}

/** What is made from structs of contracts, migrations and versioned files. */
export const CONTRACT_USES: StructUses = {
  'data.ColumnCheck': plain<platform.data.ColumnCheck>(written),
  'data.TableMigrationsProps': template<platform.data.TableMigrationsProps>((stack, given) => {
    stack.node.setContext('cdk-ml-platform:update-contracts', true);
    const tables = [new data.DataLake(stack, 'Lake').addTable('Payments', { contract: contract() })];
    new data.TableMigrations(stack, 'Migrations', { network: textNetwork(stack), image, tables, ...given });
  }, { cpuArchitecture: ecs.CpuArchitecture.ARM64 }),
  'data.DvcRemoteProps': template<platform.data.DvcRemoteProps>((stack, given) => (
    stack.resolve(new data.DvcRemote(stack, 'Team', { lake: new data.DataLake(stack, 'Lake'), ...given }).url) as object
  )),
};
