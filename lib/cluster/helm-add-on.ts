import { Duration } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import type { AddOnNode } from './blueprint/add-on-graph';
import type { AddOnRequirement } from './blueprint/add-on-requirement';
import type { ControlledResource } from './blueprint/controlled-resource';
import { checkImages, mirroredChart } from './blueprint/endpoints';
import { checkKinds } from './blueprint/kinds';
import { mergeValues } from './blueprint/merge-values';
import { BUILT_IN_NAMESPACES } from './blueprint/namespaces';
import { PodSecurity } from './blueprint/pod-security';
import type { IMlCluster, IWorkloadIdentity } from './interfaces';
import { ManifestRelease } from './manifest-release';
import type { ChartRelease } from './manifests/add-on-files';
import { namespaceChart } from './manifests/basics';
import { chartFiles } from './manifests/delivered-files';
import { namespaceKey, serviceAccountKey } from './manifests/describe-node';
import { RELEASE_NAME } from './manifests/release';
import { deployTimePaths } from './manifests/yaml-folder';
import { Faults } from '../core/private/faults';
import type { ChartVersion } from '../core/versions';
import { checkChartValues } from './private/chart-values';
import { DeliveryWriter } from './private/delivery-writer';
import { InstallationOrder } from './private/installation-order';
import { checkTimeout } from './private/release';
import { checkText, DNS_LABEL } from '../core/private/checks';

/** Where an add-on stands among the others. The order of installation and of removal follows from it. */
export interface AddOnRelations {
  /**
   * What has to be in the cluster first.
   *
   * @default - nothing
   */
  readonly requires?: AddOnRequirement[];

  /**
   * Custom resources that the chart defines, as `group/Kind`. Whatever uses them waits for this add-on.
   *
   * @default - none
   */
  readonly defines?: string[];

  /**
   * Objects that a webhook of the chart judges, as `group/Kind` (`/Service` in the core group). Whatever makes such objects
   * waits until this add-on is ready.
   *
   * @default - none
   */
  readonly guards?: string[];

  /**
   * Objects that the chart makes, as `group/Kind`, as far as another add-on's webhook may judge them.
   *
   * @default ['/Service']
   */
  readonly creates?: string[];

  /**
   * What the controller makes outside of the cluster. It is removed, and waited for, before the controller goes.
   *
   * @default - nothing
   */
  readonly controls?: ControlledResource[];
}

/** Options of a Helm add-on. */
export interface HelmAddOnOptions {
  /** Name of the chart in the platform version, for example `cert-manager`. */
  readonly chart: string;

  /**
   * Another version of the chart, at your own risk.
   *
   * @default - the version of the cluster's platform version
   */
  readonly chartVersion?: ChartVersion;

  /**
   * Name of the release and of the add-on: 1 to 53 lower-case letters, digits and hyphens.
   *
   * @default - the chart's name
   */
  readonly name?: string;

  /**
   * Namespace. It is made, with its Pod Security standard, unless every cluster has it or something of the cluster made it before.
   *
   * @default - the add-on's name
   */
  readonly namespace?: string;

  /**
   * Pod Security standard of the namespace. An add-on in the namespace of another one has to say the same, or nothing.
   *
   * @default PodSecurity.RESTRICTED
   */
  readonly podSecurity?: PodSecurity;

  /**
   * Values of the chart. Keys that the pinned chart does not have are refused.
   *
   * @default - the chart's own
   */
  readonly values?: { readonly [key: string]: unknown };

  /**
   * Values that are merged over `values`, last: maps are merged, all else is replaced. Checked like `values`.
   *
   * @default - none
   */
  readonly overrides?: { readonly [key: string]: unknown };

  /**
   * Where the add-on stands among the others.
   *
   * @default - it requires nothing and makes Services
   */
  readonly relations?: AddOnRelations;

  /**
   * Images that the chart runs, with their registry: where the network has no route out they must come from a mirror.
   *
   * @default - unknown, not checked
   */
  readonly images?: string[];

  /**
   * ServiceAccounts with AWS rights that the chart's pods use. Pods get rights when they are made, so the chart waits for them.
   *
   * @default - none
   */
  readonly identities?: IWorkloadIdentity[];

  /**
   * Whether definitions in the chart's `crds/` folder are left out, because another chart brings them.
   *
   * @default false
   */
  readonly skipCrds?: boolean;

  /**
   * How long Helm may take until all is ready, at most 12 minutes.
   *
   * @default Duration.minutes(12)
   */
  readonly timeout?: Duration;
}

/** Properties of a Helm add-on. */
export interface HelmAddOnProps extends HelmAddOnOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;
}

/**
 * A controller of the platform, installed by its pinned Helm chart. The deployment waits until it is ready, and goes back if it
 * does not become so.
 *
 * Fails with a ValidationError, among others `unknown-chart`, `unknown-chart-value`, `add-on-cycle`, `duplicate-add-on`,
 * `unreachable-images`, `deploy-time-value-in-git`.
 */
export class HelmAddOn extends Construct {
  /** Name of the add-on: others name it in `AddOnRequirement.addOn(name)`. */
  readonly addOnName: string;
  /** Namespace of the release. */
  readonly namespace: string;
  /** Chart, repository and version that are installed. */
  readonly chartVersion: ChartVersion;
  /** The release as aws-cdk-lib knows it; undefined in yaml and gitOps delivery. */
  readonly helmChart?: eks.HelmChart;
  /** The namespace's release; undefined where the namespace was there before. */
  readonly namespaceRelease?: ManifestRelease;

