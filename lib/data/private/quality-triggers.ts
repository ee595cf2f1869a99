import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as eventTargets from 'aws-cdk-lib/aws-events-targets';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { DetailType } from '../../core/events/detail-type';
import { deadLettersAlarm } from '../../network/dead-letters';
import { EventRule } from '../../network/event-rule';
import { scheduleRuns } from '../../network/schedule-runs';
import type { QualityCheckBlueprint } from '../blueprint/quality-check';
import type { QualityCheckOptions } from '../quality-check-props';

/** What starts a check; the answer is the alarms on starts that were not delivered. */
export function makeTriggers(scope: Construct, plan: QualityCheckBlueprint, props: QualityCheckOptions, stateMachine: sfn.StateMachine): cloudwatch.Alarm[] {
  const { eventBus } = props;
  const arrival = plan.onDataArrived && eventBus ? [onArrival(scope, props, eventBus, stateMachine)] : [];
  return [...arrival, ...onSchedule(scope, plan, props, stateMachine)];
}

function onArrival(
  scope: Construct, { table, alarmActions }: QualityCheckOptions, eventBus: events.IEventBus, stateMachine: sfn.StateMachine,
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
  scope: Construct, { schedules }: QualityCheckBlueprint, { alarmActions }: QualityCheckOptions, stateMachine: sfn.StateMachine,
): cloudwatch.Alarm[] {
  if (schedules.length === 0) return [];
  const all = schedules.map((expression, index) => [`Schedule${index + 1}`, scheduler.ScheduleExpression.expression(expression)] as const);
  const queue = scheduleRuns(scope, stateMachine, Object.fromEntries(all));
  return [deadLettersAlarm(scope, 'ScheduleDeadLettersAlarm', queue, `${scope.node.path}: the schedule could not start a check; see the dead-letter queue`, alarmActions)];
}
