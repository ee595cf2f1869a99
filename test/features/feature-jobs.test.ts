import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { Duration } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { image, type Made, make, profile } from './support';
import { EventContract, DetailType } from '../../lib/core';
import { runtimeDirectory } from '../../lib/core/private/runtime-asset';
import { type FeatureMaterializationOptions, FeatureStore, FeatureView, OnlineStore } from '../../lib/features';
import { dynamoDbActions, FeatureAccess } from '../../lib/features/blueprint/access';
import { FEATURE_METRICS, writeCost } from '../../lib/features/blueprint/materialization';
import { InterfaceEndpoint, MlNetwork } from '../../lib/network';
import { faultsOf } from '../data/support';

const NIGHTLY = scheduler.ScheduleExpression.rate(Duration.days(1));

function nightly(options: Partial<FeatureMaterializationOptions> = {}, props: Parameters<typeof make>[0] = {}) {
  const made = make(props);
  const view = made.store.addFeatureView('Profile', profile(made.customers));
  const job = made.store.addMaterialization('Nightly', { views: [view], schedule: NIGHTLY, ...options });
  return { ...made, view, job };
}

function faults(options: (made: Made & { view: FeatureView }) => Partial<FeatureMaterializationOptions>): string[] {
  const made = make();
  const view = made.store.addFeatureView('Profile', profile(made.customers));
  return faultsOf(() => made.store.addMaterialization('Nightly', { views: [view], schedule: NIGHTLY, ...options({ ...made, view }) }));
}

interface Container {
  readonly Command: string[];
  readonly Environment: { readonly Name: string; readonly Value: unknown }[];
}

function container(template: Template): Container {
  const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition')) as { Properties: { ContainerDefinitions: Container[] } }[];
  const [first] = task?.Properties.ContainerDefinitions ?? [];
  if (!first) throw new Error('there is no container');
  return first;
}

/** Text of a value, with the references in it as names. */
function flat(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

describe('a materialization', () => {
  const { stack, store, job } = nightly({ overlap: Duration.hours(1) });
  const template = Template.fromStack(stack);

  test('runs the runtime\'s command for its views on Fargate, as an ordinary user on a read-only file system', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512', Memory: '2048',
      ContainerDefinitions: [Match.objectLike({
        Command: ['python', '-m', 'ml_platform_runtime', 'features-materialize', '--view', 'profile', '--overlap-seconds', '3600'],
        User: '10001:10001', ReadonlyRootFilesystem: true, EntryPoint: Match.absent(),
      })],
    });
  });

  test('has every variable that the runtime reads from the stack', () => {
    const names = container(template).Environment.map(({ Name }) => Name);
    expect(names).toEqual(expect.arrayContaining([
      'AWS_REGION', 'FEAST_STORE_YAML', 'FEAST_TABLES_URI', 'ML_DATABASE_HOST', 'ML_DATABASE_PORT', 'ML_DATABASE_NAME', 'ML_ENVIRONMENT',
    ]));
  });

  test('is given the list of tables as a file, and may read that file alone of the bucket', () => {
    const uri = flat(container(template).Environment.find(({ Name }) => Name === 'FEAST_TABLES_URI')?.Value);
    const [key] = /[0-9a-f]{64}\.json/.exec(uri) ?? [];
    expect(key).toBeDefined();
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).toContain(key);
  });

  test('is started by the clock, tried three times, and watched', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 day)', State: 'ENABLED' });
    const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as { Properties: { DefinitionString: unknown } }[];
    const definition = flat(machine?.Properties.DefinitionString);
    expect(definition).toContain(':states:::ecs:runTask.sync');
    expect(definition).toContain('MaxAttempts\\":2');
    expect(job.alarms).toHaveLength(2);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ExecutionsSucceeded', Threshold: 1, ComparisonOperator: 'LessThanThreshold', Period: 3600, EvaluationPeriods: 26, TreatMissingData: 'breaching',
    });
  });

  test('is let into the registry, and nobody else is', () => {
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => (Properties as { Description: string }).Description);
    expect(ingress).toEqual(['features of shop']);
    expect(store.alarms).toHaveLength(1);
  });

  test('names commands and variables that the runtime has', () => {
    const sources = ['commands.py', 'settings.py'].map((file) => readFileSync(join(runtimeDirectory(__dirname), 'src/ml_platform_runtime/features', file), 'utf8')).join('\n');
    for (const word of ['features-apply', 'features-materialize', 'features-serve', 'features-skew', '--view', '--overlap-seconds', '--allow-delete', '--at', '--sample', '--threshold']) {
      expect(sources).toContain(`"${word}"`);
    }
    for (const word of ['FEAST_STORE_YAML', 'FEAST_TABLES_URI', 'FEAST_REPO_URI']) expect(sources).toContain(`"${word}"`);
  });
});

