import { RemovalPolicy } from 'aws-cdk-lib';
import * as s3tables from 'aws-cdk-lib/aws-s3tables';
import type { Construct } from 'constructs';
import type { DataContract } from './blueprint/data-contract';
import type { IcebergTableDefinition } from './blueprint/iceberg-table-definition';
import { plannedTable } from './blueprint/planned-table';
import { s3TableMaintenance, s3TableMetadata } from './blueprint/s3-tables';
import { snakeCase } from './blueprint/snake-case';
import { TableMaintenance } from './blueprint/table-maintenance';
import { tableOptimizers } from './blueprint/table-optimizers';
import { IIcebergTable, IIcebergTableGrants, IS3TableCatalog } from './interfaces';
import { S3TableGrants } from './private/s3-table-grants';
import { TableBase } from './private/table-base';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';

/** Options of a table of S3 Tables. */
export interface S3TableOptions extends IcebergTableDefinition {
  /**
   * What becomes of the table, with its data, when it leaves the template. `RemovalPolicy.DESTROY` needs the context
   * `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default - as the catalog; on an imported catalog RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * What S3 does to the table of its own accord. `orphanFileRetention` is said for the whole catalog.
   *
   * @default TableMaintenance.compaction()
   */
  readonly maintenance?: TableMaintenance;
}

/** Properties of a table of S3 Tables. */
export interface S3TableProps extends S3TableOptions {
  /** Catalog that the table belongs to. */
  readonly catalog: IS3TableCatalog;
}

/** A table of S3 Tables that exists. */
export interface S3TableAttributes {
  /** Catalog that the table belongs to. */
  readonly catalog: IS3TableCatalog;
  /** Name of the table. */
  readonly tableName: string;
  /** ARN of the table; it ends in an id that S3 made up. */
  readonly tableArn: string;
  /** `s3://...`, as S3 made it up. */
  readonly location: string;
}

/**
 * An Iceberg table of S3 Tables.
 *
 * **CloudFormation cannot change its schema**: it would make a second table of the same name, which S3 refuses. Give the table a
 * `contract`: the template then keeps the first schema for ever, and the table evolves by migrations.
 *
 * Fails with every fault of the columns, partitions, sort order, names and properties at once.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-tables.html
 */
export class S3Table extends TableBase {
  /** Uses a table that exists; creates nothing. */
  static fromS3TableAttributes(scope: Construct, id: string, attributes: S3TableAttributes): IIcebergTable {
    return new ImportedS3Table(scope, id, attributes);
  }

  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly columnTypes?: { readonly [name: string]: string };
  readonly partitionTransforms?: { readonly [column: string]: string };
  readonly s3TableCatalog?: IS3TableCatalog;
  readonly grants: IIcebergTableGrants;
  /** The table's contract, if it has one. */
  readonly contract?: DataContract;
  /** The table. */
  readonly resource: s3tables.CfnTable;

  constructor(scope: Construct, id: string, props: S3TableProps) {
    const faults = Faults.of(scope, id);
    const { created: plan, columnTypes, partitionTransforms } = plannedTable(faults, scope, snakeCase(id), props);
    const optimizers = tableOptimizers(faults, props.maintenance ?? TableMaintenance.compaction());
    checkRemovalPolicy(faults, props.removalPolicy);
    destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
    faults.throwIfAny();
    super(scope, id);

    const { catalog } = props;
    this.s3TableCatalog = catalog;
    const { compaction, snapshotManagement } = s3TableMaintenance(optimizers);
    this.resource = new s3tables.CfnTable(this, 'Resource', {
      tableBucketArn: catalog.tableBucketArn,
      namespace: catalog.namespaceName,
      tableName: plan.tableName,
      openTableFormat: 'ICEBERG',
      icebergMetadata: s3TableMetadata(plan),
      compaction,
      snapshotManagement,
    });
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    const namespace = catalog.node.tryFindChild('Namespace');
    if (namespace) this.resource.node.addDependency(namespace);
    this.tableName = plan.tableName;
    this.databaseName = catalog.namespaceName;
    this.tableArn = this.resource.attrTableArn;
    this.location = this.resource.attrWarehouseLocation;
    this.columnTypes = columnTypes;
    this.partitionTransforms = partitionTransforms;
    this.contract = props.contract;
    this.grants = new S3TableGrants(catalog, this.tableArn);
  }
}

/** A table that another program or stack owns. */
class ImportedS3Table extends TableBase {
  readonly tableName: string;
  readonly databaseName: string;
  readonly tableArn: string;
  readonly location: string;
  readonly s3TableCatalog?: IS3TableCatalog;
  readonly grants: IIcebergTableGrants;

  constructor(scope: Construct, id: string, { catalog, tableName, tableArn, location }: S3TableAttributes) {
    super(scope, id);
    this.s3TableCatalog = catalog;
    this.tableName = tableName;
    this.databaseName = catalog.namespaceName;
    this.tableArn = tableArn;
    this.location = location;
    this.grants = new S3TableGrants(catalog, tableArn);
  }
}
