import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { allows } from './iam';
import { requests } from './migration-requests.json';
import { faultsOf } from './support';
import { Column, DataContract, DataLake, IcebergTable, IcebergType, type IIcebergTable, S3TableCatalog, TableMigrations, TableMigrationsProps } from '../../lib/data';
import { InterfaceEndpoint, MlNetwork } from '../../lib/network';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'migrations-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const image = ecs.ContainerImage.fromRegistry('example.com/data:1');
const ID = Column.required('id', IcebergType.LONG);
const contract = (name: string, ...more: Column[]) => DataContract.fromColumns(join(folder, `${name}.json`), { columns: [ID, ...more] });

interface Made { readonly app: App; readonly data: Stack; readonly stack: Stack; readonly lake: DataLake; readonly network: MlNetwork }

function surroundings(): Made {
  const app = new App({ context: { 'cdk-ml-platform:update-contracts': true } });
  const data = new Stack(app, 'Data');
  const stack = new Stack(app, 'Migrations');
  return { app, data, stack, lake: new DataLake(data, 'Lake', { databaseName: 'shop' }), network: new MlNetwork(stack, 'Network') };
}

function make(props: Partial<TableMigrationsProps> = {}, ...more: Column[]) {
  const made = surroundings();
  const tables = [made.lake.addTable('Payments', { contract: contract('payments', ...more) }), made.lake.addTable('Returns', { contract: contract('returns') })];
  const migrations = new TableMigrations(made.stack, 'Migrations', { network: made.network, tables, image, ...props });
  return { ...made, tables, migrations };
}

const container = (template: Template) => Object.values(template.findResources('AWS::ECS::TaskDefinition'))[0]!.Properties.ContainerDefinitions[0];

/** The contracts of an assembly's one file. */
function bundleOf(app: App): any {
  const assembly = app.synth();
  const [asset] = Object.values(JSON.parse(readFileSync(join(assembly.directory, 'Migrations.assets.json'), 'utf8')).files)
    .filter((one: any) => one.source.path.startsWith('contracts.')) as any[];
  return JSON.parse(readFileSync(join(assembly.directory, asset.source.path), 'utf8'));
}

