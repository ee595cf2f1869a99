import * as path from 'node:path';
import type { StackOutputs } from './deployment';
import { PROJECT } from './surroundings';

/** Where the parts of stacks/features are; what the life of features is told. */
export interface FeatureAddresses {
  readonly table: string;
  readonly contract: string;
  readonly bus: string;
  readonly reports: string;
  readonly quality_machine: string;
  readonly apply_machine: string;
  readonly materialize_machine: string;
  readonly online_table: string;
  readonly store_yaml: string;
  readonly registry_secret: string;
}

/** The outputs by which a platform says that it has features. */
const OUTPUTS: Readonly<Record<Exclude<keyof FeatureAddresses, 'contract'>, string>> = {
  table: 'ActivityTable',
  bus: 'EventBus',
  reports: 'QualityReports',
  quality_machine: 'QualityMachine',
  apply_machine: 'ApplyMachine',
  materialize_machine: 'MaterializeMachine',
  online_table: 'OnlineTable',
  store_yaml: 'FeatureStoreYaml',
  registry_secret: 'FeatureRegistrySecret',
};

/** The addresses, or undefined when the stacks have none of stacks/features. */
export function featuresFrom(outputs: StackOutputs): FeatureAddresses | undefined {
  const all = Object.assign({}, ...Object.values(outputs)) as Record<string, string>;
  if (Object.values(OUTPUTS).some(name => !all[name])) return undefined;
  const found = Object.fromEntries(Object.entries(OUTPUTS).map(([key, name]) => [key, all[name]])) as Record<keyof typeof OUTPUTS, string>;
  return { ...found, contract: path.join(PROJECT, 'stacks', 'features', 'contracts', 'customer-activity.json') };
}
