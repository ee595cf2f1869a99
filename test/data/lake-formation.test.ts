import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { faultsOf } from './support';
import { Column, DataLake, IcebergTable, IcebergType, IIcebergTable } from '../../lib/data';

const columns = [Column.required('id', IcebergType.LONG)];
const task = () => new iam.ServicePrincipal('ecs-tasks.amazonaws.com');

/** A lake with one table, and what grants of it to a role of another stack make there. */
function grant(lakeFormation: boolean | undefined, give: (table: IIcebergTable, role: iam.Role) => void) {
  const app = new App();
  const table = new DataLake(new Stack(app, 'Data'), 'Lake', { lakeFormation, databaseName: 'shop' }).addTable('Payments', { columns });
  const team = new Stack(app, 'Team');
  give(table, new iam.Role(team, 'Role', { assumedBy: task() }));
  return { app, template: Template.fromStack(team), lake: Template.fromStack(Stack.of(table)) };
}

const permissionsOf = (template: Template) => Object.values(template.findResources('AWS::LakeFormation::PrincipalPermissions'))
  .map(({ Properties: { Resource, Permissions, PermissionsWithGrantOption } }: any) => {
    expect(PermissionsWithGrantOption).toEqual([]);
    return [Resource.Table?.Name ?? Resource.Database.Name, Permissions.join()];
  });

describe('Lake Formation', () => {
  test('is not asked unless the lake says so', () => {
    const { template } = grant(undefined, (table, role) => table.grants.write(role));
    template.resourceCountIs('AWS::LakeFormation::PrincipalPermissions', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('lakeformation');
  });

  test('lets a reader see the database and read the table, beside IAM', () => {
    const { template, lake } = grant(true, (table, role) => table.grants.read(role));
    expect(permissionsOf(template)).toEqual([['shop', 'DESCRIBE'], ['payments', 'SELECT,DESCRIBE']]);
    lake.resourceCountIs('AWS::LakeFormation::PrincipalPermissions', 0);
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('lakeformation:GetDataAccess');
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain('glue:GetTable');
  });

  test('lets a writer commit, and takes a second grant for what it is', () => {
    const { template } = grant(true, (table, role) => {
      table.grants.read(role);
      table.grants.write(role);
      table.grants.write(role);
    });
    expect(permissionsOf(template)).toEqual([['shop', 'DESCRIBE'], ['payments', 'SELECT,DESCRIBE'], ['payments', 'INSERT,DELETE,ALTER']]);
  });

  test('names the role, and comes after the table', () => {
    const stack = new Stack(new App(), 'Data');
    const role = new iam.Role(stack, 'Role', { assumedBy: task() });
    new DataLake(stack, 'Lake', { lakeFormation: true }).addTable('Payments', { columns }).grants.read(role);
    for (const { Properties, DependsOn } of Object.values(Template.fromStack(stack).findResources('AWS::LakeFormation::PrincipalPermissions')) as any[]) {
      expect(Properties.Principal).toEqual({ DataLakePrincipalIdentifier: stack.resolve(role.roleArn) });
      expect(DependsOn).toEqual([expect.stringContaining('LakePayments')]);
    }
  });

  test('is asked for two tables of one database, once for the database', () => {
    const stack = new Stack(new App(), 'Data');
    const role = new iam.Role(stack, 'Role', { assumedBy: task() });
    const lake = new DataLake(stack, 'Lake', { lakeFormation: true, databaseName: 'shop' });
    for (const id of ['One', 'Two']) lake.addTable(id, { columns }).grants.read(role);
    expect(permissionsOf(Template.fromStack(stack))).toEqual([['shop', 'DESCRIBE'], ['one', 'SELECT,DESCRIBE'], ['two', 'SELECT,DESCRIBE']]);
  });

  test('is asked for tables that exist, and for tables of lakes that exist', () => {
    const stack = new Stack(new App(), 'Data');
    const role = new iam.Role(stack, 'Role', { assumedBy: task() });
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
    const lake = DataLake.fromBuckets(stack, 'Lake', { processed: bucket, databaseName: 'shop', lakeFormation: true });
    new IcebergTable(stack, 'New', { lake, columns }).grants.read(role);
    IcebergTable.fromIcebergTableAttributes(stack, 'Old', { bucket, databaseName: 'shop', tableName: 'old', lakeFormation: true }).grants.read(role);
    expect(permissionsOf(Template.fromStack(stack)).map(([name]) => name)).toEqual(['shop', 'new', 'old']);
  });

  test('knows roles and users only', () => {
    const stack = new Stack(new App(), 'Data');
    const table = new DataLake(stack, 'Lake', { lakeFormation: true }).addTable('Payments', { columns });
    expect(faultsOf(() => table.grants.read(new iam.Group(stack, 'Group')))).toEqual([
      '[lake-formation-needs-role] grants of a lake with lakeFormation go to roles and users, and the grantee is neither; grant to a role',
    ]);
    expect(() => table.grants.read(new iam.User(stack, 'User'))).not.toThrow();
  });
});
