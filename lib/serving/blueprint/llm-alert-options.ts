import type { Duration } from 'aws-cdk-lib';

/** From when on a language model's alerts fire. */
export interface LlmAlertOptions {
  /**
   * Time to the first token, 95th percentile.
   *
   * @default Duration.seconds(5)
   */
  readonly timeToFirstToken?: Duration;

  /**
   * Time for each further token, 95th percentile.
   *
   * @default Duration.millis(100)
   */
  readonly timePerOutputToken?: Duration;

  /**
   * Share of requests that the server answers with an error of its own (HTTP 5xx), in percent.
   *
   * @default 2
   */
  readonly errorPercent?: number;

  /**
   * Requests that wait in a replica, on average.
   *
   * @default 20
   */
  readonly waitingRequests?: number;

  /**
   * Use of the KV cache of a replica, in percent: above it requests are preempted and computed again.
   *
   * @default 95
   */
  readonly kvCachePercent?: number;

  /**
   * Use of a GPU for an hour, in percent, under which it is paid for in vain.
   *
   * @default 5
   */
  readonly idleGpuPercent?: number;
}
