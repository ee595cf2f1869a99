import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry } from '../../lib/registry/model-registry';
import { FargateModelService } from '../../lib/serving/fargate-model-service';
import { nag, validate } from '../conformance/cloudformation-oracles';

const BUILD = { account: '111111111111', region: 'eu-west-1' };
const PRODUCTION = { account: '222222222222', region: 'eu-west-1' };
const TABLE = 'arn:aws:dynamodb:eu-west-1:111111111111:table/releases';
const image = ecs.ContainerImage.fromRegistry('example.com/image:1');

interface Statement { Effect: string; Action: unknown; Principal: unknown; Resource: unknown; Condition?: unknown }

/** The account where models are trained and registered. */
function build(artifactKey = false) {
  const app = new App();
  const stack = new Stack(app, 'Build', { env: BUILD });
  const bucket = artifactKey ? new s3.Bucket(stack, 'Lake', { encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }), enforceSSL: true }) : undefined;
  const registry = new ModelRegistry(stack, 'Models', { network: new MlNetwork(stack, 'Network'), image, artifactBucket: bucket });
  return { app, stack, registry, template: () => Template.fromStack(stack) };
}

/** The account that serves them. */
function production() {
  const app = new App();
  const stack = new Stack(app, 'Production', { env: PRODUCTION });
  const registry = ModelRegistry.fromModelRegistryAttributes(stack, 'Models', {
    trackingUri: 'https://mlflow.example.com',
    artifactBucket: s3.Bucket.fromBucketAttributes(stack, 'Artifacts', { bucketName: 'company-models', account: BUILD.account }),
    releaseTable: dynamodb.Table.fromTableArn(stack, 'Releases', TABLE),
  });
  return { app, stack, registry, template: () => Template.fromStack(stack) };
}

function bucketStatements(template: Template): Statement[] {
  const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]).filter(({ Effect, Principal }) => Effect === 'Allow' && JSON.stringify(Principal).includes('222222222222'));
}

function tableStatements(template: Template): Statement[] {
  const [table] = Object.values(template.findResources('AWS::DynamoDB::Table'));
  return (table?.Properties.ResourcePolicy?.PolicyDocument.Statement ?? []) as Statement[];
}

const ACCOUNT = { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::222222222222:root']] } };

describe('the account that builds', () => {
  test('lets another account read artifacts and records by their own policies', () => {
    const { registry, stack, template } = build();
    registry.grants.read(new iam.AccountPrincipal(PRODUCTION.account));
    const bucketArn = stack.resolve(registry.artifactBucket.bucketArn) as unknown;
    expect(bucketStatements(template())).toEqual([
      { Effect: 'Allow', Principal: ACCOUNT, Action: 's3:GetObject', Resource: { 'Fn::Join': ['', [bucketArn, '/mlflow/*']] } },
      {
        Effect: 'Allow', Principal: ACCOUNT, Action: 's3:ListBucket', Resource: bucketArn, Condition: { StringLike: { 's3:prefix': ['mlflow', 'mlflow/*'] } },
      },
    ]);
    expect(tableStatements(template())).toEqual([
      { Effect: 'Allow', Principal: ACCOUNT, Action: ['dynamodb:GetItem', 'dynamodb:Query'], Resource: '*' },
    ]);
  });

  test('confines it to one model where one is named', () => {
    const { registry, template } = build();
    registry.model('fraud').grants.serve(new iam.AccountPrincipal(PRODUCTION.account));
    expect(tableStatements(template())).toMatchObject([
      { Action: 'dynamodb:GetItem', Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['fraud'] } } },
    ]);
  });

  test('lets it use the key of the artifacts', () => {
    const { registry, template } = build(true);
    registry.grants.read(new iam.AccountPrincipal(PRODUCTION.account));
    template().hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Allow', Action: 'kms:Decrypt', Principal: ACCOUNT })]) },
    });
  });

  test('gives a role of its own account an identity policy and leaves bucket and table alone', () => {
    const { registry, stack, template } = build();
    registry.grants.read(new iam.Role(stack, 'Audit', { assumedBy: new iam.AccountRootPrincipal() }));
    expect(tableStatements(template())).toEqual([]);
    expect(bucketStatements(template())).toEqual([]);
  });

  test('never opens to everybody', () => {
    for (const everybody of [new iam.AnyPrincipal(), new iam.StarPrincipal()]) {
      expect(() => build().registry.grants.read(everybody)).toThrow(
        "ValidationError at Build/Models [grant-to-everybody]: grantee is everybody; grant to a role or to an account: new iam.AccountPrincipal('111122223333')");
    }
  });

  test('stays what CloudFormation takes and what cdk-nag has nothing to say about', () => {
    const { app, registry } = build();
    registry.grants.read(new iam.AccountPrincipal(PRODUCTION.account));
    expect(validate(app)).toEqual([]);
    const other = build();
    other.registry.grants.read(new iam.AccountPrincipal(PRODUCTION.account));
    expect(nag(other.app).filter(({ where }) => where.includes('Models'))).toEqual([]);
  }, 60_000);
});

describe('the account that serves', () => {
  test('gives its roles the other half of the rights', () => {
    const { registry, stack, template } = production();
    registry.model('fraud').grants.serve(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    const [policy] = Object.values(template().findResources('AWS::IAM::Policy'));
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: TABLE, Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['fraud'] } } },
      { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::company-models/mlflow/*']] } },
      {
        Effect: 'Allow', Action: 's3:ListBucket', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::company-models']] },
        Condition: { StringLike: { 's3:prefix': ['mlflow', 'mlflow/*'] } },
      },
    ]);
    const types = Object.values(template().toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type).sort();
    expect(types).toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role']);
  });

  test('has model servers that find the table by its ARN: its name alone would be looked for in their own account', () => {
    const { registry, stack, app, template } = production();
    expect(registry.releaseTableName).toBe(TABLE);
    new FargateModelService(stack, 'Fraud', { network: new MlNetwork(stack, 'Network'), image, model: registry.model('fraud').alias('champion') });
    template().hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Environment: Match.arrayWith([{ Name: 'ML_RELEASE_TABLE', Value: TABLE }]) })],
    });
    expect(validate(app)).toEqual([]);
  }, 60_000);

  test('names a table of its own account as before', () => {
    const stack = new Stack(new App(), 'Stack', { env: PRODUCTION });
    const own = (arn: string) => ModelRegistry.fromModelRegistryAttributes(stack, `Models${arn.length}`, {
      trackingUri: 'https://mlflow.example.com', releaseTable: dynamodb.Table.fromTableArn(stack, `Table${arn.length}`, arn),
    });
    expect(own('arn:aws:dynamodb:eu-west-1:222222222222:table/mine').releaseTableName).toBe('mine');
    const agnostic = new Stack(new App(), 'Agnostic');
    const registry = ModelRegistry.fromModelRegistryAttributes(agnostic, 'Models', {
      trackingUri: 'https://mlflow.example.com', releaseTable: dynamodb.Table.fromTableName(agnostic, 'Table', 'mine'),
    });
    expect(registry.releaseTableName).toBe('mine');
  });
});
