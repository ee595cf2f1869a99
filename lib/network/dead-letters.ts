import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeAll } from './acknowledge-wildcards';
import { alarmAboveZero } from './alarm-above-zero';

/**
 * A queue for what could not be delivered or done: encrypted, TLS only, 14 days.
 *
 * @internal
 */
export function deadLetterQueue(scope: Construct, id: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14),
  });
  acknowledgeAll(queue, ['AwsSolutions-SQS3'], 'it is a dead-letter queue itself: no other queue stands before it');
  return queue;
}

/**
 * Lets EventBridge fill the queue, for one rule or bus only.
 *
 * @internal
 */
export function letEventBridgeFill(queue: sqs.Queue, sourceArn: string): void {
  queue.addToResourcePolicy(new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal('events.amazonaws.com')],
    actions: ['sqs:SendMessage'],
    resources: [queue.queueArn],
    conditions: { ArnEquals: { 'aws:SourceArn': sourceArn } },
  }));
}

/**
 * What lies in a dead-letter queue.
 *
 * @internal
 */
export function metricDeadLetters(queue: sqs.IQueue): cloudwatch.Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: cloudwatch.Stats.MAXIMUM, period: Duration.minutes(5) });
}

/**
 * An alarm that rings while something lies in a dead-letter queue.
 *
 * @internal
 */
export function deadLettersAlarm(
  scope: Construct, id: string, queue: sqs.IQueue, description: string, actions: cloudwatch.IAlarmAction[] = [],
): cloudwatch.Alarm {
  return alarmAboveZero(scope, id, metricDeadLetters(queue), description, actions);
}
