import { DataAwsS3Bucket } from '@cdktn/provider-aws/lib/data-aws-s3-bucket';
import { IamRole } from '@cdktn/provider-aws/lib/iam-role';
import { KmsKey } from '@cdktn/provider-aws/lib/kms-key';
import { App as CdkApp, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { App, TerraformStack } from 'cdktn';
import * as fc from 'fast-check';
import { outcome, removeSynthesized, resourcesByPath, resourcesOf, synthesize } from './synthesize';
import { Faults } from '../../lib/core/private/faults';
import { dataLake as decideLake } from '../../lib/data/blueprint/data-lake';
import { icebergTable as decideTable } from '../../lib/data/blueprint/iceberg-table';
import { DataLake as CdkDataLake } from '../../lib/data/data-lake';
import { Column, DataLake, IcebergTable, IcebergType, NullOrder, Partition, RemovalPolicy, Sort, Zone, type IcebergTableOptions } from '../../lib/terraform/data';

afterAll(removeSynthesized);

const TRANSACTIONS: IcebergTableOptions = {
  columns: [
    Column.required('customer_id', IcebergType.LONG, { comment: 'who paid' }),
    Column.required('event_time', IcebergType.TIMESTAMPTZ),
    Column.optional('amount', IcebergType.decimal(12, 2)),
    Column.optional('tags', IcebergType.list(IcebergType.STRING)),
  ],
  partitionBy: [Partition.day('event_time'), Partition.bucket('customer_id', 16)],
  sortBy: [Sort.ascending('customer_id'), Sort.descending('amount', NullOrder.FIRST)],
  identifiedBy: ['customer_id'],
  comment: 'card payments',
};

describe('a lake in Terraform', () => {
  test('has the buckets, days and settings that the blueprint decided', () => {
    const blueprint = decideLake(Faults.at('Lake'), { noncurrentVersionExpiration: Duration.days(9) });
    const { program } = synthesize((stack) => { new DataLake(stack, 'Lake', { noncurrentVersionExpiration: Duration.days(9) }); });
    const buckets = [...blueprint.zones.map(({ bucketId }) => bucketId), 'AccessLogs'].sort();
    const settings = (type: string) => Object.keys(resourcesByPath(program, type)).map((path) => path.split('/')[1]).sort();
    for (const setting of ['public_access_block', 'ownership_controls', 'policy', 'lifecycle_configuration', 'server_side_encryption_configuration']) {
      expect(settings(`aws_s3_bucket_${setting}`)).toEqual(buckets);
    }
    for (const setting of ['versioning', 'logging', 'notification']) {
      expect(settings(`aws_s3_bucket_${setting}`)).toEqual(buckets.filter((bucket) => bucket !== 'AccessLogs'));
    }
    for (const [path, { rule }] of Object.entries(resourcesByPath(program, 'aws_s3_bucket_lifecycle_configuration'))) {
      const common = { abort_incomplete_multipart_upload: [{ days_after_initiation: blueprint.incompleteUploadDays }] };
      const expiry = path.includes('AccessLogs')
        ? { expiration: [{ days: blueprint.accessLogDays }] }
        : { noncurrent_version_expiration: [{ noncurrent_days: 9 }] };
      expect(rule).toEqual([{ id: 'expiry', status: 'Enabled', filter: [{ prefix: '' }], ...common, ...expiry }]);
    }
  });

  test('refuses plain HTTP and public access to every bucket', () => {
    const { program } = synthesize((stack) => { new DataLake(stack, 'Lake'); });
    const policies = resourcesOf(program, 'aws_s3_bucket_policy');
    expect(policies).toHaveLength(5);
    for (const { policy } of policies) {
      const [first] = (JSON.parse(String(policy)) as { Statement: object[] }).Statement;
      expect(first).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    }
    for (const block of resourcesOf(program, 'aws_s3_bucket_public_access_block')) {
      expect(block).toMatchObject({ block_public_acls: true, block_public_policy: true, ignore_public_acls: true, restrict_public_buckets: true });
    }
  });

  test('cannot be deleted unless two keys turn', () => {
    const kept = synthesize((stack) => { new DataLake(stack, 'Lake').addTable('Transactions', TRANSACTIONS); }).program;
    const types = ['aws_s3_bucket', 'aws_glue_catalog_database', 'aws_glue_catalog_table'];
    const lifecycles = (program: typeof kept) => types.flatMap((type) => resourcesOf(program, type))
      .map(({ lifecycle }) => (lifecycle as { prevent_destroy: boolean }).prevent_destroy);
    expect(lifecycles(kept)).toEqual(Array(7).fill(true));
    expect(resourcesOf(kept, 'aws_s3_bucket').map((bucket) => bucket.force_destroy)).toEqual(Array(5).fill(false));
    const gone = synthesize((stack) => {
      new DataLake(stack, 'Lake', { removalPolicy: RemovalPolicy.DESTROY }).addTable('Transactions', TRANSACTIONS);
    }, { 'cdk-ml-platform:allow-data-destruction': true }).program;
    expect(lifecycles(gone)).toEqual(Array(7).fill(false));
    expect(resourcesOf(gone, 'aws_s3_bucket').map((bucket) => bucket.force_destroy)).toEqual(Array(5).fill(true));
  });

  test('encrypts with a key of the user, and lets readers and writers use it', () => {
    const { program } = synthesize((stack) => {
      const lake = new DataLake(stack, 'Lake', { encryptionKey: new KmsKey(stack, 'Key'), accessLogs: false });
      lake.grants.read(new IamRole(stack, 'Reader', { assumeRolePolicy: '{}' }), Zone.RAW);
    });
    for (const { rule } of resourcesOf(program, 'aws_s3_bucket_server_side_encryption_configuration')) {
      expect(rule).toEqual([{
        bucket_key_enabled: true, apply_server_side_encryption_by_default: { sse_algorithm: 'aws:kms', kms_master_key_id: '${aws_kms_key.Key.arn}' },
      }]);
    }
    const [policy] = resourcesOf(program, 'aws_iam_role_policy');
    expect(statementsOf(policy)).toContainEqual({ Effect: 'Allow', Action: ['kms:Decrypt'], Resource: ['${aws_kms_key.Key.arn}'] });
  });

  test('is imported without creating anything', () => {
    const { program } = synthesize((stack) => {
      const raw = new DataAwsS3Bucket(stack, 'Existing', { bucket: 'existing' });
      const lake = DataLake.fromBuckets(stack, 'Lake', { databaseName: 'lake', raw });
      expect(lake.bucket(Zone.RAW)).toBe(raw);
      expect(() => lake.bucket(Zone.CURATED)).toThrow('ValidationError at Stack/Lake [unknown-zone]: '
        + "zone 'curated' has no bucket in this imported lake, which has raw; name one in DataLake.fromBuckets");
    });
    expect(program.resource).toBeUndefined();
  });

  test('stands twice in one stack, with names of its own', () => {
    const { program } = synthesize((stack) => { new DataLake(stack, 'One'); new DataLake(stack, 'Two'); });
    expect(resourcesOf(program, 'aws_glue_catalog_database').map((database) => database.name)).toEqual(['stack_one', 'stack_two']);
    const prefixes = resourcesOf(program, 'aws_s3_bucket').map((bucket) => String(bucket.bucket_prefix));
    expect(new Set(prefixes).size).toBe(10);
    expect(prefixes.every((prefix) => /^[a-z0-9][a-z0-9-]{0,36}$/.test(prefix))).toBe(true);
  });
});

describe('an Iceberg table in Terraform', () => {
  test('is the table that the CDK makes', () => {
    const { program } = synthesize((stack) => { new DataLake(stack, 'Lake').addTable('CardPayments', TRANSACTIONS); });
    const cdk = new Stack(new CdkApp(), 'Stack');
    new CdkDataLake(cdk, 'Lake').addTable('CardPayments', TRANSACTIONS);
    const [table] = Object.values(Template.fromStack(cdk).findResources('AWS::Glue::Table')) as TableOfCloudFormation[];
    const [actual] = resourcesOf(program, 'aws_glue_catalog_table') as unknown as TableOfTerraform[];
    const expected = table!.Properties.OpenTableFormatInput.IcebergInput;
    const { iceberg_table_input: input, version } = actual!.open_table_format_input.iceberg_input;
    expect(actual!.name).toBe(table!.Properties.Name);
    expect(version).toBe(expected.Version);
    const { Schema: schema, PartitionSpec: partitions, WriteOrder: order, Properties: properties } = expected.IcebergTableInput;
    expect(input.schema.identifier_field_ids).toEqual(schema.IdentifierFieldIds);
    // Terraform takes the type as JSON, CloudFormation a plain type as it is
    expect(input.schema.fields.map(({ type, ...field }) => ({ ...field, type: /^"/.test(type) ? JSON.parse(type) as string : type })))
      .toEqual(schema.Fields.map(snakeCaseKeys));
    expect(input.partition_spec.fields).toEqual(partitions.Fields.map(snakeCaseKeys));
    expect(input.sort_order.fields).toEqual(order.Fields.map(snakeCaseKeys));
    expect(input.sort_order.order_id).toBe(order.OrderId);
    expect(input.properties).toEqual(properties);
  });

  test('writes every type as a JSON document, nested ones in Iceberg\'s own notation', () => {
    const { program } = synthesize((stack) => { new DataLake(stack, 'Lake').addTable('T', TRANSACTIONS); });
    const [table] = resourcesOf(program, 'aws_glue_catalog_table') as unknown as TableOfTerraform[];
    expect(table!.open_table_format_input.iceberg_input.iceberg_table_input.schema.fields.map((field) => JSON.parse(field.type) as unknown)).toEqual([
      'long', 'timestamptz', 'decimal(12,2)', { 'type': 'list', 'element-id': 5, 'element': 'string', 'element-required': expect.any(Boolean) },
    ]);
  });

  test('is described in one place only, so that updates keep it an Iceberg table', () => {
    const { program } = synthesize((stack) => { new DataLake(stack, 'Lake').addTable('T', TRANSACTIONS); });
    expect(Object.keys(resourcesOf(program, 'aws_glue_catalog_table')[0]!).sort()).toEqual(['database_name', 'lifecycle', 'name', 'open_table_format_input']);
  });

  test('gives a reader the catalog entry and the files of this table only', () => {
    const { program } = synthesize((stack) => {
      const table = new DataLake(stack, 'Lake').addTable('T', TRANSACTIONS);
      const role = new IamRole(stack, 'Reader', { assumeRolePolicy: '{}' });
      table.grants.read(role);
      table.grants.read(role);
      table.grants.write(new IamRole(stack, 'Writer', { assumeRolePolicy: '{}' }));
    });
    const policies = resourcesOf(program, 'aws_iam_role_policy');
    expect(policies.map(({ role }) => role).sort()).toEqual(['${aws_iam_role.Reader.name}', '${aws_iam_role.Writer.name}']);
    const reads = statementsOf(policies.find(({ role }) => role === '${aws_iam_role.Reader.name}'));
    const writes = statementsOf(policies.find(({ role }) => role === '${aws_iam_role.Writer.name}'));
    expect(reads.flatMap(({ Action }) => Action)).not.toContain('s3:PutObject');
    expect(writes.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['glue:UpdateTable', 's3:PutObject']));
    expect([...reads, ...writes].flatMap(({ Resource }) => Resource).every((resource) => resource !== '*')).toBe(true);
    expect(reads.find(({ Action }) => Action.includes('s3:GetObject'))?.Resource).toEqual([expect.stringMatching(/\.arn\}\/tables\/t\/\*$/)]);
  });
});

describe('wrong input of a lake in Terraform', () => {
  test('is refused with every fault, before anything exists', () => {
    const stack = new TerraformStack(new App(), 'Stack');
    expect(() => new DataLake(stack, 'Lake', {
      databaseName: 'My Lake', removalPolicy: RemovalPolicy.DESTROY, noncurrentVersionExpiration: Duration.hours(5),
    })).toThrow(
      /^ValidationError at Stack\/Lake: 3 faults\n.*\[invalid-database-name\] .*\n.*\[invalid-noncurrent-version-expiration\] .*\n.*\[data-destruction-not-allowed\] /);
    expect(stack.node.children).toHaveLength(0);
  });

  test('is the same error for a table as the CDK gives', () => {
    const columns = [Column.required('A', IcebergType.LONG)];
    const wrong: IcebergTableOptions = { columns, partitionBy: [Partition.day('b')], properties: { location: 's3://x' } };
    const cdk = new Stack(new CdkApp(), 'Stack');
    const expected = outcome(() => new CdkDataLake(cdk, 'Lake').addTable('T', wrong));
    const stack = new TerraformStack(new App(), 'Stack');
    expect(expected).toContain('faults');
    expect(outcome(() => new DataLake(stack, 'Lake').addTable('T', wrong))).toBe(expected);
  });

  const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) => fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong });

  test('is for a table the error of the blueprint, and else the table follows the blueprint', () => {
    const names = mostly(fc.constantFrom('a', 'b', 'event_time'), fc.oneof(fc.constantFrom('A', '${TfToken[c.0]}', ''), fc.string()));
    const list = IcebergType.list(IcebergType.STRING);
    const types = fc.constantFrom(IcebergType.LONG, IcebergType.STRING, IcebergType.TIMESTAMPTZ, list, IcebergType.decimal(40, 2));
    const columns = fc.tuple(names, types).map(([name, type]) => Column.optional(name, type));
    const inputs = fc.record({
      columns: fc.uniqueArray(columns, { minLength: 0, maxLength: 3, selector: ({ name }) => name }),
      partitionBy: mostly<Partition[]>(fc.constant([]), fc.array(names.map((name) => Partition.day(name)), { maxLength: 2 })),
      sortBy: mostly<Sort[]>(fc.constant([]), fc.array(names.map((name) => Sort.ascending(name)), { maxLength: 2 })),
      tableName: mostly(fc.constantFrom('payments', 'p_1'), fc.string()),
    }, { requiredKeys: ['columns'] });
    let made = 0;
    fc.assert(fc.property(inputs, (input) => {
      const expected = outcome(() => {
        const faults = Faults.at('Stack/Lake/T');
        const blueprint = decideTable(faults, { tableName: 't', ...input });
        faults.throwIfAny();
        const transforms = blueprint.partitionSpec?.fields.map(({ transform }) => transform);
        return { name: blueprint.tableName, ids: blueprint.schema.fields.map(({ id }) => id), transforms };
      });
      const actual = outcome(() => {
        const { program } = synthesize((stack) => {
          const lake = DataLake.fromBuckets(stack, 'Lake', { databaseName: 'lake', processed: { bucket: 'b', arn: 'arn:aws:s3:::b' } });
          new IcebergTable(lake, 'T', { ...input, lake });
        });
        const [table] = resourcesOf(program, 'aws_glue_catalog_table') as unknown as TableOfTerraform[];
        const { schema, partition_spec: partitions } = table!.open_table_format_input.iceberg_input.iceberg_table_input;
        made += 1;
        return { name: table!.name, ids: schema.fields.map(({ id }) => id), transforms: partitions?.fields.map(({ transform }) => transform) };
      });
      expect(actual).toEqual(expected);
    }), { numRuns: 50 });
    expect(made).toBeGreaterThan(5);
  }, 60_000);

  test('is for a lake the error of the blueprint, and else a lake', () => {
    const days = fc.integer({ min: 1, max: 400 }).map((count) => Duration.days(count));
    const inputs = fc.record({
      databaseName: mostly(fc.constantFrom('lake', 'my_lake', '${TfToken[a.0]}'), fc.string()),
      noncurrentVersionExpiration: mostly(days, fc.integer({ min: 0 }).map((ms) => Duration.millis(ms))),
      accessLogs: fc.boolean(),
    }, { requiredKeys: [] });
    fc.assert(fc.property(inputs, (input) => {
      const expected = outcome(() => {
        const faults = Faults.at('Stack/Lake');
        decideLake(faults, input);
        faults.throwIfAny();
        return input.accessLogs === false ? 4 : 5;
      });
      const stack = new TerraformStack(new App(), 'Stack');
      const actual = outcome(() => { new DataLake(stack, 'Lake', input); return stack.node.findAll().filter((child) => 'bucketPrefix' in child).length; });
      expect(actual).toEqual(expected);
    }), { numRuns: 50 });
  }, 60_000);
});

