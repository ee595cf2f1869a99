import { existsSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { parse } from 'yaml';
import { image, make } from './support';
import { type FeatureStoreProps, OfflineStore, OnlineStore } from '../../lib/features';
import { renderYaml } from '../../lib/features/blueprint/feature-store-yaml';

/** Given to the real Feast by lib/runtime/tests/test_features_yaml.py. Written anew with UPDATE_EXAMPLES=1. */
const FOLDER = join(__dirname, 'feature-store-yaml');

const VARIANTS: Record<string, Partial<FeatureStoreProps>> = {
  'athena-dynamodb': {},
  'iceberg-dynamodb': { offline: OfflineStore.iceberg(), online: OnlineStore.dynamoDb({ consistentReads: true }) },
  'iceberg-valkey': { offline: OfflineStore.iceberg(), online: OnlineStore.valkey({ keyTtl: Duration.days(7) }) },
  'athena-valkey': { online: OnlineStore.valkey() },
  'iceberg-postgres': { offline: OfflineStore.iceberg(), online: OnlineStore.postgres() },
  'spark-postgres': { image, offline: OfflineStore.spark({ sparkConf: { 'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog' } }), online: OnlineStore.postgres({ schema: 'values' }) },
};

function yamlOf(props: Partial<FeatureStoreProps>): string {
  const { stack, store } = make(props);
  return literal(stack, store.storeYaml);
}

/** The text with a name in the place of the bucket's, which only the deployment knows. */
function literal(stack: Stack, text: string): string {
  const resolved = stack.resolve(text) as string | { 'Fn::Join': [string, unknown[]] };
  if (typeof resolved === 'string') return resolved;
  return resolved['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'staging-bucket')).join('');
}

describe('an example', () => {
  test.each(Object.entries(VARIANTS))('%s is what the construct writes', (name, props) => {
    const text = yamlOf(props);
    const file = join(FOLDER, `${name}.yaml`);
    if (process.env.UPDATE_EXAMPLES || !existsSync(file)) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  test('redshift-dynamodb is what the construct writes', () => {
    const { stack } = make();
    const role = iam.Role.fromRoleArn(stack, 'Redshift', 'arn:aws:iam::123456789012:role/redshift');
    const text = yamlOf({
      offline: OfflineStore.redshiftServerless({
        workgroupName: 'wg', workgroupArn: 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/1', databaseName: 'dev', role,
      }),
    });
    const file = join(FOLDER, 'redshift-dynamodb.yaml');
    if (process.env.UPDATE_EXAMPLES || !existsSync(file)) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  test('is there for nothing else', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...Object.keys(VARIANTS), 'redshift-dynamodb'].map((name) => `${name}.yaml`).sort());
  });
});

test('texts that YAML would read as something else stay texts', () => {
  const data = { a: 'yes', b: '1', c: 'x: y # z', d: '', e: { f: 'null', g: {}, h: 3, i: true }, j: 'a"b\\c\nd' };
  expect(parse(renderYaml(data))).toEqual(data);
});

test('nothing in it is in the form that CloudFormation takes for a forgotten substitution', () => {
  for (const name of readdirSync(FOLDER)) expect(readFileSync(join(FOLDER, name), 'utf8')).not.toContain('${');
});

test('two stores of one app have names of their own', () => {
  const first = make({ projectName: undefined });
  expect(first.store.projectName).toMatch(/^[a-z][a-z0-9_]*$/);
  expect(first.store.projectName).not.toBe(make({ projectName: 'other' }).store.projectName);
});
