import { Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3tables from 'aws-cdk-lib/aws-s3tables';
import { Construct } from 'constructs';
import { SQL_NAME } from './blueprint/iceberg-table';
import { MAINTENANCE_PRINCIPAL } from './blueprint/s3-tables';
import { wholeDays } from './blueprint/whole-days';
import { IS3TableCatalog } from './interfaces';
import { S3Table, S3TableOptions } from './s3-table';
import { checkText, TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';
import { pinExports } from '../network/pin-exports';

/** Properties of a catalog of S3 Tables. */
export interface S3TableCatalogProps {
  /**
   * Name of the table bucket, unique in the account and region.
   *
   * @default - from the path of the construct
   */
  readonly tableBucketName?: string;

  /**
   * Name of the namespace that tables are added to: what Glue calls a database.
   *
   * @default - from the path of the construct
   */
  readonly namespaceName?: string;

  /**
   * Key that encrypts the tables. S3's maintenance is let in by the key's policy. A key costs 1 USD a month and its requests.
   *
   * @default - encryption by S3 itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Age from which files that no snapshot knows are marked for deletion, in whole days.
   *
   * @default Duration.days(7)
   */
  readonly orphanFileRetention?: Duration;

  /**
   * How long marked files can still be brought back, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly noncurrentVersionExpiration?: Duration;

  /**
   * What becomes of the bucket and its tables when the catalog goes. `RemovalPolicy.DESTROY` needs the context
   * `cdk-ml-platform:allow-data-destruction` too, and S3 refuses to delete a bucket that still has tables of somebody else.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A catalog of S3 Tables that exists. */
export interface S3TableCatalogAttributes {
  /** ARN of the table bucket. */
  readonly tableBucketArn: string;
  /** Name of the namespace. */
  readonly namespaceName: string;
  /**
   * Key of the table bucket.
   *
   * @default - encrypted by S3 itself
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * A bucket of S3 Tables with a namespace: Iceberg tables whose catalog is S3 itself, reached by Iceberg's REST protocol.
 *
 * Take it instead of a lake's Glue database where tables get many small commits: S3 merges files at a lower price than Glue, and takes
 * more requests for each table. What reads or writes tables takes an `IIcebergTable` and works with either.
 *
 * Fails with `invalid-table-bucket-name`, `invalid-namespace-name`, `invalid-orphan-file-retention`,
 * `invalid-noncurrent-version-expiration`, `invalid-removal-policy` or `data-destruction-not-allowed`.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables.html
 */
export class S3TableCatalog extends Construct implements IS3TableCatalog {
  /** Uses a bucket and namespace that exist; creates nothing. */
  static fromS3TableCatalogAttributes(scope: Construct, id: string, attributes: S3TableCatalogAttributes): IS3TableCatalog {
    return new ImportedCatalog(scope, id, attributes);
  }

  readonly tableBucketArn: string;
  readonly namespaceName: string;
  readonly encryptionKey?: kms.IKey;
  readonly catalogProperties: { readonly [key: string]: string };
  /** The table bucket. */
  readonly tableBucket: s3tables.CfnTableBucket;
  /** The namespace. */
  readonly namespace: s3tables.CfnNamespace;
  private readonly removalPolicy: RemovalPolicy;

  constructor(scope: Construct, id: string, props: S3TableCatalogProps = {}) {
    const faults = Faults.of(scope, id);
    checkText(faults, 'tableBucketName', props.tableBucketName, BUCKET_NAME);
    checkText(faults, 'namespaceName', props.namespaceName, SQL_NAME);
    const unreferencedDays = wholeDays(faults, 'orphanFileRetention', props.orphanFileRetention, 7);
    const noncurrentDays = wholeDays(faults, 'noncurrentVersionExpiration', props.noncurrentVersionExpiration, 30);
    checkRemovalPolicy(faults, props.removalPolicy);
    destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);

    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.encryptionKey = props.encryptionKey;
    this.tableBucket = new s3tables.CfnTableBucket(this, 'Resource', {
      tableBucketName: props.tableBucketName ?? Names.uniqueResourceName(this, { maxLength: 63, separator: '-' }).toLowerCase(),
      encryptionConfiguration: props.encryptionKey ? { sseAlgorithm: 'aws:kms', kmsKeyArn: props.encryptionKey.keyArn } : { sseAlgorithm: 'AES256' },
      unreferencedFileRemoval: { status: 'Enabled', unreferencedDays, noncurrentDays },
    });
    this.tableBucketArn = this.tableBucket.attrTableBucketArn;
    this.namespaceName = props.namespaceName ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '_' }).toLowerCase();
    this.namespace = new s3tables.CfnNamespace(this, 'Namespace', { namespace: this.namespaceName, tableBucketArn: this.tableBucketArn });
    for (const resource of [this.tableBucket, this.namespace]) resource.applyRemovalPolicy(this.removalPolicy);
    this.catalogProperties = catalogProperties(this, this.tableBucketArn);
    if (props.encryptionKey) letMaintenance(props.encryptionKey, Stack.of(this), this.tableBucket.tableBucketName);
    pinExports(this, [this.tableBucketArn]);
  }

  /**
   * Adds a table; its id is the table's name in snake case, unless `tableName` says otherwise.
   *
   * @returns the table
   */
  addTable(id: string, options: S3TableOptions): S3Table {
    return new S3Table(this, id, {
      catalog: this,
      tableName: options.tableName,
      columns: options.columns,
      contract: options.contract,
      partitionBy: options.partitionBy,
      sortBy: options.sortBy,
      identifiedBy: options.identifiedBy,
      comment: options.comment,
      properties: options.properties,
      removalPolicy: options.removalPolicy ?? this.removalPolicy,
      maintenance: options.maintenance,
    });
  }
}

/** A catalog that another stack owns. */
class ImportedCatalog extends Construct implements IS3TableCatalog {
  readonly tableBucketArn: string;
  readonly namespaceName: string;
  readonly encryptionKey?: kms.IKey;
  readonly catalogProperties: { readonly [key: string]: string };

  constructor(scope: Construct, id: string, attributes: S3TableCatalogAttributes) {
    super(scope, id);
    this.tableBucketArn = attributes.tableBucketArn;
    this.namespaceName = attributes.namespaceName;
    this.encryptionKey = attributes.encryptionKey;
    this.catalogProperties = catalogProperties(this, attributes.tableBucketArn);
  }
}

const BUCKET_NAME: TextRule = {
  pattern: /^(?!aws)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  allowed: '3 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit, and not starting with aws',
};

function catalogProperties(scope: Construct, tableBucketArn: string): { [key: string]: string } {
  const { region, urlSuffix } = Stack.of(scope);
  return {
    'type': 'rest',
    'uri': `https://s3tables.${region}.${urlSuffix}/iceberg`,
    'warehouse': tableBucketArn,
    'rest.sigv4-enabled': 'true',
    'rest.signing-name': 's3tables',
    'rest.signing-region': region,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-kms-permissions.html */
function letMaintenance(key: kms.IKey, stack: Stack, tableBucketName: string): void {
  // by name: the bucket's own ARN would let key and bucket depend on each other
  const tableBucketArn = stack.formatArn({ service: 's3tables', resource: 'bucket', resourceName: tableBucketName });
  key.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal(MAINTENANCE_PRINCIPAL)],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'],
    conditions: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': `${tableBucketArn}/*` } },
  }));
}
