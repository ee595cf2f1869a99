import { Construct } from 'constructs';
import { INFERENCE_EXTENSION_GROUP, INFERENCE_EXTENSION_KINDS } from './blueprint/kserve';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { inferenceExtensionChart } from './manifests/inference-extension';
import { InstallationOrder } from './private/installation-order';
import { Faults } from '../core/private/faults';

/** Properties of the inference extension's definitions. */
export interface InferenceExtensionProps {
  /** The cluster. */
  readonly cluster: IMlCluster;
}

/**
 * Definitions of the Gateway API's inference extension: InferencePool, and InferenceObjective and InferenceModelRewrite, which
 * llm-d's endpoint picker reads.
 *
 * The library makes them when it first needs them. Fails with `definitions-exist` and what `ManifestRelease` fails with.
 *
 * @see https://gateway-api-inference-extension.sigs.k8s.io/
 */
export class InferenceExtension extends Construct {
  /** Sees to it that the definitions are in the cluster: they are made in its scope unless something else brings them. */
  static ensure(cluster: IMlCluster): void {
    if (areThere(cluster)) return;
    new InferenceExtension(cluster, 'InferenceExtension', { cluster });
  }

  /** The installed definitions. */
  readonly release: ManifestRelease;

  constructor(scope: Construct, id: string, props: InferenceExtensionProps) {
    const faults = Faults.of(scope, id);
    faults.check(!areThere(props.cluster), 'definitions-exist',
      `the cluster has definitions of ${INFERENCE_EXTENSION_GROUP} already, from something that was made before; make InferenceExtension first, or leave it out`);
    faults.throwIfAny();
    super(scope, id);
    this.release = new ManifestRelease(this, 'Definitions', {
      cluster: props.cluster,
      // nothing of it lies in a namespace but Helm's record
      namespace: 'kube-system',
      chart: inferenceExtensionChart(),
    });
  }
}

function areThere(cluster: IMlCluster): boolean {
  return InstallationOrder.of(cluster).has(INFERENCE_EXTENSION_GROUP, INFERENCE_EXTENSION_KINDS);
}