  constructor(scope: Construct, id: string, props: HelmAddOnProps) {
    const faults = Faults.of(scope, id);
    const plan = planAddOn(faults, props);
    const order = InstallationOrder.of(props.cluster);
    checkPodSecurity(faults, order, plan.release.namespace, props.podSecurity);
    faults.throwIfAny();
    order.check(plan.node);

    super(scope, id);
    this.addOnName = plan.release.name;
    this.namespace = plan.release.namespace;
    this.chartVersion = plan.version;
    if (!BUILT_IN_NAMESPACES.includes(this.namespace) && !order.brings(namespaceKey(this.namespace))) {
      this.namespaceRelease = this.makeNamespace(props, order);
    }
    const { delivery } = props.cluster;
    if (delivery.type === 'helm') {
      this.helmChart = this.install(props, plan);
    } else {
      DeliveryWriter.of(props.cluster, delivery).add(() => chartFiles(delivery, order.positionOf(this.addOnName), plan.release));
    }
    order.register(
      { node: plan.node, construct: this, controls: props.relations?.controls ?? [], serviceAccounts: accountsOf(props) }, this.helmChart ?? this);
  }

  private makeNamespace(props: HelmAddOnProps, order: InstallationOrder): ManifestRelease {
    const level = props.podSecurity ?? PodSecurity.RESTRICTED;
    order.namespaces.set(this.namespace, level);
    return new ManifestRelease(this, 'Namespace', {
      cluster: props.cluster,
      chart: namespaceChart(this.namespace, level),
      releaseName: `${this.addOnName.slice(0, 43)}-namespace`,
    });
  }

  private install(props: HelmAddOnProps, plan: AddOnPlan): eks.HelmChart {
    const { release } = plan;
    return new eks.HelmChart(this, 'Resource', {
      cluster: props.cluster.cluster,
      chart: release.chart,
      repository: release.repository,
      version: release.version,
      release: release.name,
      namespace: release.namespace,
      createNamespace: false,
      skipCrds: release.skipCrds,
      values: { ...release.values },
      wait: true,
      atomic: true,
      timeout: props.timeout ?? Duration.minutes(12),
    });
  }
}

interface AddOnPlan {
  readonly version: ChartVersion;
  readonly release: ChartRelease;
  readonly node: AddOnNode;
}

function planAddOn(faults: Faults, props: HelmAddOnProps): AddOnPlan {
  const { cluster, relations = {} } = props;
  const version = props.chartVersion ?? faults.collect(() => cluster.platformVersion.chart(props.chart));
  const name = props.name ?? props.chart;
  const namespace = props.namespace ?? name;
  checkText(faults, 'name', name, RELEASE_NAME);
  checkText(faults, 'namespace', namespace, DNS_LABEL);
  checkTimeout(faults, props.timeout);
  for (const property of ['defines', 'guards', 'creates'] as const) checkKinds(faults, `relations.${property}`, relations[property]);
  const values = mergeValues(props.values ?? {}, props.overrides ?? {});
  checkValues(faults, props.chart, values);
  if (cluster.delivery.type !== 'helm') refuseDeployTimeValues(faults, values, name, cluster.delivery.type);
  const repository = mirroredChart(cluster.imageMirror, version?.repository ?? '', version?.chart ?? props.chart);
  checkImages(faults, cluster.network, [repository, ...props.images ?? []].filter((it) => it !== ''));
  return {
    version: version ?? { chart: props.chart, repository, version: '', kubernetes: '' },
    release: { name, namespace, chart: version?.chart ?? props.chart, repository, version: version?.version ?? '', values, skipCrds: props.skipCrds ?? false },
    node: {
      name,
      isAddOn: true,
      requires: relations.requires ?? [],
      defines: relations.defines ?? [],
      guards: relations.guards ?? [],
      creates: [...relations.creates ?? ['/Service'], namespaceKey(namespace), ...accountsOf(props).map(serviceAccountKey)],
    },
  };
}

function checkPodSecurity(faults: Faults, order: InstallationOrder, namespace: string, level: PodSecurity | undefined): void {
  const made = order.namespaces.get(namespace);
  faults.check(level === undefined || made === undefined || level === made, 'conflicting-pod-security',
    `podSecurity '${level}' is not '${made}', which the namespace '${namespace}' has by another add-on; say the same, or choose another namespace`);
}

function accountsOf(props: HelmAddOnProps): string[] {
  return (props.identities ?? []).map((identity) => `${identity.namespace}/${identity.serviceAccountName}`);
}

function checkValues(faults: Faults, chart: string, values: Record<string, unknown>): void {
  for (const fault of checkChartValues(chart, values)) {
    const hint = fault.suggestion === undefined ? '' : ` (did you mean '${fault.suggestion}'?)`;
    faults.add('unknown-chart-value', fault.expected === undefined
      ? `values.${fault.path} is not a value of the pinned chart ${chart}${hint}; correct the key, or leave it out`
      : `values.${fault.path} is not a ${fault.expected}, which the pinned chart ${chart} wants there; give a ${fault.expected}`);
  }
}

function refuseDeployTimeValues(faults: Faults, values: Record<string, unknown>, name: string, delivery: string): void {
  for (const path of deployTimePaths(values, 'values')) {
    faults.add('deploy-time-value-in-git',
      `${path} of the add-on '${name}' is known only at deploy time, but ${delivery} delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()`);
  }
}
