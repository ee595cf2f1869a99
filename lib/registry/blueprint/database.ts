import { checkInteger, checkLiteral, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** What a user may say about the database. */
export interface DatabaseInput {
  /** For example `t4g.micro`. */
  readonly instanceType?: string;
  readonly storageGiB?: number;
  readonly maxStorageGiB?: number;
  readonly multiAz?: boolean;
  /** In days. */
  readonly backupRetention?: number;
  readonly port?: number;
  readonly deletionProtection?: boolean;
  /** True if the data may go with the stack. */
  readonly destroy: boolean;
}

/** The registry's database, as data. */
export interface DatabaseBlueprint {
  readonly engine: 'postgres';
  readonly majorVersion: string;
  readonly instanceType: string;
  readonly storageGiB: number;
  readonly maxStorageGiB: number;
  readonly storageType: 'gp3';
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
  readonly alarms: DatabaseAlarm[];
}

/** An alarm on a metric of `AWS/RDS`. */
export interface DatabaseAlarm {
  readonly id: string;
  readonly metricName: string;
  readonly statistic: string;
  readonly comparison: 'GreaterThan' | 'LessThan';
  readonly threshold: number;
  readonly periodMinutes: number;
  readonly evaluationPeriods: number;
  readonly description: string;
}

const GIB = 1024 ** 3;
const LOWEST_PORT = 1150;
const MOST_STORAGE = 65_536;

/** Decides on the database; MLflow's metadata is small, so the smallest instance is the default. */
export function registryDatabase(faults: Faults, input: DatabaseInput): DatabaseBlueprint {
  const storageGiB = input.storageGiB ?? 20;
  const maxStorageGiB = input.maxStorageGiB ?? Math.min(MOST_STORAGE, Math.max(100, 2 * storageGiB));
  for (const property of ['storageGiB', 'maxStorageGiB', 'backupRetention', 'port', 'instanceType'] as const) {
    checkLiteral(faults, property, input[property]);
  }
  checkText(faults, 'instanceType', input.instanceType, {
    pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
    allowed: 'a class of RDS without `db.`, for example t4g.micro',
  });
  checkInteger(faults, 'storageGiB', storageGiB, { min: 20, max: MOST_STORAGE, unit: 'GiB' });
  checkInteger(faults, 'maxStorageGiB', maxStorageGiB, { min: 20, max: MOST_STORAGE, unit: 'GiB' });
  checkInteger(faults, 'backupRetention', input.backupRetention, { min: 1, max: 35, unit: 'days' });
  checkInteger(faults, 'port', input.port, { min: LOWEST_PORT, max: 65_535 });
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  faults.check(isUnresolved([storageGiB, maxStorageGiB]) || maxStorageGiB === storageGiB || maxStorageGiB >= 1.1 * storageGiB, 'max-storage-too-near',
    `maxStorageGiB ${maxStorageGiB} is neither storageGiB ${storageGiB}, which turns growth off, nor 10 % above it; raise it, or leave it out`);
  return {
    engine: 'postgres',
    majorVersion: '17',
    instanceType: input.instanceType ?? 't4g.micro',
    storageGiB,
    maxStorageGiB,
    storageType: 'gp3',
    multiAz: input.multiAz ?? false,
    backupDays: input.backupRetention ?? 7,
    port: input.port ?? 5432,
    databaseName: 'mlflow',
    userName: 'mlflow',
    certificateAuthority: 'rds-ca-rsa2048-g1',
    logExports: ['postgresql', 'upgrade'],
    deletionProtection: !input.destroy && (input.deletionProtection ?? true),
    finalSnapshot: !input.destroy,
    alarms: alarms(),
  };
}

function alarms(): DatabaseAlarm[] {
  return [
    {
      id: 'FreeStorageAlarm', metricName: 'FreeStorageSpace', statistic: 'Minimum', comparison: 'LessThan', threshold: 2 * GIB,
      periodMinutes: 5, evaluationPeriods: 3,
      description: 'Registry database: less than 2 GiB of storage left for 15 minutes. Raise maxStorageGiB, or delete old runs.',
    },
    {
      id: 'CpuAlarm', metricName: 'CPUUtilization', statistic: 'Average', comparison: 'GreaterThan', threshold: 90,
      periodMinutes: 5, evaluationPeriods: 6,
      description: 'Registry database: CPU above 90 % for 30 minutes. Choose a larger instanceType.',
    },
  ];
}
