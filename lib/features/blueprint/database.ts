import { checkInteger, checkLiteral, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import type { PostgresPlan } from '../../network/blueprint/postgres-plan';

/** What a user may say about the database of the registry. */
export interface RegistryDatabaseInput {
  /** For example `t4g.micro`. */
  readonly instanceType?: string;
  readonly storageGiB?: number;
  readonly multiAz?: boolean;
  /** In days. */
  readonly backupRetention?: number;
  readonly deletionProtection?: boolean;
  /** True if the data may go with the stack. */
  readonly destroy: boolean;
}

const GIB = 1024 ** 3;
const MOST_STORAGE = 65_536;

/** Decides on the database: a registry is a few megabytes, so the smallest instance is the default. */
export function registryDatabase(faults: Faults, input: RegistryDatabaseInput): PostgresPlan {
  const storageGiB = input.storageGiB ?? 20;
  for (const property of ['storageGiB', 'backupRetention', 'instanceType'] as const) checkLiteral(faults, property, input[property]);
  checkText(faults, 'instanceType', input.instanceType, {
    pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, allowed: 'a class of RDS without `db.`, for example t4g.micro',
  });
  checkInteger(faults, 'storageGiB', storageGiB, { min: 20, max: MOST_STORAGE, unit: 'GiB' });
  checkInteger(faults, 'backupRetention', input.backupRetention, { min: 1, max: 35, unit: 'days' });
  return {
    majorVersion: '17',
    instanceType: input.instanceType ?? 't4g.micro',
    storageGiB,
    maxStorageGiB: Math.min(MOST_STORAGE, Math.max(100, 2 * storageGiB)),
    multiAz: input.multiAz ?? false,
    backupDays: input.backupRetention ?? 7,
    port: 5432,
    databaseName: 'feast',
    userName: 'feast',
    certificateAuthority: 'rds-ca-rsa2048-g1',
    logExports: ['postgresql', 'upgrade'],
    deletionProtection: !input.destroy && (input.deletionProtection ?? true),
    finalSnapshot: !input.destroy,
    alarms: [{
      id: 'FreeStorageAlarm', metricName: 'FreeStorageSpace', statistic: 'Minimum', comparison: 'LessThan', threshold: 2 * GIB,
      periodMinutes: 5, evaluationPeriods: 3,
      description: 'Registry of the feature store: less than 2 GiB of storage left for 15 minutes. Give more storage.',
    }],
  };
}
