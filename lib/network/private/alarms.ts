import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { AlarmBlueprint } from '../blueprint/service-alarms';

interface TargetDimensions {
  LoadBalancer: string;
  TargetGroup: string;
}

const COMPARISON = {
  GreaterThanThreshold: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
  LessThanThreshold: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
};
const MISSING = {
  breaching: cloudwatch.TreatMissingData.BREACHING,
  notBreaching: cloudwatch.TreatMissingData.NOT_BREACHING,
};

/** A metric of the load balancer for one target group. */
export function targetMetric(dimensions: TargetDimensions, metricName: string, statistic: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'AWS/ApplicationELB', metricName, statistic, dimensionsMap: { ...dimensions }, ...options,
  });
}

/** Makes the alarms that the blueprint names. */
export function makeAlarms(scope: Construct, plans: AlarmBlueprint[], dimensions: TargetDimensions, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm[] {
  return plans.map((plan) => {
    const alarm = new cloudwatch.Alarm(scope, `${plan.id}Alarm`, {
      alarmDescription: plan.description,
      metric: metricOf(plan, dimensions),
      threshold: plan.threshold,
      comparisonOperator: COMPARISON[plan.comparisonOperator],
      treatMissingData: MISSING[plan.treatMissingData],
      evaluationPeriods: plan.evaluationPeriods,
      datapointsToAlarm: plan.datapointsToAlarm,
    });
    alarm.addAlarmAction(...actions);
    return alarm;
  });
}

function metricOf(plan: AlarmBlueprint, dimensions: TargetDimensions): cloudwatch.IMetric {
  const period = Duration.seconds(plan.periodSeconds);
  const metrics = plan.metrics.map((metric) => [metric.id, targetMetric(dimensions, metric.metricName, metric.statistic, { period })] as const);
  const only = metrics[0]?.[1];
  if (plan.expression === undefined && only && metrics.length === 1) return only;
  return new cloudwatch.MathExpression({ expression: plan.expression ?? '', usingMetrics: Object.fromEntries(metrics), period, label: plan.description });
}
