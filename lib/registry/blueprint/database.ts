import { checkInteger, checkLiteral, checkText, kebab } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import type { DatabaseAlarm, PostgresPlan } from '../../network/blueprint/postgres-plan';

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
export interface DatabaseBlueprint extends PostgresPlan {
  readonly engine: 'postgres';
  readonly storageType: 'gp3';
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

/** What a user may say about an Aurora cluster. */
export interface AuroraInput {
  readonly minCapacity?: number;
  readonly maxCapacity?: number;
  /** In seconds. */
  readonly autoPause?: number;
  readonly readers?: number;
  /** In days. */
  readonly backupRetention?: number;
  readonly port?: number;
  readonly deletionProtection?: boolean;
  /** True if the data may go with the stack. */
  readonly destroy: boolean;
}

/** The registry's Aurora cluster, as data. */
export interface AuroraBlueprint extends Omit<PostgresPlan, 'instanceType' | 'storageGiB' | 'maxStorageGiB' | 'multiAz'> {
  readonly engineVersion: string;
  /** In Aurora capacity units: about 2 GiB of memory each. */
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** Set only where the cluster may pause. */
  readonly autoPauseSeconds?: number;
  readonly readers: number;
  /** Variables of the MLflow server. */
  readonly environment: Record<string, string>;
}

const MOST_CAPACITY = 256;
const MOST_READERS = 15;

/**
 * Decides on an Aurora Serverless v2 cluster. It pauses only while nobody is connected, so a server that may let it pause keeps no
 * connection (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html).
 */
export function auroraDatabase(faults: Faults, input: AuroraInput): AuroraBlueprint {
  const { minCapacity = 0.5, maxCapacity = 2, readers = 0 } = input;
  for (const property of ['minCapacity', 'maxCapacity', 'autoPause', 'readers', 'backupRetention', 'port'] as const) {
    checkLiteral(faults, property, input[property]);
  }
  checkCapacity(faults, 'minCapacity', minCapacity, 0);
  checkCapacity(faults, 'maxCapacity', maxCapacity, 1);
  faults.check(isUnresolved([minCapacity, maxCapacity]) || maxCapacity >= minCapacity, 'max-capacity-below-min-capacity',
    `maxCapacity ${maxCapacity} is below minCapacity ${minCapacity}; raise maxCapacity or lower minCapacity`);
  checkInteger(faults, 'autoPause', input.autoPause, { min: 300, max: 86_400, unit: 'seconds' });
  faults.check(input.autoPause === undefined || minCapacity === 0, 'auto-pause-without-zero',
    `autoPause is given, but minCapacity ${minCapacity} never lets the cluster pause; set minCapacity to 0 or leave autoPause out`);
  checkInteger(faults, 'readers', readers, { min: 0, max: MOST_READERS });
  checkInteger(faults, 'backupRetention', input.backupRetention, { min: 1, max: 35, unit: 'days' });
  checkInteger(faults, 'port', input.port, { min: LOWEST_PORT, max: 65_535 });
  const pauses = minCapacity === 0;
  return {
    engineVersion: '17.7',
    majorVersion: '17',
    minCapacity,
    maxCapacity,
    ...pauses ? { autoPauseSeconds: input.autoPause ?? 300 } : {},
    readers,
    backupDays: input.backupRetention ?? 7,
    port: input.port ?? 5432,
    databaseName: 'mlflow',
    userName: 'mlflow',
    certificateAuthority: 'rds-ca-rsa2048-g1',
    logExports: ['postgresql'],
    deletionProtection: !input.destroy && (input.deletionProtection ?? true),
    finalSnapshot: !input.destroy,
    environment: pauses ? { MLFLOW_SQLALCHEMYSTORE_POOLCLASS: 'NullPool' } : {},
    alarms: [{
      id: 'CapacityAlarm', metricName: 'ACUUtilization', statistic: 'Average', comparison: 'GreaterThan', threshold: 90,
      periodMinutes: 5, evaluationPeriods: 6,
      description: 'Registry database: above 90 % of its largest capacity for 30 minutes. Raise maxCapacity.',
    }],
  };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html */
function checkCapacity(faults: Faults, property: string, value: number, min: number): void {
  faults.check(isUnresolved(value) || (value >= min && value <= MOST_CAPACITY && Number.isInteger(2 * value)), `invalid-${kebab(property)}`,
    `${property} ${value} is not from ${min} to ${MOST_CAPACITY} capacity units in steps of 0.5; use a value in that range`);
}
