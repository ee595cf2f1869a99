import type { Duration } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { LoggerPlan } from './logger-plan';
import { checkInteger, checkOneOf, checkText, type TextRule } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** What of a call is logged. */
export enum RequestLogMode {
  /** Questions and answers. */
  ALL = 'all',
  /** Questions. */
  REQUEST = 'request',
  /** Answers. */
  RESPONSE = 'response',
}

/** How batches of logged calls are written. */
export enum RequestLogFormat {
  /** One call as it is, several as a list. */
  JSON = 'json',
  /** A table with a header line in each object. */
  CSV = 'csv',
  /** Columns, as Athena and Spark read them best. */
  PARQUET = 'parquet',
}

/** What is logged. */
export interface RequestLoggingOptions {
  /**
   * What of a call is logged.
   *
   * @default RequestLogMode.ALL
   */
  readonly mode?: RequestLogMode;

  /**
   * Headers of the request that are logged with it.
   *
   * @default - none
   */
  readonly headers?: string[];
}

/** How calls are written to a bucket. */
export interface RequestLoggingToS3Options extends RequestLoggingOptions {
  /**
   * Prefix of the objects, without slashes at its ends. Below it: namespace, service, `predictor`, `requests`.
   *
   * @default 'model-requests'
   */
  readonly prefix?: string;

  /**
   * Calls in one object, 1 to 10,000. What a pod has not written yet is lost when it dies.
   *
   * @default 100
   */
  readonly batchSize?: number;

  /**
   * How long a batch that is not full waits, 100 milliseconds to 1 hour.
   *
   * @default Duration.seconds(30)
   */
  readonly batchInterval?: Duration;

  /**
   * Format of the objects.
   *
   * @default RequestLogFormat.JSON
   */
  readonly format?: RequestLogFormat;
}

const ADDRESS: TextRule = {
  pattern: /^https?:\/\/[^\s/?#]+([/?][^\s#]*)?$/, allowed: 'an http or https address, for example http://collector.logging/requests',
};
const PREFIX: TextRule = {
  pattern: /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/, allowed: 'a prefix without slashes at its ends, for example model-requests',
};
/** RFC 9110, 5.1. KServe joins the names with commas. */
const HEADER: TextRule = { pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/, allowed: "1 to 256 letters, digits or one of !#$%&'*+-.^_`|~" };

/**
 * Where the calls of a model service are logged: questions and answers, by KServe's agent beside the model.
 *
 * Only REST passes the agent, gRPC does not, and of the answers only those with status 200 are logged. EventBridge takes no CloudEvents
 * over HTTP: to have calls on the event bus, log to a bucket that sends its events there, or run a sink of your own that forwards them.
 *
 * @see https://kserve.github.io/website/docs/model-serving/predictive-inference/logger/basic-logger
 */
export class RequestLogging {
  /**
   * As CloudEvents, one HTTP request for each: to a Knative broker or a service of your own. They are sent once: what the sink does not
   * take is lost, and what waits for a slow one lies in the agent's memory.
   *
   * Fails with `invalid-url`, `invalid-mode` or `invalid-headers`.
   *
   * @param url address of the sink, which may be known only at deploy time
   */
  static toUrl(url: string, options: RequestLoggingOptions = {}): RequestLogging {
    const faults = Faults.at('RequestLogging');
    checkText(faults, 'url', url, ADDRESS);
    checkOptions(faults, options);
    faults.throwIfAny();
    return new RequestLogging({ url, mode: options.mode ?? RequestLogMode.ALL, headers: headersOf(options) });
  }

  /**
   * As objects in a bucket, in batches; the service gets the right to write them.
   *
   * Fails with `invalid-prefix`, `invalid-batch-size`, `invalid-batch-interval`, `invalid-format`, `invalid-mode` or `invalid-headers`.
   */
  static toS3(bucket: s3.IBucket, options: RequestLoggingToS3Options = {}): RequestLogging {
    const { prefix = 'model-requests', batchSize = 100, format = RequestLogFormat.JSON } = options;
    const faults = Faults.at('RequestLogging');
    checkText(faults, 'prefix', prefix, PREFIX);
    checkInteger(faults, 'batchSize', batchSize, { min: 1, max: 10_000 });
    checkOneOf(faults, 'format', format, Object.values(RequestLogFormat));
    const milliseconds = options.batchInterval?.toMilliseconds({ integral: false }) ?? 30_000;
    checkInteger(faults, 'batchInterval', milliseconds, { min: 100, max: 3_600_000, unit: 'milliseconds' });
    checkOptions(faults, options);
    faults.throwIfAny();
    return new RequestLogging({
      url: `s3://${bucket.bucketName}/${prefix}`,
      mode: options.mode ?? RequestLogMode.ALL,
      headers: headersOf(options),
      storage: { path: 'requests', format, batchSize, batchInterval: `${milliseconds}ms` },
    }, bucket, prefix);
  }

  private constructor(
    /** @internal */
    readonly _plan: LoggerPlan,
    /** Bucket that calls are written to; undefined where they go to an address. */
    readonly bucket?: s3.IBucket,
    /** Prefix of the objects in the bucket. */
    readonly prefix?: string,
  ) {}
}

function checkOptions(faults: Faults, options: RequestLoggingOptions): void {
  checkOneOf(faults, 'mode', options.mode, Object.values(RequestLogMode));
  (options.headers ?? []).forEach((header, index) => checkText(faults, `headers[${index}]`, header, HEADER));
}

/** As Go spells them: KServe's agent compares letter by letter. https://pkg.go.dev/net/textproto#CanonicalMIMEHeaderKey */
function headersOf(options: RequestLoggingOptions): string[] {
  return (options.headers ?? []).map((header) => header.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()));
}