describe('migrations of tables', () => {
  test('run one task with the contracts of all tables in one file', () => {
    const { app, stack } = make();
    const template = Template.fromStack(stack);
    const { Command: [python, ...command], ...rest } = container(template);
    expect([python, ...command.slice(0, 4)]).toEqual(['python', '-m', 'ml_platform_runtime', 'tables-migrate', '--contracts']);
    expect(JSON.stringify(command[4])).toMatch(/s3:\/\/cdk-hnb659fds-assets-.*[0-9a-f]{64}\.json/);
    expect(rest).toMatchObject({ User: '10001:10001', ReadonlyRootFilesystem: true, Environment: [{ Name: 'ML_DATABASES', Value: 'shop' }, { Name: 'HOME', Value: '/tmp' }] });
    const bundle = bundleOf(app);
    expect(bundle.tables.map((one: any) => [one.database, one.contract.table, one.contract.version])).toEqual([[0, 'payments', 1], [0, 'returns', 1]]);
  });

  test('run again when a contract changes, and only then; the tables\' own template does not change', () => {
    const definition = (made: ReturnType<typeof make>) => JSON.stringify(Template.fromStack(made.stack).toJSON());
    const first = make();
    const again = make();
    expect(definition(again)).toBe(definition(first));
    const before = JSON.stringify(Template.fromStack(first.data).toJSON());
    const evolved = make({}, Column.optional('amount', IcebergType.DOUBLE));
    expect(definition(evolved)).not.toBe(definition(first));
    expect(JSON.stringify(Template.fromStack(evolved.data).toJSON())).toBe(before);
    expect(bundleOf(evolved.app).tables[0].contract.history).toHaveLength(1);
  });

  test('wait for tables, rights and network, and have fifteen minutes', () => {
    const { stack, tables, migrations } = make();
    const template = Template.fromStack(stack);
    template.hasResource('Custom::MlPlatformTableMigrations', {
      Properties: {
        ServiceTimeout: '900',
        TaskDefinition: { Ref: Match.stringLikeRegexp('TaskDefinition') },
        SecurityGroup: { 'Fn::GetAtt': [Match.stringLikeRegexp('SecurityGroup'), 'GroupId'] },
        Container: 'Container',
        LogPrefix: 'migrations',
      },
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('MigrationsTaskDefinitionTaskRoleDefaultPolicy')]),
    });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 840, Handler: 'index.handler', Runtime: 'python3.14' });
    expect(stack.dependencies).toContain(Stack.of(tables[0]!));
    expect(migrations.resource.node.path).toBe('Migrations/Migrations/Run');
  });

  test('hand over the function as text, which CloudFormation limits to 4,096 characters', () => {
    const template = Template.fromStack(make().stack);
    const [handler] = Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'index.handler', Code: { ZipFile: Match.anyValue() } } }));
    const text: string = handler!.Properties.Code.ZipFile;
    expect(text).toContain('def handler(event');
    expect(text.length).toBeLessThan(4096);
  });

  test('may read and write the tables, read one file, and nothing else', () => {
    const { stack } = make();
    const policy = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).find(([id]) => id.includes('TaskRoleDefaultPolicy'))![1];
    const statements: any[] = policy.Properties.PolicyDocument.Statement;
    expect([...new Set(statements.flatMap(({ Action }) => Action))].sort()).toEqual([
      'glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:UpdateTable', 's3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetBucketLocation',
      's3:GetObject', 's3:ListBucket', 's3:ListMultipartUploadParts', 's3:PutObject',
    ]);
    const objects: string[] = statements.filter(({ Action }) => [Action].flat().includes('s3:PutObject')).map(({ Resource }) => JSON.stringify(Resource));
    expect(objects).toEqual([expect.stringContaining('/tables/payments/*'), expect.stringContaining('/tables/returns/*')]);
    expect(statements.filter(({ Resource }) => Resource === '*')).toEqual([]);
    const [file] = statements.filter(({ Action, Resource }) => Action === 's3:GetObject' && JSON.stringify(Resource).includes('cdk-hnb659fds'));
    expect(JSON.stringify(file.Resource)).toMatch(/cdk-hnb659fds-assets-[^*]*\/[0-9a-f]{64}\.json/);
  });

  test('may do what a real migration asked for, and not on a table beside it', () => {
    const made = surroundings();
    const tables = [made.lake.addTable('Transactions', { contract: contract('transactions') })];
    new TableMigrations(made.stack, 'Migrations', { network: made.network, tables, image });
    const policy = Object.entries(Template.fromStack(made.stack).findResources('AWS::IAM::Policy')).find(([id]) => id.includes('TaskRoleDefaultPolicy'))![1];
    const statements: any[] = policy.Properties.PolicyDocument.Statement;
    expect(requests.filter((request) => !allows(statements, request, 'lake'))).toEqual([]);
    const elsewhere = requests.map((request) => JSON.parse(JSON.stringify(request).replace('transactions', 'transactions2')));
    expect(elsewhere.filter((request) => allows(statements, request, 'lake')).map(({ action }) => action)).toEqual(['glue:GetDatabase', 'glue:GetDatabase']);
  });

  test('take a cluster, an image and processors', () => {
    const made = surroundings();
    const cluster = new ecs.Cluster(made.stack, 'Shared', { vpc: made.network.vpc });
    new TableMigrations(made.stack, 'Migrations', {
      network: made.network, cluster, cpuArchitecture: ecs.CpuArchitecture.ARM64, image, tables: [made.lake.addTable('Payments', { contract: contract('payments') })],
    });
    const template = Template.fromStack(made.stack);
    template.resourceCountIs('AWS::ECS::Cluster', 1);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { RuntimePlatform: { CpuArchitecture: 'ARM64' }, Cpu: '512', Memory: '1024' });
    expect(container(template).Image).toBe('example.com/data:1');
  });

  test('reach S3 Tables through their own catalog', () => {
    const made = surroundings();
    const catalog = new S3TableCatalog(made.data, 'Catalog', { namespaceName: 'shop' });
    const table = catalog.addTable('Payments', { contract: contract('payments') });
    new TableMigrations(made.stack, 'Migrations', { network: made.network, image, tables: [table] });
    expect(container(Template.fromStack(made.stack)).Environment).toEqual(expect.arrayContaining([
      { Name: 'ML_CATALOG', Value: 's3tables' }, { Name: 'ML_WAREHOUSE', Value: expect.anything() },
    ]));
  });

  test('take tables that exist, of databases that are known only at deploy time', () => {
    const made = surroundings();
    const imported = IcebergTable.fromIcebergTableAttributes(made.data, 'Orders', {
      tableName: 'orders', databaseName: made.lake.accessLogsBucket!.bucketName, bucket: made.lake.accessLogsBucket!, contract: contract('orders'),
    });
    new TableMigrations(made.stack, 'Migrations', { network: made.network, image, tables: [imported, made.lake.addTable('Payments', { contract: contract('payments') })] });
    const [{ Value }] = container(Template.fromStack(made.stack)).Environment;
    expect(Value).toEqual({ 'Fn::Join': [',', [expect.anything(), 'shop']] });
    expect(bundleOf(made.app).tables.map((one: any) => one.database)).toEqual([0, 1]);
  });

  test('stand twice in one stack', () => {
    const { stack, network, lake } = make();
    new TableMigrations(stack, 'More', { network, image, tables: [lake.addTable('More', { contract: contract('more') })] });
    Template.fromStack(stack).resourceCountIs('Custom::MlPlatformTableMigrations', 2);
  });

  test('fit into one role with thirty tables, also in an app that does not merge statements', () => {
    const made = surroundings();
    const tables = Array.from({ length: 30 }, (_, index) => made.lake.addTable(`Customer${index}`, { contract: contract(`customer_transactions_${index}`) }));
    new TableMigrations(made.stack, 'Migrations', { network: made.network, image, tables });
    const template = Template.fromStack(made.stack);
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: ten managed policies for each role
    expect(Object.keys(template.findResources('AWS::IAM::ManagedPolicy')).length).toBeLessThanOrEqual(10);
  }, 60_000);
});

