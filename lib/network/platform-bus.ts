import { type Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterQueue, deadLettersAlarm, letEventBridgeFill } from './dead-letters';
import { EventRule, EventRuleOptions } from './event-rule';
import { IPlatformBus } from './interfaces';
import { pinExports } from './pin-exports';
import { PlatformBusGrants } from './platform-bus-grants';
import { EventContract } from '../core/events/event-contract';
import { checkText, show, TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of the platform's bus. */
export interface PlatformBusProps {
  /**
   * Name of the bus. A second platform in the same account and region needs another one.
   *
   * @default 'ml-platform'
   */
  readonly eventBusName?: string;

  /**
   * Key that encrypts events on the bus and in its archive. EventBridge is let in by the key's policy, and what it cannot encrypt or
   * decrypt goes to a queue with an alarm. A key costs 1 USD a month, the alarm 0.10 USD.
   *
   * @default - encryption by EventBridge itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * How long events can be replayed, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly archiveRetention?: Duration;

  /**
   * What happens when events cannot be encrypted or decrypted, because the key is gone or refuses.
   *
   * @default - the alarm is only shown; without `encryptionKey` there is none
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * The EventBridge bus by which the rooms of a platform talk. It keeps every event for a replay.
 *
 * It has no resource policy: who publishes has the right in its own policy, in the same account.
 *
 * Fails with `invalid-event-bus-name`, `unresolved-archive-retention` or `invalid-archive-retention`.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html
 */
export class PlatformBus extends Construct implements IPlatformBus {
  /** Uses a bus that exists, by its name; creates nothing. */
  static fromEventBusName(scope: Construct, id: string, eventBusName: string): IPlatformBus {
    const faults = Faults.of(scope, id);
    checkText(faults, 'eventBusName', eventBusName, NAME);
    faults.throwIfAny();
    return new ImportedBus(scope, id, eventBusName);
  }

  readonly eventBus: events.IEventBus;
  readonly grants: PlatformBusGrants;
  /** What keeps events for a replay. */
  readonly archive: events.CfnArchive;
  /** Events that EventBridge could not encrypt or decrypt, if there is an `encryptionKey`. */
  readonly deadLetterQueue?: sqs.Queue;

  constructor(scope: Construct, id: string, props: PlatformBusProps = {}) {
    const faults = Faults.of(scope, id);
    checkText(faults, 'eventBusName', props.eventBusName, NAME);
    checkRetention(faults, props.archiveRetention);
    faults.throwIfAny();
    super(scope, id);

    const name = props.eventBusName ?? EventContract.BUS_NAME;
    this.deadLetterQueue = props.encryptionKey ? deadLetterQueue(this, 'DeadLetters') : undefined;
    this.eventBus = new events.EventBus(this, 'Resource', {
      eventBusName: name,
      description: `Events of ${this.node.path}`,
      kmsKey: props.encryptionKey,
      deadLetterQueue: this.deadLetterQueue,
    });
    this.archive = new events.CfnArchive(this, 'Archive', {
      sourceArn: this.eventBus.eventBusArn,
      description: 'every event of the platform, for a replay',
      eventPattern: { account: [Stack.of(this).account] },
      retentionDays: props.archiveRetention?.toDays() ?? 30,
      // aws-cdk-lib's own Archive lets key and archive depend on each other
      kmsKeyIdentifier: props.encryptionKey?.keyArn,
    });
    if (this.deadLetterQueue) this.watch(this.deadLetterQueue, props.alarmActions);
    if (props.encryptionKey) letArchive(props.encryptionKey, Stack.of(this), name);
    this.grants = new PlatformBusGrants(this.eventBus);
    pinExports(this, [this.eventBus.eventBusName, this.eventBus.eventBusArn]);
  }

  onEvent(id: string, options: EventRuleOptions): EventRule {
    return listen(this, id, options);
  }

  private watch(queue: sqs.Queue, actions: cloudwatch.IAlarmAction[] | undefined): void {
    letEventBridgeFill(queue, this.eventBus.eventBusArn);
    deadLettersAlarm(this, 'DeadLettersAlarm', queue, `${this.node.path}: events could not be encrypted or decrypted; they lie in the dead-letter queue`, actions);
  }
}

/** A bus that another stack owns. */
class ImportedBus extends Construct implements IPlatformBus {
  readonly eventBus: events.IEventBus;
  readonly grants: PlatformBusGrants;

  constructor(scope: Construct, id: string, eventBusName: string) {
    super(scope, id);
    this.eventBus = events.EventBus.fromEventBusName(this, 'Resource', eventBusName);
    this.grants = new PlatformBusGrants(this.eventBus);
  }

  onEvent(id: string, options: EventRuleOptions): EventRule {
    return listen(this, id, options);
  }
}

const NAME: TextRule = {
  pattern: /^(?!default$)[A-Za-z0-9._-]{1,256}$/,
  allowed: '1 to 256 letters, digits, dots, hyphens or underscores; the name default belongs to AWS\'s own events',
};

function listen(bus: Construct & IPlatformBus, id: string, options: EventRuleOptions): EventRule {
  return new EventRule(bus, id, {
    eventBus: bus.eventBus,
    detailTypes: options.detailTypes,
    target: options.target,
    subjects: options.subjects,
    maxEventAge: options.maxEventAge,
    retryAttempts: options.retryAttempts,
    alarmActions: options.alarmActions,
  });
}

/**
 * Lets EventBridge read and write the archive with the key; the bus itself is let in by aws-cdk-lib.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/encryption-archives.html
 */
function letArchive(key: kms.IKey, stack: Stack, busName: string): void {
  const principals = [new iam.ServicePrincipal('events.amazonaws.com')];
  const busArn = stack.formatArn({ service: 'events', resource: 'event-bus', resourceName: busName });
  key.addToResourcePolicy(new iam.PolicyStatement({
    principals, actions: ['kms:DescribeKey'], resources: ['*'], conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  }));
  key.addToResourcePolicy(new iam.PolicyStatement({
    principals, actions: ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncrypt*'], resources: ['*'],
    conditions: { StringEquals: { 'kms:EncryptionContext:aws:events:event-bus:arn': busArn } },
  }));
}

function checkRetention(faults: Faults, retention: Duration | undefined): void {
  if (!retention) return;
  if (retention.isUnresolved()) {
    faults.add('unresolved-archive-retention', 'archiveRetention is known only at deploy time, but it is checked at synthesis; give a literal');
    return;
  }
  const days = retention.toDays({ integral: false });
  faults.check(Number.isInteger(days) && days >= 1, 'invalid-archive-retention',
    `archiveRetention of ${show(days)} days is not a whole number of days from 1 on; use such a duration`);
}
