import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { wholeSeconds } from './blueprint/durations';
import { deadLetterQueue, deadLettersAlarm, letEventBridgeFill } from './dead-letters';
import { DetailType } from '../core/events/detail-type';
import { EventContract } from '../core/events/event-contract';
import { checkInteger, checkOneOf, checkUnique } from '../core/private/checks';
import { fail, Faults } from '../core/private/faults';

const DAY_SECONDS = 86_400;

/** What a rule of the platform's bus waits for, and who gets it. */
export interface EventRuleOptions {
  /** Detail types that match. */
  readonly detailTypes: DetailType[];

  /** Who gets the events. It must not bring a dead-letter queue: the rule has one, with an alarm. */
  readonly target: events.IRuleTarget;

  /**
   * Names of the subjects that match: a model, or a table as `database.table`.
   *
   * @default - all
   */
  readonly subjects?: string[];

  /**
   * How long EventBridge tries to deliver an event before it goes to the dead-letter queue: 1 minute to 24 hours.
   *
   * @default Duration.hours(24)
   */
  readonly maxEventAge?: Duration;

  /**
   * How often EventBridge tries again: 0 to 185.
   *
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * What happens when an event could not be delivered.
   *
   * @default - the alarm is only shown
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** Properties of a rule. */
export interface EventRuleProps extends EventRuleOptions {
  /** The bus. */
  readonly eventBus: events.IEventBus;
}

/**
 * A rule on the platform's bus whose target cannot lose an event in silence: what cannot be delivered is kept for 14 days
 * in a queue of its own, and an alarm tells of it.
 *
 * It stands in the stack of whoever listens, so that the bus knows nobody. Events may come twice and in any order: a target
 * acts once for each `detail.eventId`.
 *
 * Fails with `no-detail-types`, `invalid-detail-types`, `duplicate-detail-types`, `no-subjects`, `invalid-max-event-age`,
 * `invalid-retry-attempts` or `own-dead-letter-queue`.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
 */
export class EventRule extends Construct {
  /** The rule. */
  readonly rule: events.Rule;
  /** Events that could not be delivered. */
  readonly deadLetterQueue: sqs.Queue;
  /** Rings while an event lies in the queue. */
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: EventRuleProps) {
    const faults = Faults.of(scope, id);
    checkOptions(faults, props);
    faults.throwIfAny();
    super(scope, id);

    this.deadLetterQueue = deadLetterQueue(this, 'DeadLetters');
    this.rule = new events.Rule(this, 'Rule', { eventBus: props.eventBus, eventPattern: patternOf(props) });
    this.rule.addTarget({ bind: (rule, targetId) => this.withQueue(props, props.target.bind(rule, targetId)) });
    letEventBridgeFill(this.deadLetterQueue, this.rule.ruleArn);
    const what = `${this.node.path}: events of ${props.detailTypes.join(', ')} could not be delivered; they lie in the dead-letter queue`;
    this.alarm = deadLettersAlarm(this, 'DeadLettersAlarm', this.deadLetterQueue, what, props.alarmActions);
  }

  private withQueue(props: EventRuleProps, config: events.RuleTargetConfig): events.RuleTargetConfig {
    if (config.deadLetterConfig) {
      fail(this.node.path, 'own-dead-letter-queue',
        'target brings a dead-letter queue, but the rule has one of its own with an alarm; leave it out of the target');
    }
    return {
      ...config,
      deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: props.maxEventAge?.toSeconds() ?? DAY_SECONDS,
        maximumRetryAttempts: props.retryAttempts ?? 185,
      },
    };
  }
}

function checkOptions(faults: Faults, { detailTypes, subjects, maxEventAge, retryAttempts }: EventRuleOptions): void {
  faults.check(detailTypes.length > 0, 'no-detail-types', 'detailTypes is empty, so the rule would match nothing; name at least one detail type');
  for (const detailType of detailTypes) checkOneOf(faults, 'detailTypes', detailType, EventContract.detailTypes());
  checkUnique(faults, 'detailTypes', detailTypes);
  faults.check(subjects?.length !== 0, 'no-subjects', 'subjects is empty, so the rule would match nothing; name one, or leave it out to match all');
  wholeSeconds(faults, 'maxEventAge', maxEventAge, { min: 60, max: 86_400, otherwise: DAY_SECONDS });
  checkInteger(faults, 'retryAttempts', retryAttempts, { min: 0, max: 185 });
}

function patternOf({ detailTypes, subjects }: EventRuleOptions): events.EventPattern {
  return {
    source: [...new Set(detailTypes.map((detailType) => EventContract.source(detailType)))],
    detailType: detailTypes,
    detail: subjects ? { subject: { name: subjects } } : undefined,
  };
}
