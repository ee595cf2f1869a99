import type { AccessStatement } from './access';
import type { IcebergTableBlueprint } from './iceberg-table';
import type { TableOptimizer } from './table-optimizers';

/** ARNs of a table of S3 Tables and of its bucket. */
export interface S3TableArns {
  readonly tableBucket: string;
  readonly table: string;
}

/**
 * What a reader of a table needs: the catalog's answers and the table's data.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-open-source.html
 */
export function readS3TableAccess(arns: S3TableArns): AccessStatement[] {
  return [
    { actions: ['s3tables:GetTableBucket', 's3tables:GetNamespace', 's3tables:ListTables'], resources: [arns.tableBucket] },
    { actions: ['s3tables:GetTable', 's3tables:GetTableMetadataLocation', 's3tables:GetTableData'], resources: [arns.table] },
  ];
}

/** What a writer needs besides. */
export function writeS3TableAccess(arns: S3TableArns): AccessStatement[] {
  return [{ actions: ['s3tables:PutTableData', 's3tables:UpdateTableMetadataLocation'], resources: [arns.table] }];
}

/** Rights on a table bucket's key that S3's own maintenance needs. */
export const MAINTENANCE_PRINCIPAL = 'maintenance.s3tables.amazonaws.com';

/** A field of a schema of S3 Tables. Nested types are objects here, not text. */
interface S3Field {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: unknown;
  readonly doc?: string;
}

/** What CloudFormation has to know about the first metadata of a table. */
export interface S3TableMetadata {
  /** A schema of primitive columns; absent if it takes more than that. */
  readonly icebergSchema?: { schemaFieldList: { id: number; name: string; required: boolean; type: string }[] };
  /** A schema with comments, nested columns or identifiers. */
  readonly icebergSchemaV2?: { schemaV2FieldType: 'struct'; schemaV2FieldList: S3Field[]; identifierFieldIds?: number[] };
  readonly icebergPartitionSpec?: { specId: number; fields: { fieldId: number; sourceId: number; name: string; transform: string }[] };
  readonly icebergSortOrder?: { orderId: number; fields: { sourceId: number; transform: string; direction: string; nullOrder: string }[] };
  readonly tableProperties?: { [key: string]: string };
}

/**
 * The first metadata of a table, in the smaller of the two forms that can say it: the first is the older one, which every tool knows.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3tables-table-icebergmetadata.html
 */
export function s3TableMetadata(plan: IcebergTableBlueprint): S3TableMetadata {
  const { fields, identifierFieldIds } = plan.schema;
  const plain = !plan.nested && !identifierFieldIds?.length && fields.every(({ doc }) => doc === undefined);
  return {
    icebergSchema: plain ? { schemaFieldList: fields.map(({ id, name, required, type }) => ({ id, name, required, type })) } : undefined,
    icebergSchemaV2: plain ? undefined : {
      schemaV2FieldType: 'struct',
      schemaV2FieldList: fields.map(({ id, name, required, type, doc }) => ({
        id, name, required, type: type.startsWith('{') ? JSON.parse(type) as unknown : type, doc,
      })),
      identifierFieldIds: identifierFieldIds?.length ? identifierFieldIds : undefined,
    },
    icebergPartitionSpec: plan.partitionSpec,
    icebergSortOrder: plan.writeOrder,
    tableProperties: Object.keys(plan.properties).length > 0 ? plan.properties : undefined,
  };
}

/** Maintenance of a table, in the words of S3 Tables. */
export interface S3TableMaintenance {
  readonly compaction: { status: 'enabled' | 'disabled' };
  readonly snapshotManagement: { status: 'enabled' | 'disabled'; maxSnapshotAgeHours?: number; minSnapshotsToKeep?: number };
}

/** What S3 does to a table; unlike Glue it would do all of it unless it is told not to. */
export function s3TableMaintenance(optimizers: TableOptimizer[]): S3TableMaintenance {
  const compaction = optimizers.some(({ type }) => type === 'compaction');
  const retention = optimizers.find((optimizer) => optimizer.type === 'retention');
  return {
    compaction: { status: compaction ? 'enabled' : 'disabled' },
    snapshotManagement: retention
      ? { status: 'enabled', maxSnapshotAgeHours: 24 * retention.days, minSnapshotsToKeep: retention.snapshots }
      : { status: 'disabled' },
  };
}
