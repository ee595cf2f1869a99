import { App, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Faults } from '../../lib/core/private/faults';
import { InterfaceEndpoint } from '../../lib/network/blueprint/interface-endpoint';
import { MlNetwork, type MlNetworkProps } from '../../lib/network/ml-network';
import { aliasCheck } from '../../lib/registry/blueprint/alias-check';
import { ModelRegistry, type ModelRegistryProps } from '../../lib/registry/model-registry';
import { RegistryAuth } from '../../lib/registry/registry-auth';
import { nag, validate } from '../conformance/cloudformation-oracles';

const image = ecs.ContainerImage.fromRegistry('example.com/mlflow:1');
const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000';

function make(props: Partial<ModelRegistryProps> = {}, network: MlNetworkProps = {}) {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
  const net = new MlNetwork(stack, 'Network', { loadBalancer: { certificate }, ...network });
  const registry = new ModelRegistry(stack, 'Models', { network: net, image, auth: RegistryAuth.basic({ rotation: false }), aliasCheck: {}, ...props });
  return { app, stack, registry, template: () => Template.fromStack(stack) };
}

function taskOf(template: Template) {
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition', { Properties: { Cpu: '256' } }));
  return (task?.Properties.ContainerDefinitions as { Command: string[]; Environment: { Name: string; Value: unknown }[]; Secrets: { Name: string }[] }[])[0];
}

describe('the check of aliases', () => {
  const { stack, registry, template } = make();

  test('runs every hour, logs in as a machine and knows table and server', () => {
    template().hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 hour)' });
    const task = taskOf(template());
    expect(task?.Command).toEqual(['python', '-m', 'ml_platform_runtime', 'registry-check-alias']);
    expect(Object.fromEntries(task?.Environment.map(({ Name, Value }) => [Name, Value]) ?? [])).toMatchObject({
      MLFLOW_TRACKING_URI: 'https://mlflow.ml.internal', ML_REGISTRY_NAME: 'Stack/Models', ML_RELEASE_TABLE: stack.resolve(registry.releaseTable.tableName) as unknown,
    });
    expect(task?.Secrets.map(({ Name }) => Name)).toEqual(['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD']);
  });

  test('may read the records and send its metric, and nothing else', () => {
    const [policy] = Object.values(template().findResources('AWS::IAM::Policy', { Properties: { PolicyName: Match.stringLikeRegexp('AliasCheckTaskDefinitionTaskRole') } }));
    expect(policy?.Properties.PolicyDocument.Statement).toEqual([
      { Action: 'dynamodb:Scan', Effect: 'Allow', Resource: stack.resolve(registry.releaseTable.tableArn) as unknown },
      {
        Action: 'cloudwatch:PutMetricData', Effect: 'Allow', Resource: '*', Condition: { StringEquals: { 'cloudwatch:namespace': 'MlPlatform/Registry' } },
      },
    ]);
  });

  test('alarms where an alias differs, and apart from that where it could not look', () => {
    expect(registry.alarms.map(({ node }) => node.path).slice(-2)).toEqual(['Stack/Models/AliasCheck/FailedAlarm', 'Stack/Models/AliasCheck/DiffersAlarm']);
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'MlPlatform/Registry', MetricName: 'AliasDiffers', Dimensions: [{ Name: 'Registry', Value: 'Stack/Models' }], Threshold: 1, Period: 3600,
      TreatMissingData: 'notBreaching',
    });
  });

  test('is not there unless it is asked for', () => {
    const { template: without, registry: plain } = make({ aliasCheck: undefined });
    without().resourceCountIs('AWS::Scheduler::Schedule', 0);
    expect(plain.alarms.some(({ node }) => node.path.includes('AliasCheck'))).toBe(false);
  });

  test('takes every choice', () => {
    const { template: other } = make({ aliasCheck: { every: Duration.minutes(15), repair: true } });
    other().hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(15 minutes)' });
    other().hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'AliasDiffers', Period: 900 });
    expect(taskOf(other())?.Command.at(-1)).toBe('--repair');
  });

  test('is what CloudFormation takes and what cdk-nag has nothing to say about', () => {
    expect(validate(make().app)).toEqual([]);
    expect(nag(make().app).filter(({ where }) => where.includes('Models'))).toEqual([]);
  }, 60_000);

  test('refuses what cannot work', () => {
    const auth = RegistryAuth.oidc({
      issuer: 'https://l.example.com', authorizationEndpoint: 'https://l.example.com/a', tokenEndpoint: 'https://l.example.com/t',
      userInfoEndpoint: 'https://l.example.com/u', jwksEndpoint: 'https://l.example.com/k', clientId: 'c', clientSecret: SecretValue.secretsManager('s'),
      machineClaims: [{ name: 'aud', values: ['mlflow'] }],
    });
    expect(() => make({ auth, aliasCheck: { every: Duration.days(2) } })).toThrow('ValidationError at Stack/Models: 2 faults\n'
      + '  - [alias-check-cannot-log-in] aliasCheck needs a password or none, and auth lets machines in by a token only; leave aliasCheck out, or use RegistryAuth.basic()\n'
      + '  - [invalid-alias-check-every] aliasCheck.every of 2880 minutes is not a whole number from 5 to 1440; use a duration in that range');
    const { ECR_API, ECR_DKR, LOGS, SECRETS_MANAGER, MONITORING } = InterfaceEndpoint;
    const closed = { natGateways: 0, interfaceEndpoints: [ECR_API, ECR_DKR, LOGS, SECRETS_MANAGER] };
    expect(() => make({}, closed)).toThrow(
      'ValidationError at Stack/Models [no-route-to-cloudwatch]: aliasCheck sends metrics, and the network has no route out and no interface endpoint for monitoring; '
      + 'add it to interfaceEndpoints');
    expect(() => make({}, { ...closed, interfaceEndpoints: [...closed.interfaceEndpoints, MONITORING] })).not.toThrow();
  });

  test('is decided as data', () => {
    expect(aliasCheck(Faults.at('test'), { registryName: 'Stack/Models' })).toStrictEqual({
      everyMinutes: 60,
      command: ['python', '-m', 'ml_platform_runtime', 'registry-check-alias'],
      environment: { ML_REGISTRY_NAME: 'Stack/Models' },
      metric: { namespace: 'MlPlatform/Registry', name: 'AliasDiffers', dimensions: { Registry: 'Stack/Models' } },
    });
  });
});
