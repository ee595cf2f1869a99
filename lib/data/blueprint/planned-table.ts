import type { IConstruct } from 'constructs';
import { columnTypesOf, firstShape, partitionTransformsOf, UPDATE_CONTRACTS } from './contract-file';
import { blueprintOf } from './contract-schema';
import type { DataContract } from './data-contract';
import { icebergTable, type IcebergTableBlueprint } from './iceberg-table';
import type { IcebergTableDefinition } from './iceberg-table-definition';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** A table, decided: what its template says, and what it is once it is migrated. */
export interface PlannedTable {
  readonly created: IcebergTableBlueprint;
  readonly columnTypes: { readonly [name: string]: string };
  readonly partitionTransforms: { readonly [column: string]: string };
}

const IN_CONTRACT = ['columns', 'partitionBy', 'sortBy', 'identifiedBy', 'comment', 'properties'] as const;

/**
 * Decides on a table by its columns or by its contract.
 *
 * @param scope where the table is made; the context that writes contract files is read there
 * @param name name of a table that has no contract and no name of its own
 */
export function plannedTable(faults: Faults, scope: IConstruct, name: string, definition: IcebergTableDefinition): PlannedTable {
  const { contract, columns = [] } = definition;
  if (contract) {
    const twice = IN_CONTRACT.filter((key) => definition[key] !== undefined);
    faults.check(twice.length === 0, 'contract-and-columns', `${twice.join(', ')} and contract both say what the table is; say it in DataContract.fromColumns alone`);
    return contractedTable(faults, contract, definition.tableName, updatesContracts(scope)) ?? NOTHING;
  }
  const created = icebergTable(faults, {
    tableName: definition.tableName ?? name,
    columns,
    partitionBy: definition.partitionBy,
    sortBy: definition.sortBy,
    identifiedBy: definition.identifiedBy,
    comment: definition.comment,
    properties: definition.properties,
  });
  return {
    created,
    columnTypes: Object.fromEntries(columns.map((column) => [column.name, column.type.toString()])),
    partitionTransforms: Object.fromEntries((definition.partitionBy ?? []).map(({ column, transform }) => [column, transform])),
  };
}

/** True if this synthesis writes contract files. */
export function updatesContracts(scope: IConstruct): boolean {
  const flag: unknown = scope.node.tryGetContext(UPDATE_CONTRACTS);
  return flag === true || flag === 'true';
}

/** Stands for a table whose contract has faults: they are thrown before anybody looks at it. */
const NOTHING: PlannedTable = {
  created: blueprintOf('', { 'schema': { 'type': 'struct', 'schema-id': 0, 'fields': [] }, 'partition-spec': [], 'sort-order': [], 'properties': {} }),
  columnTypes: {},
  partitionTransforms: {},
};

function contractedTable(faults: Faults, contract: DataContract, tableName: string | undefined, update: boolean): PlannedTable | undefined {
  const resolved = contract._resolve(faults, update);
  if (!resolved) return undefined;
  faults.check(tableName === undefined || tableName === resolved.table, 'contract-of-another-table',
    `tableName ${show(tableName)} is not ${show(resolved.table)}, the table of contract '${contract.file}'; leave it out`);
  return {
    created: blueprintOf(resolved.table, firstShape(resolved)),
    columnTypes: columnTypesOf(resolved),
    partitionTransforms: partitionTransformsOf(resolved),
  };
}
