import { join } from 'path';
import { Duration, Stage } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as s3assets from 'aws-cdk-lib/aws-s3-assets';
import type { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import type { AddOnNode } from './blueprint/add-on-graph';
import type { AddOnRequirement } from './blueprint/add-on-requirement';
import { checkImages } from './blueprint/endpoints';
import type { IMlCluster } from './interfaces';
import { chartFolder, type ChartFolder } from './manifests/chart-folder';
import { objectFiles } from './manifests/delivered-files';
import { describeNode, serviceAccountKey } from './manifests/describe-node';
import type { KubernetesObject } from './manifests/kubernetes-object';
import { namespaceOf, readChart, RELEASE_NAME, releaseNameOf } from './manifests/release';
import { writeChart } from './manifests/write-folder';
import { yamlFolder } from './manifests/yaml-folder';
import { DeliveryWriter } from './private/delivery-writer';
import { InstallationOrder } from './private/installation-order';
import { podNeeds } from './private/pod-specs';
import { checkTimeout } from './private/release';
import { checkText, DNS_LABEL } from '../core/private/checks';
import { fail, Faults } from '../core/private/faults';

/** Options of a set of manifests. */
export interface ManifestReleaseOptions {
  /**
   * Name of the Helm release: 1 to 53 lower-case letters, digits and hyphens. Another name makes another release.
   *
   * @default - made from the construct's path
   */
  readonly releaseName?: string;

  /**
   * Namespace of the release, for Helm's record and for objects that name none. It is made when it is missing.
   *
   * @default - the chart's namespace, else `default`
   */
  readonly namespace?: string;

  /**
   * What has to be in the cluster first. Definitions of custom resources, webhooks, namespaces and the rights of
   * ServiceAccounts are found in the objects and need not be said.
   *
   * @default - what the objects show
   */
  readonly requires?: AddOnRequirement[];

  /**
   * Whether the deployment waits until the objects are ready, and goes back if they are not. Right for controllers, wrong for
   * GPU pods: loading a model outlasts the handler.
   *
   * @default false
   */
  readonly wait?: boolean;

  /**
   * How long Helm may take, at most 12 minutes: the handler behind it ends after 15.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;
}

/** Properties of a set of manifests. */
export interface ManifestReleaseProps extends ManifestReleaseOptions {
  /** The cluster. */
  readonly cluster: IMlCluster;
  /** The objects. They are read when this construct is made: add them first. */
  readonly chart: Chart;
}

/**
 * The objects of a cdk8s chart in a cluster, by the cluster's delivery.
 *
 * With `ManifestDelivery.helm()` they are one Helm release, installed from a generated chart: objects that leave the chart
 * leave the cluster, objects are applied server-side, and values may be known only at deploy time.
 *
 * Fails with a ValidationError, among others `empty-chart`, `duplicate-object`, `definition-beside-use`, `add-on-cycle`,
 * `release-too-large`, `deploy-time-value-in-git`.
 */
export class ManifestRelease extends Construct {
  /** Name of the Helm release, and of the folder in yaml and gitOps delivery. */
  readonly releaseName: string;
  /** The release as aws-cdk-lib knows it; undefined in yaml and gitOps delivery. */
  readonly helmChart?: eks.HelmChart;

  constructor(scope: Construct, id: string, props: ManifestReleaseProps) {
    const faults = Faults.of(scope, id);
    checkText(faults, 'releaseName', props.releaseName, RELEASE_NAME);
    checkText(faults, 'namespace', props.namespace, DNS_LABEL);
    checkTimeout(faults, props.timeout);
    const objects = faults.collect(() => readChart(props.chart, faults.path)) ?? [];
    const namespace = props.namespace ?? namespaceOf(props.chart, objects);
    const needs = podNeeds(objects, namespace);
    checkImages(faults, props.cluster.network, needs.images);
    const chart = readChartFolder(faults, objects);
    faults.throwIfAny();
    const name = props.releaseName ?? releaseNameOf(faults.path);
    const node: AddOnNode = { ...describeNode(objects), name, isAddOn: false };
    const full: AddOnNode = {
      ...node,
      requires: [...node.requires, ...props.requires ?? []],
      creates: [...node.creates, ...needs.serviceAccounts.map(serviceAccountKey)],
    };
    const order = InstallationOrder.of(props.cluster);
    order.check(full);
    const { delivery } = props.cluster;
    if (delivery.type !== 'helm') yamlFolder(objects, { path: faults.path, delivery: delivery.type });

    super(scope, id);
    this.releaseName = name;
    if (delivery.type === 'helm') {
      this.helmChart = this.install(props, chart, namespace);
    } else {
      DeliveryWriter.of(props.cluster, delivery).add(() => objectFiles(delivery, order.positionOf(name), objects, this.node.path));
    }
    order.register({ node: full, construct: this, controls: [], serviceAccounts: needs.serviceAccounts }, this.helmChart ?? this);
    this.refuseLaterObjects(props.chart, objects);
  }

  private install(props: ManifestReleaseProps, chart: ChartFolder, namespace: string): eks.HelmChart {
    const folder = writeChart(join(assemblyFolder(this), 'generated-charts'), chart);
    return new eks.HelmChart(this, 'Resource', {
      cluster: props.cluster.cluster,
      chartAsset: new s3assets.Asset(this, 'Chart', { path: folder }),
      release: this.releaseName,
      namespace,
      createNamespace: true,
      values: chart.values.length === 0 ? undefined : Object.fromEntries(chart.values.map((value) => [value.name, value.token])),
      wait: props.wait ?? false,
      atomic: props.wait ?? false,
      timeout: props.timeout ?? Duration.minutes(10),
    });
  }

  private refuseLaterObjects(chart: Chart, objects: readonly KubernetesObject[]): void {
    const before = JSON.stringify(objects);
    this.node.addValidation({
      validate: () => JSON.stringify(readChart(chart, this.node.path)) === before
        ? []
        : [`chart ${chart.node.path} was changed after it was delivered; add and change its objects before`],
    });
  }
}

/** The chart as a folder; an empty one beside faults, which are thrown before it is used. */
function readChartFolder(faults: Faults, objects: readonly KubernetesObject[]): ChartFolder {
  return faults.collect(() => chartFolder('manifests', objects)) ?? { name: 'manifests', version: '', files: {}, values: [] };
}

/** Where the app's assembly is made; assets are copied from there. */
function assemblyFolder(construct: Construct): string {
  return Stage.of(construct)?.assetOutdir ?? fail(construct.node.path, 'no-app', 'the construct is in no app; make its stack in an App');
}
