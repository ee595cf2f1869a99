import { readFileSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { FeaturePlatform } from '../platform';

const stack = new FeaturePlatform(new App(), 'FeaturePlatform');
const template = Template.fromStack(stack);

test('the contract that is committed is the one of the code', () => {
  const contract = JSON.parse(readFileSync(join(__dirname, '../contracts/customer-activity.json'), 'utf8'));
  expect(contract).toMatchObject({ table: 'customer_activity', version: 1 });
  expect(contract.schema.fields.map(({ name }: { name: string }) => name)).toEqual(['customer_id', 'event_time', 'orders_30d', 'spent_30d', 'country']);
});

test('what Python has to define is what the stack declares', () => {
  const [view] = JSON.parse(stack.store.tablesJson).views;
  expect(view).toMatchObject({ name: 'customer_activity', entities: ['customer_id'] });
});

test('nobody but the stack makes or deletes a table of features', () => {
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy'))) {
    expect(JSON.stringify(Properties.PolicyDocument)).not.toMatch(/dynamodb:(CreateTable|DeleteTable)/);
  }
});

test('features outlive the stack, and can be set back', () => {
  template.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    Properties: { TableName: 'shop.customer_activity', PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
  });
});

test('rows that break the contract are told of', () => {
  template.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['Data Arrived'] }) });
});
