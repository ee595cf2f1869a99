import { type Duration, Size } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { checkInteger } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import type { IMlNetwork } from '../network/interfaces';
import { type AuroraInput, auroraDatabase, type DatabaseInput, registryDatabase } from './blueprint/database';
import { createAurora } from './private/aurora';
import { createPostgres } from './private/postgres';

/** Options of a PostgreSQL database that is made here. */
export interface PostgresOptions {
  /**
   * Class of the instance.
   *
   * @default ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO)
   */
  readonly instanceType?: ec2.InstanceType;
  /**
   * Storage at the start (gp3).
   *
   * @default Size.gibibytes(20)
   */
  readonly storage?: Size;
  /**
   * Size up to which RDS adds storage by itself.
   *
   * @default Size.gibibytes(100)
   */
  readonly maxStorage?: Size;
  /**
   * Whether a standby runs in a second zone; it doubles the cost of instance and storage.
   *
   * @default false
   */
  readonly multiAz?: boolean;
  /**
   * How long backups are kept, 1 to 35 whole days.
   *
   * @default Duration.days(7)
   */
  readonly backupRetention?: Duration;
  /**
   * Port of the database, 1150 to 65535.
   *
   * @default 5432
   */
  readonly port?: number;
  /**
   * Whether AWS refuses to delete the instance. Turn it off, and deploy, before the stack is to go: the data then stays as a
   * final snapshot. Off anyway when the registry's `removalPolicy` lets the data go.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;
}

/** Options of an Aurora Serverless v2 cluster that is made here. */
export interface AuroraServerlessOptions {
  /**
   * Smallest capacity in units of about 2 GiB of memory, 0 to 256 in steps of 0.5. With 0 the cluster pauses while nobody uses MLflow: it
   * then costs its storage only, and the first request waits about 15 seconds.
   *
   * @default 0.5
   */
  readonly minCapacity?: number;
  /**
   * Largest capacity, 1 to 256 in steps of 0.5.
   *
   * @default 2
   */
  readonly maxCapacity?: number;
  /**
   * How long nobody has to use MLflow before the cluster pauses, 5 minutes to a day. Only with `minCapacity` 0.
   *
   * @default - 5 minutes where `minCapacity` is 0; else it never pauses
   */
  readonly autoPause?: Duration;
  /**
   * Readers in other zones, up to 15, one of which takes over from a lost writer within about half a minute. Each costs as much as the writer.
   *
   * @default 0
   */
  readonly readers?: number;
  /**
   * How long backups are kept, 1 to 35 whole days.
   *
   * @default Duration.days(7)
   */
  readonly backupRetention?: Duration;
  /**
   * Port of the database, 1150 to 65535.
   *
   * @default 5432
   */
  readonly port?: number;
  /**
   * Whether AWS refuses to delete the cluster. As with `PostgresOptions.deletionProtection`.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;
}

/** Who may reach a database that a secret describes. */
export interface DatabaseSecretOptions {
  /**
   * Security group of the database, so that the server is let in.
   *
   * @default - the server is let in by somebody else
   */
  readonly securityGroup?: ec2.ISecurityGroup;
  /**
   * Port of the database, for the rule of its security group. The server takes the port from the secret.
   *
   * @default 5432
   */
  readonly port?: number;
}

/** A PostgreSQL database that exists. */
export interface ExistingDatabaseAttributes {
  /** Host name of the database. */
  readonly host: string;
  /**
   * Port of the database.
   *
   * @default 5432
   */
  readonly port?: number;
  /**
   * Name of the database on that host.
   *
   * @default 'mlflow'
   */
  readonly databaseName?: string;
  /** Secret with the JSON fields `username` and `password`. */
  readonly secret: secretsmanager.ISecret;
  /**
   * Security group of the database, so that the server is let in.
   *
   * @default - the server is let in by somebody else
   */
  readonly securityGroup?: ec2.ISecurityGroup;
}

/** What a database has to know of the registry that binds it. */
export interface RegistryDatabaseBindOptions {
  /** The network in which the database stands. */
  readonly network: IMlNetwork;
  /** True if the data may be deleted with the stack. */
  readonly destroy: boolean;
  /**
   * What alarms of the database do.
   *
   * @default - alarms show in CloudWatch only
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** What the MLflow server has to know of its database. */
export interface RegistryDatabaseConfig {
  /** Host name of the database. */
  readonly host: string;
  /** Port of the database, as text. */
  readonly port: string;
  /** Name of the database on that host. */
  readonly databaseName: string;
  /** Secret with the JSON fields `username` and `password`. */
  readonly secret: secretsmanager.ISecret;
  /**
   * Who may connect.
   *
   * @default - the server is let in by somebody else
   */
  readonly connections?: ec2.Connections;
  /**
   * The instance.
   *
   * @default - the database existed, or is a cluster
   */
  readonly instance?: rds.DatabaseInstance;
  /**
   * The cluster.
   *
   * @default - the database existed, or is an instance
   */
  readonly cluster?: rds.DatabaseCluster;
  /**
   * Further variables of the MLflow server.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };
  /**
   * Whether the secret holds `host`, `port` and `dbname` as well, so that the server takes its whole address from there.
   *
   * @default - the address is said here
   */
  readonly addressInSecret?: boolean;
  /** Alarms of the instance, if it was made here. */
  readonly alarms: cloudwatch.Alarm[];
}

/** The database behind the registry: a new small one by default, or one that exists. */
export abstract class RegistryDatabase {
  /**
   * A PostgreSQL instance on RDS: encrypted, backed up, protected against deletion, not reachable from outside the VPC.
   *
   * @throws a ValidationError that lists every fault of the options
   */
  static postgres(options: PostgresOptions = {}): RegistryDatabase {
    const input = inputOf(options);
    const faults = Faults.at('RegistryDatabase.postgres');
    registryDatabase(faults, { ...input, destroy: false });
    faults.throwIfAny();
    return new NewPostgres(input);
  }

