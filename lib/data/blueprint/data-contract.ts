import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { basename, dirname } from 'path';
import type { Column } from './column';
import type { ColumnCheck } from './column-check';
import { same, shapeChanges } from './contract-changes';
import { checksJson } from './contract-checks';
import {
  checkHistory, ContractJson, firstVersion, nextVersion, parseContract, refuseBreaking, renderContract, UPDATE_CONTRACTS,
} from './contract-file';
import { checkFieldIds, keepIds, shapeOf } from './contract-schema';
import { icebergTable } from './iceberg-table';
import type { TableLayout } from './table-layout';
import { checkNumber, show } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';

/** What a table is, in code. */
export interface DataContractProps extends TableLayout {
  /** Columns, in order. Their ids are kept in the file, so a new one may stand anywhere. */
  readonly columns: Column[];

  /**
   * Name of the table, in lower case.
   *
   * @default - the name of the file: `contracts/card-payments.json` gives `card_payments`
   */
  readonly tableName?: string;

  /**
   * What the values must keep to, by column; inside a struct with dots.
   *
   * @default - required columns hold no null
   */
  readonly checks?: { readonly [column: string]: ColumnCheck };
}

/**
 * What writers and readers of a table agree on: a committed JSON file with Iceberg's own schema, its history, and checks of values.
 *
 * The template creates the table with the first version and never changes again. Later versions come to the table as migrations
 * (`TableMigrations`), each one commit of Iceberg. What would break readers fails at synth.
 */
export class DataContract {
  /**
   * The contract in a file.
   *
   * @param file path of the JSON file, from the folder in which synthesis runs
   */
  static fromFile(file: string): DataContract {
    return new DataContract(file);
  }

  /**
   * Columns in code; the file keeps their ids and their history.
   *
   * Synthesis fails with `no-contract-file` or `contract-out-of-date` until the file says what the code says. It is written by
   * `npx cdk synth -c cdk-ml-platform:update-contracts=true`, and committed with the code.
   *
   * @param file path of the JSON file, from the folder in which synthesis runs
   */
  static fromColumns(file: string, props: DataContractProps): DataContract {
    return new DataContract(file, props);
  }

  private constructor(
    /** Path of the JSON file. */
    readonly file: string,
    private readonly props?: DataContractProps,
  ) {}

  /**
   * The file, once it is held against the code; `update` writes it.
   *
   * @internal
   */
  _resolve(faults: Faults, update: boolean): ContractJson | undefined {
    const own = Faults.at(faults.path);
    const contract = this.read(own, update);
    faults.collect(() => own.throwIfAny());
    return own.ok ? contract : undefined;
  }

  private read(faults: Faults, update: boolean): ContractJson | undefined {
    const committed = existsSync(this.file) ? parseContract(faults, this.file, readFileSync(this.file, 'utf8')) : undefined;
    if (committed) checkHistory(faults, this.file, committed);
    if (!faults.ok) return undefined;
    const wanted = this.props ? this.wanted(faults, this.props, committed) : committed;
    if (!wanted) {
      if (faults.ok) faults.add('no-contract-file', `contract '${this.file}' does not exist; ${this.props ? WRITE : 'give the path of a file that DataContract.fromColumns wrote'}`);
      return undefined;
    }
    checkChecks(faults, wanted);
    if (faults.ok) this.keep(faults, wanted, committed, update);
    return faults.ok ? wanted : undefined;
  }

  /** What the file has to say for this code. */
  private wanted(faults: Faults, props: DataContractProps, committed: ContractJson | undefined): ContractJson | undefined {
    const tableName = props.tableName ?? basename(this.file, '.json').replace(/[^A-Za-z0-9]+/g, '_').toLowerCase();
    const plan = icebergTable(faults, {
      tableName, columns: props.columns, partitionBy: props.partitionBy, sortBy: props.sortBy,
      identifiedBy: props.identifiedBy, comment: props.comment, properties: props.properties,
    });
    if (!faults.ok) return undefined;
    const checks = checksJson(props.checks ?? {});
    if (!committed) return firstVersion(tableName, shapeOf(plan), checks);
    faults.check(committed.table === tableName, 'contract-of-another-table', `contract '${this.file}' is that of table ${show(committed.table)}, not of ${show(tableName)}; give each table a file of its own`);
    const shape = keepIds(shapeOf(plan), committed.schema);
    refuseBreaking(faults, `contract '${this.file}'`, shapeChanges(committed, shape));
    checkFieldIds(faults, props.columns, shape.schema.fields);
    return nextVersion(committed, shape, checks);
  }

  private keep(faults: Faults, wanted: ContractJson, committed: ContractJson | undefined, update: boolean): void {
    if (committed && same(wanted, committed)) return;
    if (update) {
      mkdirSync(dirname(this.file), { recursive: true });
      writeFileSync(this.file, renderContract(wanted));
    } else if (!committed) {
      faults.add('no-contract-file', `contract '${this.file}' does not exist; ${WRITE}`);
    } else {
      const changes = shapeChanges(committed, wanted).map(({ message }) => message);
      faults.add('contract-out-of-date', `contract '${this.file}' does not say what the code says (${changes.join('; ') || 'checks differ'}); ${WRITE}`);
    }
  }
}

const WRITE = `write it with 'npx cdk synth -c ${UPDATE_CONTRACTS}=true', and commit it`;

function checkChecks(faults: Faults, contract: ContractJson): void {
  const columns = pathsOf(contract);
  for (const [column, check] of Object.entries(contract.checks)) {
    if (!columns.includes(column)) {
      const near = suggest(column, columns);
      faults.add('unknown-column', `checks names column ${show(column)}, which is not in columns; ${near ? `perhaps ${show(near)} is meant` : 'name another one'}`);
    }
    checkNumber(faults, `checks[${show(column)}].maxNullShare`, check.maxNullShare, { min: 0, max: 1 });
    faults.check(check.min === undefined || check.max === undefined || check.min <= check.max, 'invalid-range',
      `checks[${show(column)}] has min ${show(check.min)} above max ${show(check.max)}; turn them round`);
    faults.check(check.oneOf === undefined || check.oneOf.length > 0, 'empty-one-of', `checks[${show(column)}].oneOf is empty, so no value would be allowed; name at least one`);
    faults.check(check.maxAgeSeconds === undefined || check.maxAgeSeconds > 0, 'invalid-max-age', `checks[${show(column)}].maxAge is ${check.maxAgeSeconds} seconds, so every value would be too old; give a longer one`);
  }
}

function pathsOf({ schema }: ContractJson): string[] {
  const paths = (fields: typeof schema.fields, prefix: string): string[] => fields.flatMap(({ name, type }) => [
    prefix + name, ...(typeof type !== 'string' && type.type === 'struct' ? paths(type.fields, `${prefix}${name}.`) : []),
  ]);
  return paths(schema.fields, '');
}
