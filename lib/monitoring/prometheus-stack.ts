import { Construct } from 'constructs';
import type { IPrometheus } from './interfaces';
import { HelmAddOn } from '../cluster/helm-add-on';
import type { IMlCluster } from '../cluster/interfaces';

/** A Prometheus that exists. */
export interface PrometheusAttributes {
  /** Address of its HTTP API, for example `http://prometheus.monitoring.svc:9090`. */
  readonly serverUrl: string;
  /**
   * Namespace that dashboards go to.
   *
   * @default 'monitoring'
   */
  readonly namespace?: string;
}

/** Properties of the monitoring stack. */
export interface PrometheusStackProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** Prometheus with its operator, Alertmanager and Grafana. */
export class PrometheusStack extends Construct implements IPrometheus {
  /** Uses a Prometheus that exists. Nothing is created. */
  static fromUrl(attributes: PrometheusAttributes): IPrometheus {
    return { serverUrl: attributes.serverUrl, namespace: attributes.namespace ?? 'monitoring' };
  }

  /** The installed chart. */
  readonly addOn: HelmAddOn;
  readonly serverUrl: string;
  readonly namespace: string;

  constructor(scope: Construct, id: string, props: PrometheusStackProps) {
    super(scope, id);
    this.addOn = new HelmAddOn(this, 'AddOn', { cluster: props.cluster, chart: 'kube-prometheus-stack', namespace: 'monitoring', overrides: props.values });
    this.namespace = this.addOn.namespace;
    this.serverUrl = `http://prometheus.${this.namespace}.svc:9090`;
  }
}
