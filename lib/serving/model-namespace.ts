import { Construct } from 'constructs';
import type { IModelNamespace, ModelNamespaceAttributes } from './interfaces';
import { modelNamespaceChart } from './manifests/model-namespace';
import type { IMlCluster } from '../cluster/interfaces';
import { ManifestRelease } from '../cluster/manifest-release';
import { checkLiteral, checkText, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of a namespace for models. */
export interface ModelNamespaceProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * Name of the namespace, a DNS label.
   *
   * @default 'models'
   */
  readonly namespaceName?: string;
}

const DEFAULT_NAME = 'models';
/** Id of the namespace that is made when a service needs one and none is given. */
const DEFAULT_ID = 'ModelNamespace';

/**
 * A namespace for models: pods have to meet Pod Security "restricted", and no traffic goes in or out unless a network policy of a
 * service allows it.
 *
 * Fails with `invalid-namespace-name`.
 */
export class ModelNamespace extends Construct implements IModelNamespace {
  /** The namespace `models` of a cluster, made in the cluster's scope when it is first asked for. */
  static of(cluster: IMlCluster): IModelNamespace {
    return (cluster.node.tryFindChild(DEFAULT_ID) as ModelNamespace | undefined) ?? new ModelNamespace(cluster, DEFAULT_ID, { cluster });
  }

  /** A namespace that exists. Nothing is created. */
  static fromModelNamespaceAttributes(scope: Construct, id: string, attributes: ModelNamespaceAttributes): IModelNamespace {
    const faults = Faults.of(scope, id);
    checkName(faults, attributes.namespaceName);
    faults.throwIfAny();
    return new ImportedModelNamespace(scope, id, attributes);
  }

  readonly cluster: IMlCluster;
  readonly namespaceName: string;
  /** The namespace's objects. */
  readonly release: ManifestRelease;

  constructor(scope: Construct, id: string, props: ModelNamespaceProps) {
    const faults = Faults.of(scope, id);
    const name = props.namespaceName ?? DEFAULT_NAME;
    checkName(faults, name);
    faults.throwIfAny();
    super(scope, id);
    this.cluster = props.cluster;
    this.namespaceName = name;
    this.release = new ManifestRelease(this, 'Release', { cluster: props.cluster, namespace: 'default', chart: modelNamespaceChart(name) });
  }
}

class ImportedModelNamespace extends Construct implements IModelNamespace {
  readonly cluster: IMlCluster;
  readonly namespaceName: string;

  constructor(scope: Construct, id: string, { cluster, namespaceName }: ModelNamespaceAttributes) {
    super(scope, id);
    this.cluster = cluster;
    this.namespaceName = namespaceName;
  }
}

function checkName(faults: Faults, name: string): void {
  checkLiteral(faults, 'namespaceName', name);
  checkText(faults, 'namespaceName', name, DNS_LABEL);
}
