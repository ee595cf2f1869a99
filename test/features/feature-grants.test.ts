import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { type Made, make, profile } from './support';
import { FeatureRegistry, FeatureStore, type IFeatureStoreGrants, OfflineStore, OnlineStore } from '../../lib/features';
import { faultsOf } from '../data/support';

type Right = keyof IFeatureStoreGrants;

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** What a right writes into the policy of a role of another stack. */
function statements(made: Made, right: Right): Statement[] {
  const team = new Stack(made.app, 'Team');
  const role = new iam.Role(team, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  made.store.grants[right](role);
  const [policy] = Object.values(Template.fromStack(team).findResources('AWS::IAM::Policy')) as { Properties: { PolicyDocument: { Statement: Statement[] } } }[];
  return policy?.Properties.PolicyDocument.Statement ?? [];
}

function actions(made: Made, right: Right): string[] {
  return statements(made, right).flatMap(({ Action }) => Action).sort();
}

function withView(props: Parameters<typeof make>[0] = {}): Made {
  const made = make(props);
  made.store.addFeatureView('Profile', profile(made.customers));
  return made;
}

const TABLE = ['dynamodb', ':table/shop.profile'];
const SECRET = ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'];

describe('rights on features', () => {
  test('to look up are one call on the table of each view, and the registry\'s login', () => {
    expect(actions(withView(), 'readOnline')).toEqual(['dynamodb:BatchGetItem', ...SECRET]);
  });

  test('to push are one call', () => {
    expect(actions(withView(), 'writeOnline')).toEqual(['dynamodb:BatchWriteItem', ...SECRET]);
  });

  test('end at the table of the view, by its name, so that no export is made for it', () => {
    const [statement] = statements(withView(), 'readOnline').filter(({ Action }) => Action === 'dynamodb:BatchGetItem');
    expect(JSON.stringify(statement?.Resource)).toContain(TABLE[1]);
    expect(JSON.stringify(statement?.Resource)).not.toContain('*');
  });

  test('to materialize are queries, temporary tables by Feast\'s names, files on their way, and writes', () => {
    const given = statements(withView(), 'materialize');
    expect(given.flatMap(({ Action }) => Action).filter((action) => /^(athena|dynamodb|glue):/.test(action)).sort()).toEqual([
      'athena:GetDataCatalog', 'athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StartQueryExecution', 'dynamodb:BatchWriteItem',
      'glue:CreateTable', 'glue:DeleteTable', 'glue:GetDatabase', 'glue:GetDatabase', 'glue:GetPartitions', 'glue:GetTable', 'glue:GetTable', 'glue:GetTables',
    ]);
    const create = given.find(({ Action }) => Action.includes('glue:CreateTable'));
    const text = JSON.stringify(create?.Resource);
    expect(text).toContain(':table/lake/_*');
    expect(text).toContain(':table/lake/feast_entity_df_*');
    expect(text).not.toContain(':table/lake/*');
    expect(text).not.toContain('customers');
  });

  test.each(['readOnline', 'writeOnline', 'readOffline', 'materialize', 'apply'] as const)('%s never makes, deletes or changes a table of the stack', (right) => {
    expect(actions(withView(), right).filter((action) => /^dynamodb:(Create|Delete|Update|Tag|Untag)/.test(action))).toEqual([]);
  });

  test('to apply are to look at tables and columns, at no row', () => {
    const given = actions(withView(), 'apply');
    expect(given).toEqual([
      'athena:GetDataCatalog', 'athena:GetTableMetadata', 'dynamodb:DescribeTable', 'glue:GetDatabase', 'glue:GetTable', ...SECRET,
    ]);
  });

  test('to apply definitions over Iceberg include the files that say which columns there are', () => {
    const given = actions(withView({ offline: OfflineStore.iceberg() }), 'apply');
    expect(given).toEqual(expect.arrayContaining(['glue:GetTable', 's3:GetObject', 'dynamodb:DescribeTable']));
    expect(given.filter((action) => /Put|Delete|Create|Write|Update/.test(action))).toEqual([]);
  });

  test('reach views that are added later', () => {
    const made = make();
    const role = new iam.Role(made.stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    made.store.grants.readOnline(role);
    made.store.addFeatureView('Late', profile(made.customers));
    expect(JSON.stringify(Template.fromStack(made.stack).findResources('AWS::IAM::Policy'))).toContain(':table/shop.late');
  });

  test('fit into a role, however many views there are: an apply looks at the project, a materialization is for its own views', () => {
    const made = make();
    const views = Array.from({ length: 60 }, (_, i) => made.store.addFeatureView(`View${i}`, profile(made.customers)));
    const role = new iam.Role(made.stack, 'Applying', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    made.store.grants.apply(role);
    made.store.addMaterialization('Nightly', { views: views.slice(0, 2), schedule: ScheduleExpression.rate(Duration.days(1)) });
    const template = Template.fromStack(made.stack);
    const text = (name: string) => JSON.stringify(Object.entries(template.findResources('AWS::IAM::Policy')).find(([id]) => id.includes(name)));
    expect(text('Applying')).toContain(':table/shop.*');
    expect(text('Applying')).not.toContain(':table/shop.view1');
    const job = text('NightlyJobTaskDefinitionTaskRole');
    expect(job).toContain(':table/shop.view1"');
    expect(job).not.toContain(':table/shop.view2"');
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
    expect(faultsOf(() => made.store.addMaterialization('All', { views: views.slice(2), schedule: ScheduleExpression.rate(Duration.days(1)) }))).toEqual([
      '[too-many-views] views has 58 views, and one role has room for the rights on 40; spread them over several materializations',
    ]);
  });

  test('leave out views that are not online', () => {
    const made = make();
    made.store.addFeatureView('Archive', profile(made.customers, { online: false }));
    expect(actions(made, 'readOnline')).toEqual(SECRET);
  });

  test('come with the key of the tables', () => {
    const made = make();
    const store = new FeatureStore(made.stack, 'Second', {
      network: made.network, lake: made.lake, online: OnlineStore.dynamoDb({ encryptionKey: new kms.Key(made.stack, 'Key') }),
    });
    store.addFeatureView('Profile', profile(made.customers));
    expect(actions({ ...made, store }, 'readOnline')).toEqual(['dynamodb:BatchGetItem', 'kms:Decrypt', 'kms:DescribeKey', ...SECRET]);
  });

  test('to the registry are those of a reader where there is one', () => {
    const made = make();
    const secret = (id: string) => new secretsmanager.Secret(made.stack, id);
    const [writer, reader] = [secret('Writer'), secret('Reader')];
    const registry = FeatureRegistry.existing({ host: 'db.example.com', secret: writer, readerSecret: reader });
    const store = new FeatureStore(made.stack, 'Second', { network: made.network, lake: made.lake, registry });
    const resource = (right: Right, id: string) => {
      const role = new iam.Role(made.stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
      store.grants[right](role);
      return role;
    };
    resource('readOnline', 'Serving');
    resource('apply', 'Applying');
    const policies = Object.entries(Template.fromStack(made.stack).findResources('AWS::IAM::Policy'));
    const of = (id: string) => JSON.stringify(policies.find(([logicalId]) => logicalId.startsWith(id))?.[1]);
    const name = (one: secretsmanager.Secret) => (made.stack.resolve(one.secretArn) as { Ref: string }).Ref;
    expect(of('Serving')).toContain(name(reader));
    expect(of('Serving')).not.toContain(name(writer));
    expect(of('Applying')).toContain(name(writer));
  });

  test('on Redshift are statements of one workgroup', () => {
    const made = make();
    const role = new iam.Role(made.stack, 'Redshift', { assumedBy: new iam.ServicePrincipal('redshift.amazonaws.com') });
    const workgroupArn = 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/1';
    const store = new FeatureStore(made.stack, 'Second', {
      network: made.network, offline: OfflineStore.redshiftServerless({ workgroupName: 'wg', workgroupArn, databaseName: 'dev', role }),
    });
    const given = statements({ ...made, store }, 'readOffline');
    expect(given.find(({ Action }) => Action.includes('redshift-data:ExecuteStatement'))?.Resource).toBe(workgroupArn);
  });
});

describe('a store that exists', () => {
  function imported() {
    const team = new Stack(new App(), 'Other');
    const secret = secretsmanager.Secret.fromSecretNameV2(team, 'Login', 'feast');
    const store = FeatureStore.fromFeatureStoreAttributes(team, 'Theirs', {
      projectName: 'theirs', storeYaml: 'project: theirs\n', viewNames: ['profile'], environment: { ML_DATABASE_HOST: 'db' },
      secrets: { ML_DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secret, 'password') },
    });
    return { team, store };
  }

  test('creates nothing', () => {
    expect(Template.fromStack(imported().team).toJSON().Resources).toBeUndefined();
  });

  test('gives rights to look up, and tells how', () => {
    const { team, store } = imported();
    const role = new iam.Role(team, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    store.grants.readOnline(role);
    expect(JSON.stringify(Template.fromStack(team).findResources('AWS::IAM::Policy'))).toContain(':table/theirs.profile');
    expect(store.readEnvironment).toEqual({ ML_DATABASE_HOST: 'db', FEAST_STORE_YAML: 'project: theirs\n' });
    expect(Object.keys(store.readSecrets)).toEqual(['ML_DATABASE_PASSWORD']);
  });

  test.each(['readOffline', 'materialize', 'apply'] as const)('refuses to give %s', (right) => {
    const { team, store } = imported();
    const role = new iam.Role(team, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    expect(faultsOf(() => store.grants[right](role))).toEqual([
      `[store-not-ours] grants.${right} of a store that exists is not known here; give that right where the store is made, or by a policy of yours`,
    ]);
  });

  test('has a name that Feast takes', () => {
    expect(faultsOf(() => FeatureStore.fromFeatureStoreAttributes(make().stack, 'X', { projectName: '_x', storeYaml: '' }))).toEqual([
      "[invalid-project-name] projectName '_x' is not allowed; use 1 to 63 lower-case letters, digits or underscores, starting with a letter",
    ]);
  });
});
