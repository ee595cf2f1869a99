import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf } from './support';
import { Column, DataLake, IcebergTable, IcebergTableOptions, IcebergType, Partition, Sort, Zone } from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG), Column.required('at', IcebergType.TIMESTAMPTZ)];

function tableTemplate(options: Partial<IcebergTableOptions> = {}): Template {
  const stack = new Stack(new App(), 'Data');
  new DataLake(stack, 'Lake').addTable('Events', { columns, ...options });
  return Template.fromStack(stack);
}

describe('a table', () => {
  test('holds its whole schema, and no second description of it', () => {
    const [table] = Object.values(tableTemplate({
      partitionBy: [Partition.day('at')], sortBy: [Sort.ascending('id')], identifiedBy: ['id'], comment: 'clicks',
    }).findResources('AWS::Glue::Table')) as any[];
    const location = table.Properties.OpenTableFormatInput.IcebergInput.IcebergTableInput.Location;
    expect(table.Properties).toEqual({
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: expect.stringMatching(/^data_lake_[0-9a-f]{8}$/),
      Name: 'events',
      OpenTableFormatInput: {
        IcebergInput: {
          MetadataOperation: 'CREATE',
          Version: '2',
          IcebergTableInput: {
            Location: location,
            Schema: {
              Type: 'struct',
              SchemaId: 0,
              IdentifierFieldIds: [1],
              Fields: [
                { Id: 1, Name: 'id', Type: 'long', Required: true },
                { Id: 2, Name: 'at', Type: 'timestamptz', Required: true },
              ],
            },
            PartitionSpec: { SpecId: 0, Fields: [{ FieldId: 1000, SourceId: 2, Name: 'at_day', Transform: 'day' }] },
            WriteOrder: { OrderId: 1, Fields: [{ SourceId: 1, Transform: 'identity', Direction: 'asc', NullOrder: 'nulls-first' }] },
            Properties: { comment: 'clicks' },
          },
        },
      },
    });
    expect(location['Fn::Join'][1]).toEqual(['s3://', { Ref: expect.stringMatching(/^LakeProcessedBucket/) }, '/tables/events']);
  });

  test('leaves out what was not said', () => {
    const [table] = Object.values(tableTemplate().findResources('AWS::Glue::Table')) as any[];
    expect(Object.keys(table.Properties.OpenTableFormatInput.IcebergInput.IcebergTableInput).sort()).toEqual(['Location', 'Schema']);
  });

  test('is retained, and made after its database', () => {
    tableTemplate().hasResource('AWS::Glue::Table', { DeletionPolicy: 'Retain', DependsOn: [Match.stringLikeRegexp('LakeDatabase')] });
  });

  test('lies in the zone that was asked for', () => {
    const [table] = Object.values(tableTemplate({ zone: Zone.CURATED }).findResources('AWS::Glue::Table')) as any[];
    expect(JSON.stringify(table.Properties)).toContain('LakeCuratedBucket');
  });

  test('keeps ids of nested fields in Iceberg\'s JSON, and warns', () => {
    const stack = new Stack(new App(), 'Data');
    new DataLake(stack, 'Lake').addTable('Events', { columns: [Column.optional('tags', IcebergType.list(IcebergType.STRING))] });
    const [table] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Table')) as any[];
    expect(JSON.parse(table.Properties.OpenTableFormatInput.IcebergInput.IcebergTableInput.Schema.Fields[0].Type))
      .toEqual({ 'type': 'list', 'element-id': 2, 'element': 'string', 'element-required': false });
    Annotations.fromStack(stack).hasWarning('/Data/Lake/Events', Match.stringLikeRegexp('cdk-ml-platform:nested-iceberg-columns'));
  });

  test('of plain columns warns about nothing', () => {
    const stack = new Stack(new App(), 'Data');
    new DataLake(stack, 'Lake').addTable('Events', { columns });
    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toHaveLength(0);
  });

  test('can stand in another stack than its lake', () => {
    const app = new App();
    const lake = new DataLake(new Stack(app, 'Data'), 'Lake');
    const other = new Stack(app, 'Team');
    new IcebergTable(other, 'Events', { lake, columns });
    expect(app.synth().getStackByName('Team').dependencies.map(({ id }) => id)).toContain('Data');
  });

  test('can be added to an imported lake', () => {
    const stack = new Stack(new App(), 'Team');
    const lake = DataLake.fromBuckets(stack, 'Lake', { processed: s3.Bucket.fromBucketName(stack, 'B', 'my-lake'), databaseName: 'shop' });
    new IcebergTable(stack, 'Events', { lake, columns });
    Template.fromStack(stack).hasResourceProperties('AWS::Glue::Table', {
      DatabaseName: 'shop',
      OpenTableFormatInput: { IcebergInput: { IcebergTableInput: { Location: 's3://my-lake/tables/events' } } },
    });
  });
});

