import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Column, DataContract, DataLake, DataQualityCheck, IcebergTable, IcebergType, QualityChecks, QualityTrigger, Zone } from '../../lib/data';
import { MlNetwork, PlatformBus } from '../../lib/network';
import { cfnLint, findCfnLint, nag, validate } from '../conformance/cloudformation-oracles';
import { image } from '../network/support';

const folder = mkdtempSync(join(tmpdir(), 'quality-oracles-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const QUALITY = 'Quality/';

/** A lake and its bus in one stack, checks of two kinds in another, as teams have them. */
function estate(): App {
  const app = new App({ context: { 'cdk-ml-platform:update-contracts': true } });
  const shared = new Stack(app, 'Shared');
  const network = new MlNetwork(shared, 'Network');
  const { eventBus } = new PlatformBus(shared, 'Bus');
  const lake = new DataLake(shared, 'Lake', { encryptionKey: new kms.Key(shared, 'Key', { enableKeyRotation: true }) });
  const contract = DataContract.fromColumns(join(folder, 'orders.json'), {
    columns: [Column.required('id', IcebergType.LONG), Column.optional('country', IcebergType.STRING), Column.optional('at', IcebergType.TIMESTAMPTZ)],
    checks: { country: { oneOf: ['DE', 'FR'], pattern: '^[A-Z]{2}$' }, at: { maxAge: Duration.hours(1) } },
  });
  const orders = lake.addTable('Orders', { contract });
  const suite = join(folder, 'suite.json');
  writeFileSync(suite, JSON.stringify({ name: 'orders', expectations: [{ type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } }] }));
  const stack = new Stack(app, 'Quality');
  const triggers = [QualityTrigger.onDataArrived(), QualityTrigger.rate(Duration.hours(6)), QualityTrigger.cron('0 6 * * ? *')];
  new DataQualityCheck(stack, 'Contract', { network, table: orders, reportBucket: lake.bucket(Zone.ARTIFACTS), eventBus, triggers, image });
  new DataQualityCheck(stack, 'Suite', {
    network, image, checks: [QualityChecks.suite(suite)],
    table: IcebergTable.fromIcebergTableAttributes(stack, 'Theirs', { tableName: 'returns', databaseName: 'shop', bucket: s3.Bucket.fromBucketName(stack, 'TheirLake', 'lake') }),
    reportBucket: s3.Bucket.fromBucketName(stack, 'Reports', 'reports'),
  });
  return app;
}

test('checks of tables are what CloudFormation\'s own schemas accept', () => {
  expect(validate(estate()).filter(({ where }) => where.startsWith('Quality'))).toEqual([]);
}, 60_000);

test('cdk-nag has no finding that a check does not explain', () => {
  expect(nag(estate()).filter(({ where }) => where.startsWith(QUALITY))).toEqual([]);
}, 60_000);

test('cdk-nag finds an open bucket in the same stack', () => {
  const app = estate();
  new s3.Bucket(app.node.findChild('Quality') as Stack, 'Open');
  expect(nag(app).filter(({ where }) => where.startsWith(QUALITY)).map(({ rule }) => rule)).toContain('AwsSolutions-S1');
}, 60_000);

test('the validator refuses a seeded fault', () => {
  const app = estate();
  const check = app.node.findChild('Quality').node.findChild('Contract');
  (check.node.findChild('StateMachine').node.defaultChild as CfnResource).addPropertyOverride('StateMachineType', 'FAST');
  expect(validate(app).map(({ where }) => where).join()).toContain('Quality.template.json ContractStateMachine');
}, 60_000);

const linter = findCfnLint();
(linter ? test : test.skip)('cfn-lint finds nothing in a check, its state machine included', () => {
  const { directory } = estate().synth();
  const templates = readdirSync(directory).filter((name) => name === 'Quality.template.json').map((name) => join(directory, name));
  expect(templates).toHaveLength(1);
  const known = /^'\w+' dependency already enforced by a 'GetAtt'/;
  expect(cfnLint(linter ?? [], templates).filter(({ message }) => !known.test(message))).toEqual([]);
}, 120_000);
