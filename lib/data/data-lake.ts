import { Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { dataLake, DataLakeBlueprint } from './blueprint/data-lake';
import { Zone } from './blueprint/zone';
import { ZoneTransition } from './blueprint/zone-transition';
import { IcebergTable, IcebergTableOptions } from './iceberg-table';
import { IDataLake, IDataLakeGrants } from './interfaces';
import { DataLakeGrants } from './private/data-lake-grants';
import { ImportedLake } from './private/imported-lake';
import { show } from '../core/private/checks';
import { fail, Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';
import { pinExports } from '../network/pin-exports';

/** Properties of a lake. */
export interface DataLakeProps {
  /**
   * Name of the Glue database.
   *
   * @default - from the path of the construct
   */
  readonly databaseName?: string;

  /**
   * Key that encrypts the objects. A key costs 1 USD a month, and requests for it are billed; bucket keys keep them few.
   *
   * @default - encryption by S3 itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Time after which replaced and deleted objects are gone for good, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly noncurrentVersionExpiration?: Duration;

  /**
   * Whether requests to the buckets are logged to a bucket of their own, for 90 days. It costs cents.
   *
   * @default true
   */
  readonly accessLogs?: boolean;

  /**
   * Whether S3 lists all objects once a week as Parquet files, kept for 90 days in the bucket of the access logs, or in one of their own
   * where there is none. It costs 0.0025 USD for a million objects.
   *
   * @default false
   */
  readonly inventory?: boolean;

  /**
   * Whether grants of tables are made in Lake Formation too, for accounts in which it decides about the catalog. Whoever deploys
   * has to be allowed to grant there: the creator of the tables is.
   *
   * @default false
   */
  readonly lakeFormation?: boolean;

  /**
   * When the objects of zones move to cheaper storage.
   *
   * @default - never
   */
  readonly transitions?: ZoneTransition[];

  /**
   * What becomes of data and tables when the lake goes. `RemovalPolicy.DESTROY` deletes all of them, and needs the
   * context `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Buckets and database of a lake that exists. */
export interface DataLakeBuckets {
  /**
   * Bucket of the zone RAW.
   *
   * @default - the lake has no such zone
   */
  readonly raw?: s3.IBucket;

  /**
   * Bucket of the zone PROCESSED.
   *
   * @default - the lake has no such zone
   */
  readonly processed?: s3.IBucket;

  /**
   * Bucket of the zone CURATED.
   *
   * @default - the lake has no such zone
   */
  readonly curated?: s3.IBucket;

  /**
   * Bucket of the zone ARTIFACTS.
   *
   * @default - the lake has no such zone
   */
  readonly artifacts?: s3.IBucket;

  /** Name of the Glue database that tables are added to. */
  readonly databaseName: string;

  /**
   * Whether grants of tables that are added are made in Lake Formation too.
   *
   * @default false
   */
  readonly lakeFormation?: boolean;
}

/**
 * A data lake on S3: one bucket for each zone and a Glue database for Iceberg tables.
 *
 * Buckets are private, versioned, encrypted, take TLS only, tell EventBridge about new objects, and are retained when
 * the stack goes. An empty lake costs nothing at rest.
 *
 * Fails with `invalid-database-name`, `invalid-noncurrent-version-expiration`, `invalid-transitions-after`, `transition-too-early`,
 * `duplicate-transitions` or `data-destruction-not-allowed`.
 *
 * @see https://docs.aws.amazon.com/prescriptive-guidance/latest/defining-bucket-names-data-lakes/data-layer-definitions.html
 */
export class DataLake extends Construct implements IDataLake {
  /** Uses buckets and a database that exist; creates nothing. One bucket may serve several zones. */
  static fromBuckets(scope: Construct, id: string, buckets: DataLakeBuckets): IDataLake {
    const given = new Map<Zone, s3.IBucket>();
    if (buckets.raw) given.set(Zone.RAW, buckets.raw);
    if (buckets.processed) given.set(Zone.PROCESSED, buckets.processed);
    if (buckets.curated) given.set(Zone.CURATED, buckets.curated);
    if (buckets.artifacts) given.set(Zone.ARTIFACTS, buckets.artifacts);
    return new ImportedLake(scope, id, given, buckets.databaseName, buckets.lakeFormation);
  }

  readonly databaseName: string;
  readonly grants: IDataLakeGrants;
  readonly lakeFormation?: boolean;
  /** The Glue database. */
  readonly database: glue.CfnDatabase;
  /** Bucket of the access logs, if requests are logged. */
  readonly accessLogsBucket?: s3.Bucket;
  /** Bucket of the inventories, below `inventory/<zone>/`, if there are any. */
  readonly inventoryBucket?: s3.Bucket;
  private readonly buckets = new Map<Zone, s3.Bucket>();
  private readonly removalPolicy: RemovalPolicy;

  constructor(scope: Construct, id: string, props: DataLakeProps = {}) {
    const faults = Faults.of(scope, id);
    const plan = dataLake(faults, props);
    checkRemovalPolicy(faults, props.removalPolicy);
    const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);

    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.accessLogsBucket = props.accessLogs === false ? undefined : this.makeAccessLogsBucket(plan, destroy);
    this.inventoryBucket = props.inventory ? this.accessLogsBucket ?? this.makeLogBucket('Inventory', plan, destroy) : undefined;
    for (const { zone, bucketId } of plan.zones) this.buckets.set(zone, this.makeBucket(bucketId, zone, plan, props, destroy));
    this.databaseName = props.databaseName ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '_' }).toLowerCase();
    this.database = this.makeDatabase();
    this.grants = new DataLakeGrants(this);
    this.lakeFormation = props.lakeFormation ?? false;
    pinExports(this, [...this.buckets.values()].flatMap((bucket) => [bucket.bucketName, bucket.bucketArn]));
  }

  bucket(zone: Zone): s3.IBucket {
    return this.buckets.get(zone)
      ?? fail(this.node.path, 'unknown-zone', `zone ${show(zone)} is not one of ${Object.values(Zone).join(', ')}; use a member of Zone`);
  }

  /**
   * Adds an Iceberg table to the lake; its id is the table's name in snake case, unless `tableName` says otherwise.
   *
   * @returns the table
   */
  addTable(id: string, options: IcebergTableOptions): IcebergTable {
    return new IcebergTable(this, id, {
      lake: this,
      tableName: options.tableName,
      columns: options.columns,
      contract: options.contract,
      partitionBy: options.partitionBy,
      sortBy: options.sortBy,
      identifiedBy: options.identifiedBy,
      comment: options.comment,
      properties: options.properties,
      zone: options.zone,
      removalPolicy: options.removalPolicy ?? this.removalPolicy,
      maintenance: options.maintenance,
    });
  }

  private makeBucket(id: string, zone: Zone, plan: DataLakeBlueprint, props: DataLakeProps, destroy: boolean): s3.Bucket {
    const bucket = new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: true,
      encryption: props.encryptionKey ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
      encryptionKey: props.encryptionKey,
      bucketKeyEnabled: props.encryptionKey ? true : undefined,
      removalPolicy: this.removalPolicy,
      autoDeleteObjects: destroy,
      lifecycleRules: [{
        noncurrentVersionExpiration: Duration.days(plan.noncurrentDays),
        abortIncompleteMultipartUploadAfter: Duration.days(plan.incompleteUploadDays),
        transitions: transitionsOf(zone, plan),
      }],
      inventories: this.inventoryBucket ? [inventoryOf(zone, this.inventoryBucket)] : undefined,
    });
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    // aws-cdk-lib's eventBridgeEnabled brings a Lambda function for what is one property
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    // aws-cdk-lib's serverAccessLogsBucket turns on ACLs, or not, by a feature flag of the user's app
    if (this.accessLogsBucket) resource.loggingConfiguration = { destinationBucketName: this.accessLogsBucket.bucketName, logFilePrefix: `${zone}/` };
    return bucket;
  }

  private makeAccessLogsBucket(plan: DataLakeBlueprint, destroy: boolean): s3.Bucket {
    const bucket = this.makeLogBucket('AccessLogs', plan, destroy);
    bucket.addToResourcePolicy(new iam.PolicyStatement({
      actions: ['s3:PutObject'],
      principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
      resources: [bucket.arnForObjects('*')],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    }));
    return bucket;
  }

  private makeLogBucket(id: string, plan: DataLakeBlueprint, destroy: boolean): s3.Bucket {
    return new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      removalPolicy: this.removalPolicy,
      autoDeleteObjects: destroy,
      lifecycleRules: [{
        expiration: Duration.days(plan.accessLogDays),
        abortIncompleteMultipartUploadAfter: Duration.days(plan.incompleteUploadDays),
      }],
    });
  }

  private makeDatabase(): glue.CfnDatabase {
    const database = new glue.CfnDatabase(this, 'Database', {
      catalogId: Stack.of(this).account,
      databaseInput: { name: this.databaseName, description: `Tables of ${this.node.path}` },
    });
    database.applyRemovalPolicy(this.removalPolicy);
    return database;
  }
}

function transitionsOf(zone: Zone, plan: DataLakeBlueprint): s3.Transition[] | undefined {
  const transitions = plan.transitions.filter((transition) => transition.zone === zone);
  if (transitions.length === 0) return undefined;
  return transitions.map(({ storageClass, days }) => ({ storageClass: new s3.StorageClass(storageClass), transitionAfter: Duration.days(days) }));
}

function inventoryOf(zone: Zone, bucket: s3.Bucket): s3.Inventory {
  return {
    inventoryId: zone,
    destination: { bucket, prefix: `inventory/${zone}` },
    format: s3.InventoryFormat.PARQUET,
    frequency: s3.InventoryFrequency.WEEKLY,
    includeObjectVersions: s3.InventoryObjectVersion.ALL,
    optionalFields: ['Size', 'LastModifiedDate', 'StorageClass', 'EncryptionStatus', 'IntelligentTieringAccessTier'],
  };
}
