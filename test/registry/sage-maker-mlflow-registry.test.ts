import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ALLOW_DATA_DESTRUCTION } from '../../lib/core/private/removal';
import { MlNetwork } from '../../lib/network/ml-network';
import { MlflowServerSize } from '../../lib/registry/blueprint/mlflow-server-size';
import { SageMakerMlflowRegistry, type SageMakerMlflowRegistryProps } from '../../lib/registry/sage-maker-mlflow-registry';
import { FargateModelService } from '../../lib/serving/fargate-model-service';

function make(props: SageMakerMlflowRegistryProps = {}, context?: Record<string, unknown>) {
  const app = new App({ context });
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const registry = new SageMakerMlflowRegistry(stack, 'Models', props);
  const role = new iam.Role(stack, 'Grantee', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  return { app, stack, registry, role, template: () => Template.fromStack(stack) };
}

function rightsOf(template: Template): { Action: string | string[]; Resource: unknown }[] {
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy', { Properties: { PolicyName: Match.stringLikeRegexp('^Grantee') } }));
  return policy?.Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[];
}

describe('a managed MLflow', () => {
  test('is an App with artifacts of ours, retained, and release records', () => {
    const { registry, stack, template } = make();
    template().hasResource('AWS::SageMaker::MlflowApp', {
      DeletionPolicy: 'Retain',
      Properties: { Name: Match.stringLikeRegexp('^Stack-?Models'), ArtifactStoreUri: { 'Fn::Join': ['', ['s3://', { Ref: Match.anyValue() }, '/mlflow']] } },
    });
    template().resourceCountIs('AWS::SageMaker::MlflowTrackingServer', 0);
    template().resourceCountIs('AWS::DynamoDB::Table', 1);
    expect(stack.resolve(registry.trackingUri)).toEqual({ 'Fn::GetAtt': [Object.keys(template().findResources('AWS::SageMaker::MlflowApp'))[0], 'Arn'] });
    expect(registry.clientEnvironment()).toEqual({ variables: { MLFLOW_TRACKING_URI: registry.trackingUri, MLFLOW_DISABLE_TELEMETRY: 'true' }, secrets: {} });
    expect('machineLogin' in registry).toBe(false);
  });

  test('is a tracking server where a size is asked for', () => {
    const { template } = make({ size: MlflowServerSize.MEDIUM, serverName: 'company', maintenanceWindow: 'Tue:03:30', artifactPrefix: 'a/b' });
    template().hasResourceProperties('AWS::SageMaker::MlflowTrackingServer', {
      TrackingServerName: 'company', TrackingServerSize: 'Medium', WeeklyMaintenanceWindowStart: 'Tue:03:30',
      ArtifactStoreUri: { 'Fn::Join': ['', ['s3://', Match.anyValue(), '/a/b']] },
    });
    template().resourceCountIs('AWS::SageMaker::MlflowApp', 0);
  });

  test('may write the artifacts below its prefix and nothing else, and use their key', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const bucket = new s3.Bucket(stack, 'Lake', { encryptionKey: new kms.Key(stack, 'Key') });
    new SageMakerMlflowRegistry(stack, 'Models', { artifactBucket: bucket });
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const actions = (policy?.Properties.PolicyDocument.Statement as { Action: string | string[] }[]).flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !action.startsWith('kms:'))).toEqual(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket']);
    expect(actions).toContain('kms:Decrypt');
  });

  test('gives rights on its API with the others: one of an App, one for each call of a server', () => {
    const app = make();
    app.registry.grants.read(app.role);
    expect(rightsOf(app.template()).at(-1)).toMatchObject({ Action: 'sagemaker:CallMlflowAppApi', Resource: app.stack.resolve(app.registry.trackingUri) as unknown });

    const reading = make({ size: MlflowServerSize.SMALL });
    reading.registry.grants.read(reading.role);
    const read = rightsOf(reading.template()).at(-1)?.Action as string[];
    expect(read).toContain('sagemaker-mlflow:SearchRuns');
    expect(read.filter((action) => !/:(Get|List|Search)/.test(action))).toEqual([]);

    const writing = make({ size: MlflowServerSize.SMALL });
    writing.registry.grants.register(writing.role);
    const write = rightsOf(writing.template()).at(-1)?.Action as string[];
    expect(write).toEqual(expect.arrayContaining([...read, 'sagemaker-mlflow:CreateModelVersion', 'sagemaker-mlflow:LogBatch']));
    expect(write.filter((action) => /Delete|\*/.test(action))).toEqual([]);
  });

  test('gives servers of models no right on MLflow: they follow the release record', () => {
    const { stack, registry, template } = make();
    new FargateModelService(stack, 'Fraud', {
      network: new MlNetwork(stack, 'Network'), image: ecs.ContainerImage.fromRegistry('example.com/serving:1'), model: registry.model('fraud').alias('champion'),
    });
    expect(JSON.stringify(template().findResources('AWS::IAM::Policy'))).not.toContain('sagemaker');
  });

  test('goes with the stack only when two keys turn', () => {
    make({ removalPolicy: RemovalPolicy.DESTROY }, { [ALLOW_DATA_DESTRUCTION]: true }).template().hasResource('AWS::SageMaker::MlflowApp', { DeletionPolicy: 'Delete' });
    expect(() => make({ removalPolicy: RemovalPolicy.DESTROY })).toThrow('[data-destruction-not-allowed]');
  });

  test('refuses what SageMaker would refuse', () => {
    expect(() => make({ serverName: 'a_b', maintenanceWindow: 'Tuesday', size: 'Huge' as MlflowServerSize, artifactPrefix: '/' })).toThrow(
      'ValidationError at Stack/Models: 4 faults\n'
      + "  - [invalid-artifact-prefix] artifactPrefix '/' is not allowed; use a path without slashes at its ends, for example mlflow\n"
      + "  - [invalid-server-name] serverName 'a_b' is not allowed; use 1 to 256 letters, digits or hyphens, starting and ending with a letter or digit\n"
      + "  - [invalid-size] size 'Huge' is not one of 'Small', 'Medium', 'Large'; choose one of them\n"
      + "  - [invalid-maintenance-window] maintenanceWindow 'Tuesday' is not allowed; use day and time in UTC, for example Tue:03:30");
  });

  test('stands twice in one stack', () => {
    const stack = new Stack(new App(), 'Stack');
    new SageMakerMlflowRegistry(stack, 'One');
    new SageMakerMlflowRegistry(stack, 'Two');
    Template.fromStack(stack).resourceCountIs('AWS::SageMaker::MlflowApp', 2);
  });
});
