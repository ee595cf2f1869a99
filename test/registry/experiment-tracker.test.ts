import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ExperimentTracker } from '../../lib/registry/experiment-tracker';
import { ModelRegistry } from '../../lib/registry/model-registry';

function estate() {
  const stack = new Stack(new App(), 'Stack');
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'wandb');
  return { stack, secret };
}

function containerOf(stack: Stack, ...environments: ReturnType<ExperimentTracker['clientEnvironment']>[]) {
  new ecs.FargateTaskDefinition(stack, 'Job').addContainer('Job', {
    image: ecs.ContainerImage.fromRegistry('example.com/train:1'),
    environment: Object.assign({}, ...environments.map(({ variables }) => variables)) as Record<string, string>,
    secrets: Object.assign({}, ...environments.map(({ secrets }) => secrets)) as Record<string, ecs.Secret>,
  });
  return Template.fromStack(stack);
}

describe('a tracker beside MLflow', () => {
  test('is variables of a job and a key by reference, and creates nothing', () => {
    const { stack, secret } = estate();
    const registry = ModelRegistry.fromModelRegistryAttributes(stack, 'Models', { trackingUri: 'https://mlflow.example.com', machineLogin: secret });
    const tracker = ExperimentTracker.weightsAndBiases({ secret, secretField: 'key', project: 'fraud', entity: 'team', baseUrl: 'https://wandb.example.com' });
    const template = containerOf(stack, registry.clientEnvironment(), tracker.clientEnvironment());
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({
        Environment: [
          { Name: 'MLFLOW_TRACKING_URI', Value: 'https://mlflow.example.com' }, { Name: 'MLFLOW_DISABLE_TELEMETRY', Value: 'true' },
          { Name: 'WANDB_PROJECT', Value: 'fraud' }, { Name: 'WANDB_ENTITY', Value: 'team' }, { Name: 'WANDB_BASE_URL', Value: 'https://wandb.example.com' },
        ],
        Secrets: [Match.objectLike({ Name: 'MLFLOW_TRACKING_USERNAME' }), Match.objectLike({ Name: 'MLFLOW_TRACKING_PASSWORD' }), Match.objectLike({ Name: 'WANDB_API_KEY' })],
      })],
    });
    expect(JSON.stringify(template.findResources('AWS::ECS::TaskDefinition'))).toContain('secret:wandb:key::');
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
  });

  test('says no more than was asked for', () => {
    const { secret } = estate();
    const { variables, secrets } = ExperimentTracker.weightsAndBiases({ secret, project: 'fraud' }).clientEnvironment();
    expect(variables).toEqual({ WANDB_PROJECT: 'fraud' });
    expect(Object.keys(secrets)).toEqual(['WANDB_API_KEY']);
  });

  test('may be any other one', () => {
    const { stack, secret } = estate();
    const tracker = ExperimentTracker.of({ secret, keyVariable: 'COMET_API_KEY', variables: { COMET_WORKSPACE: 'team' } });
    containerOf(stack, tracker.clientEnvironment()).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ Environment: [{ Name: 'COMET_WORKSPACE', Value: 'team' }], Secrets: [Match.objectLike({ Name: 'COMET_API_KEY' })] })],
    });
    expect(ExperimentTracker.of({ secret, keyVariable: 'KEY' }).clientEnvironment().variables).toEqual({});
  });

  test('refuses what would leak or collide', () => {
    const { secret } = estate();
    expect(() => ExperimentTracker.weightsAndBiases({ secret, project: 'a/b', baseUrl: 'http://wandb' })).toThrow('ValidationError at ExperimentTracker.weightsAndBiases: 2 faults\n'
      + "  - [invalid-project] project 'a/b' is not allowed; use 1 to 128 characters without spaces, slashes and the characters \\ # ? % :\n"
      + "  - [invalid-base-url] baseUrl 'http://wandb' is not allowed; use an https address without a path, for example https://wandb.example.com");
    expect(() => ExperimentTracker.of({ secret, keyVariable: 'key', variables: { key: 'hush', MLFLOW_TRACKING_URI: 'x' } })).toThrow(
      'ValidationError at ExperimentTracker.of: 4 faults\n'
      + "  - [invalid-key-variable] keyVariable 'key' is not allowed; use capital letters, digits and underscores, starting with a letter\n"
      + "  - [invalid-variables-name] variables name 'key' is not allowed; use capital letters, digits and underscores, starting with a letter\n"
      + "  - [key-in-variables] variables name 'key', which comes from the secret; leave it out\n"
      + "  - [mlflow-variable] variables name 'MLFLOW_TRACKING_URI', which is MLflow's own; take it from registry.clientEnvironment()");
  });
});