describe('what the real Feast was seen to do', () => {
  /** Recorded by lib/runtime/tests/test_features_aws_calls.py. */
  function seen(command: string): string[] {
    const { calls } = JSON.parse(readFileSync(join(__dirname, 'feast-aws-calls.json'), 'utf8')) as { calls: Record<string, { action: string }[]> };
    return (calls[command] ?? []).map(({ action }) => action).filter((action) => action.startsWith('dynamodb:'));
  }

  test.each([
    ['features-apply', FeatureAccess.APPLY], ['features-materialize', FeatureAccess.MATERIALIZE], ['read online', FeatureAccess.READ_ONLINE],
    ['features-training-set', FeatureAccess.READ_OFFLINE],
  ])('%s is exactly what it may do in DynamoDB', (command, access) => {
    expect(dynamoDbActions(access).sort()).toEqual(seen(command).sort());
  });

  test('its metrics are those that the alarms watch', () => {
    const file = join(__dirname, 'feature-metrics.json');
    expect(existsSync(file)).toBe(true);
    const { namespace, dimensions, metrics } = JSON.parse(readFileSync(file, 'utf8')) as { namespace: string; dimensions: string[]; metrics: Record<string, string> };
    expect(FEATURE_METRICS.namespace).toBe(namespace);
    expect(Object.keys(FEATURE_METRICS.dimensions('', '', ''))).toEqual(dimensions);
    expect(metrics[FEATURE_METRICS.freshness]).toBe('Seconds');
  });
});

describe('triggers', () => {
  test('of new rows are the tables of the views, each once, with a dead-letter queue', () => {
    const made = make();
    const eventBus = new events.EventBus(made.stack, 'Bus');
    const store = new FeatureStore(made.stack, 'Second', { network: made.network, lake: made.lake, image, eventBus });
    const views = ['Profile', 'Balance'].map((id) => store.addFeatureView(id, profile(made.customers)));
    const job = store.addMaterialization('OnData', { views, onDataArrived: true });
    const template = Template.fromStack(made.stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'source': [EventContract.source(DetailType.DATA_ARRIVED)], 'detail-type': ['Data Arrived'], 'detail': { subject: { name: ['lake.customers'] } } },
      Targets: [Match.objectLike({ DeadLetterConfig: Match.anyValue() })],
    });
    template.resourceCountIs('AWS::Scheduler::Schedule', 0);
    expect(job.alarms).toHaveLength(1);
  });

  test('and ages are what their owner chose', () => {
    const { stack, job } = nightly({ maxAge: Duration.hours(2), maxFreshness: Duration.days(2), cpu: 1024, memoryLimitMiB: 4096, timeout: Duration.hours(1) });
    const template = Template.fromStack(stack);
    expect(job.alarms).toHaveLength(3);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'ExecutionsSucceeded', EvaluationPeriods: 2 });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'MlPlatform/Features', MetricName: 'Freshness', Threshold: 172_800, Statistic: 'Maximum',
      Dimensions: [{ Name: 'Environment', Value: 'default' }, { Name: 'Project', Value: 'shop' }, { Name: 'View', Value: 'profile' }],
    });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '4096' });
    expect(job.metricSucceeded().metricName).toBe('ExecutionsSucceeded');
  });
});

