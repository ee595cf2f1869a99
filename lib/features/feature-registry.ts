import type { Duration, Size } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { registryDatabase, type RegistryDatabaseInput } from './blueprint/database';
import type { BackendContext, RegistryBackend } from './private/backends';
import { checkDatabase, databaseConnections } from './private/databases';
import { createRegistryDatabase } from './private/postgres';
import { Faults } from '../core/private/faults';

/** Options of a PostgreSQL database that is made for the registry. */
export interface FeatureRegistryPostgresOptions {
  /**
   * Class of the instance.
   *
   * @default ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO)
   */
  readonly instanceType?: ec2.InstanceType;
  /**
   * Storage at the start (gp3); it grows to 100 GiB or twice that.
   *
   * @default Size.gibibytes(20)
   */
  readonly storage?: Size;
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
   * Whether AWS refuses to delete the instance. Off anyway when the store's `removalPolicy` lets the data go.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;
}

/** A PostgreSQL database that exists, for example one beside MLflow's on the same instance. */
export interface FeatureDatabaseAttributes {
  /** Host name of the database. */
  readonly host: string;
  /**
   * Port of the database.
   *
   * @default 5432
   */
  readonly port?: number;
  /**
   * Name of the database on that host. Give Feast one of its own: it makes tables there.
   *
   * @default 'feast'
   */
  readonly databaseName?: string;
  /** Secret with the JSON fields `username` and `password`. */
  readonly secret: secretsmanager.ISecret;
  /**
   * Secret of a user who may only read, for model servers and feature servers.
   *
   * @default - readers get `secret`, and with it the right to write
   */
  readonly readerSecret?: secretsmanager.ISecret;
  /**
   * What lets clients in, for example the instance itself.
   *
   * @default - clients are let in by somebody else
   */
  readonly connections?: ec2.IConnectable;
}

/**
 * Where Feast keeps its definitions: PostgreSQL, a new small instance by default.
 *
 * A file on S3 is not offered: of two applies at once it loses one, without a word.
 *
 * @see https://docs.feast.dev/reference/registries/sql
 */
export abstract class FeatureRegistry {
  /**
   * A PostgreSQL instance on RDS: encrypted, backed up, protected against deletion, not reachable from outside the VPC.
   *
   * @throws a ValidationError that lists every fault of the options
   */
  static postgres(options: FeatureRegistryPostgresOptions = {}): FeatureRegistry {
    const input = {
      instanceType: options.instanceType?.toString(),
      storageGiB: options.storage?.toGibibytes({ rounding: 2 }),
      multiAz: options.multiAz,
      backupRetention: options.backupRetention?.toDays({ integral: false }),
      deletionProtection: options.deletionProtection,
    };
    const faults = Faults.at('FeatureRegistry.postgres');
    registryDatabase(faults, { ...input, destroy: false });
    faults.throwIfAny();
    return new NewRegistry(input);
  }

  /** A PostgreSQL database that exists. Nothing is created, so it costs nothing more. */
  static existing(attributes: FeatureDatabaseAttributes): FeatureRegistry {
    checkDatabase('FeatureRegistry.existing', attributes);
    return new ExistingRegistry(attributes);
  }

  /**
   * Creates the database in the scope of a store, if there is anything to create.
   *
   * @internal
   */
  abstract _bind(scope: Construct, context: BackendContext): RegistryBackend;
}

class NewRegistry extends FeatureRegistry {
  constructor(private readonly input: Omit<RegistryDatabaseInput, 'destroy'>) {
    super();
  }

  override _bind(scope: Construct, context: BackendContext): RegistryBackend {
    const faults = Faults.ofConstruct(scope);
    const plan = registryDatabase(faults, { ...this.input, destroy: context.destroy });
    return createRegistryDatabase(scope, context.network, plan, context.alarmActions);
  }
}

class ExistingRegistry extends FeatureRegistry {
  constructor(private readonly attributes: FeatureDatabaseAttributes) {
    super();
  }

  override _bind(): RegistryBackend {
    const { host, port = 5432, databaseName = 'feast', secret, readerSecret } = this.attributes;
    return { host, port: String(port), portNumber: port, databaseName, secret, readerSecret, connections: databaseConnections(this.attributes), alarms: [] };
  }
}
