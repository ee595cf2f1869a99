import type { Duration, Size } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { valkeyCache } from './blueprint/valkey';
import type { FeatureDatabaseAttributes } from './feature-registry';
import type { BackendContext, OnlineBackend, RegistryBackend } from './private/backends';
import { checkDatabase } from './private/databases';
import { DynamoDbBackend } from './private/dynamodb';
import { PostgresBackend } from './private/online-postgres';
import { ValkeyBackend } from './private/valkey';
import { Faults } from '../core/private/faults';

/** Options of tables in DynamoDB. */
export interface DynamoDbOnlineStoreOptions {
  /**
   * Key that encrypts the tables. A key costs 1 USD a month, and requests for it are billed.
   *
   * @default - encryption by DynamoDB itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Whether a table can be set back to any second of the last 35 days, for 0.20 USD per GB and month.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Whether a read sees every write that came before it, at twice the cost.
   *
   * @default false
   */
  readonly consistentReads?: boolean;
}

/** Options of a cache. */
export interface ValkeyOnlineStoreOptions {
  /**
   * Most data that the cache takes, 1 to 5,000 GB. What it holds is billed by the hour, at least 100 MB.
   *
   * @default Size.gibibytes(10)
   */
  readonly maxStorage?: Size;
  /**
   * Most requests per second, in ElastiCache's units (1 KB of a simple read or write): 1,000 to 15,000,000.
   *
   * @default 5000
   */
  readonly maxUnitsPerSecond?: number;
  /**
   * Time after which an entity that nobody wrote any more is forgotten, in whole seconds.
   *
   * @default - never
   */
  readonly keyTtl?: Duration;
  /**
   * Key that encrypts what lies on disk.
   *
   * @default - a key of AWS
   */
  readonly encryptionKey?: kms.IKey;
}

/** A PostgreSQL database for values. */
export interface PostgresOnlineStoreOptions {
  /**
   * The database.
   *
   * @default - the registry's
   */
  readonly database?: FeatureDatabaseAttributes;
  /**
   * Schema of the tables; Feast makes it.
   *
   * @default 'online'
   */
  readonly schema?: string;
}

/**
 * Where serving looks values up.
 *
 * @see https://docs.feast.dev/reference/online-stores
 */
export abstract class OnlineStore {
  /**
   * One table of the stack for each view: nothing at rest but what is stored, paid by request.
   *
   * Values do not expire there: Feast writes no time to live.
   *
   * @see https://docs.feast.dev/reference/online-stores/dynamodb
   */
  static dynamoDb(options: DynamoDbOnlineStoreOptions = {}): OnlineStore {
    return new Choice((scope, context) => new DynamoDbBackend(scope, context, options));
  }

  /**
   * ElastiCache Serverless for Valkey: below a millisecond, from about 6 USD a month. TLS, one user who writes and one who only reads.
   *
   * @throws a ValidationError [invalid-max-storage] [invalid-max-units-per-second] [invalid-key-ttl]
   * @see https://docs.feast.dev/reference/online-stores/redis
   */
  static valkey(options: ValkeyOnlineStoreOptions = {}): OnlineStore {
    const faults = Faults.at('OnlineStore.valkey');
    const plan = valkeyCache(faults, {
      maxStorageGb: options.maxStorage?.toGibibytes({ rounding: 2 }), maxUnitsPerSecond: options.maxUnitsPerSecond, keyTtl: options.keyTtl,
    });
    faults.throwIfAny();
    return new Choice((scope, context) => new ValkeyBackend(scope, context, plan, options.encryptionKey));
  }

  /**
   * PostgreSQL: the registry's database unless another is named, so nothing more to pay. For small teams: Feast makes its tables by itself,
   * and reads share the instance with everybody else.
   *
   * @see https://docs.feast.dev/reference/online-stores/postgres
   */
  static postgres(options: PostgresOnlineStoreOptions = {}): OnlineStore {
    if (options.database) checkDatabase('OnlineStore.postgres', options.database);
    return new Choice((_scope, context, registry) => new PostgresBackend(context, options, registry));
  }

  /**
   * Creates what it needs in the scope of a store.
   *
   * @internal
   */
  abstract _bind(scope: Construct, context: BackendContext, registry: RegistryBackend): OnlineBackend;
}

class Choice extends OnlineStore {
  constructor(private readonly make: (scope: Construct, context: BackendContext, registry: RegistryBackend) => OnlineBackend) {
    super();
  }

  override _bind(scope: Construct, context: BackendContext, registry: RegistryBackend): OnlineBackend {
    return this.make(scope, context, registry);
  }
}
