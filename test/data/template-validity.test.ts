import { App, CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Column, DataLake, IcebergType, Partition, Sort, Zone } from '../../lib/data';
import { validate } from '../conformance/cloudformation-oracles';

function estate(): App {
  const app = new App({ context: { 'cdk-ml-platform:allow-data-destruction': true } });
  const stack = new Stack(app, 'Data');
  const lake = new DataLake(stack, 'Lake', { encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }), removalPolicy: RemovalPolicy.DESTROY });
  const table = lake.addTable('Payments', {
    columns: [
      Column.required('id', IcebergType.LONG, { comment: 'who' }),
      Column.required('at', IcebergType.TIMESTAMPTZ),
      Column.optional('amount', IcebergType.decimal(12, 2)),
      Column.optional('address', IcebergType.struct(Column.optional('lines', IcebergType.list(IcebergType.STRING)))),
      Column.optional('scores', IcebergType.map(IcebergType.STRING, IcebergType.DOUBLE)),
    ],
    partitionBy: [Partition.day('at'), Partition.bucket('id', 16)],
    sortBy: [Sort.ascending('id')],
    identifiedBy: ['id'],
    comment: 'card payments',
    properties: { 'write.target-file-size-bytes': '134217728' },
  });
  const role = new iam.Role(new Stack(app, 'Team'), 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  table.grants.write(role);
  lake.grants.write(role, Zone.ARTIFACTS);
  new DataLake(stack, 'Plain');
  return app;
}

test('a lake and its tables are what CloudFormation takes', () => {
  expect(validate(estate())).toEqual([]);
}, 60_000);

test('the validator refuses a seeded fault in the schema of a table', () => {
  const app = estate();
  const table = app.node.findChild('Data').node.findChild('Lake').node.findChild('Payments').node.findChild('Resource') as CfnResource;
  table.addPropertyOverride('OpenTableFormatInput.IcebergInput.IcebergTableInput.Schema.Fields.0.Id', 'one');
  expect(validate(app).map(({ message }) => message)).toContainEqual(expect.stringContaining('Fields.0.Id: \'one\' is not of type \'integer\''));
}, 60_000);
