import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as eventTargets from 'aws-cdk-lib/aws-events-targets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as schedulerTargets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { DetailType } from '../../core/events/detail-type';
import { deadLetterQueue, deadLettersAlarm } from '../../network/dead-letters';
import { EventRule } from '../../network/event-rule';
import type { QualityCheckBlueprint } from '../blueprint/quality-check';
import type { DataQualityCheckProps } from '../quality-check-props';

/** What starts a check; the answer is the alarms on starts that were not delivered. */
export function makeTriggers(scope: Construct, plan: QualityCheckBlueprint, props: DataQualityCheckProps, stateMachine: sfn.StateMachine): cloudwatch.Alarm[] {
  const { eventBus } = props;
  const arrival = plan.onDataArrived && eventBus ? [onArrival(scope, props, eventBus, stateMachine)] : [];
  return [...arrival, ...onSchedule(scope, plan, props, stateMachine)];
}

function onArrival(
  scope: Construct, { table, alarmActions }: DataQualityCheckProps, eventBus: events.IEventBus, stateMachine: sfn.StateMachine,
): cloudwatch.Alarm {
  const rule = new EventRule(scope, 'OnDataArrived', {
    eventBus,
    detailTypes: [DetailType.DATA_ARRIVED],
    subjects: [`${table.databaseName}.${table.tableName}`],
    alarmActions,
    target: new eventTargets.SfnStateMachine(stateMachine, {
      input: events.RuleTargetInput.fromObject({
        snapshotId: events.EventField.fromPath('$.detail.snapshotId'),
        correlationId: events.EventField.fromPath('$.detail.correlationId'),
        causationId: events.EventField.fromPath('$.detail.eventId'),
      }),
    }),
  });
  return rule.alarm;
}

function onSchedule(
  scope: Construct, { schedules }: QualityCheckBlueprint, { alarmActions }: DataQualityCheckProps, stateMachine: sfn.StateMachine,
): cloudwatch.Alarm[] {
  if (schedules.length === 0) return [];
  const queue = deadLetterQueue(scope, 'ScheduleDeadLetters');
  schedules.forEach((expression, index) => new scheduler.Schedule(scope, `Schedule${index + 1}`, {
    schedule: scheduler.ScheduleExpression.expression(expression),
    description: `Quality check ${scope.node.path}`.slice(0, 512),
    target: new schedulerTargets.StepFunctionsStartExecution(stateMachine, {
      deadLetterQueue: queue,
      input: scheduler.ScheduleTargetInput.fromObject({}),
      // a check that is an hour late is done by the next one
      maxEventAge: Duration.hours(1),
      retryAttempts: 10,
    }),
  }));
  return [deadLettersAlarm(scope, 'ScheduleDeadLettersAlarm', queue, `${scope.node.path}: the schedule could not start a check; see the dead-letter queue`, alarmActions)];
}
