import type { IConstruct } from 'constructs';
import { blueprintOf } from './contract-schema';
import { contractedTable, ContractedTable, UPDATE_CONTRACTS } from './data-contract';
import { icebergTable } from './iceberg-table';
import type { IcebergTableDefinition } from './iceberg-table-definition';
import type { Faults } from '../../core/private/faults';

const IN_CONTRACT = ['columns', 'partitionBy', 'sortBy', 'identifiedBy', 'comment', 'properties'] as const;

/**
 * Decides on a table by its columns or by its contract.
 *
 * @param scope where the table is made; the context that writes contract files is read there
 * @param name name of a table that has no contract and no name of its own
 */
export function plannedTable(faults: Faults, scope: IConstruct, name: string, definition: IcebergTableDefinition): ContractedTable {
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
  return { created, columnTypes: Object.fromEntries(columns.map((column) => [column.name, column.type.toString()])) };
}

/** True if this synthesis writes contract files. */
export function updatesContracts(scope: IConstruct): boolean {
  const flag: unknown = scope.node.tryGetContext(UPDATE_CONTRACTS);
  return flag === true || flag === 'true';
}

/** Stands for a table whose contract has faults: they are thrown before anybody looks at it. */
const NOTHING: ContractedTable = {
  created: blueprintOf('', { 'schema': { 'type': 'struct', 'schema-id': 0, 'fields': [] }, 'partition-spec': [], 'sort-order': [], 'properties': {} }),
  columnTypes: {},
};
