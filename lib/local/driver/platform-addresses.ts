import type { StackOutputs } from './deployment';
import type { Emulator } from './emulator';
import { StepFailure } from './failure';
import { type FeatureAddresses, featuresFrom } from './feature-addresses';

/** Where the deployed platform is; what the model life is told. */
export interface PlatformAddresses {
  /** Every emulated service of AWS. */
  readonly endpoint: string;
  /** MLflow, as a client on this machine reaches it. */
  readonly tracking_uri: string;
  /** The model service, as a client on this machine reaches it. */
  readonly service_uri: string;
  /** Name of the registered model that the service follows. */
  readonly model: string;
  /** DynamoDB table of release records. */
  readonly release_table: string;
  /** Where the registry keeps artifacts, `s3://`. */
  readonly artifacts: string;
  /** Glue database of the lake table. */
  readonly database: string;
  /** The lake table. */
  readonly table: string;
  /** The parts of stacks/features. @default - the stacks have none */
  readonly features?: FeatureAddresses;
}

/** The outputs by which a reference platform says where it is. */
const OUTPUTS: Readonly<Record<Exclude<keyof PlatformAddresses, 'endpoint' | 'features'>, string>> = {
  tracking_uri: 'TrackingUri',
  service_uri: 'ServiceUrl',
  model: 'ModelName',
  release_table: 'ReleaseTable',
  artifacts: 'Artifacts',
  database: 'LakeDatabase',
  table: 'LakeTable',
};

/** Reads the addresses from the stacks' outputs; hosts inside the VPC are reached through the emulator's front door. */
export function addressesFrom(outputs: StackOutputs, emulator: Emulator): PlatformAddresses {
  const all = Object.assign({}, ...Object.values(outputs)) as Record<string, string>;
  const missing = Object.values(OUTPUTS).filter(name => !all[name]);
  if (missing.length > 0) {
    throw new StepFailure(`the stacks have no outputs ${missing.join(', ')}`, { hint: `they have ${Object.keys(all).join(', ') || 'none'}` });
  }
  const value = (key: keyof typeof OUTPUTS): string => all[OUTPUTS[key]];
  return {
    endpoint: emulator.endpoint,
    tracking_uri: emulator.frontDoor(value('tracking_uri')),
    service_uri: emulator.frontDoor(value('service_uri')),
    model: value('model'),
    release_table: value('release_table'),
    artifacts: value('artifacts'),
    database: value('database'),
    table: value('table'),
    features: featuresFrom(outputs),
  };
}
