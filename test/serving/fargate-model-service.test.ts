import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import fc from 'fast-check';
import { isValidationError } from '../../lib/core/private/validation-error';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry } from '../../lib/registry/model-registry';
import { ReleaseRecord } from '../../lib/registry/release-record';
import { FargateModelService, type FargateModelServiceProps } from '../../lib/serving/fargate-model-service';

const image = ecs.ContainerImage.fromRegistry('example.com/model-server:1');

function platform(stack = new Stack(new App(), 'Stack')) {
  const network = new MlNetwork(stack, 'Network');
  const models = ModelRegistry.fromModelRegistryAttributes(stack, 'Models', {
    trackingUri: 'https://mlflow.example.com',
    artifactBucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'models'),
    releaseTable: new ReleaseRecord(stack, 'Releases').table,
  });
  return { stack, network, models };
}

function make(props: Partial<FargateModelServiceProps> = {}) {
  const { stack, network, models } = platform();
  const service = new FargateModelService(stack, 'Fraud', { network, image, model: models.model('fraud').alias('champion'), ...props });
  return { stack, network, models, service };
}

describe('a model service by default', () => {
  const { stack, service, models } = make();
  const template = Template.fromStack(stack);

  test('serves by command, under the model\'s name', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '256',
      Memory: '1024',
      ContainerDefinitions: [Match.objectLike({
        Command: ['python', '-m', 'ml_platform_runtime', 'serve'],
        EntryPoint: Match.absent(),
        Environment: Match.arrayWith([
          { Name: 'ML_MODEL_NAME', Value: 'fraud' },
          { Name: 'ML_RELEASE_TABLE', Value: stack.resolve(models.releaseTable.tableName) as unknown },
          { Name: 'ML_ALLOW_PICKLE', Value: 'false' },
        ]),
      })],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['fraud.ml.internal'] } }],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { HealthCheckPath: '/health', Port: 8080 });
  });

  test('may read its own release record and the artifacts, and nothing else', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('TaskRole'),
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: stack.resolve(models.releaseTable.tableArn) as unknown,
            Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['fraud'] } },
          },
          { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::models/mlflow/*']] } },
          {
            Effect: 'Allow', Action: 's3:ListBucket', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::models']] },
            Condition: { StringLike: { 's3:prefix': ['mlflow', 'mlflow/*'] } },
          },
        ],
      },
    });
  });

  test('says where it is', () => {
    expect(service.url).toBe('http://fraud.ml.internal');
    expect(service.inferenceUrl).toBe('http://fraud.ml.internal/v2/models/fraud/infer');
    expect(service.modelName).toBe('fraud');
    expect(service.alarms.map(({ node }) => node.id)).toEqual(['UnhealthyHostsAlarm', 'ErrorsAlarm', 'LatencyAlarm', 'TooFewTasksAlarm']);
    expect(service.metricRequestCount().metricName).toBe('RequestCount');
    expect(service.metricServerErrors().metricName).toBe('HTTPCode_Target_5XX_Count');
    expect(service.metricResponseTime({ statistic: 'p50' }).statistic).toBe('p50');
  });

  test('has one child, whose path is contract', () => {
    expect(service.node.children.map(({ node }) => node.id)).toEqual(['Service']);
    expect(Object.keys(template.findResources('AWS::ECS::Service'))).toEqual(['FraudServiceAFDC9D4C']);
  });
});

test('every property has its way into the template', () => {
  const { stack } = make({
    hostName: 'scores', cpu: 512, memoryLimitMiB: 2048, pollInterval: Duration.seconds(1), allowPickle: true, environment: { LOG_LEVEL: 'DEBUG' },
    ephemeralStorageGiB: 50, scaling: { minTasks: 2, maxTasks: 8 }, cpuArchitecture: ecs.CpuArchitecture.ARM64,
  });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Cpu: '512', Memory: '2048', EphemeralStorage: { SizeInGiB: 50 }, RuntimePlatform: { CpuArchitecture: 'ARM64' },
    ContainerDefinitions: [Match.objectLike({
      Environment: Match.arrayWith([
        { Name: 'LOG_LEVEL', Value: 'DEBUG' }, { Name: 'ML_RELEASE_POLL_MS', Value: '1000' }, { Name: 'ML_ALLOW_PICKLE', Value: 'true' },
      ]),
    })],
  });
  template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 8 });
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
    Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['scores.ml.internal'] } }],
  });
});

describe('wrong input', () => {
  test('is refused with every fault in one error, before anything exists', () => {
    const { stack, network, models } = platform();
    expect(() => new FargateModelService(stack, 'Fraud', { network, image, model: models.model('fraud').alias('next'), hostName: 'A' })).toThrow(
      'ValidationError at Stack/Fraud: 2 faults\n'
      + "  - [alias-without-release-record] model names alias 'next', but only 'champion' has a release record to follow; use model.alias('champion')\n"
      + "  - [invalid-host-name] hostName 'A' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit");
    expect(stack.node.tryFindChild('Fraud')).toBeUndefined();
  });

  test('of the model and of its service is one error of the model service, and nothing is created', () => {
    const { stack, models } = platform();
    const scope = new Stack(stack.node.scope, 'Serving');
    const network = new MlNetwork(stack, 'Isolated', { natGateways: 0 });
    expect(() => new FargateModelService(scope, 'Fraud', {
      network, image, model: models.model('fraud').alias('next'), memoryLimitMiB: 3, ephemeralStorageGiB: 5, environment: { 'a-b': '' },
    })).toThrow(
      'ValidationError at Serving/Fraud: 5 faults\n'
      + "  - [alias-without-release-record] model names alias 'next', but only 'champion' has a release record to follow; use model.alias('champion')\n"
      + '  - [invalid-memory-limit-mib] memoryLimitMiB 3 does not go with cpu 256; use one of 512, 1024, 2048\n'
      + '  - [invalid-ephemeral-storage-gib] ephemeralStorageGiB 5 is not a whole number from 21 to 200 GiB; use a value in that range\n'
      + "  - [invalid-environment-name] environment name 'a-b' is not allowed; use letters, digits and underscores, not starting with a digit\n"
      + '  - [no-route-out] network has no route out and no interface endpoint for ecr.api, ecr.dkr, logs, so tasks could not start; '
      + 'add these interfaceEndpoints to the network or give it natGateways: 1');
    expect(scope.node.children).toHaveLength(0);
  });

  test('of a host name that another service holds is told with the other faults, and nothing is created', () => {
    const { stack, network, models } = make();
    const scope = new Stack(stack.node.scope, 'Serving');
    expect(() => new FargateModelService(scope, 'Again', { network, image, model: models.model('fraud').alias('next') })).toThrow(
      'ValidationError at Serving/Again: 2 faults\n'
      + "  - [alias-without-release-record] model names alias 'next', but only 'champion' has a release record to follow; use model.alias('champion')\n"
      + "  - [host-name-taken] hostName 'fraud.ml.internal' is already that of Stack/Fraud/Service behind this load balancer; choose another one");
    expect(scope.node.children).toHaveLength(0);
  });

  test('says once that a model has no host name, beside the faults of the service', () => {
    const { stack, network, models } = platform();
    const model = { ...models.model('fraud').alias('champion'), modelName: '...' };
    expect(() => new FargateModelService(stack, 'Fraud', { network, image, model, desiredCount: -1 })).toThrow(
      'ValidationError at Stack/Fraud: 3 faults\n'
      + "  - [invalid-model-name] modelName '...' is not allowed; use 1 to 128 letters, digits, dots, hyphens, underscores or spaces, starting with a letter or digit\n"
      + "  - [missing-host-name] hostName cannot be made of the model name '...'; give a hostName: "
      + '1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit\n'
      + '  - [invalid-desired-count] desiredCount -1 is not a whole number from 0 to 5000 tasks; use a value in that range');
    expect(stack.node.tryFindChild('Fraud')).toBeUndefined();
  });

  test('names the bucket that an imported registry does not know, before anything exists', () => {
    const { stack, network, models } = platform();
    const scope = new Stack(stack.node.scope, 'Serving');
    const elsewhere = ModelRegistry.fromModelRegistryAttributes(stack, 'Elsewhere', { trackingUri: 'https://mlflow.example.com', releaseTable: models.releaseTable });
    expect(() => new FargateModelService(scope, 'Fraud', { network, image, model: elsewhere.model('fraud').alias('champion') })).toThrow(
      'ValidationError at Serving/Fraud [unknown-artifact-bucket]: artifactBucket of an imported registry is needed here and was not given; give it to ModelRegistry.fromModelRegistryAttributes');
    expect(scope.node.children).toHaveLength(0);
  });

  test('names what an imported registry does not know', () => {
    const { stack, network } = platform();
    const elsewhere = ModelRegistry.fromTrackingUri(stack, 'Elsewhere', 'https://mlflow.example.com');
    expect(() => new FargateModelService(stack, 'Fraud', { network, image, model: elsewhere.model('fraud').alias('champion') })).toThrow(
      'ValidationError at Stack/Fraud [unknown-release-table]: releaseTable of an imported registry is needed here and was not given; give it to ModelRegistry.fromModelRegistryAttributes');
  });

  test('two services of one model need two host names', () => {
    const { stack, network, models } = make();
    const model = models.model('fraud').alias('champion');
    expect(() => new FargateModelService(stack, 'Again', { network, image, model })).toThrow('[host-name-taken]');
    const second = new FargateModelService(stack, 'Second', { network, image, model, hostName: 'fraud-two' });
    expect(second.url).toBe('http://fraud-two.ml.internal');
    Template.fromStack(stack).resourceCountIs('AWS::ECS::Service', 2);
  });

  test('of any kind ends in a template or a ValidationError', () => {
    let made = 0;
    const number = fc.oneof(fc.constant(undefined), fc.constantFrom(256, 512, 1024, 2048), fc.integer(), fc.double());
    fc.assert(fc.property(fc.record({
      hostName: fc.oneof(fc.constant(undefined), fc.string()), cpu: number, memoryLimitMiB: number, desiredCount: number, listenerPriority: number,
      allowPickle: fc.option(fc.boolean(), { nil: undefined }),
    }), (random) => {
      try {
        Template.fromStack(make(random).stack).resourceCountIs('AWS::ECS::Service', 1);
        made++;
      } catch (error) {
        if (!isValidationError(error)) throw error;
      }
    }), {
      numRuns: 50, examples: [[{
        hostName: undefined, cpu: undefined, memoryLimitMiB: undefined, desiredCount: undefined, listenerPriority: undefined, allowPickle: undefined,
      }]],
    });
    expect(made).toBeGreaterThan(0);
  });
});

test('a service that exists creates nothing', () => {
  const stack = new Stack(new App(), 'Stack');
  const service = FargateModelService.fromFargateModelServiceAttributes(stack, 'Fraud', {
    modelName: 'fraud', url: 'http://fraud.ml.internal', securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0'),
  });
  expect(service.hostName).toBe('fraud.ml.internal');
  expect(service.inferenceUrl).toBe('http://fraud.ml.internal/v2/models/fraud/infer');
  expect(Object.keys(Template.fromStack(stack).toJSON())).not.toContain('Resources');
  expect(() => FargateModelService.fromFargateModelServiceAttributes(stack, 'Wrong', {
    modelName: 'fraud', url: 'fraud.ml.internal', securityGroup: service.securityGroup,
  })).toThrow("ValidationError at Stack/Wrong [invalid-url]: url 'fraud.ml.internal' is not allowed; use an http or https address without a path, for example http://fraud.ml.internal");
});

describe('network, registry and model in three stacks', () => {
  const app = new App();
  const [networks, registries, services] = ['Network', 'Registry', 'Fraud'].map((id) => new Stack(app, id)) as [Stack, Stack, Stack];
  const network = new MlNetwork(networks, 'Network');
  const models = new ModelRegistry(registries, 'Models', { network, image });
  const fraud = new FargateModelService(services, 'Fraud', { network, image, model: models.model('fraud').alias('champion') });
  const caller = new ec2.SecurityGroup(services, 'Caller', { vpc: network.vpc });
  fraud.connections.allowFrom(caller, ec2.Port.tcp(80));
  app.synth();

  test('depend on each other in one direction only', () => {
    const names = (stack: Stack) => stack.dependencies.map(({ stackName }) => stackName).sort();
    expect(names(networks)).toEqual([]);
    expect(names(registries)).toEqual(['Network']);
    expect(names(services)).toEqual(['Network', 'Registry']);
  });

  test('export what a service imports before and after there is one, so that a delete never waits', () => {
    const outputs = (stack: Stack) => Object.keys((Template.fromStack(stack).toJSON().Outputs ?? {}) as object).sort();
    const alone = new App();
    const aloneNetworks = new Stack(alone, 'Network');
    const aloneNetwork = new MlNetwork(aloneNetworks, 'Network');
    const aloneRegistries = new Stack(alone, 'Registry');
    new ModelRegistry(aloneRegistries, 'Models', { network: aloneNetwork, image });
    expect(outputs(registries)).toEqual(outputs(aloneRegistries));
    expect(outputs(networks)).toEqual(outputs(aloneNetworks));
  });
});
