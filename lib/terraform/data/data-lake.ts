import { DataAwsCallerIdentity } from '@cdktn/provider-aws/lib/data-aws-caller-identity';
import { GlueCatalogDatabase } from '@cdktn/provider-aws/lib/glue-catalog-database';
import type { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket';
import type { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { IcebergTable, type IcebergTableOptions } from './iceberg-table';
import { RemovalPolicy, type IBucket, type IDataLake, type IDataLakeGrants, type IKey } from './interfaces';
import { show } from '../../core/private/checks';
import { fail, Faults } from '../../core/private/faults';
import { destroysData } from '../../core/private/removal';
import { dataLake, type DataLakeBlueprint } from '../../data/blueprint/data-lake';
import { Zone } from '../../data/blueprint/zone';
import { adoptStack } from '../private/adopt-stack';
import { checkRemovalPolicy } from '../private/check-removal-policy';
import { DataBucket } from '../private/data-bucket';
import { DataLakeGrants } from '../private/data-lake-grants';
import { databaseNameOf } from '../private/names';

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
  readonly encryptionKey?: IKey;
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
   * What becomes of data and tables when the lake goes. `RemovalPolicy.DESTROY` deletes all of them, and needs the
   * context `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Buckets and database of a lake that exists. */
export interface DataLakeBuckets {
  /** Name of the Glue database that tables are added to. */
  readonly databaseName: string;
  /**
   * Bucket of the zone RAW.
   *
   * @default - the lake has no such zone
   */
  readonly raw?: IBucket;
  /**
   * Bucket of the zone PROCESSED.
   *
   * @default - the lake has no such zone
   */
  readonly processed?: IBucket;
  /**
   * Bucket of the zone CURATED.
   *
   * @default - the lake has no such zone
   */
  readonly curated?: IBucket;
  /**
   * Bucket of the zone ARTIFACTS.
   *
   * @default - the lake has no such zone
   */
  readonly artifacts?: IBucket;
  /**
   * Key that encrypts the objects.
   *
   * @default - encryption by S3 itself
   */
  readonly encryptionKey?: IKey;
}

/**
 * A data lake on S3: one bucket for each zone and a Glue database for Iceberg tables.
 *
 * The Terraform twin of `data.DataLake`: the same blueprint decides both. Buckets are private, versioned, encrypted, take
 * TLS only and tell EventBridge about new objects; Terraform refuses to delete them.
 *
 * Fails with `invalid-database-name`, `invalid-noncurrent-version-expiration` or `data-destruction-not-allowed`.
 */
export class DataLake extends Construct implements IDataLake {
  /** Uses buckets and a database that exist; creates nothing. One bucket may serve several zones. */
  static fromBuckets(scope: Construct, id: string, buckets: DataLakeBuckets): IDataLake {
    return new ImportedLake(scope, id, buckets);
  }

  readonly databaseName: string;
  readonly encryptionKey?: IKey;
  readonly grants: IDataLakeGrants;
  /** The Glue database. */
  readonly database: GlueCatalogDatabase;
  /** Bucket of the access logs, if requests are logged. */
  readonly accessLogsBucket?: S3Bucket;

  private readonly buckets = new Map<Zone, S3Bucket>();
  private readonly removalPolicy: RemovalPolicy;

  constructor(scope: Construct, id: string, props: DataLakeProps = {}) {
    const faults = Faults.of(scope, id);
    const plan = dataLake(faults, { databaseName: props.databaseName, noncurrentVersionExpiration: props.noncurrentVersionExpiration });
    checkRemovalPolicy(faults, props.removalPolicy);
    const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);
    adoptStack(this);
    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.encryptionKey = props.encryptionKey;
    this.accessLogsBucket = props.accessLogs === false ? undefined : this.makeAccessLogsBucket(plan, destroy);
    for (const { zone, bucketId } of plan.zones) this.buckets.set(zone, this.makeBucket(bucketId, zone, plan, destroy));
    this.database = new GlueCatalogDatabase(this, 'Database', {
      name: props.databaseName ?? databaseNameOf(this.node.path),
      description: `Tables of ${this.node.path}`,
      lifecycle: { preventDestroy: !destroy },
    });
    this.databaseName = this.database.name;
    this.grants = new DataLakeGrants(this);
  }

  bucket(zone: Zone): IBucket {
    return this.buckets.get(zone)
      ?? fail(this.node.path, 'unknown-zone', `zone ${show(zone)} is not one of ${Object.values(Zone).join(', ')}; use a member of Zone`);
  }

  /**
   * Adds an Iceberg table to the lake; its id is the table's name in snake case, unless `tableName` says otherwise.
   *
   * @returns the table
   */
  addTable(id: string, options: IcebergTableOptions): IcebergTable {
    return new IcebergTable(this, id, { ...options, lake: this, removalPolicy: options.removalPolicy ?? this.removalPolicy });
  }

  private makeBucket(id: string, zone: Zone, plan: DataLakeBlueprint, destroy: boolean): S3Bucket {
    return new DataBucket(this, id, {
      destroy, versioned: true, events: true,
      incompleteUploadDays: plan.incompleteUploadDays,
      expiry: { noncurrentVersionExpiration: [{ noncurrentDays: plan.noncurrentDays }] },
      keyArn: this.encryptionKey?.arn,
      logs: this.accessLogsBucket && { bucket: this.accessLogsBucket.bucket, prefix: `${zone}/` },
    }).resource;
  }

  private makeAccessLogsBucket(plan: DataLakeBlueprint, destroy: boolean): S3Bucket {
    const { accountId } = new DataAwsCallerIdentity(this, 'Account');
    return new DataBucket(this, 'AccessLogs', {
      destroy, versioned: false, events: false,
      incompleteUploadDays: plan.incompleteUploadDays,
      expiry: { expiration: [{ days: plan.accessLogDays }] },
      statements: (arn) => [{
        Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject', Resource: `${arn}/*`,
        Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
      }],
    }).resource;
  }
}

class ImportedLake extends Construct implements IDataLake {
  readonly databaseName: string;
  readonly encryptionKey?: IKey;
  readonly grants: IDataLakeGrants;
  private readonly buckets: ReadonlyMap<Zone, IBucket>;

  constructor(scope: Construct, id: string, { databaseName, encryptionKey, raw, processed, curated, artifacts }: DataLakeBuckets) {
    super(scope, id);
    adoptStack(this);
    const given: [Zone, IBucket | undefined][] = [[Zone.RAW, raw], [Zone.PROCESSED, processed], [Zone.CURATED, curated], [Zone.ARTIFACTS, artifacts]];
    this.buckets = new Map(given.flatMap(([zone, bucket]) => bucket ? [[zone, bucket] as const] : []));
    this.databaseName = databaseName;
    this.encryptionKey = encryptionKey;
    this.grants = new DataLakeGrants(this);
  }

  bucket(zone: Zone): IBucket {
    return this.buckets.get(zone) ?? fail(this.node.path, 'unknown-zone',
      `zone ${show(zone)} has no bucket in this imported lake, which has ${[...this.buckets.keys()].join(', ') || 'none'}; name one in DataLake.fromBuckets`);
  }
}