describe('the cost of writing', () => {
  test('is rows times views times units, in dollars of us-east-1, and is printed', () => {
    const { stack, job } = nightly({ expectedRows: 4_000_000 });
    expect(job.writeCost).toBe('one run writes 4,000,000 rows x 1 view = 4,000,000 write units, about 2.50 USD in us-east-1; items above 1 KB (long texts, lists) take more');
    Annotations.fromStack(stack).hasInfo('/Stack/Features/Nightly', `shop: ${job.writeCost ?? ''}`);
  });

  test('grows with items above a kilobyte', () => {
    const view = (name: string, features: number) => ({
      name, entities: ['id'], online: true, source: { table: 't', timestampField: 'at' },
      features: Array.from({ length: features }, (_, index) => ({ name: `feature_${index}`, dtype: 'INT64' })),
    });
    expect(writeCost([view('small', 2), view('wide', 60)], 1000)).toMatchObject({ rows: 2000, units: 3000 });
    expect(writeCost([view('small', 2)], 10).summary).toContain('less than 0.01 USD');
  });

  test('is not told where nothing is paid by write', () => {
    expect(nightly({ expectedRows: 10 }, { online: OnlineStore.valkey() }).job.writeCost).toBeUndefined();
    expect(nightly().job.writeCost).toBeUndefined();
  });
});

describe('a materialization refuses', () => {
  test('to write nothing, never, or without a bus', () => {
    expect(faults(() => ({ views: [], schedule: undefined }))).toEqual([
      '[no-views] views is empty, so there is nothing to do; give what addFeatureView returned',
      '[no-trigger] neither schedule nor onDataArrived is given, so it would never run; give one of them',
    ]);
    expect(faults(() => ({ onDataArrived: true }))).toEqual([
      '[no-event-bus] onDataArrived needs the events of the platform, and the store has no eventBus; give it to the FeatureStore',
    ]);
  });

  test('views that are not online, written twice, or of another store', () => {
    const made = make();
    const [view, archive] = [made.store.addFeatureView('Profile', profile(made.customers)), made.store.addFeatureView('Archive', profile(made.customers, { online: false }))];
    const other = new FeatureStore(made.stack, 'Other', { network: made.network, lake: made.lake, image }).addFeatureView('Theirs', profile(made.customers));
    made.store.addMaterialization('First', { views: [view], schedule: NIGHTLY });
    expect(faultsOf(() => made.store.addMaterialization('Second', { views: [view, view, archive, other], schedule: NIGHTLY }))).toEqual([
      "[view-not-online] views has 'archive', which is not online; leave it out, or set its online to true",
      "[duplicate-views] views names 'profile' more than once; keep one of them",
      "[view-materialized-twice] views has 'profile', which Stack/Features/First writes already; give that one a schedule and onDataArrived, or leave the view out",
      "[view-of-another-store] views has 'theirs' of Stack/Other/Theirs, which is not of Stack/Features; use views of this store",
    ]);
  });

  test('figures that nothing can keep', () => {
    expect(faults(() => ({
      maxAge: Duration.minutes(90), maxFreshness: Duration.days(8), overlap: Duration.days(8), expectedRows: 0, cpu: 500, memoryLimitMiB: 1, timeout: Duration.seconds(1),
    }))).toEqual([
      '[invalid-expected-rows] expectedRows 0 is not a whole number from 1 to 9007199254740991 rows; use a value in that range',
      '[invalid-overlap] overlap of 691200 seconds is not a whole number from 0 to 604800 seconds; use a duration in that range',
      '[invalid-max-age] maxAge of 1.5 hours is not a whole number from 1 to 168 hours, the longest that an alarm looks back; use a duration in that range',
      '[invalid-max-freshness] maxFreshness of 691200 seconds is not a whole number from 60 to 604800 seconds; use a duration in that range',
      expect.stringMatching(/^\[invalid-cpu\] cpu 500 is not a Fargate size/),
      '[invalid-timeout] timeout of 1 seconds is not a whole number from 60 to 604800 seconds; use a duration in that range',
    ]);
  });
});

test('jobs are refused where they could not start', () => {
  const { stack, lake, customers } = make();
  const network = new MlNetwork(stack, 'Closed', { natGateways: 0, interfaceEndpoints: [InterfaceEndpoint.ECR_API, InterfaceEndpoint.ECR_DKR] });
  const store = new FeatureStore(stack, 'Second', { network, lake, image });
  const views = [store.addFeatureView('Profile', profile(customers))];
  const refused = [
    '[no-route-out] network has no route out, and the task needs interface endpoints for logs, secretsmanager; add them to the network, or give it a NAT gateway',
  ];
  expect(faultsOf(() => store.addMaterialization('Nightly', { views, schedule: NIGHTLY }))).toEqual(refused);
  expect(faultsOf(() => store.addApply('Apply', { featureRepo: __dirname }))).toEqual(refused);
  expect(faultsOf(() => store.addSkewCheck('Skew', { views }))).toEqual(refused);
});

