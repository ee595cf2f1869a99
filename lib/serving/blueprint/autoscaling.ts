import type { Duration } from 'aws-cdk-lib';

/** How far a service scales, and how fast. Whether it goes to zero is a choice of its own, `ScaleToZero`. */
export interface Autoscaling {
  /**
   * Fewest replicas, 1 or more: metrics of a service without pods do not exist, so they cannot wake it.
   *
   * @default 1
   */
  readonly minReplicas?: number;

  /** Most replicas. */
  readonly maxReplicas: number;

  /**
   * How long more replicas have to be asked for before they are made, at most an hour: a GPU node is not started for a blip.
   *
   * @default Duration.minutes(1)
   */
  readonly scaleUpWindow?: Duration;

  /**
   * How long fewer replicas have to suffice before one goes, at most an hour: bringing a model back takes minutes.
   *
   * @default Duration.minutes(10)
   */
  readonly scaleDownWindow?: Duration;

  /**
   * Replicas that run at least while Prometheus does not answer; those that are there stay in any case.
   * A service that goes to zero has none: its number of replicas stands still then.
   *
   * @default - minReplicas
   */
  readonly fallbackReplicas?: number;
}

/** How a language model scales: by what its vLLM servers report. */
export interface LlmAutoscaling extends Autoscaling {
  /**
   * Requests that wait in a replica, on average, before there are more replicas (`vllm:num_requests_waiting`).
   *
   * @default 5
   */
  readonly waitingRequests?: number;

  /**
   * Percent of the KV cache that is used in a replica, on average, before there are more replicas (`vllm:kv_cache_usage_perc`).
   *
   * @default 75
   */
  readonly kvCachePercent?: number;
}

/** How a model service scales: by the requests that come through the gateway. */
export interface RequestAutoscaling extends Autoscaling {
  /**
   * Requests in a second that a replica is meant to take.
   *
   * @default - not looked at
   */
  readonly requestsPerSecond?: number;

  /**
   * Requests that a replica is meant to work on at the same time.
   *
   * @default - 10, unless requestsPerSecond is given
   */
  readonly concurrentRequests?: number;
}
