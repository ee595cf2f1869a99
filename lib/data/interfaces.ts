import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { DataContract } from './blueprint/data-contract';
import type { Zone } from './blueprint/zone';

/** Who may do what with a table. */
export interface IIcebergTableGrants {
  /** Lets the grantee read the table: catalog entry and files. */
  read(grantee: iam.IGrantable): iam.Grant;
  /** Lets the grantee read the table and commit to it. */
  write(grantee: iam.IGrantable): iam.Grant;
}

/** An Iceberg table, in the Glue Data Catalog or of S3 Tables. */
export interface IIcebergTable extends IConstruct {
  /** Name of the table. */
  readonly tableName: string;
  /** Name of the database, or of the namespace. */
  readonly databaseName: string;
  /** ARN of the table in the catalog. */
  readonly tableArn: string;
  /** `s3://bucket/prefix`. */
  readonly location: string;
  /** Types of the top-level columns by name, for example `long`; undefined where they are not known, as of a table that exists. */
  readonly columnTypes?: { readonly [name: string]: string };
  /** Iceberg's transforms by the column that they cut by, for example `day`; undefined where they are not known. */
  readonly partitionTransforms?: { readonly [column: string]: string };
  /** The contract through which the table evolves, if it has one. */
  readonly contract?: DataContract;
  /** The catalog of S3 Tables that has the table; undefined for a table of Glue. */
  readonly s3TableCatalog?: IS3TableCatalog;
  /** Who may do what with the table. */
  readonly grants: IIcebergTableGrants;

  /**
   * The state that a tag keeps while other snapshots expire: the data that a model version was trained on. Nothing is made here;
   * `freezeCommand` makes the tag.
   *
   * @param name 1 to 128 letters, digits, dots, hyphens or underscores, other than `main` and not digits alone; else `invalid-tag`
   */
  tag(name: string): ITableTag;

  /**
   * The state that one commit left behind, for as long as its snapshot is kept.
   *
   * @param id id of the snapshot as text: it is longer than JavaScript counts; else `invalid-snapshot`
   */
  snapshot(id: string): ITableReference;

  /**
   * The state that was current at a moment, for as long as that snapshot is kept.
   *
   * @param moment `invalid-moment` if it is no date
   */
  asOf(moment: Date): ITableReference;
}

/** One state of a table, for what reads it: training, a training set, a query. */
export interface ITableReference {
  /** The table. Grant the right to read there. */
  readonly table: IIcebergTable;
  /** How the runtime names the state: `shop.orders@fraud-v3`, `shop.orders@<snapshot>`, `shop.orders@<moment>`. */
  readonly qualifiedName: string;

  /**
   * Environment of a container that reads the state: its name, and of S3 Tables the catalog (`ML_CATALOG`, `ML_WAREHOUSE`). All
   * tables that one container reads this way are in one catalog.
   *
   * @param variable variable that gets the name; `ML_TABLE` unless told otherwise
   */
  toEnvironment(variable?: string): { [name: string]: string };
}

/** The state of a table that a tag keeps. */
export interface ITableTag extends ITableReference {
  /** Name of the tag. */
  readonly tagName: string;

  /**
   * Command of a container that tags the current snapshot, with a retention of the tag's own; a tag that exists never moves.
   * The container has the image `data` of the runtime and the environment `toEnvironment()`; its role needs `table.grants.write`.
   *
   * @param retention whole days from 1 to 36500 for which the rows stay readable; else `invalid-retention`
   * @see https://iceberg.apache.org/spec/#snapshot-references
   */
  freezeCommand(retention: Duration): string[];
}

/** Who may do what with the buckets of a lake. */
export interface IDataLakeGrants {
  /** Lets the grantee read the objects of a zone. */
  read(grantee: iam.IGrantable, zone: Zone): iam.Grant;
  /** Lets the grantee read, write and delete the objects of a zone. */
  write(grantee: iam.IGrantable, zone: Zone): iam.Grant;
}

/** A data lake: a bucket for each zone and a database of tables. */
export interface IDataLake extends IConstruct {
  /** Name of the Glue database that tables are added to. */
  readonly databaseName: string;
  /** Who may do what with the buckets. */
  readonly grants: IDataLakeGrants;
  /** True if grants of the lake's tables are made in Lake Formation too. */
  readonly lakeFormation?: boolean;
  /** The bucket of a zone; fails with `unknown-zone` if an imported lake was not given one. */
  bucket(zone: Zone): s3.IBucket;
}

/** A catalog of S3 Tables: a table bucket and a namespace in it. */
export interface IS3TableCatalog extends IConstruct {
  /** ARN of the table bucket. */
  readonly tableBucketArn: string;
  /** Name of the namespace: what Glue calls a database. */
  readonly namespaceName: string;
  /** Key of the table bucket, if it has one. */
  readonly encryptionKey?: kms.IKey;
  /** What pyiceberg's `load_catalog` needs to reach the catalog, and other clients of Iceberg's REST protocol alike. */
  readonly catalogProperties: { readonly [key: string]: string };
}

/** Who may do what with a workgroup. */
export interface IAthenaWorkgroupGrants {
  /** Lets the grantee run queries and read their results. Tables are granted by themselves. */
  query(grantee: iam.IGrantable): iam.Grant;
}

/** An Athena workgroup. */
export interface IAthenaWorkgroup extends IConstruct {
  /** Name of the workgroup. */
  readonly workgroupName: string;
  /** Where results are written: `s3://bucket/prefix/`. */
  readonly resultLocation: string;
  /** Who may do what with the workgroup. */
  readonly grants: IAthenaWorkgroupGrants;
}

/** An application of EMR Serverless for Spark, with Iceberg and Glue configured. */
export interface ISparkApplication extends IConstruct {
  /** Id of the application. */
  readonly applicationId: string;
  /** ARN of the application. */
  readonly applicationArn: string;
  /** vCPUs that all workers have together at most, if it is known. */
  readonly maxVcpu?: number;
  /** Memory that all workers have together at most, in GB, if it is known. */
  readonly maxMemoryGb?: number;
  /** Where drivers and executors log to, if it is known. */
  readonly logGroup?: logs.ILogGroup;
  /** Key of the logs that EMR keeps for its console, if it is not AWS's. */
  readonly encryptionKey?: kms.IKey;
  /** Whether its image can check tables, if it is known. */
  readonly checksQuality?: boolean;
}
