import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { faultsOf } from './support';
import { AutomaticMaintenance, Column, DataLake, IcebergType, TableMaintenance } from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG)];

function templateWith(maintenance?: TableMaintenance): Template {
  const stack = new Stack(new App(), 'Data');
  new DataLake(stack, 'Lake').addTable('Payments', { columns, maintenance });
  return Template.fromStack(stack);
}

const optimizers = (template: Template): any[] => Object.values(template.findResources('AWS::Glue::TableOptimizer'));
const configurations = (template: Template) => Object.fromEntries(optimizers(template).map(({ Properties: { Type, TableOptimizerConfiguration: { RoleArn, ...rest } } }) => {
  expect(RoleArn).toEqual({ 'Fn::GetAtt': [expect.stringContaining('MaintenanceRole'), 'Arn'] });
  return [Type, rest];
}));

describe('maintenance of a table', () => {
  test.each([['by default', undefined], ['where none is asked for', TableMaintenance.none()]])('is nothing %s: no optimizer, no role', (_case, maintenance) => {
    const template = templateWith(maintenance);
    template.resourceCountIs('AWS::Glue::TableOptimizer', 0);
    template.resourceCountIs('AWS::IAM::Role', 0);
  });

  test('merges small files and deletes nothing where only that is asked for', () => {
    expect(configurations(templateWith(TableMaintenance.compaction()))).toEqual({
      compaction: { Enabled: true },
    });
  });

  test('keeps snapshots for 30 days and at least ten, and files of failed writers for 7 days', () => {
    const template = templateWith(TableMaintenance.automatic());
    expect(configurations(template)).toEqual({
      compaction: { Enabled: true },
      retention: {
        Enabled: true,
        RetentionConfiguration: { IcebergConfiguration: { SnapshotRetentionPeriodInDays: 30, NumberOfSnapshotsToRetain: 10, CleanExpiredFiles: true } },
      },
      orphan_file_deletion: {
        Enabled: true,
        OrphanFileDeletionConfiguration: {
          IcebergConfiguration: {
            OrphanFileRetentionPeriodInDays: 7,
            Location: { 'Fn::Join': ['', ['s3://', { Ref: expect.stringContaining('ProcessedBucket') }, '/tables/payments']] },
          },
        },
      },
    });
    for (const { Properties } of optimizers(template)) {
      expect(Properties).toMatchObject({ CatalogId: { Ref: 'AWS::AccountId' }, DatabaseName: expect.any(String), TableName: 'payments' });
    }
  });

  test('keeps them as long as asked', () => {
    const { retention, orphan_file_deletion: orphans } = configurations(templateWith(TableMaintenance.automatic({
      snapshotRetention: Duration.days(365), minSnapshots: 1, orphanFileRetention: Duration.days(3),
    })));
    expect(retention.RetentionConfiguration.IcebergConfiguration).toMatchObject({ SnapshotRetentionPeriodInDays: 365, NumberOfSnapshotsToRetain: 1 });
    expect(orphans.OrphanFileDeletionConfiguration.IcebergConfiguration).toMatchObject({ OrphanFileRetentionPeriodInDays: 3 });
  });

  test('has a role of Glue in this account, for this table and its logs only', () => {
    const template = templateWith(TableMaintenance.automatic());
    const [role]: any[] = Object.values(template.findResources('AWS::IAM::Role'));
    expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([{
      Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    }]);
    const [policy]: any[] = Object.values(template.findResources('AWS::IAM::Policy'));
    const statements: any[] = policy.Properties.PolicyDocument.Statement;
    // https://docs.aws.amazon.com/glue/latest/dg/optimization-prerequisites.html
    expect(statements.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining([
      's3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:ListBucket', 'glue:UpdateTable', 'glue:GetTable',
      'logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents',
    ]));
    expect(statements.flatMap(({ Action }) => Action).filter((action: string) => action.includes('*'))).toEqual([]);
    expect(statements.flatMap(({ Resource }) => Resource)).not.toContain('*');
    expect(JSON.stringify(statements)).toContain('/tables/payments/*');
  });

  test('waits for its table and for the rights of its role', () => {
    const template = templateWith(TableMaintenance.automatic());
    const [policy] = Object.keys(template.findResources('AWS::IAM::Policy'));
    const [table] = Object.keys(template.findResources('AWS::Glue::Table'));
    for (const { DependsOn } of optimizers(template)) expect(DependsOn).toEqual(expect.arrayContaining([policy, table]));
  });

  test('stands under constant paths, for two tables of one stack', () => {
    const stack = new Stack(new App(), 'Data');
    const lake = new DataLake(stack, 'Lake');
    const [one] = ['One', 'Two'].map((id) => lake.addTable(id, { columns, maintenance: TableMaintenance.automatic() }));
    expect(one!.node.children.map(({ node }) => node.id)).toEqual(['Resource', 'MaintenanceRole', 'Compaction', 'SnapshotRetention', 'OrphanFiles']);
    Template.fromStack(stack).resourceCountIs('AWS::Glue::TableOptimizer', 6);
  });

  test('says every fault at once', () => {
    const wrong: AutomaticMaintenance = { snapshotRetention: Duration.hours(12), minSnapshots: 0, orphanFileRetention: Duration.days(36_501) };
    expect(faultsOf(() => templateWith(TableMaintenance.automatic(wrong)))).toEqual([
      '[invalid-min-snapshots] minSnapshots 0 is not a whole number from 1 to 10000; use a value in that range',
      '[invalid-snapshot-retention] snapshotRetention of 0.5 days is not a whole number from 1 to 36500 days; use a duration in that range',
      '[invalid-orphan-file-retention] orphanFileRetention of 36501 days is not a whole number from 1 to 36500 days; use a duration in that range',
    ]);
  });
});
