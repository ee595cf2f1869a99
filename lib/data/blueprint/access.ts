/** ARNs of a table and of what it lies in. */
export interface TableArns {
  readonly catalog: string;
  readonly database: string;
  readonly table: string;
  readonly bucket: string;
  /** Everything below the table's prefix. */
  readonly objects: string;
  /** The table's prefix inside its bucket, without slashes at the ends. */
  readonly prefix: string;
}

/** A statement of an IAM policy, for every engine. */
export interface AccessStatement {
  readonly actions: string[];
  readonly resources: string[];
  readonly conditions?: { [operator: string]: { [key: string]: string[] } };
}

/**
 * What a reader of an Iceberg table needs: its entry in the catalog and its files.
 *
 * @see https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
 */
export function readAccess(arns: TableArns): AccessStatement[] {
  return [
    { actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables'], resources: [arns.catalog, arns.database, arns.table] },
    { actions: ['s3:GetObject'], resources: [arns.objects] },
    { actions: ['s3:ListBucket'], resources: [arns.bucket], conditions: { StringLike: { 's3:prefix': [arns.prefix, `${arns.prefix}/*`] } } },
    { actions: ['s3:GetBucketLocation'], resources: [arns.bucket] },
  ];
}

/** What a writer needs besides: a commit is new files and then one conditional update of the catalog. */
export function writeAccess(arns: TableArns): AccessStatement[] {
  return [
    { actions: ['glue:UpdateTable'], resources: [arns.catalog, arns.database, arns.table] },
    { actions: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], resources: [arns.objects] },
  ];
}

/** What a reader of all objects of a bucket needs. */
export function readZoneAccess(bucketArn: string): AccessStatement[] {
  return [
    { actions: ['s3:GetObject'], resources: [`${bucketArn}/*`] },
    { actions: ['s3:ListBucket', 's3:GetBucketLocation'], resources: [bucketArn] },
  ];
}

/** What a writer needs besides. */
export function writeZoneAccess(bucketArn: string): AccessStatement[] {
  return [{ actions: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], resources: [`${bucketArn}/*`] }];
}
