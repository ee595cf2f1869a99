import type { Duration } from 'aws-cdk-lib';

/** How the number of tasks follows the load. */
export interface ServiceScaling {
  /**
   * Fewest tasks, 1 to 5,000.
   *
   * @default 1
   */
  readonly minTasks?: number;

  /** Most tasks, at least `minTasks`, at most 5,000. */
  readonly maxTasks: number;

  /**
   * Average CPU use that scaling holds, in percent of the task's CPU, 10 to 95.
   *
   * @default 60
   */
  readonly targetCpuPercent?: number;

  /**
   * Requests per task and minute that scaling holds besides CPU.
   *
   * @default - scaling follows CPU only
   */
  readonly targetRequestsPerMinute?: number;
}

/**
 * How the load balancer finds out that a task answers.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export interface ServiceHealthCheck {
  /**
   * Path that answers 200 to 299 when the task is well.
   *
   * @default '/health'
   */
  readonly path?: string;

  /**
   * Time between two checks, 5 to 300 seconds.
   *
   * @default Duration.seconds(15)
   */
  readonly interval?: Duration;

  /**
   * Time until a check counts as failed, 2 to 120 seconds, below `interval`.
   *
   * @default Duration.seconds(5)
   */
  readonly timeout?: Duration;

  /**
   * Good checks in a row until a task gets requests, 2 to 10.
   *
   * @default 2
   */
  readonly healthyThreshold?: number;

  /**
   * Bad checks in a row until a task gets none, 2 to 10.
   *
   * @default 3
   */
  readonly unhealthyThreshold?: number;

  /**
   * Time after start in which bad checks do not stop a task, 0 to 7,200 seconds.
   *
   * @default Duration.seconds(60)
   */
  readonly gracePeriod?: Duration;
}

/** When a service's alarms go off. */
export interface ServiceAlarmThresholds {
  /**
   * Share of answers that are server errors (the service's 5xx) above which the alarm goes off, in percent, 0 to 100.
   *
   * @default 5
   */
  readonly errorPercent?: number;

  /**
   * Answer time that 99 of 100 requests stay below, 1 millisecond to 1 hour.
   *
   * @default Duration.seconds(1)
   */
  readonly latencyP99?: Duration;

  /**
   * Requests in five minutes below which errors raise no alarm: one error in two requests is no trend. At least 1.
   *
   * @default 20
   */
  readonly minRequests?: number;
}
