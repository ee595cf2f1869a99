import { existsSync, readFileSync } from 'fs';
import type { Construct } from 'constructs';
import type { Faults } from '../../core/private/faults';
import { columnTypesOf, partitionTransformsOf, type ContractJson } from '../blueprint/contract-file';
import { updatesContracts } from '../blueprint/planned-table';
import { qualityCheck, type QualityCheckBlueprint, type QualityCheckInput } from '../blueprint/quality-check';
import { QualityChecks, QualityTrigger } from '../blueprint/quality-choices';
import type { QualityCheckOptions } from '../quality-check-props';

/** The files that a run reads. */
export interface QualityCheckFiles {
  readonly contracts: QualityChecks[];
  readonly suites: string[];
}

/** The files that a check's runs read. */
export function checkFilesOf({ checks, table }: QualityCheckOptions): QualityCheckFiles {
  const all = checks ?? (table.contract ? [QualityChecks.contract(table.contract)] : []);
  return {
    contracts: all.filter(({ _contract }) => _contract !== undefined),
    suites: all.flatMap(({ _suite }) => (_suite === undefined ? [] : [_suite])),
  };
}

/** Decides on a check before it is made; whether it has suites is a second answer. */
export function decideOnCheck(
  faults: Faults, scope: Construct, props: QualityCheckOptions, engine: QualityCheckInput['engine'],
): { readonly plan: QualityCheckBlueprint; readonly withSuites: boolean } {
  const { contracts, suites } = checkFilesOf(props);
  const resolved = contracts.map(({ _contract }) => _contract?._resolve(faults, updatesContracts(scope)));
  const plan = qualityCheck(faults, {
    tableName: props.table.tableName,
    contracts: resolved,
    suites: suites.map((file) => ({ file, text: existsSync(file) ? readFileSync(file, 'utf8') : undefined })),
    ...shapeOf(props, resolved),
    sample: props.sample,
    engine,
    inS3Tables: props.table.s3TableCatalog !== undefined,
    triggers: props.triggers ?? (props.eventBus ? [QualityTrigger.onDataArrived()] : []),
    hasBus: props.eventBus !== undefined,
    reportPrefix: props.reportPrefix,
  });
  return { plan, withSuites: suites.length > 0 };
}

function shapeOf({ table }: QualityCheckOptions, [contract]: (ContractJson | undefined)[]): Pick<QualityCheckInput, 'columnTypes' | 'partitionTransforms'> {
  return {
    columnTypes: table.columnTypes ?? (contract && columnTypesOf(contract)),
    partitionTransforms: table.partitionTransforms ?? (contract && partitionTransformsOf(contract)),
  };
}