describe('apply', () => {
  test('runs after each deployment of its stack, with the folder\'s definitions', () => {
    const made = make();
    made.store.addApply('Apply', { featureRepo: __dirname, exclude: ['*.json'], allowDelete: true, cpu: 1024, memoryLimitMiB: 2048 });
    const template = Template.fromStack(made.stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        'source': ['aws.cloudformation'], 'detail-type': ['CloudFormation Stack Status Change'],
        'detail': { 'stack-id': [{ Ref: 'AWS::StackId' }], 'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'] } },
      },
    });
    const { Command, Environment } = container(template);
    expect(Command).toEqual(['python', '-m', 'ml_platform_runtime', 'features-apply', '--allow-delete']);
    expect(flat(Environment.find(({ Name }) => Name === 'FEAST_REPO_URI')?.Value)).toMatch(/[0-9a-f]{64}\.zip/);
  });

  test('deletes nothing by default', () => {
    const made = make();
    made.store.addApply('Apply', { featureRepo: __dirname });
    expect(container(Template.fromStack(made.stack)).Command).toEqual(['python', '-m', 'ml_platform_runtime', 'features-apply']);
  });

  test('refuses a folder that is none', () => {
    const made = make();
    expect(faultsOf(() => made.store.addApply('Apply', { featureRepo: 'no/such/folder', cpu: 3 }))).toEqual([
      "[no-feature-repo] featureRepo 'no/such/folder' is no folder; give the one with the Python definitions, from where the app is run",
      expect.stringMatching(/^\[invalid-cpu\]/),
    ]);
  });
});

describe('a comparison of training with serving', () => {
  test('takes a sample as of the last run, once a day, and is not tried again', () => {
    const made = make();
    const view = made.store.addFeatureView('Profile', profile(made.customers));
    made.store.addSkewCheck('Skew', { views: [view], sample: 100, threshold: 0.05 });
    const template = Template.fromStack(made.stack);
    expect(container(template).Command.slice(3)).toEqual(['features-skew', '--view', 'profile', '--at', 'watermark', '--sample', '100', '--threshold', '0.05']);
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 day)' });
    expect(JSON.stringify(template.findResources('AWS::StepFunctions::StateMachine'))).not.toContain('States.TaskFailed');
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).not.toContain('BatchWriteItem');
  });

  test('refuses what cannot be compared', () => {
    const made = make();
    expect(faultsOf(() => made.store.addSkewCheck('Skew', { views: [], sample: 0, threshold: 2 }))).toEqual([
      '[no-views] views is empty, so there is nothing to do; give what addFeatureView returned',
      '[invalid-sample] sample 0 is not a whole number from 1 to 100000 entities; use a value in that range',
      '[invalid-threshold] threshold 2 is not a number from 0 to 1; use a value in that range',
    ]);
  });
});

describe('a feature server', () => {
  test('is Feast\'s own, behind the internal load balancer, with the login of a reader', () => {
    const made = make();
    const server = made.store.addFeatureServer('Server', { desiredCount: 2 });
    const template = Template.fromStack(made.stack);
    expect(made.stack.resolve(server.url)).toBe('http://shop.ml.internal');
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '512', Memory: '1024',
      ContainerDefinitions: [Match.objectLike({
        Command: ['python', '-m', 'ml_platform_runtime', 'features-serve'], PortMappings: [{ ContainerPort: 6566, Protocol: 'tcp' }],
        Secrets: [Match.objectLike({ Name: 'ML_DATABASE_USER' }), Match.objectLike({ Name: 'ML_DATABASE_PASSWORD' })],
      })],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { HealthCheckPath: '/health' });
    template.hasResourceProperties('AWS::ECS::Service', { DesiredCount: 2 });
    expect(server.alarms.length).toBeGreaterThan(0);
    expect(server.connections.securityGroups).toHaveLength(1);
  });

  test('has the name that its owner chose, and refuses one that is none', () => {
    const made = make();
    expect(made.store.addFeatureServer('Server', { hostName: 'features' }).service.hostName).toBe('features.ml.internal');
    expect(faultsOf(() => made.store.addFeatureServer('Other', { hostName: 'Features!' }))[0]).toMatch(/^\[invalid-host-name\]/);
  });
});