  /** A PostgreSQL database that exists. Nothing is created. */
  static existing(attributes: ExistingDatabaseAttributes): RegistryDatabase {
    const faults = Faults.at('RegistryDatabase.existing');
    checkInteger(faults, 'port', attributes.port, { min: 1, max: 65_535 });
    faults.throwIfAny();
    return new ExistingPostgres(attributes);
  }

  /**
   * An Aurora PostgreSQL cluster that grows and shrinks by itself: encrypted, backed up, protected against deletion.
   *
   * It costs at least four times the smallest instance of `postgres()` unless it may pause; choose it for large teams, or with
   * `minCapacity` 0 for registries that are idle at night.
   * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html
   *
   * @throws a ValidationError that lists every fault of the options
   */
  static auroraServerless(options: AuroraServerlessOptions = {}): RegistryDatabase {
    const input = auroraInputOf(options);
    const faults = Faults.at('RegistryDatabase.auroraServerless');
    auroraDatabase(faults, { ...input, destroy: false });
    faults.throwIfAny();
    return new NewAurora(input);
  }

  /**
   * A PostgreSQL database that exists, known by a secret as RDS writes it: `host`, `port`, `dbname`, `username` and `password`.
   * Nothing is created.
   */
  static fromSecret(secret: secretsmanager.ISecret, options: DatabaseSecretOptions = {}): RegistryDatabase {
    const faults = Faults.at('RegistryDatabase.fromSecret');
    checkInteger(faults, 'port', options.port, { min: 1, max: 65_535 });
    faults.throwIfAny();
    return new SecretPostgres(secret, options);
  }

  /** Creates the database in the scope of a registry, if there is anything to create. */
  abstract bind(scope: Construct, options: RegistryDatabaseBindOptions): RegistryDatabaseConfig;
}

function inputOf(options: PostgresOptions): Omit<DatabaseInput, 'destroy'> {
  return {
    instanceType: options.instanceType?.toString(),
    storageGiB: options.storage?.toGibibytes({ rounding: 2 }),
    maxStorageGiB: options.maxStorage?.toGibibytes({ rounding: 2 }),
    multiAz: options.multiAz,
    backupRetention: options.backupRetention?.toDays({ integral: false }),
    port: options.port,
    deletionProtection: options.deletionProtection,
  };
}

class NewPostgres extends RegistryDatabase {
  constructor(private readonly input: Omit<DatabaseInput, 'destroy'>) {
    super();
  }

  bind(scope: Construct, options: RegistryDatabaseBindOptions): RegistryDatabaseConfig {
    const faults = Faults.ofConstruct(scope);
    const plan = registryDatabase(faults, { ...this.input, destroy: options.destroy });
    return createPostgres(scope, options.network, plan, options.alarmActions ?? []);
  }
}

class ExistingPostgres extends RegistryDatabase {
  constructor(private readonly attributes: ExistingDatabaseAttributes) {
    super();
  }

  bind(): RegistryDatabaseConfig {
    const { host, port = 5432, databaseName = 'mlflow', secret, securityGroup } = this.attributes;
    const connections = securityGroup && new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(port) });
    return { host, port: String(port), databaseName, secret, connections, alarms: [] };
  }
}

function auroraInputOf(options: AuroraServerlessOptions): Omit<AuroraInput, 'destroy'> {
  const { minCapacity, maxCapacity, readers, port, deletionProtection } = options;
  return {
    minCapacity, maxCapacity, readers, port, deletionProtection,
    autoPause: options.autoPause?.toSeconds({ integral: false }),
    backupRetention: options.backupRetention?.toDays({ integral: false }),
  };
}

class NewAurora extends RegistryDatabase {
  constructor(private readonly input: Omit<AuroraInput, 'destroy'>) {
    super();
  }

  bind(scope: Construct, options: RegistryDatabaseBindOptions): RegistryDatabaseConfig {
    const plan = auroraDatabase(Faults.ofConstruct(scope), { ...this.input, destroy: options.destroy });
    return createAurora(scope, options.network, plan, options.alarmActions ?? []);
  }
}

class SecretPostgres extends RegistryDatabase {
  constructor(private readonly secret: secretsmanager.ISecret, private readonly options: DatabaseSecretOptions) {
    super();
  }

  bind(): RegistryDatabaseConfig {
    const { securityGroup, port = 5432 } = this.options;
    const connections = securityGroup && new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(port) });
    return { host: '', port: String(port), databaseName: '', secret: this.secret, addressInSecret: true, connections, alarms: [] };
  }
}
