import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { make, profile } from './support';
import { Column, DataLake, IcebergTable, IcebergType, S3TableCatalog } from '../../lib/data';
import { Feature, FeatureType, type FeatureViewOptions, OnlineStore } from '../../lib/features';
import { featureTables, onlineTableName } from '../../lib/features/blueprint/feature-view';
import { faultsOf } from '../data/support';

function faults(options: Partial<FeatureViewOptions>, id = 'Profile'): string[] {
  const made = make();
  return faultsOf(() => made.store.addFeatureView(id, profile(made.customers, options)));
}

describe('a view', () => {
  test('has a table of the shape that Feast would make, named as Feast looks for it, which stays', () => {
    const made = make();
    const view = made.store.addFeatureView('CustomerProfile', profile(made.customers));
    expect(view.viewName).toBe('customer_profile');
    expect(made.store.views).toEqual([view]);
    Template.fromStack(made.stack).hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        TableName: 'shop.customer_profile',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'entity_id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'entity_id', AttributeType: 'S' }],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    });
  });

  test('has no table where it is not online, or the online store has none of its own', () => {
    const made = make();
    expect(made.store.addFeatureView('Archive', profile(made.customers, { online: false })).table).toBeUndefined();
    Template.fromStack(made.stack).resourceCountIs('AWS::DynamoDB::Table', 0);
    const cached = make({ online: OnlineStore.valkey() });
    expect(cached.store.addFeatureView('Profile', profile(cached.customers)).table).toBeUndefined();
    Template.fromStack(cached.stack).resourceCountIs('AWS::DynamoDB::Table', 0);
  });

  test('is told to Python, in the order of names', () => {
    const made = make();
    made.store.addFeatureView('Zeta', profile(made.customers, { ttl: Duration.days(90), entities: ['customer'], joinKeys: { customer: 'customer_id' } }));
    made.store.addFeatureView('Alpha', profile(made.customers, { online: false, viewName: 'alpha_2', features: [Feature.of('balance', FeatureType.FLOAT64)] }));
    expect(JSON.parse(made.store.tablesJson)).toStrictEqual({
      project: 'shop',
      views: [
        {
          name: 'alpha_2', entities: ['customer_id'], features: [{ name: 'balance', dtype: 'DOUBLE' }],
          source: { table: 'customers', timestampField: 'event_time' }, online: false,
        },
        {
          name: 'zeta', entities: ['customer'], features: [{ name: 'age', dtype: 'INT64' }, { name: 'country', dtype: 'STRING' }],
          source: { table: 'customers', timestampField: 'event_time' }, online: true, ttlSeconds: 7_776_000,
        },
      ],
    });
    expect(featureTables('p', [])).toBe('{\n  "project": "p",\n  "views": []\n}\n');
  });

  test('takes a table whose columns nobody knows as it is', () => {
    const made = make();
    const table = IcebergTable.fromIcebergTableAttributes(made.stack, 'Theirs', {
      tableName: 'theirs', databaseName: 'lake', bucket: s3.Bucket.fromBucketName(made.stack, 'B', 'bucket-of-theirs'),
    });
    expect(() => made.store.addFeatureView('Profile', profile(table, { features: [Feature.of('anything', FeatureType.BYTES)] }))).not.toThrow();
  });

  test.each([
    ['age', FeatureType.INT64], ['age', FeatureType.FLOAT64], ['balance', FeatureType.FLOAT64], ['tags', FeatureType.listOf(FeatureType.STRING)],
  ])('takes %s as %p', (name, type) => {
    const made = make();
    expect(() => made.store.addFeatureView('Profile', profile(made.customers, { features: [Feature.of(name, type)] }))).not.toThrow();
  });
});