interface Statement {
  readonly Action: string[];
  readonly Resource: string[];
}

interface TableOfTerraform {
  readonly name: string;
  readonly open_table_format_input: { iceberg_input: IcebergOfTerraform };
}

interface TableOfCloudFormation {
  readonly Properties: { Name: string; OpenTableFormatInput: { IcebergInput: IcebergOfCloudFormation } };
}

interface IcebergOfTerraform {
  readonly version: string;
  readonly iceberg_table_input: {
    schema: { identifier_field_ids: number[]; fields: { id: number; name: string; type: string; required: boolean; doc?: string }[] };
    partition_spec: { fields: { transform: string }[] };
    sort_order: { order_id: number; fields: object[] };
    properties: object;
  };
}

interface IcebergOfCloudFormation {
  readonly Version: string;
  readonly IcebergTableInput: {
    Schema: { IdentifierFieldIds: number[]; Fields: object[] };
    PartitionSpec: { Fields: object[] };
    WriteOrder: { OrderId: number; Fields: object[] };
    Properties: object;
  };
}

/** `{ FieldId: 1 }` as `{ field_id: 1 }`. */
function snakeCaseKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase(), item as unknown]));
}

function statementsOf(policy: Record<string, unknown> | undefined): Statement[] {
  // quotes inside of a Terraform expression are none of the document
  const text = String(policy?.policy).replace(/\$\{[^}]*\}/g, (expression) => expression.replaceAll('"', '\''));
  return (JSON.parse(text) as { Statement: Statement[] }).Statement;
}
