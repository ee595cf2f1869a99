import { Duration, Size, SizeRoundingBehavior } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PROMETHEUS_STACK, prometheusStackValues } from './blueprint/prometheus-stack';
import type { IPrometheus } from './interfaces';
import { AddOnRequirement } from '../cluster/blueprint/add-on-requirement';
import { mirroredImage } from '../cluster/blueprint/endpoints';
import { HelmAddOn } from '../cluster/helm-add-on';
import type { IMlCluster } from '../cluster/interfaces';
import { PrometheusOperatorCrds } from '../cluster/prometheus-operator-crds';
import { checkInteger, checkLiteral, checkText, DNS_LABEL, kebab, type TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';

const SERVER_URL: TextRule = {
  pattern: /^https?:\/\/[^\s/?#]+(\/[^\s?#]*[^\s?#/])?$/,
  allowed: "an http or https address without a slash at the end, such as 'http://prometheus.monitoring.svc:9090'",
};

/** Names of storage classes and Secrets are DNS subdomains. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const OBJECT_NAME: TextRule = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  allowed: '1 to 253 lower-case letters, digits, hyphens or dots, starting and ending with a letter or digit',
};

/** A Prometheus that exists. */
export interface PrometheusAttributes {
  /** Address of its HTTP API as pods of the cluster reach it, for example `http://prometheus.monitoring.svc:9090`. */
  readonly serverUrl: string;

  /**
   * Namespace that its pods stand in: network policies let it scrape.
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
   * How long metrics are kept, from 1 hour to 2 years. The oldest go earlier when the volume is full.
   *
   * @default Duration.days(15)
   */
  readonly retention?: Duration;

  /**
   * Size of Prometheus' volume.
   *
   * @default Size.gibibytes(50)
   */
  readonly storageSize?: Size;

  /**
   * Storage class of Prometheus' volume. The default one is an MlCluster's: encrypted gp3 volumes that stay when the stack goes.
   *
   * @default 'gp3-retain'
   */
  readonly storageClass?: string;

  /**
   * Whether Alertmanager is installed. It tells nobody until an AlertmanagerConfig says whom.
   *
   * @default true
   */
  readonly alertmanager?: boolean;

  /**
   * Whether Grafana is installed. It is reached from inside of the cluster only, for example by `kubectl port-forward`.
   *
   * @default true
   */
  readonly grafana?: boolean;

  /**
   * Name of a Secret in the namespace `monitoring` with Grafana's administrator: keys `admin-user` and `admin-password`. In yaml and
   * gitOps delivery it has to be given.
   *
   * @default - the chart makes one with a random password at the first installation: Secret `kube-prometheus-stack-grafana`
   */
  readonly grafanaAdminSecret?: string;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/**
 * Prometheus with its operator, Alertmanager and Grafana. Every ServiceMonitor, PodMonitor and PrometheusRule of the cluster counts, and
 * every ConfigMap with the label `grafana_dashboard: "1"` is a dashboard.
 *
 * At rest in us-east-1, with the defaults: about 4.20 USD a month for 52 GiB of gp3, and room for its pods on the system nodes
 * (about 0.5 vCPU and 2 GiB).
 *
 * Fails with `invalid-retention`, `invalid-storage-size`, `invalid-storage-class`, `invalid-grafana-admin-secret`,
 * `missing-grafana-admin-secret`, `unknown-chart-value` and what `HelmAddOn` fails with.
 *
 * @see https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack
 */
export class PrometheusStack extends Construct implements IPrometheus {
  /** Uses a Prometheus that exists. Nothing is created. Fails with `invalid-server-url` or `invalid-namespace`. */
  static fromUrl(attributes: PrometheusAttributes): IPrometheus {
    const { serverUrl, namespace = PROMETHEUS_STACK.namespace } = attributes;
    const faults = Faults.at('PrometheusStack');
    checkText(faults, 'serverUrl', serverUrl, SERVER_URL);
    checkText(faults, 'namespace', namespace, DNS_LABEL);
    faults.throwIfAny();
    return { serverUrl, namespace };
  }

  /** The installed chart. */
  readonly addOn: HelmAddOn;
  /** Address of Prometheus in the cluster: autoscaling and Grafana read it. */
  readonly serverUrl: string;
  readonly namespace: string;

  constructor(scope: Construct, id: string, props: PrometheusStackProps) {
    const faults = Faults.of(scope, id);
    const { cluster, alertmanager = true, grafana = true, grafanaAdminSecret, storageClass = 'gp3-retain' } = props;
    const { retentionHours, storageGiB } = checkSizes(faults, props);
    checkLiteral(faults, 'alertmanager', alertmanager);
    checkLiteral(faults, 'grafana', grafana);
    checkText(faults, 'storageClass', storageClass, OBJECT_NAME);
    checkText(faults, 'grafanaAdminSecret', grafanaAdminSecret, OBJECT_NAME);
    faults.check(!grafana || grafanaAdminSecret !== undefined || cluster.delivery.type === 'helm', 'missing-grafana-admin-secret',
      `grafanaAdminSecret is missing, and with ${cluster.delivery.type} delivery Grafana would get another password at each rendering; make a Secret with admin-user and admin-password and name it, or set grafana to false`);
    faults.throwIfAny();
    super(scope, id);
    const { chart, namespace } = PROMETHEUS_STACK;
    const images = cluster.platformVersion.images(chart).map((image) => mirroredImage(cluster.imageMirror, image));
    PrometheusOperatorCrds.ensure(cluster);
    this.addOn = new HelmAddOn(this, 'AddOn', {
      cluster,
      chart,
      namespace,
      values: prometheusStackValues({ retentionHours, storageGiB, storageClass, alertmanager, grafana, grafanaAdminSecret, images }),
      overrides: props.values,
      images,
      relations: { requires: ['Prometheus', 'Alertmanager'].map((kind) => AddOnRequirement.customResource(`monitoring.coreos.com/${kind}`)) },
    });
    this.namespace = this.addOn.namespace;
    this.serverUrl = `http://${chart}-prometheus.${namespace}.svc:9090`;
  }
}

/** Hours and GiB, which become parts of texts and so have to be known. */
function checkSizes(faults: Faults, props: PrometheusStackProps): { retentionHours: number; storageGiB: number } {
  const { retention = Duration.days(15), storageSize = Size.gibibytes(50) } = props;
  const retentionHours = retention.isUnresolved() ? undefined : retention.toHours({ integral: false });
  const storageGiB = storageSize.isUnresolved() ? undefined : storageSize.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
  for (const [property, amount] of Object.entries({ retention: retentionHours, storageSize: storageGiB })) {
    faults.check(amount !== undefined, `unresolved-${kebab(property)}`, `${property} is known only at deploy time, but it decides what is created; give a literal`);
  }
  checkInteger(faults, 'retention', retentionHours, { min: 1, max: 2 * 365 * 24, unit: 'hours' });
  checkInteger(faults, 'storageSize', storageGiB, { min: 1, max: 16_384, unit: 'GiB' });
  return { retentionHours: retentionHours ?? 0, storageGiB: storageGiB ?? 0 };
}
