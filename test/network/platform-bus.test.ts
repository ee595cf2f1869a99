import { App, CfnResource, Duration, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { faultsOf, newStack } from './support';
import { DetailType, EventContract } from '../../lib/core';
import { EventRule, EventRuleOptions, PlatformBus, PlatformBusProps } from '../../lib/network';

function busTemplate(props?: PlatformBusProps): Template {
  const stack = newStack();
  new PlatformBus(stack, 'Bus', props);
  return Template.fromStack(stack);
}

function inbox(stack: Stack): sqs.Queue {
  return new sqs.Queue(stack, 'Inbox', { enforceSSL: true, deadLetterQueue: { queue: new sqs.Queue(stack, 'Rest', { enforceSSL: true }), maxReceiveCount: 3 } });
}

function ruleTemplate(options: Partial<EventRuleOptions> = {}): Template {
  const stack = newStack();
  new PlatformBus(stack, 'Bus').onEvent('Arrivals', { detailTypes: [DetailType.DATA_ARRIVED], target: new targets.SqsQueue(inbox(stack)), ...options });
  return Template.fromStack(stack);
}

const only = (template: Template, type: string): any => {
  const found = Object.values(template.findResources(type));
  expect(found).toHaveLength(1);
  return (found[0] as any).Properties;
};

describe('the bus', () => {
  test('has the contract\'s name, an archive of 30 days, and no resource policy', () => {
    const template = busTemplate();
    expect(only(template, 'AWS::Events::EventBus')).toEqual({ Name: EventContract.BUS_NAME, Description: 'Events of Platform/Bus' });
    expect(only(template, 'AWS::Events::Archive')).toMatchObject({ RetentionDays: 30, EventPattern: { account: [{ Ref: 'AWS::AccountId' }] } });
    template.resourceCountIs('AWS::Events::EventBusPolicy', 0);
    expect(Object.keys(template.toJSON().Resources)).toHaveLength(2);
  });

  test('takes another name, another time of archiving, and a key for both', () => {
    const stack = newStack();
    new PlatformBus(stack, 'Bus', { eventBusName: 'second', archiveRetention: Duration.days(365), encryptionKey: new kms.Key(stack, 'Key') });
    const template = Template.fromStack(stack);
    const key = { 'Fn::GetAtt': [Object.keys(template.findResources('AWS::KMS::Key'))[0], 'Arn'] };
    expect(only(template, 'AWS::Events::EventBus')).toMatchObject({ Name: 'second', KmsKeyIdentifier: key });
    expect(only(template, 'AWS::Events::Archive')).toMatchObject({ RetentionDays: 365, KmsKeyIdentifier: key });
    const statements: any[] = only(template, 'AWS::KMS::Key').KeyPolicy.Statement.slice(1);
    expect(statements.map(({ Principal }) => Principal)).toEqual(statements.map(() => ({ Service: 'events.amazonaws.com' })));
    expect(statements.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt', 'kms:ReEncrypt*']));
    expect(JSON.stringify(statements)).toContain(':event-bus/second');
  });

  test('with a key keeps what it cannot encrypt, and rings', () => {
    const stack = newStack();
    const bus = new PlatformBus(stack, 'Bus', { encryptionKey: new kms.Key(stack, 'Key'), alarmActions: [new SnsAction(new sns.Topic(stack, 'Topic'))] });
    const template = Template.fromStack(stack);
    expect(only(template, 'AWS::Events::EventBus').DeadLetterConfig).toEqual({ Arn: stack.resolve(bus.deadLetterQueue!.queueArn) });
    expect(only(template, 'AWS::CloudWatch::Alarm').AlarmActions).toHaveLength(1);
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Condition: { ArnEquals: { 'aws:SourceArn': stack.resolve(bus.eventBus.eventBusArn) } } })]) },
    });
  });

  test('exports name and ARN from the first day', () => {
    expect(Object.values(busTemplate().findOutputs('*')).filter((output) => output.Export)).toHaveLength(2);
  });

  test('lets a publisher send to it and to no other', () => {
    const stack = newStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const bus = new PlatformBus(stack, 'Bus');
    bus.grants.publish(role);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Action: 'events:PutEvents', Effect: 'Allow', Resource: stack.resolve(bus.eventBus.eventBusArn) }] },
    });
  });

  test('lives twice in one stack under two names, and under constant paths', () => {
    const stack = newStack();
    const bus = new PlatformBus(stack, 'One');
    new PlatformBus(stack, 'Two', { eventBusName: 'two' });
    Template.fromStack(stack).resourceCountIs('AWS::Events::EventBus', 2);
    expect(bus.node.findAll().map(({ node }) => node.path)).toEqual(expect.arrayContaining(['Platform/One/Resource/Resource', 'Platform/One/Archive']));
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => busTemplate({ eventBusName: 'my bus', archiveRetention: Duration.hours(36) }))).toEqual([
      '[invalid-event-bus-name] eventBusName \'my bus\' is not allowed; use 1 to 256 letters, digits, dots, hyphens or underscores; '
      + 'the name default belongs to AWS\'s own events',
      '[invalid-archive-retention] archiveRetention of 1.5 days is not a whole number of days from 1 on; use such a duration',
    ]);
    expect(faultsOf(() => busTemplate({ eventBusName: 'default' }))).toHaveLength(1);
  });

  test('refuses a time of archiving that nobody knows yet', () => {
    const stack = newStack();
    expect(faultsOf(() => new PlatformBus(stack, 'Bus', { archiveRetention: Duration.days(Token.asNumber({ Ref: 'Days' })) }))).toEqual([
      '[unresolved-archive-retention] archiveRetention is known only at deploy time, but it is checked at synthesis; give a literal',
    ]);
  });
});

