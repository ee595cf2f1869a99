/** One time series of the load balancer, for one target group. */
export interface TargetMetric {
  /** Name inside an expression. */
  readonly id: string;
  readonly metricName: string;
  /** Statistic in CloudWatch's words. */
  readonly statistic: string;
}

/** An alarm, for every engine. Dimensions are always the load balancer and the service's target group. */
export interface AlarmBlueprint {
  /** Id of the construct. */
  readonly id: string;
  readonly description: string;
  readonly namespace: string;
  readonly metrics: TargetMetric[];
  /** Math over the metrics' ids; absent if the alarm watches the only metric itself. */
  readonly expression?: string;
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  /** CloudWatch's word. */
  readonly comparisonOperator: 'GreaterThanThreshold' | 'LessThanThreshold';
  /** CloudWatch's word. */
  readonly treatMissingData: 'notBreaching' | 'breaching';
}

/** What the alarms compare with. */
export interface AlarmInputs {
  readonly hostName: string;
  readonly errorPercent: number;
  readonly latencySeconds: number;
  readonly minRequests: number;
  /** Tasks that should answer at any time. */
  readonly expectedTasks: number;
}

const NAMESPACE = 'AWS/ApplicationELB';

/**
 * Alarms of a service behind the load balancer.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export function serviceAlarms(inputs: AlarmInputs): AlarmBlueprint[] {
  const alarms = [unhealthyHosts(inputs), errors(inputs), latency(inputs)];
  return inputs.expectedTasks > 0 ? [...alarms, tooFewTasks(inputs)] : alarms;
}

function unhealthyHosts({ hostName }: AlarmInputs): AlarmBlueprint {
  return {
    id: 'UnhealthyHosts',
    description: `${hostName}: tasks fail their health check`,
    namespace: NAMESPACE,
    metrics: [{ id: 'unhealthy', metricName: 'UnHealthyHostCount', statistic: 'Maximum' }],
    periodSeconds: 60, evaluationPeriods: 5, datapointsToAlarm: 3,
    threshold: 0, comparisonOperator: 'GreaterThanThreshold', treatMissingData: 'notBreaching',
  };
}

function errors({ hostName, errorPercent, minRequests }: AlarmInputs): AlarmBlueprint {
  return {
    id: 'Errors',
    description: `${hostName}: more than ${errorPercent} % of answers are server errors`,
    namespace: NAMESPACE,
    metrics: [
      { id: 'errors', metricName: 'HTTPCode_Target_5XX_Count', statistic: 'Sum' },
      { id: 'requests', metricName: 'RequestCount', statistic: 'Sum' },
    ],
    // no 5xx means no datapoint, not zero
    expression: `IF(requests >= ${minRequests}, 100 * FILL(errors, 0) / requests, 0)`,
    periodSeconds: 300, evaluationPeriods: 2, datapointsToAlarm: 2,
    threshold: errorPercent, comparisonOperator: 'GreaterThanThreshold', treatMissingData: 'notBreaching',
  };
}

function latency({ hostName, latencySeconds }: AlarmInputs): AlarmBlueprint {
  return {
    id: 'Latency',
    description: `${hostName}: 1 of 100 requests takes longer than ${latencySeconds * 1000} ms`,
    namespace: NAMESPACE,
    metrics: [{ id: 'latency', metricName: 'TargetResponseTime', statistic: 'p99' }],
    periodSeconds: 60, evaluationPeriods: 5, datapointsToAlarm: 3,
    threshold: latencySeconds, comparisonOperator: 'GreaterThanThreshold', treatMissingData: 'notBreaching',
  };
}

function tooFewTasks({ hostName, expectedTasks }: AlarmInputs): AlarmBlueprint {
  return {
    id: 'TooFewTasks',
    description: `${hostName}: fewer than ${expectedTasks} healthy tasks`,
    namespace: NAMESPACE,
    metrics: [{ id: 'healthy', metricName: 'HealthyHostCount', statistic: 'Minimum' }],
    periodSeconds: 60, evaluationPeriods: 5, datapointsToAlarm: 5,
    // a target group without any task sends no datapoint
    threshold: expectedTasks, comparisonOperator: 'LessThanThreshold', treatMissingData: 'breaching',
  };
}
