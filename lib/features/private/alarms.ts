import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { failedRunsAlarm } from '../../network/fargate-job';
import type { FeatureView } from '../feature-view';

const { ComparisonOperator, TreatMissingData } = cloudwatch;

/** Goes off when a run fails for good or takes too long, or its schedule could not start one. */
export function failureAlarm(
  scope: Construct, machine: sfn.StateMachine, what: string, actions: cloudwatch.IAlarmAction[], deadLetters?: sqs.IQueue,
): cloudwatch.Alarm {
  const where = `the log of the task says why${deadLetters ? ', or the dead-letter queue if none was started' : ''}`;
  return failedRunsAlarm(scope, 'FailureAlarm', machine, `${scope.node.path}: ${what}; ${where}`, actions, deadLetters);
}

/** Goes off when no run ended well for so many hours; silence counts as no run. */
export function staleAlarm(scope: Construct, machine: sfn.StateMachine, hours: number, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const alarm = machine.metricSucceeded({ statistic: 'Sum', period: Duration.hours(1) }).createAlarm(scope, 'StaleAlarm', {
    alarmDescription: `${scope.node.path}: no run ended well for ${hours} hours, so serving answers with older values`,
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: hours,
    datapointsToAlarm: hours,
    treatMissingData: TreatMissingData.BREACHING,
  });
  alarm.addAlarmAction(...actions);
  return alarm;
}

/** Goes off when a view's newest value is too old, as the last run saw it. */
export function freshnessAlarm(scope: Construct, view: FeatureView, seconds: number, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const alarm = view.metricFreshness().createAlarm(scope, `FreshnessAlarm-${view.viewName}`, {
    alarmDescription: `${view.node.path}: the newest value is older than ${seconds} seconds, although runs end well; look at what fills its table`,
    threshold: seconds,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    // between two runs nothing is told
    treatMissingData: TreatMissingData.IGNORE,
  });
  alarm.addAlarmAction(...actions);
  return alarm;
}
