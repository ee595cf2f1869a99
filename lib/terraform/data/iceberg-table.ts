import { GlueCatalogTable, type GlueCatalogTableOpenTableFormatInputIcebergInputIcebergTableInput as TableInput } from '@cdktn/provider-aws/lib/glue-catalog-table';
import { Fn } from 'cdktn';
import { Construct } from 'constructs';
import { RemovalPolicy, type IBucket, type IDataLake, type IIcebergTable, type IIcebergTableGrants, type IKey } from './interfaces';
import { Faults } from '../../core/private/faults';
import { destroysData } from '../../core/private/removal';
import type { IcebergTableBlueprint } from '../../data/blueprint/iceberg-table';
import type { IcebergTableDefinition } from '../../data/blueprint/iceberg-table-definition';
import { plannedTable } from '../../data/blueprint/planned-table';
import { Zone } from '../../data/blueprint/zone';
import { adoptStack } from '../private/adopt-stack';
import { checkRemovalPolicy } from '../private/check-removal-policy';
import { IcebergTableGrants } from '../private/iceberg-table-grants';
import { snakeCase } from '../private/names';

/** Options of a table of a lake. */
export interface IcebergTableOptions extends IcebergTableDefinition {
  /**
   * Zone whose bucket holds the table.
   *
   * @default Zone.PROCESSED
   */
  readonly zone?: Zone;

  /**
   * What becomes of the catalog entry when the table goes; its files stay in any case.
   * `RemovalPolicy.DESTROY` needs the context `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default - as the lake; on an imported lake RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Properties of a table. */
export interface IcebergTableProps extends IcebergTableOptions {
  /** Lake that the table belongs to. */
  readonly lake: IDataLake;
}

/** A table that exists. */
export interface IcebergTableAttributes {
  /** Name of the table. */
  readonly tableName: string;
  /** Name of the database. */
  readonly databaseName: string;
  /** ARN of the table in the catalog. */
  readonly tableArn: string;
  /** Bucket that holds the table. */
  readonly bucket: IBucket;
  /**
   * Where the table lies in the bucket.
   *
   * @default - `tables/<tableName>`
   */
  readonly prefix?: string;
  /**
   * Key that encrypts the table's files.
   *
   * @default - encryption by S3 itself
   */
  readonly encryptionKey?: IKey;
}

/**
 * An Iceberg table in the Glue Data Catalog, its files in the lake.
 *
 * The Terraform twin of `data.IcebergTable`: the same blueprint decides both. The whole schema, with field ids, partitions
 * and sort order, stands in `iceberg_table_input`, and nothing about the table stands anywhere else: then the provider
 * updates it as an Iceberg table, and does not touch what the catalog writes (`table_type`, `metadata_location`).
 *
 * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/glue_catalog_table
 */
export class IcebergTable extends Construct implements IIcebergTable {
  /** Uses a table that exists; creates nothing. */
  static fromIcebergTableAttributes(scope: Construct, id: string, attributes: IcebergTableAttributes): IIcebergTable {
    return new ImportedTable(scope, id, attributes);
  }

  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly grants: IIcebergTableGrants;
  /** The table in the catalog. */
  readonly resource: GlueCatalogTable;

  constructor(scope: Construct, id: string, props: IcebergTableProps) {
    const faults = Faults.of(scope, id);
    const { created: plan } = plannedTable(faults, scope, snakeCase(id), props);
    const zone = props.zone ?? Zone.PROCESSED;
    faults.collect(() => props.lake.bucket(zone));
    checkRemovalPolicy(faults, props.removalPolicy);
    const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);
    adoptStack(this);
    const { bucket } = props.lake.bucket(zone);
    this.tableName = plan.tableName;
    this.databaseName = props.lake.databaseName;
    this.location = `s3://${bucket}/${plan.prefix}`;
    this.resource = new GlueCatalogTable(this, 'Resource', {
      name: plan.tableName,
      databaseName: this.databaseName,
      openTableFormatInput: {
        icebergInput: { metadataOperation: 'CREATE', version: plan.formatVersion, icebergTableInput: tableInput(plan, this.location) },
      },
      lifecycle: { preventDestroy: !destroy },
    });
    this.tableArn = this.resource.arn;
    this.grants = grantsOf(this, props.lake.bucket(zone), plan.prefix, props.lake.encryptionKey);
  }
}

/** A table that another program or stack owns. */
class ImportedTable extends Construct implements IIcebergTable {
  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly grants: IIcebergTableGrants;

  constructor(scope: Construct, id: string, attributes: IcebergTableAttributes) {
    super(scope, id);
    adoptStack(this);
    this.tableName = attributes.tableName;
    this.databaseName = attributes.databaseName;
    this.tableArn = attributes.tableArn;
    const prefix = (attributes.prefix ?? `tables/${attributes.tableName}`).replace(/^\/+|\/+$/g, '');
    this.location = `s3://${attributes.bucket.bucket}/${prefix}`;
    this.grants = grantsOf(this, attributes.bucket, prefix, attributes.encryptionKey);
  }
}

function grantsOf(table: Construct & IIcebergTable, bucket: IBucket, prefix: string, key: IKey | undefined): IIcebergTableGrants {
  const account = Fn.element(Fn.split(':table/', table.tableArn), 0);
  return new IcebergTableGrants(table, {
    catalog: `${account}:catalog`,
    database: `${account}:database/${table.databaseName}`,
    table: table.tableArn,
    bucket: bucket.arn,
    objects: `${bucket.arn}/${prefix}/*`,
    prefix,
  }, key);
}

function tableInput(plan: IcebergTableBlueprint, location: string): TableInput {
  return {
    location,
    schema: {
      type: plan.schema.type,
      schemaId: plan.schema.schemaId,
      identifierFieldIds: plan.schema.identifierFieldIds,
      fields: plan.schema.fields.map(({ type, ...field }) => ({ ...field, type: asJson(type) })),
    },
    partitionSpec: plan.partitionSpec,
    sortOrder: plan.writeOrder,
    properties: Object.keys(plan.properties).length > 0 ? plan.properties : undefined,
  };
}

/** The provider takes a type as a JSON document, so that a plain one is quoted: `"long"`. Nested types are JSON already. */
function asJson(type: string): string {
  return type.startsWith('{') ? type : JSON.stringify(type);
}
