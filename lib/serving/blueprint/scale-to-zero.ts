import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { checkCron, checkTimeZone } from './autoscaling-checks';
import type { Wake } from './scale-to-zero-wake';
import { checkInteger, checkText, DNS_LABEL } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** When a service is up. */
export interface WakeScheduleOptions {
  /** When it comes up: a cron expression of minute, hour, day of month, month and day of week, such as `30 7 * * MON-FRI`. */
  readonly start: string;
  /** When it may go, another cron expression: it goes when nothing has been asked for as long as `cooldown`. */
  readonly end: string;
  /**
   * Time zone of both, an IANA name such as `Europe/Berlin`.
   *
   * @default 'UTC'
   */
  readonly timeZone?: string;
  /**
   * How long it stays up when nothing keeps it.
   *
   * @default Duration.minutes(10)
   */
  readonly cooldown?: Duration;
}

/** How a queue wakes a service. */
export interface WakeQueueOptions {
  /**
   * Messages that a replica is meant to work off, waiting or in flight.
   *
   * @default 50
   */
  readonly messagesPerReplica?: number;
  /**
   * KEDA, which gets the right to read the queue's length.
   *
   * @default - somebody else gives it that right
   */
  readonly scaler?: iam.IGrantable;
  /**
   * How long the service stays up after the queue is empty.
   *
   * @default Duration.minutes(10)
   */
  readonly cooldown?: Duration;
}

/** How a request wakes a service. */
export interface WakeRequestOptions {
  /**
   * Requests that a replica is meant to work on at the same time.
   *
   * @default 100
   */
  readonly concurrentRequests?: number;
  /**
   * How long a request is held while the first replica comes up: a node, its image and the model.
   *
   * @default Duration.minutes(20)
   */
  readonly holdFor?: Duration;
  /**
   * How long the service stays up after the last request.
   *
   * @default Duration.minutes(10)
   */
  readonly cooldown?: Duration;
  /**
   * Namespace of KEDA's HTTP add-on.
   *
   * @default 'keda'
   */
  readonly namespace?: string;
}

/**
 * What brings a service back that has no replicas. A service without pods has no metrics, so something outside of it has to.
 *
 * @see https://keda.sh/docs/2.20/concepts/scaling-deployments/
 */
export class ScaleToZero {
  /**
   * Up at certain times. Outside of them it stays up only as long as it is busy.
   *
   * Fails with `invalid-start`, `invalid-end`, `invalid-time-zone`, `invalid-cooldown`.
   *
   * @see https://keda.sh/docs/2.20/scalers/cron/
   */
  static schedule(options: WakeScheduleOptions): ScaleToZero {
    const faults = Faults.at('ScaleToZero');
    const { start, end, timeZone = 'UTC' } = options;
    checkCron(faults, 'start', start);
    checkCron(faults, 'end', end);
    faults.check(start !== end, 'invalid-end', `end '${end}' is the same as start, so the service would never be up; give another time`);
    checkTimeZone(faults, timeZone);
    const cooldown = cooldownOf(faults, options.cooldown);
    faults.throwIfAny();
    return new ScaleToZero(cooldown, { type: 'schedule', start, end, timeZone });
  }

  /**
   * Up while there are messages in a queue, for asynchronous callers: their worker takes a message, asks the service, and deletes
   * the message when it has the answer.
   *
   * Fails with `invalid-messages-per-replica` or `invalid-cooldown`.
   *
   * @see https://keda.sh/docs/2.20/scalers/aws-sqs/
   */
  static onQueue(queue: sqs.IQueue, options: WakeQueueOptions = {}): ScaleToZero {
    const faults = Faults.at('ScaleToZero');
    const { messagesPerReplica = 50, scaler } = options;
    checkInteger(faults, 'messagesPerReplica', messagesPerReplica, { min: 1, max: 120_000 });
    const cooldown = cooldownOf(faults, options.cooldown);
    faults.throwIfAny();
    if (scaler !== undefined) queue.grant(scaler, 'sqs:GetQueueAttributes');
    return new ScaleToZero(cooldown, { type: 'queue', queueUrl: queue.queueUrl, region: queue.env.region, messagesPerReplica });
  }

  /**
   * Up when somebody asks: a proxy holds the request until a replica answers. The service needs a gateway, and callers need the
   * patience that `holdFor` grants them.
   *
   * Fails with `invalid-concurrent-requests`, `invalid-hold-for`, `invalid-namespace` or `invalid-cooldown`.
   *
   * @see https://keda.sh/http-add-on/0.15/
   */
  static onRequest(options: WakeRequestOptions = {}): ScaleToZero {
    const faults = Faults.at('ScaleToZero');
    const { concurrentRequests = 100, namespace = 'keda' } = options;
    const holdSeconds = options.holdFor?.toSeconds() ?? 1_200;
    checkInteger(faults, 'concurrentRequests', concurrentRequests, { min: 1, max: 100_000 });
    faults.check(holdSeconds >= 1 && holdSeconds <= 3_600, 'invalid-hold-for', `holdFor ${holdSeconds} s is not from 1 second to 1 hour; use a duration in that range`);
    checkText(faults, 'namespace', namespace, DNS_LABEL);
    const cooldown = cooldownOf(faults, options.cooldown);
    faults.throwIfAny();
    return new ScaleToZero(cooldown, { type: 'request', concurrentRequests, holdSeconds, namespace });
  }

  private constructor(
    /** Seconds that the service stays up when nothing keeps it. */
    readonly cooldownSeconds: number,
    /** @internal */
    readonly _wake: Wake,
  ) {}

  /** What wakes the service: `schedule`, `queue` or `request`. */
  get type(): string {
    return this._wake.type;
  }
}

function cooldownOf(faults: Faults, cooldown: Duration | undefined): number {
  const seconds = cooldown?.toSeconds() ?? 600;
  faults.check(seconds >= 0 && seconds <= 86_400, 'invalid-cooldown', `cooldown ${seconds} s is not from 0 seconds to 1 day; use a duration in that range`);
  return seconds;
}
