import type { IConstruct } from 'constructs';
import type { Zone } from '../../data/blueprint/zone';

/** What becomes of data when its construct goes. */
export enum RemovalPolicy {
  /** Terraform refuses to delete it. To give it up, take it out of the state first: `tofu state rm`. */
  RETAIN = 'retain',
  /** It is deleted with all that is in it. Needs the context `cdk-ml-platform:allow-data-destruction` too. */
  DESTROY = 'destroy',
}

/** A bucket: an `S3Bucket` or `DataAwsS3Bucket` of any provider bindings. */
export interface IBucket {
  /** Name of the bucket. */
  readonly bucket: string;
  /** ARN of the bucket. */
  readonly arn: string;
}

/** A key: a `KmsKey` or `DataAwsKmsKey` of any provider bindings. */
export interface IKey {
  /** ARN of the key. */
  readonly arn: string;
}

/** Who gets rights: an `IamRole` of any provider bindings. */
export interface IRole extends IConstruct {
  /** Name of the role. */
  readonly name: string;
}

/** Who may do what with a table. */
export interface IIcebergTableGrants {
  /** Lets the role read the table: catalog entry and files. */
  read(role: IRole): void;
  /** Lets the role read the table and commit to it. */
  write(role: IRole): void;
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
  /** Who may do what with the table. */
  readonly grants: IIcebergTableGrants;
}

/** Who may do what with the buckets of a lake. */
export interface IDataLakeGrants {
  /** Lets the role read the objects of a zone. */
  read(role: IRole, zone: Zone): void;
  /** Lets the role read, write and delete the objects of a zone. */
  write(role: IRole, zone: Zone): void;
}

/** A data lake: a bucket for each zone and a database of tables. */
export interface IDataLake extends IConstruct {
  /** Name of the Glue database that tables are added to. */
  readonly databaseName: string;
  /** Key that encrypts the objects; undefined where S3 itself does. */
  readonly encryptionKey?: IKey;
  /** Who may do what with the buckets. */
  readonly grants: IDataLakeGrants;
  /** The bucket of a zone; fails with `unknown-zone` if an imported lake was not given one. */
  bucket(zone: Zone): IBucket;
}
