import { App, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { faultsOf } from './support';
import {
  Column, IIcebergTable, IcebergType, Partition, S3Table, S3TableCatalog, S3TableCatalogProps, S3TableOptions, Sort, TableMaintenance,
} from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG), Column.optional('amount', IcebergType.decimal(12, 2))];

function stackWith(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Data');
}

function catalogTemplate(props?: S3TableCatalogProps, context?: Record<string, unknown>): Template {
  const stack = stackWith(context);
  new S3TableCatalog(stack, 'Tables', props);
  return Template.fromStack(stack);
}

function tableOf(options: Partial<S3TableOptions> = {}): any {
  const stack = stackWith();
  new S3TableCatalog(stack, 'Tables').addTable('CardPayments', { columns, ...options });
  return Object.values(Template.fromStack(stack).findResources('AWS::S3Tables::Table'))[0];
}

describe('a catalog of S3 Tables', () => {
  test('is a bucket and a namespace, encrypted and retained, and nothing else', () => {
    const template = catalogTemplate();
    expect(Object.values(template.toJSON().Resources).map(({ Type }: any) => Type).sort()).toEqual(['AWS::S3Tables::Namespace', 'AWS::S3Tables::TableBucket']);
    template.hasResource('AWS::S3Tables::TableBucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        EncryptionConfiguration: { SSEAlgorithm: 'AES256' },
        TableBucketName: Match.stringLikeRegexp('^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
        UnreferencedFileRemoval: { Status: 'Enabled', UnreferencedDays: 7, NoncurrentDays: 30 },
      },
    });
    template.hasResource('AWS::S3Tables::Namespace', { DeletionPolicy: 'Retain' });
  });

  test('takes names and times', () => {
    const template = catalogTemplate({
      tableBucketName: 'shop-tables', namespaceName: 'shop', orphanFileRetention: Duration.days(3), noncurrentVersionExpiration: Duration.days(90),
    });
    template.hasResourceProperties('AWS::S3Tables::TableBucket', {
      TableBucketName: 'shop-tables', UnreferencedFileRemoval: { Status: 'Enabled', UnreferencedDays: 3, NoncurrentDays: 90 },
    });
    template.hasResourceProperties('AWS::S3Tables::Namespace', { Namespace: 'shop' });
  });

  test('encrypts with a key that S3\'s maintenance may use for these tables', () => {
    const stack = stackWith();
    const key = new kms.Key(stack, 'Key');
    new S3TableCatalog(stack, 'Tables', { encryptionKey: key, tableBucketName: 'shop-tables' });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::S3Tables::TableBucket', { EncryptionConfiguration: { SSEAlgorithm: 'aws:kms', KMSKeyArn: stack.resolve(key.keyArn) } });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([Match.objectLike({
          Principal: { Service: 'maintenance.s3tables.amazonaws.com' },
          Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': { 'Fn::Join': ['', Match.arrayWith([':bucket/shop-tables/*'])] } } },
        })]),
      },
    });
  });

  test('tells clients of Iceberg\'s REST protocol how to reach it', () => {
    const stack = stackWith();
    const catalog = new S3TableCatalog(stack, 'Tables');
    expect(stack.resolve(catalog.catalogProperties)).toEqual({
      'type': 'rest',
      'uri': { 'Fn::Join': ['', ['https://s3tables.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/iceberg']] },
      'warehouse': { 'Fn::GetAtt': [stack.getLogicalId(catalog.tableBucket), 'TableBucketARN'] },
      'rest.sigv4-enabled': 'true',
      'rest.signing-name': 's3tables',
      'rest.signing-region': { Ref: 'AWS::Region' },
    });
  });

  test('goes with its tables only if two keys turn', () => {
    const destroy = { removalPolicy: RemovalPolicy.DESTROY };
    expect(faultsOf(() => catalogTemplate(destroy))[0]).toMatch(/^\[data-destruction-not-allowed\]/);
    const stack = stackWith({ 'cdk-ml-platform:allow-data-destruction': true });
    new S3TableCatalog(stack, 'Tables', destroy).addTable('T', { columns });
    for (const resource of Object.values(Template.fromStack(stack).toJSON().Resources) as any[]) expect(resource.DeletionPolicy).toBe('Delete');
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => catalogTemplate({
      tableBucketName: 'aws-mine', namespaceName: 'my-shop', orphanFileRetention: Duration.hours(1), noncurrentVersionExpiration: Duration.days(0),
      removalPolicy: RemovalPolicy.SNAPSHOT,
    }))).toEqual([
      '[invalid-table-bucket-name] tableBucketName \'aws-mine\' is not allowed; use 3 to 63 lower-case letters, digits or hyphens, starting and ending with a '
      + 'letter or digit, and not starting with aws',
      '[invalid-namespace-name] namespaceName \'my-shop\' is not allowed; use 1 to 128 lower-case letters, digits or underscores, starting with a letter',
      '[invalid-orphan-file-retention] orphanFileRetention of 0.041666666666666664 days is not a whole number from 1 to 36500 days; use a duration in that range',
      '[invalid-noncurrent-version-expiration] noncurrentVersionExpiration of 0 days is not a whole number from 1 to 36500 days; use a duration in that range',
      '[invalid-removal-policy] removalPolicy \'snapshot\' is not one of \'retain\', \'retain-on-update-or-delete\', \'destroy\'; choose one of them',
    ]);
  });

  test('of another stack creates nothing and takes tables', () => {
    const stack = stackWith();
    const catalog = S3TableCatalog.fromS3TableCatalogAttributes(stack, 'Tables', {
      tableBucketArn: 'arn:aws:s3tables:eu-west-1:111122223333:bucket/shop', namespaceName: 'shop',
    });
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toEqual([]);
    const table = new S3Table(stack, 'Orders', { catalog, columns });
    expect(table.databaseName).toBe('shop');
    Template.fromStack(stack).resourceCountIs('AWS::S3Tables::Table', 1);
  });
});

describe('a table of S3 Tables', () => {
  test('has plain columns in the older form of the schema', () => {
    expect(tableOf()).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        TableName: 'card_payments',
        OpenTableFormat: 'ICEBERG',
        IcebergMetadata: {
          IcebergSchema: { SchemaFieldList: [{ Id: 1, Name: 'id', Required: true, Type: 'long' }, { Id: 2, Name: 'amount', Required: false, Type: 'decimal(12,2)' }] },
        },
        Compaction: { Status: 'enabled' },
        SnapshotManagement: { Status: 'disabled' },
      },
    });
  });

  test('has what takes more in the newer form', () => {
    const { IcebergMetadata } = tableOf({
      columns: [Column.required('id', IcebergType.LONG, { comment: 'who' }), Column.optional('tags', IcebergType.list(IcebergType.STRING))],
      identifiedBy: ['id'], partitionBy: [Partition.bucket('id', 16)], sortBy: [Sort.ascending('id')], properties: { 'write.parquet.compression-codec': 'zstd' },
    }).Properties;
    expect(IcebergMetadata.IcebergSchema).toBeUndefined();
    expect(IcebergMetadata.IcebergSchemaV2).toEqual({
      SchemaV2FieldType: 'struct',
      IdentifierFieldIds: [1],
      SchemaV2FieldList: [
        { Id: 1, Name: 'id', Required: true, Type: 'long', Doc: 'who' },
        { Id: 2, Name: 'tags', Required: false, Type: { 'type': 'list', 'element-id': 3, 'element': 'string', 'element-required': false } },
      ],
    });
    expect(IcebergMetadata.IcebergPartitionSpec.Fields).toEqual([{ FieldId: 1000, Name: 'id_bucket', SourceId: 1, Transform: 'bucket[16]' }]);
    expect(IcebergMetadata.IcebergSortOrder.Fields).toHaveLength(1);
    expect(IcebergMetadata.TableProperties).toEqual({ 'write.parquet.compression-codec': 'zstd' });
  });

  test('has the maintenance that was asked for', () => {
    expect(tableOf({ maintenance: TableMaintenance.none() }).Properties).toMatchObject({ Compaction: { Status: 'disabled' }, SnapshotManagement: { Status: 'disabled' } });
    expect(tableOf({ maintenance: TableMaintenance.automatic({ minSnapshots: 3 }) }).Properties).toMatchObject({
      Compaction: { Status: 'enabled' }, SnapshotManagement: { Status: 'enabled', MaxSnapshotAgeHours: 720, MinSnapshotsToKeep: 3 },
    });
  });

  test('refuses what a table cannot be', () => {
    expect(faultsOf(() => tableOf({ columns: [] }))).toEqual([
      '[no-columns] columns is empty, and a table needs at least one; add Column.required or Column.optional',
    ]);
  });

  function statementsOf(give: (table: IIcebergTable, role: iam.Role) => void): any[] {
    const stack = stackWith();
    const table: IIcebergTable = new S3TableCatalog(stack, 'Tables', { encryptionKey: new kms.Key(stack, 'Key') }).addTable('T', { columns });
    give(table, new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    return (Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))[0] as any).Properties.PolicyDocument.Statement;
  }

  test('is read without a wildcard', () => {
    const statements = statementsOf((table, role) => table.grants.read(role));
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual([
      'kms:Decrypt', 's3tables:GetNamespace', 's3tables:GetTable', 's3tables:GetTableBucket', 's3tables:GetTableData', 's3tables:GetTableMetadataLocation',
      's3tables:ListTables',
    ]);
    expect(JSON.stringify(statements)).not.toContain('*');
  });

  test('is written without a wildcard', () => {
    const actions = statementsOf((table, role) => table.grants.write(role)).flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['s3tables:PutTableData', 's3tables:UpdateTableMetadataLocation', 's3tables:GetTableData', 'kms:GenerateDataKey']));
    expect(actions.join()).not.toMatch(/\*|Delete|Create/);
  });

  test('that exists creates nothing', () => {
    const stack = stackWith();
    const catalog = S3TableCatalog.fromS3TableCatalogAttributes(stack, 'Tables', { tableBucketArn: 'arn:aws:s3tables:eu-west-1:111122223333:bucket/shop', namespaceName: 'shop' });
    const table = S3Table.fromS3TableAttributes(stack, 'Orders', {
      catalog, tableName: 'orders', tableArn: 'arn:aws:s3tables:eu-west-1:111122223333:bucket/shop/table/1', location: 's3://1--table-s3',
    });
    expect([table.databaseName, table.tableName, table.location]).toEqual(['shop', 'orders', 's3://1--table-s3']);
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toEqual([]);
  });
});
