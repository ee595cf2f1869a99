import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { TrackingPlatform } from '../platform';

const stack = new TrackingPlatform(new App(), 'Tracking', {
  certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000000',
});
const template = Template.fromStack(stack);

test('nobody reaches MLflow without TLS or without a login', () => {
  expect(stack.models.trackingUri).toMatch(/^https:/);
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::Listener', { Protocol: 'HTTPS' });
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ Environment: Match.arrayWith([{ Name: 'ML_REGISTRY_AUTH', Value: 'basic' }]) })],
  });
});

test('the training job has its login by reference, and cannot move production', () => {
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({
      Name: 'train', Secrets: Match.arrayWith([Match.objectLike({ Name: 'MLFLOW_TRACKING_PASSWORD' })]),
    })],
  });
  const policies = template.findResources('AWS::IAM::Policy', { Properties: { PolicyName: Match.stringLikeRegexp('^TrainingTaskRole') } });
  expect(Object.keys(policies)).toHaveLength(1);
  expect(JSON.stringify(policies)).toContain('s3:PutObject');
  expect(JSON.stringify(policies)).not.toContain('dynamodb:PutItem');
});

test('the database sleeps, and outlives the stack as a snapshot', () => {
  template.hasResource('AWS::RDS::DBCluster', {
    DeletionPolicy: 'Snapshot',
    Properties: { ServerlessV2ScalingConfiguration: Match.objectLike({ MinCapacity: 0 }), DeletionProtection: true, StorageEncrypted: true },
  });
});