describe('a bus of another stack', () => {
  test('creates nothing, and gives rights', () => {
    const stack = newStack();
    const bus = PlatformBus.fromEventBusName(stack, 'Bus', 'theirs');
    expect(bus.eventBus.eventBusName).toBe('theirs');
    expect(stack.node.findAll().filter((child) => CfnResource.isCfnResource(child))).toEqual([]);
    bus.grants.publish(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 1);
  });

  test('takes a rule', () => {
    const stack = newStack();
    PlatformBus.fromEventBusName(stack, 'Bus', 'theirs').onEvent('Arrivals', { detailTypes: [DetailType.DATA_ARRIVED], target: new targets.SqsQueue(inbox(stack)) });
    Template.fromStack(stack).hasResourceProperties('AWS::Events::Rule', { EventBusName: 'theirs' });
  });

  test('has a name that can be', () => {
    expect(faultsOf(() => PlatformBus.fromEventBusName(newStack(), 'Bus', 'a b'))).toHaveLength(1);
  });
});

describe('a rule', () => {
  test('waits for the contract\'s source and detail type', () => {
    expect(only(ruleTemplate(), 'AWS::Events::Rule').EventPattern).toEqual({ 'source': ['ml-platform.data'], 'detail-type': ['Data Arrived'] });
  });

  test('takes several detail types of several rooms, and subjects', () => {
    const template = ruleTemplate({
      detailTypes: [DetailType.DRIFT_DETECTED, DetailType.DATA_ARRIVED, DetailType.DATA_QUALITY_FAILED],
      subjects: ['shop.orders'],
    });
    expect(only(template, 'AWS::Events::Rule').EventPattern).toEqual({
      'source': ['ml-platform.monitoring', 'ml-platform.data'],
      'detail-type': ['Drift Detected', 'Data Arrived', 'Data Quality Failed'],
      'detail': { subject: { name: ['shop.orders'] } },
    });
  });

  test('keeps what could not be delivered, in a queue that only this rule may fill', () => {
    const template = ruleTemplate();
    const [queue] = Object.entries(template.findResources('AWS::SQS::Queue', { Properties: { MessageRetentionPeriod: 1_209_600 } }))[0]!;
    const rule = Object.keys(template.findResources('AWS::Events::Rule'))[0];
    expect(only(template, 'AWS::Events::Rule').Targets).toEqual([expect.objectContaining({
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': [queue, 'Arn'] } },
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    })]);
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      Queues: [{ Ref: queue }],
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Action: 'sqs:SendMessage', Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' },
          Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule, 'Arn'] } } },
        })]),
      },
    });
  });

  test('rings while an event lies there', () => {
    const stack = newStack();
    const action = new SnsAction(new sns.Topic(stack, 'Topic'));
    new PlatformBus(stack, 'Bus').onEvent('Arrivals', { detailTypes: [DetailType.DATA_ARRIVED], target: new targets.SqsQueue(inbox(stack)), alarmActions: [action] });
    expect(only(Template.fromStack(stack), 'AWS::CloudWatch::Alarm')).toMatchObject({
      Namespace: 'AWS/SQS', MetricName: 'ApproximateNumberOfMessagesVisible', Statistic: 'Maximum', Period: 300,
      Threshold: 0, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, TreatMissingData: 'notBreaching',
      AlarmActions: [{ Ref: expect.stringContaining('Topic') }],
    });
  });

  test('gives up earlier where asked', () => {
    expect(only(ruleTemplate({ maxEventAge: Duration.minutes(5), retryAttempts: 0 }), 'AWS::Events::Rule').Targets[0].RetryPolicy)
      .toEqual({ MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 0 });
  });

  test('stands in the stack of whoever listens, twice if need be', () => {
    const app = new App();
    const bus = new PlatformBus(new Stack(app, 'Bus'), 'Bus');
    const team = new Stack(app, 'Team');
    const target = new targets.SqsQueue(inbox(team));
    new EventRule(team, 'One', { eventBus: bus.eventBus, detailTypes: [DetailType.DATA_ARRIVED], target });
    new EventRule(team, 'Two', { eventBus: bus.eventBus, detailTypes: [DetailType.MODEL_PROMOTED], target });
    Template.fromStack(team).resourceCountIs('AWS::Events::Rule', 2);
    Template.fromStack(Stack.of(bus)).resourceCountIs('AWS::Events::Rule', 0);
  });

  test('refuses a target with a queue that nobody watches', () => {
    const stack = newStack();
    const target = new targets.SqsQueue(inbox(stack), { deadLetterQueue: new sqs.Queue(stack, 'Mine') });
    expect(faultsOf(() => new PlatformBus(stack, 'Bus').onEvent('Arrivals', { detailTypes: [DetailType.DATA_ARRIVED], target }))).toEqual([
      '[own-dead-letter-queue] target brings a dead-letter queue, but the rule has one of its own with an alarm; leave it out of the target',
    ]);
  });

  test('says every fault at once', () => {
    expect(faultsOf(() => ruleTemplate({ detailTypes: [], subjects: [], maxEventAge: Duration.seconds(30), retryAttempts: 186 }))).toEqual([
      '[no-detail-types] detailTypes is empty, so the rule would match nothing; name at least one detail type',
      '[no-subjects] subjects is empty, so the rule would match nothing; name one, or leave it out to match all',
      '[invalid-max-event-age] maxEventAge of 30 seconds is not a whole number from 60 to 86400 seconds; use a duration in that range',
      '[invalid-retry-attempts] retryAttempts 186 is not a whole number from 0 to 185; use a value in that range',
    ]);
    expect(faultsOf(() => ruleTemplate({ detailTypes: ['Data Arrived', 'Data Arrived', 'Data arrived'] as DetailType[] })).map((fault) => fault.split('; ')[0]!.slice(0, 59))).toEqual([
      '[invalid-detail-types] detailTypes \'Data arrived\' is not on',
      '[duplicate-detail-types] detailTypes names \'Data Arrived\' m',
    ]);
  });
});
