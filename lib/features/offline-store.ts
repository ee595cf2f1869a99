import type { Size } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { AthenaBackend } from './private/athena';
import type { BackendContext, OfflineBackend } from './private/backends';
import { IcebergBackend } from './private/iceberg';
import { RedshiftBackend } from './private/redshift';
import { SparkBackend } from './private/spark';
import { checkText } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Options of history in Athena. */
export interface AthenaOfflineStoreOptions {
  /**
   * Most bytes that one query may read, at least 10 MB. A query that would read more is stopped; a terabyte costs 5 USD.
   *
   * @default Size.gibibytes(100)
   */
  readonly scanLimit?: Size;
}

/** History in Redshift Serverless. */
export interface RedshiftOfflineStoreOptions {
  /** Name of the workgroup. */
  readonly workgroupName: string;
  /** ARN of the workgroup; it ends in an id that the name does not tell. */
  readonly workgroupArn: string;
  /** Name of the database. */
  readonly databaseName: string;
  /** Role that Redshift itself takes for UNLOAD and COPY; it gets the staging bucket. */
  readonly role: iam.IRole;
}

/** History by Spark. */
export interface SparkOfflineStoreOptions {
  /**
   * Settings of the Spark session, for example the catalog that knows the lake's tables.
   *
   * @default - Spark's own
   */
  readonly sparkConf?: { readonly [name: string]: string };
}

/**
 * Where Feast reads history, for training sets and for what it materializes.
 *
 * @see https://docs.feast.dev/reference/offline-stores
 */
export abstract class OfflineStore {
  /**
   * Athena over the lake's Iceberg tables: nothing at rest, 5 USD per TB read.
   *
   * The workgroup is its own: Feast fetches each result from where it told Athena to write it, and a workgroup that enforces its own
   * place refuses that.
   *
   * @throws a ValidationError [invalid-scan-limit]
   * @see https://docs.feast.dev/reference/offline-stores/athena
   */
  static athena(options: AthenaOfflineStoreOptions = {}): OfflineStore {
    const bytes = options.scanLimit?.toBytes({ rounding: 2 });
    const faults = Faults.at('OfflineStore.athena');
    faults.check(bytes === undefined || bytes >= 10_000_000, 'invalid-scan-limit',
      `scanLimit of ${bytes} bytes is below 10 MB, the least that Athena takes; raise it`);
    faults.throwIfAny();
    return new Choice(true, true, (scope, context) => new AthenaBackend(scope, context, bytes));
  }

  /**
   * The lake's Iceberg tables, read by pyiceberg inside the job: nothing to pay but the task. It reads the columns and the interval that
   * are asked for, and those have to fit on one machine.
   *
   * Only the library's own image and `ml_platform_runtime` know it; in Python the sources are Feast's `IcebergSource` with the catalog `glue`.
   */
  static iceberg(): OfflineStore {
    return new Choice(false, true, () => new IcebergBackend());
  }

  /**
   * A workgroup of Redshift Serverless that exists.
   *
   * @throws a ValidationError [invalid-workgroup-arn]
   * @see https://docs.feast.dev/reference/offline-stores/redshift
   */
  static redshiftServerless(options: RedshiftOfflineStoreOptions): OfflineStore {
    const faults = Faults.at('OfflineStore.redshiftServerless');
    checkText(faults, 'workgroupArn', options.workgroupArn, {
      pattern: /^arn:[^:]+:redshift-serverless:[^:]+:\d{12}:workgroup\/.+$/, allowed: 'arn:aws:redshift-serverless:<region>:<account>:workgroup/<id>',
    });
    faults.throwIfAny();
    return new Choice(false, true, (scope, context) => new RedshiftBackend(scope, context, options));
  }

  /**
   * Spark inside the job. It needs an image of yours with Java and PySpark: the library's own has neither.
   *
   * @see https://docs.feast.dev/reference/offline-stores/spark
   */
  static spark(options: SparkOfflineStoreOptions = {}): OfflineStore {
    return new Choice(false, false, (scope, context) => new SparkBackend(scope, context, options.sparkConf ?? {}));
  }

  /**
   * True if it reads the tables of a lake by name.
   *
   * @internal
   */
  abstract readonly _needsLake: boolean;
  /**
   * True if the library's own image can read it.
   *
   * @internal
   */
  abstract readonly _inOwnImage: boolean;

  /**
   * Creates what it needs in the scope of a store.
   *
   * @internal
   */
  abstract _bind(scope: Construct, context: BackendContext): OfflineBackend;
}

class Choice extends OfflineStore {
  constructor(
    override readonly _needsLake: boolean,
    override readonly _inOwnImage: boolean,
    private readonly make: (scope: Construct, context: BackendContext) => OfflineBackend,
  ) {
    super();
  }

  override _bind(scope: Construct, context: BackendContext): OfflineBackend {
    return this.make(scope, context);
  }
}
