/** A Prometheus that has the platform's metrics. */
export interface IPrometheus {
  /** Address of its HTTP API, for example `http://prometheus.monitoring.svc:9090`. */
  readonly serverUrl: string;
  /** Namespace that it stands in; objects such as dashboards go there. */
  readonly namespace: string;
}
