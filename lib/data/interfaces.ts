import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
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
  /** The bucket of a zone; fails with `unknown-zone` if an imported lake was not given one. */
  bucket(zone: Zone): s3.IBucket;
}
