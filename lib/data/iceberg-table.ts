import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { TableArns } from './blueprint/access';
import type { DataContract } from './blueprint/data-contract';
import type { IcebergTableBlueprint } from './blueprint/iceberg-table';
import type { IcebergTableDefinition } from './blueprint/iceberg-table-definition';
import { plannedTable } from './blueprint/planned-table';
import { snakeCase } from './blueprint/snake-case';
import { TableMaintenance } from './blueprint/table-maintenance';
import { tableOptimizers } from './blueprint/table-optimizers';
import { Zone } from './blueprint/zone';
import { IDataLake, IIcebergTable, IIcebergTableGrants } from './interfaces';
import { IcebergTableGrants } from './private/iceberg-table-grants';
import { makeTableOptimizers } from './private/make-table-optimizers';
import { TableBase } from './private/table-base';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';

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

  /**
   * How the table is kept in order: small files, old snapshots, files of failed writers.
   *
   * @default TableMaintenance.none()
   */
  readonly maintenance?: TableMaintenance;
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
  /** Bucket that holds the table. */
  readonly bucket: s3.IBucket;
  /**
   * Where the table lies in the bucket.
   *
   * @default - `tables/<tableName>`
   */
  readonly prefix?: string;
  /**
   * Whether grants are made in Lake Formation too.
   *
   * @default false
   */
  readonly lakeFormation?: boolean;
  /**
   * The table's contract: through it a table that exists evolves by `TableMigrations`.
   *
   * @default - none
   */
  readonly contract?: DataContract;
}

/**
 * An Iceberg table in the Glue Data Catalog, its files in the lake.
 *
 * The whole schema, with field ids, partitions and sort order, stands in `OpenTableFormatInput`: a smaller input makes
 * Glue forget on the first update that this is an Iceberg table. A table with a `contract` keeps its first schema in the template
 * for ever, so that CloudFormation never updates it; it evolves by `TableMigrations`. Without one the template owns the schema:
 * programs append data, and do not change columns on their own.
 *
 * Fails with every fault of the columns, partitions, sort order, names and properties at once.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-glue-table-icebergtableinput.html
 */
export class IcebergTable extends TableBase {
  /** Uses a table that exists; creates nothing. */
  static fromIcebergTableAttributes(scope: Construct, id: string, attributes: IcebergTableAttributes): IIcebergTable {
    return new ImportedTable(scope, id, attributes);
  }

  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly columnTypes?: { readonly [name: string]: string };
  readonly partitionTransforms?: { readonly [column: string]: string };
  readonly grants: IIcebergTableGrants;
  /** Bucket that holds the table. */
  readonly bucket: s3.IBucket;
  readonly contract?: DataContract;
  /** The table in the catalog. */
  readonly resource: glue.CfnTable;

  constructor(scope: Construct, id: string, props: IcebergTableProps) {
    const faults = Faults.of(scope, id);
    const { created: plan, columnTypes, partitionTransforms } = plannedTable(faults, scope, snakeCase(id), props);
    const bucket = faults.collect(() => props.lake.bucket(props.zone ?? Zone.PROCESSED));
    checkRemovalPolicy(faults, props.removalPolicy);
    destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    const optimizers = tableOptimizers(faults, props.maintenance);
    faults.throwIfAny();
    super(scope, id);

    this.tableName = plan.tableName;
    this.databaseName = props.lake.databaseName;
    this.columnTypes = columnTypes;
    this.partitionTransforms = partitionTransforms;
    this.contract = props.contract;
    this.bucket = bucket ?? props.lake.bucket(props.zone ?? Zone.PROCESSED);
    this.location = `s3://${this.bucket.bucketName}/${plan.prefix}`;
    const arns = arnsOf(this, this.databaseName, this.tableName, this.bucket, plan.prefix);
    this.tableArn = arns.table;
    this.grants = new IcebergTableGrants(arns, this.bucket, props.lake.lakeFormation ? this : undefined);
    this.resource = this.makeTable(plan);
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    const database = props.lake.node.tryFindChild('Database');
    if (database) this.resource.node.addDependency(database);
    makeTableOptimizers(this, this.resource, optimizers);
    if (plan.nested) this.warnAboutNested();
  }

  private makeTable(plan: IcebergTableBlueprint): glue.CfnTable {
    return new glue.CfnTable(this, 'Resource', {
      catalogId: Stack.of(this).account,
      databaseName: this.databaseName,
      // the name stands here and tableInput is absent: Glue refuses a table that is described in two places
      name: this.tableName,
      openTableFormatInput: {
        icebergInput: {
          metadataOperation: 'CREATE',
          version: plan.formatVersion,
          icebergTableInput: {
            location: this.location,
            schema: plan.schema,
            partitionSpec: plan.partitionSpec,
            writeOrder: plan.writeOrder,
            properties: Object.keys(plan.properties).length > 0 ? plan.properties : undefined,
          },
        },
      },
    });
  }

  private warnAboutNested(): void {
    Annotations.of(this).addWarningV2('cdk-ml-platform:nested-iceberg-columns',
      'columns has a struct, list or map; CloudFormation takes it as Iceberg\'s JSON in a string, which AWS does not document; try the table in a test account first, then acknowledge this');
  }
}

/** A table that another program or stack owns. */
class ImportedTable extends TableBase {
  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly grants: IIcebergTableGrants;
  readonly contract?: DataContract;

  constructor(scope: Construct, id: string, attributes: IcebergTableAttributes) {
    super(scope, id);
    this.contract = attributes.contract;
    this.tableName = attributes.tableName;
    this.databaseName = attributes.databaseName;
    const prefix = (attributes.prefix ?? `tables/${attributes.tableName}`).replace(/^\/+|\/+$/g, '');
    this.location = `s3://${attributes.bucket.bucketName}/${prefix}`;
    const arns = arnsOf(this, this.databaseName, this.tableName, attributes.bucket, prefix);
    this.tableArn = arns.table;
    this.grants = new IcebergTableGrants(arns, attributes.bucket, attributes.lakeFormation ? this : undefined);
  }
}

function arnsOf(scope: Construct, databaseName: string, tableName: string, bucket: s3.IBucket, prefix: string): TableArns {
  const glueArn = (resource: string, resourceName?: string) => Stack.of(scope).formatArn({ service: 'glue', resource, resourceName });
  return {
    catalog: glueArn('catalog'),
    database: glueArn('database', databaseName),
    table: glueArn('table', `${databaseName}/${tableName}`),
    bucket: bucket.bucketArn,
    objects: bucket.arnForObjects(`${prefix}/*`),
    prefix,
  };
}