describe('validation', () => {
  test('names every fault of names and columns at once, with what was meant', () => {
    expect(faults({
      entities: ['custmer_id'], timestampField: 'age',
      features: [Feature.of('contry', FeatureType.STRING), Feature.of('balance', FeatureType.INT64), Feature.of('nothing_like_it', FeatureType.INT64)],
    })).toEqual([
      "[unknown-column] entities names column 'custmer_id', which table 'customers' does not have; did you mean 'customer_id'",
      "[timestamp-field-type] timestampField 'age' is of type long, and Feast orders rows by a timestamp or timestamptz; name such a column",
      "[unknown-column] features names column 'contry', which table 'customers' does not have; did you mean 'country'",
      "[feature-type] feature 'balance' is INT64, and its column in table 'customers' is decimal(12,2); give the feature another FeatureType",
      "[unknown-column] features names column 'nothing_like_it', which table 'customers' does not have; "
        + "use one of 'customer_id', 'event_time', 'age', 'country', 'balance', 'tags'",
    ]);
  });

  test('refuses what could not be looked up', () => {
    expect(faults({ entities: [], features: [] })).toEqual([
      '[no-entities] entities is empty, so no row could be found again; name at least one, for example customer_id',
      '[no-features] features is empty, so there is nothing to look up; add Feature.of(name, type)',
    ]);
  });

  test('refuses names that mean two things', () => {
    expect(faults({
      entities: ['customer_id', 'customer_id'], joinKeys: { costumer: 'customer_id' },
      features: [Feature.of('age', FeatureType.INT64), Feature.of('age', FeatureType.INT64), Feature.of('customer_id', FeatureType.INT64), Feature.of('event_time', FeatureType.UNIX_TIMESTAMP)],
    })).toEqual([
      "[duplicate-entities] entities names 'customer_id' more than once; keep one of them",
      "[duplicate-features] features names 'age' more than once; keep one of them",
      "[unknown-entity] joinKeys names entity 'costumer', which entities does not have; use one of 'customer_id', 'customer_id'",
      "[duplicate-join-keys] joinKeys names 'customer_id' more than once; keep one of them",
      "[feature-is-entity] feature 'customer_id' is the key of an entity too; leave it out of features",
      "[feature-is-timestamp] feature 'event_time' is the timestampField too; leave it out of features",
    ]);
  });

  test('refuses names that Feast or DynamoDB give another meaning', () => {
    const allowed = 'letters, digits and underscores, starting with a letter: Feast gives @, : and . a meaning of their own';
    expect(faults({ viewName: 'a@v2' })).toEqual([`[invalid-view-name] viewName 'a@v2' is not allowed; use ${allowed}`]);
    expect(faults({ entities: ['customer:id'], joinKeys: { 'customer:id': 'customer_id' } })).toEqual([`[invalid-entities] entities 'customer:id' is not allowed; use ${allowed}`]);
    expect(faults({ viewName: Lazy.string({ produce: () => 'x' }) })[0]).toBe('[unresolved-view-name] viewName is known only at deploy time, but it decides what is created; give a literal');
  });

  test('counts the characters of the table\'s name', () => {
    expect(onlineTableName('shop', 'x')).toBe('shop.x');
    const made = make();
    expect(() => made.store.addFeatureView('Longest', profile(made.customers, { viewName: 'v'.repeat(250) }))).not.toThrow();
    expect(faults({ viewName: 'v'.repeat(251) })).toEqual([
      "[table-name-too-long] viewName makes a table name of 256 characters with projectName 'shop', and DynamoDB takes 255; shorten one of them",
    ]);
  });

  test('refuses a time to live that is none', () => {
    expect(faults({ ttl: Duration.seconds(0) })).toEqual([
      '[invalid-ttl] ttl of 0 seconds is not a whole number from 1 to 3153600000 seconds; use a duration in that range',
    ]);
  });

  test('refuses a second view of the name, in whatever case, and a taken id', () => {
    const made = make();
    made.store.addFeatureView('Profile', profile(made.customers));
    expect(faultsOf(() => made.store.addFeatureView('Other', profile(made.customers, { viewName: 'PROFILE' })))).toEqual([
      "[duplicate-view] viewName 'PROFILE' is the name of Stack/Features/Profile already; choose another",
    ]);
    expect(faultsOf(() => made.store.addFeatureView('Profile', profile(made.customers)))).toEqual([
      "[duplicate-id] id 'Profile' is taken in 'Stack/Features'; choose another id",
      "[duplicate-view] viewName 'profile' is the name of Stack/Features/Profile already; choose another",
    ]);
    expect(made.store.views).toHaveLength(1);
  });

  test('refuses a table of S3 Tables, whose catalog no offline store reads', () => {
    const made = make();
    const theirs = new S3TableCatalog(made.stack, 'Tables', { namespaceName: 'lake' }).addTable('Customers', {
      columns: [Column.required('customer_id', IcebergType.LONG), Column.required('event_time', IcebergType.TIMESTAMP), Column.optional('age', IcebergType.INT)],
    });
    expect(faultsOf(() => made.store.addFeatureView('Profile', profile(theirs, { features: [Feature.of('age', FeatureType.INT32)] })))).toEqual([
      "[table-in-s3-tables] table 'customers' is in S3 Tables, and offline stores read the catalog of Glue; use a table of the lake",
    ]);
  });

  test('refuses a table of another database, which Feast would look for in the lake\'s', () => {
    const made = make();
    const other = new DataLake(made.stack, 'Other', { databaseName: 'other' }).addTable('Customers', {
      columns: [Column.required('customer_id', IcebergType.LONG), Column.required('event_time', IcebergType.TIMESTAMP), Column.optional('age', IcebergType.INT)],
    });
    expect(faultsOf(() => made.store.addFeatureView('Profile', profile(other, { features: [Feature.of('age', FeatureType.INT32)] })))).toEqual([
      "[other-database] table 'customers' is in database 'other', and Feast reads the lake's 'lake' whatever a source says; use a table of that lake",
    ]);
  });
});
