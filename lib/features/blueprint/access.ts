/** What somebody may do with features. */
export enum FeatureAccess {
  /** Look up values of entities, for serving. */
  READ_ONLINE = 'read online',
  /** Write values of entities as they come, for streams. */
  WRITE_ONLINE = 'write online',
  /** Read history, for training sets. */
  READ_OFFLINE = 'read offline',
  /** Read history and write the newest of it where serving looks. */
  MATERIALIZE = 'materialize',
  /** Register Python definitions. */
  APPLY = 'apply',
}

/** A statement of an IAM policy. */
export interface StatementBlueprint {
  readonly actions: string[];
  readonly resources: string[];
}

/** ARNs of what Athena touches for Feast. They may be known only at deploy time. */
export interface AthenaArns {
  readonly workgroup: string;
  /** The data catalog as Athena names it. */
  readonly dataCatalog: string;
  readonly catalog: string;
  readonly database: string;
  /** Everything that is named `<database>/`, to which the name of a table is added. */
  readonly tables: string;
  readonly staging: string;
}

/** Names that Feast gives to tables of its own, which live as long as a query: `_<hex>` and `feast_entity_df_<hex>`. */
const TEMPORARY = ['_*', 'feast_entity_df_*'];

/** Why grants on Athena end in wildcards. */
export const ATHENA_WILDCARDS = 'Feast names its temporary tables and files at random; the rights end at its prefixes and its own bucket';

/**
 * Calls of Feast 0.67 to DynamoDB, with tables that the stack owns: reads are `batch_get_item`, writes are `batch_writer`, and apply
 * looks whether the tables are there. `update_online_store` (lists that grow in place) is not covered.
 *
 * @see https://github.com/feast-dev/feast/blob/v0.67.0/sdk/python/feast/infra/online_stores/dynamodb.py
 */
export function dynamoDbActions(access: FeatureAccess): string[] {
  switch (access) {
    case FeatureAccess.READ_ONLINE: return ['dynamodb:BatchGetItem'];
    case FeatureAccess.WRITE_ONLINE:
    case FeatureAccess.MATERIALIZE: return ['dynamodb:BatchWriteItem'];
    case FeatureAccess.APPLY: return ['dynamodb:DescribeTable'];
    case FeatureAccess.READ_OFFLINE: return [];
  }
}

/** What DynamoDB does with a key of the customer in the caller's name. */
export function keyActions(access: FeatureAccess): string[] {
  const read = ['kms:Decrypt', 'kms:DescribeKey'];
  if (access === FeatureAccess.READ_ONLINE) return read;
  return [...read, 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'];
}

/** True for what asks the offline store for rows. */
export function readsHistory(access: FeatureAccess): boolean {
  return access === FeatureAccess.READ_OFFLINE || access === FeatureAccess.MATERIALIZE;
}

/**
 * What a query of Feast needs beside the tables that it reads: every result is a table of its own (CREATE TABLE AS), fetched from the
 * staging bucket and dropped.
 *
 * @see https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
 */
export function athenaQueryAccess(arns: AthenaArns): StatementBlueprint[] {
  return [
    {
      actions: ['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'],
      resources: [arns.workgroup],
    },
    { actions: ['athena:GetDataCatalog'], resources: [arns.dataCatalog] },
    {
      actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions', 'glue:CreateTable', 'glue:DeleteTable'],
      resources: [arns.catalog, arns.database, ...TEMPORARY.map((name) => `${arns.tables}${name}`)],
    },
    ...stagingAccess(arns.staging),
  ];
}

/** What apply needs: it looks at the columns of the tables that views name, and at no row. */
export function athenaDescribeAccess(arns: AthenaArns, tableNames: string[]): StatementBlueprint[] {
  return [
    { actions: ['athena:GetTableMetadata', 'athena:GetDataCatalog'], resources: [arns.dataCatalog] },
    { actions: ['glue:GetDatabase', 'glue:GetTable'], resources: [arns.catalog, arns.database, ...tableNames.map((name) => `${arns.tables}${name}`)] },
  ];
}

/** A bucket that holds nothing but results on their way. */
export function stagingAccess(bucketArn: string): StatementBlueprint[] {
  return [
    { actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], resources: [`${bucketArn}/*`] },
    { actions: ['s3:ListBucket', 's3:GetBucketLocation'], resources: [bucketArn] },
  ];
}

/**
 * Redshift's Data API. Statements that were started are found again by their id, which has no ARN.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
 */
export function redshiftAccess(workgroupArn: string, stagingArn: string): StatementBlueprint[] {
  return [
    { actions: ['redshift-data:ExecuteStatement', 'redshift-serverless:GetCredentials'], resources: [workgroupArn] },
    { actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], resources: ['*'] },
    ...stagingAccess(stagingArn),
  ];
}
