import { Duration } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { deadLetterQueue } from './dead-letters';

/**
 * Starts a state machine by the clock.
 *
 * @param schedules by the ids that they get
 * @returns the queue, with the id `ScheduleDeadLetters`, of starts that did not succeed within an hour: whoever calls watches it
 */
export function scheduleRuns(scope: Construct, machine: sfn.IStateMachine, schedules: { readonly [id: string]: scheduler.ScheduleExpression }): sqs.Queue {
  const queue = deadLetterQueue(scope, 'ScheduleDeadLetters');
  for (const [id, schedule] of Object.entries(schedules)) {
    new scheduler.Schedule(scope, id, {
      schedule,
      description: `Runs of ${scope.node.path}`.slice(0, 512),
      target: new StepFunctionsStartExecution(machine, {
        deadLetterQueue: queue,
        input: scheduler.ScheduleTargetInput.fromObject({}),
        // a run that is later than that is done by the next one
        maxEventAge: Duration.hours(1),
      }),
    });
  }
  return queue;
}
