import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FraudPlatform } from '../platform';

const template = Template.fromStack(new FraudPlatform(new App(), 'FraudPlatform'));

test('the fraud service keeps at least two tasks', () => {
  template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 6 });
});

test('nothing is reachable from the internet', () => {
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
  template.allResourcesProperties('AWS::RDS::DBInstance', { PubliclyAccessible: false });
});

test('data outlives the stack', () => {
  template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
  template.allResources('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
});