describe('validation', () => {
  test('names every fault at once', () => {
    const { stack, network, lake } = surroundings();
    const plain = lake.addTable('Plain', { columns: [ID] });
    const payments = lake.addTable('Payments', { contract: contract('payments') });
    expect(faultsOf(() => new TableMigrations(stack, 'Migrations', { network, tables: [plain, payments, payments] }))).toEqual([
      '[no-contract] tables has \'Data/Lake/Plain\', which has no contract; give it one by DataContract.fromColumns, or leave it out',
      '[duplicate-tables] tables names \'payments\' of one database more than once; keep one of them',
    ]);
    expect(faultsOf(() => new TableMigrations(stack, 'Migrations', { network, tables: [] }))).toEqual([
      '[no-tables] tables is empty, so there is nothing to migrate; name tables that have a contract',
    ]);
    expect(faultsOf(() => new TableMigrations(stack, 'Migrations', { network, tables: Array.from({ length: 31 }, () => payments) }))[0]).toBe(
      '[too-many-tables] tables has 31 tables, and rights on at most 30 fit into one role; make one TableMigrations for each group, with a cluster that they share');
    expect(stack.node.tryFindChild('Migrations')).toBeUndefined();
  });

  test('wants a migration for each catalog', () => {
    const { stack, data, network, lake } = surroundings();
    const ofS3 = (id: string): IIcebergTable => new S3TableCatalog(data, id, { namespaceName: 'shop' }).addTable('Clicks', { contract: contract('clicks') });
    const [payments, one, two] = [lake.addTable('Payments', { contract: contract('payments') }), ofS3('One'), ofS3('Two')];
    const message = (a: string, b: string): string =>
      `[several-catalogs] tables has 'Data/${a}' and 'Data/${b}', which are in different catalogs; make one TableMigrations for each catalog, with a cluster that they share`;
    expect(faultsOf(() => new TableMigrations(stack, 'Migrations', { network, tables: [payments, one] }))).toContain(message('Lake/Payments', 'One/Clicks'));
    expect(faultsOf(() => new TableMigrations(stack, 'Migrations', { network, tables: [one, two] }))).toContain(message('One/Clicks', 'Two/Clicks'));
  });

  test('refuses a network in which the task cannot start', () => {
    const { data, lake } = surroundings();
    const network = new MlNetwork(data, 'Closed', { natGateways: 0, interfaceEndpoints: [InterfaceEndpoint.ECR_API] });
    const tables = [lake.addTable('Payments', { contract: contract('payments') })];
    expect(faultsOf(() => new TableMigrations(data, 'Migrations', { network, tables }))).toEqual([
      '[no-route-out] network has no route out, and the task needs interface endpoints for ecr.dkr, logs, glue; add them to the network, or give it a NAT gateway',
    ]);
  });
});
