import type { Duration } from 'aws-cdk-lib';
import { catalogEnvironment } from './catalog-environment';
import { checkText, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { wholeDays } from '../blueprint/whole-days';
import type { IIcebergTable, ITableReference, ITableTag } from '../interfaces';

/** What Iceberg and the runtime take: digits alone would name a snapshot, and `main` is the branch that everybody writes to. */
const TAG: TextRule = {
  pattern: /^(?!main$)(?!\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  allowed: '1 to 128 letters, digits, dots, hyphens or underscores, starting with a letter or digit, other than main, and not digits alone',
};
const SNAPSHOT: TextRule = { pattern: /^\d{1,19}$/, allowed: 'the digits of a snapshot id' };
const VARIABLE: TextRule = { pattern: /^[A-Za-z_]\w*$/, allowed: 'letters, digits and underscores, not starting with a digit' };

/** A table as of one snapshot, tag or moment. */
export class TableReference implements ITableReference {
  readonly qualifiedName: string;

  /** @param state what stands behind the `@`: see `read_state` of the runtime */
  constructor(readonly table: IIcebergTable, state: string) {
    this.qualifiedName = `${table.databaseName}.${table.tableName}@${state}`;
  }

  toEnvironment(variable = 'ML_TABLE'): { [name: string]: string } {
    const faults = Faults.ofConstruct(this.table);
    checkText(faults, 'variable', variable, VARIABLE);
    faults.throwIfAny();
    return { [variable]: this.qualifiedName, ...catalogEnvironment(this.table.s3TableCatalog) };
  }
}

/** A state that a tag keeps. */
export class TableTag extends TableReference implements ITableTag {
  constructor(table: IIcebergTable, readonly tagName: string) {
    super(table, tagName);
  }

  freezeCommand(retention: Duration): string[] {
    const faults = Faults.ofConstruct(this.table);
    const days = wholeDays(faults, 'retention', retention, 0);
    faults.throwIfAny();
    const { databaseName, tableName } = this.table;
    return [
      'python', '-m', 'ml_platform_runtime', 'tables-freeze', '--table', `${databaseName}.${tableName}`, '--tag', this.tagName, '--retention-days', String(days),
    ];
  }
}

/** Checks the name of a tag. */
export function tagOf(table: IIcebergTable, name: string): ITableTag {
  checked(table, (faults) => checkText(faults, 'tag', name, TAG));
  return new TableTag(table, name);
}

/** Checks the id of a snapshot. */
export function snapshotOf(table: IIcebergTable, id: string): ITableReference {
  checked(table, (faults) => checkText(faults, 'snapshot', id, SNAPSHOT));
  return new TableReference(table, id);
}

/** Checks a moment. */
export function stateAsOf(table: IIcebergTable, moment: Date): ITableReference {
  checked(table, (faults) => faults.check(!Number.isNaN(moment.getTime()), 'invalid-moment', 'moment is no date; give one such as new Date(\'2026-11-01T00:00:00Z\')'));
  return new TableReference(table, moment.toISOString());
}

function checked(table: IIcebergTable, check: (faults: Faults) => void): void {
  const faults = Faults.ofConstruct(table);
  check(faults);
  faults.throwIfAny();
}
