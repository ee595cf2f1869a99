import type { ContractJson } from './contract-file';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import type { JobPlan } from '../../network/blueprint/job-plan';

/** A table that is migrated. */
export interface MigratedTable {
  /** Path of the table, for messages. */
  readonly path: string;
  /** Name of its database; may be known only once it is deployed. */
  readonly databaseName: string;
  /** ARN of its table bucket, if it is a table of S3 Tables. */
  readonly tableBucketArn?: string;
  /** Whether it has a contract. */
  readonly contracted: boolean;
  /** The contract; undefined if it has faults. */
  readonly contract?: ContractJson;
}

/** The task that migrates tables, decided. */
export interface TableMigrationsBlueprint extends Omit<JobPlan, 'command'> {
  /** Text of the one file with all contracts; databases stand in it by their place in `databases`. */
  readonly contracts: string;
  readonly databases: string[];
  /** Time that a deployment waits; what is not done then goes on with the next one. */
  readonly timeoutMinutes: number;
}

/** So many that rights on each of them fit into the ten policies that a role has by default, also where an app does not merge statements. */
export const MAX_TABLES = 30;

/** Decides on the task; `tables` in any order give the same file. */
export function tableMigrations(faults: Faults, tables: MigratedTable[]): TableMigrationsBlueprint {
  faults.check(tables.length > 0, 'no-tables', 'tables is empty, so there is nothing to migrate; name tables that have a contract');
  faults.check(tables.length <= MAX_TABLES, 'too-many-tables',
    `tables has ${tables.length} tables, and rights on at most ${MAX_TABLES} fit into one role; make one TableMigrations for each group, with a cluster that they share`);
  const [first] = tables;
  const other = tables.find(({ tableBucketArn }) => tableBucketArn !== first?.tableBucketArn);
  faults.check(other === undefined, 'several-catalogs',
    `tables has ${show(first?.path)} and ${show(other?.path)}, which are in different catalogs; make one TableMigrations for each catalog, with a cluster that they share`);
  for (const { path, contracted } of tables) {
    faults.check(contracted, 'no-contract', `tables has ${show(path)}, which has no contract; give it one by DataContract.fromColumns, or leave it out`);
  }
  const databases = [...new Set(tables.map(({ databaseName }) => databaseName))];
  const entries = tables.flatMap(({ databaseName, contract }) => (contract ? [{ database: databases.indexOf(databaseName), contract }] : []));
  const keys = entries.map(({ database, contract }) => `${database}.${contract.table}`);
  for (const twice of new Set(keys.filter((key, index) => keys.indexOf(key) !== index))) {
    faults.add('duplicate-tables', `tables names ${show(twice.replace(/^\d+\./, ''))} of one database more than once; keep one of them`);
  }
  return {
    contracts: `${JSON.stringify({ tables: entries })}\n`,
    databases,
    cpu: 512,
    memoryLimitMiB: 1024,
    logPrefix: 'migrations',
    timeoutMinutes: 14,
  };
}

/** What the container runs. */
export function migrateCommand(contractsUri: string): string[] {
  return ['python', '-m', 'ml_platform_runtime', 'tables-migrate', '--contracts', contractsUri];
}
