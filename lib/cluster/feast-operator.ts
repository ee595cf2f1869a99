import { Construct } from 'constructs';
import { mirroredImage } from './blueprint/endpoints';
import { FEAST_GROUP, FEAST_KINDS, FEAST_OPERATOR, FEAST_RELATED_IMAGES } from './blueprint/feast-operator';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { feastDefinitionsChart, feastOperatorChart } from './manifests/feast-operator';
import { checkReplicas } from './private/check-replicas';
import { InstallationOrder } from './private/installation-order';
import { PrometheusOperatorCrds } from './prometheus-operator-crds';
import { Faults } from '../core/private/faults';

/** Properties of the Feast operator. */
export interface FeastOperatorProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the operator run. One works, the others take over.
   *
   * @default 1
   */
  readonly replicas?: number;
}

/**
 * Feast's operator: makes feature servers of FeatureStores (`feast.dev/v1`). Upstream has no Helm chart, so the definition and the objects
 * are the library's own; its pods meet Pod Security "restricted".
 *
 * It reads in all namespaces what it watches, and writes, reads Secrets and runs commands only where a RoleBinding gives it the ClusterRole
 * `feast-operator-workloads`. `features.ClusterFeatureServer` makes that binding; for FeatureStores of your own make it yourself.
 *
 * Fails with `invalid-replicas`, `definitions-exist` and what `ManifestRelease` fails with.
 *
 * @see https://github.com/feast-dev/feast/tree/v0.66.0/infra/feast-operator
 */
export class FeastOperator extends Construct {
  /** The definition of FeatureStore. */
  readonly definitions: ManifestRelease;
  /** The operator. */
  readonly release: ManifestRelease;
  /** Namespace of the operator. */
  readonly namespace: string;

  constructor(scope: Construct, id: string, props: FeastOperatorProps) {
    const { cluster } = props;
    const faults = Faults.of(scope, id);
    checkReplicas(faults, 'replicas', props.replicas);
    faults.check(!InstallationOrder.of(cluster).has(FEAST_GROUP, FEAST_KINDS), 'definitions-exist',
      `the cluster has definitions of ${FEAST_GROUP} already; use the operator that came with them, or leave that one out`);
    faults.throwIfAny();
    super(scope, id);
    this.namespace = FEAST_OPERATOR.namespace;
    const image = (name: string): string => mirroredImage(cluster.imageMirror, cluster.platformVersion.container(name));
    // it looks once, when it starts, whether there are ServiceMonitors to make
    PrometheusOperatorCrds.ensure(cluster);
    // nothing of it lies in a namespace but Helm's record
    this.definitions = new ManifestRelease(this, 'Definitions', { cluster, namespace: 'kube-system', chart: feastDefinitionsChart() });
    this.release = new ManifestRelease(this, 'Release', {
      cluster,
      namespace: 'kube-system',
      chart: feastOperatorChart({
        replicas: props.replicas ?? 1,
        image: image('feast-operator'),
        relatedImages: Object.fromEntries(Object.entries(FEAST_RELATED_IMAGES).map(([variable, name]) => [variable, image(name)])),
      }),
      wait: true,
    });
  }
}
