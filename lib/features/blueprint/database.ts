import { checkInteger, checkLiteral, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

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

/** The database of Feast's registry, as data. */
export interface RegistryDatabaseBlueprint {
  readonly majorVersion: string;
  readonly instanceType: string;
  readonly storageGiB: number;
  readonly maxStorageGiB: number;
  readonly multiAz: boolean;
  readonly backupDays: number;
  readonly port: number;
  readonly databaseName: string;
  readonly userName: string;
  readonly certificateAuthority: string;
  readonly logExports: string[];
  readonly deletionProtection: boolean;
  /** Whether the data outlives the instance as a snapshot. */
  readonly finalSnapshot: boolean;
  /** Bytes of free storage below which the alarm goes off. */
  readonly freeStorageAlarm: number;
}

const GIB = 1024 ** 3;
const MOST_STORAGE = 65_536;

/** Decides on the database: a registry is a few megabytes, so the smallest instance is the default. */
export function registryDatabase(faults: Faults, input: RegistryDatabaseInput): RegistryDatabaseBlueprint {
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
    freeStorageAlarm: 2 * GIB,
  };
}
