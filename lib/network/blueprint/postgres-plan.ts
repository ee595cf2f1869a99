/** A PostgreSQL instance of RDS, decided. */
export interface PostgresPlan {
  readonly majorVersion: string;
  /** For example `t4g.micro`. */
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
