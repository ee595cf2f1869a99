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

/** An Iceberg table in the Glue Data Catalog. */
export interface IIcebergTable extends IConstruct {
  /** Name of the table. */
  readonly tableName: string;
  /** Name of the database. */
  readonly databaseName: string;
  /** ARN of the table in the catalog. */
  readonly tableArn: string;
  /** `s3://bucket/prefix`. */
  readonly location: string;
  /** Types of the top-level columns by name, for example `long`; undefined where they are not known, as of a table that exists. */
  readonly columnTypes?: { readonly [name: string]: string };
  /** The contract through which the table evolves, if it has one. */
  readonly contract?: DataContract;
  /** Who may do what with the table. */
  readonly grants: IIcebergTableGrants;
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
}