describe('validation', () => {
  test('happens before anything exists, with all faults in one error', () => {
    const stack = new Stack(new App(), 'Data');
    const lake = new DataLake(stack, 'Lake');
    const before = lake.node.findAll().length;
    expect(faultsOf(() => lake.addTable('Events', {
      columns: [Column.required('Id', IcebergType.LONG)], partitionBy: [Partition.day('at')], tableName: 'My Table', removalPolicy: RemovalPolicy.DESTROY,
    }))).toEqual([
      '[invalid-table-name] tableName \'My Table\' is not allowed; use 1 to 128 lower-case letters, digits or underscores, starting with a letter',
      '[invalid-columns-name] columns[0].name \'Id\' is not allowed; use 1 to 255 lower-case letters, digits or underscores, not starting with a digit: Glue and Athena fold everything else',
      '[unknown-column] partitionBy names column \'at\', which is not in columns; perhaps \'Id\' is meant',
      '[data-destruction-not-allowed] removalPolicy asks to delete data together with its resource, but the context \'cdk-ml-platform:allow-data-destruction\' is not true; set it as well to lose the data, or leave the property out to keep the data',
    ]);
    expect(lake.node.findAll()).toHaveLength(before);
  });

  test('names a zone that an imported lake lacks', () => {
    const stack = new Stack(new App(), 'Team');
    const lake = DataLake.fromBuckets(stack, 'Lake', { databaseName: 'shop' });
    expect(faultsOf(() => new IcebergTable(stack, 'Events', { lake, columns }))).toEqual([
      '[unknown-zone] zone \'processed\' has no bucket in this imported lake, which has none; name one in DataLake.fromBuckets',
    ]);
  });
});

describe('grants', () => {
  function policyOf(give: (table: IcebergTable, role: iam.Role) => void, key = false): any[] {
    const stack = new Stack(new App(), 'Data');
    const lake = new DataLake(stack, 'Lake', { encryptionKey: key ? new kms.Key(stack, 'Key') : undefined });
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    give(lake.addTable('Events', { columns }), role);
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')) as any[];
    return policy.Properties.PolicyDocument.Statement;
  }
  const actionsOf = (statements: any[]) => statements.flatMap(({ Action }) => Action);

  test('let a reader see the entry and the files of the table, and change nothing', () => {
    const statements = policyOf((table, role) => table.grants.read(role));
    expect(actionsOf(statements).sort()).toEqual([
      'glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 's3:GetBucketLocation', 's3:GetObject', 's3:ListBucket',
    ]);
    const list = statements.find(({ Action }) => Action === 's3:ListBucket');
    expect(list.Condition).toEqual({ StringLike: { 's3:prefix': ['tables/events', 'tables/events/*'] } });
    const get = statements.find(({ Action }) => Action === 's3:GetObject');
    expect(get.Resource['Fn::Join'][1][1]).toBe('/tables/events/*');
  });

  test('let a writer commit', () => {
    const actions = actionsOf(policyOf((table, role) => table.grants.write(role)));
    expect(actions).toEqual(expect.arrayContaining(['glue:GetTable', 'glue:UpdateTable', 's3:GetObject', 's3:PutObject', 's3:DeleteObject']));
    expect(actions.filter((action) => action.includes('*') || action.startsWith('glue:Delete'))).toEqual([]);
  });

  test('reach no table but this one', () => {
    const text = JSON.stringify(policyOf((table, role) => table.grants.write(role)).filter(({ Action }) => JSON.stringify(Action).includes('glue:')));
    expect(text).toContain('/events"');
    expect(text).not.toContain('*');
  });

  test('include the key of the bucket', () => {
    expect(actionsOf(policyOf((table, role) => table.grants.read(role), true))).toContain('kms:Decrypt');
    expect(actionsOf(policyOf((table, role) => table.grants.read(role), true))).not.toContain('kms:GenerateDataKey');
    expect(actionsOf(policyOf((table, role) => table.grants.write(role), true))).toContain('kms:GenerateDataKey');
  });
});

describe('an imported table', () => {
  test('creates nothing and gives rights', () => {
    const stack = new Stack(new App(), 'Team');
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'my-lake');
    const table = IcebergTable.fromIcebergTableAttributes(stack, 'Events', { tableName: 'events', databaseName: 'shop', bucket, prefix: '/warehouse/events/' });
    expect(table.location).toBe('s3://my-lake/warehouse/events');
    expect(Template.fromStack(stack).toJSON().Resources).toBeUndefined();
  });

  test('gives rights on its prefix', () => {
    const stack = new Stack(new App(), 'Team');
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'my-lake');
    const table = IcebergTable.fromIcebergTableAttributes(stack, 'Events', { tableName: 'events', databaseName: 'shop', bucket });
    table.grants.read(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 's3:GetObject', Resource: { 'Fn::Join': ['', Match.arrayWith([':s3:::my-lake/tables/events/*'])] } })]) },
    });
  });
});
