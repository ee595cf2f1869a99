import { Stack, type Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { clusterServer, type ClusterServerBlueprint } from './blueprint/cluster-server';
import type { FeatureStore } from './feature-store';
import { clusterServerChart } from './manifests/cluster-server';
import type { ExternalSecrets } from '../cluster/external-secrets';
import type { IMlCluster } from '../cluster/interfaces';
import { ManifestRelease } from '../cluster/manifest-release';
import { WorkloadIdentity } from '../cluster/workload-identity';
import { Faults } from '../core/private/faults';
import { runtimeAsset } from '../core/private/runtime-asset';
import type { IPrometheus } from '../monitoring/interfaces';

/** Options of a feature server on a cluster. */
export interface ClusterFeatureServerOptions {
  /** The cluster. It needs the Feast operator: `new cluster.FeastOperator(...)`. */
  readonly cluster: IMlCluster;
  /**
   * What brings passwords from Secrets Manager into the cluster. It gets the right to read those of the store. Where its `namespaces` are named,
   * the server's has to be among them.
   */
  readonly externalSecrets: ExternalSecrets;
  /**
   * Name of the FeatureStore in Kubernetes, 1 to 46 lower-case letters, digits or hyphens. The operator calls its Service `feast-<name>-online`.
   *
   * @default - the project's name with hyphens
   */
  readonly serverName?: string;
  /**
   * Namespace of the server. It is made here, for this server alone.
   *
   * @default - `feast-<serverName>`
   */
  readonly namespaceName?: string;
  /**
   * Number of pods, 1 to 100. Two survive the loss of a node.
   *
   * @default 2
   */
  readonly replicas?: number;
  /**
   * CPU that each pod asks for, in vCPUs. It may take more while the node has it.
   *
   * @default 0.5
   */
  readonly vcpus?: number;
  /**
   * Memory of each pod, at least 512 MiB: Feast takes most of that before it has answered anything.
   *
   * @default Size.gibibytes(1)
   */
  readonly memory?: Size;
  /**
   * Namespaces whose pods may ask. The server has no login of its own: whoever reaches it may read every feature.
   *
   * @default - none
   */
  readonly callers?: string[];
  /**
   * Prometheus that may scrape the server.
   *
   * @default - none
   */
  readonly prometheus?: IPrometheus;
  /**
   * Image of the server, `registry/repository:tag`, with the command `feast` in the version of the SDK that registers definitions (0.67.0) and
   * the drivers of the store. Files for Git need one that is known at synthesis.
   *
   * @default - the library's own, built from the sources in this package
   */
  readonly image?: string;
}

/** Properties of a feature server on a cluster. */
export interface ClusterFeatureServerProps extends ClusterFeatureServerOptions {
  /** The store. */
  readonly store: FeatureStore;
}

/**
 * Feast's HTTP server on a Kubernetes cluster, kept by Feast's operator: a FeatureStore (`feast.dev/v1`) with the store's registry and online
 * store, for programs in the cluster that are not Python.
 *
 * It looks values up and nothing else: it registers no definitions, materializes nothing and knows no history. Rights come by EKS Pod Identity,
 * passwords by the External Secrets Operator; the template, the FeatureStore and the pod's specification hold none.
 *
 * Fails with `invalid-server-name`, `invalid-replicas`, `no-cluster-security-group` and others, and with what `ManifestRelease` fails with, for
 * example a cluster without the operator.
 *
 * @see https://docs.feast.dev/how-to-guides/feast-operator
 */
export class ClusterFeatureServer extends Construct {
  /** Address in the cluster, for example `http://feast-shop-online.feast-shop.svc.cluster.local`. */
  readonly url: string;
  /** Namespace of the server. */
  readonly namespaceName: string;
  /** AWS rights of the pods. */
  readonly identity: WorkloadIdentity;
  /** The objects: namespace, FeatureStore, secrets by reference, network policies. */
  readonly release: ManifestRelease;

  constructor(scope: Construct, id: string, props: ClusterFeatureServerProps) {
    const faults = Faults.of(scope, id);
    const plan = planServer(faults, props);
    const nodes = securityGroupOf(props.cluster);
    faults.check(nodes !== undefined, 'no-cluster-security-group',
      'the cluster was imported without clusterSecurityGroupId, so that pods could not be let in to the registry; add it to its attributes');
    faults.throwIfAny();
    super(scope, id);
    const { store, cluster } = props;
    this.url = plan.url;
    this.namespaceName = plan.namespace;
    // the operator makes the ServiceAccount
    this.identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace: plan.namespace, serviceAccountName: plan.operatorName, createServiceAccount: false,
    });
    store.grants.readOnline(this.identity);
    // imported here, so that rules between nodes and databases stand in this stack
    store.allowReadsFrom(ec2.SecurityGroup.fromSecurityGroupId(this, 'Nodes', nodes ?? ''));
    const secrets = this.letSecretsIn(props);
    const { region } = Stack.of(store);
    this.release = new ManifestRelease(this, 'Release', {
      cluster,
      namespace: 'default',
      chart: clusterServerChart(plan, {
        ...store._readerConfiguration,
        environment: { AWS_DEFAULT_REGION: region, ...store._readerConfiguration.environment },
      }, props.image ?? this.ownImage(store)),
    });
    // pods get rights when they are made
    this.release.node.addDependency(this.identity, secrets);
  }

  /** The right stands in this stack: the add-on's would depend on the store, and the store's server on the add-on. */
  private letSecretsIn({ store, externalSecrets }: ClusterFeatureServerProps): Construct {
    const reader = iam.Role.fromRoleName(this, 'SecretsReader', externalSecrets.identity.role.roleName);
    for (const secret of Object.values(store.readSecrets)) secret.grantRead(reader);
    return reader;
  }

  private ownImage(store: FeatureStore): string {
    const { directory, target, exclude } = runtimeAsset('features');
    const platform = store._props.cpuArchitecture === ecs.CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64;
    return new DockerImageAsset(this, 'Image', { directory, target, exclude, platform }).imageUri;
  }
}

/** The group that EKS made for the nodes; undefined where the import does not say it, and the getter of aws-cdk-lib throws. */
function securityGroupOf({ cluster }: IMlCluster): string | undefined {
  try {
    return cluster.clusterSecurityGroupId;
  } catch {
    return undefined;
  }
}

function planServer(faults: Faults, props: ClusterFeatureServerProps): ClusterServerBlueprint {
  const { store } = props;
  return clusterServer(faults, {
    project: store.projectName,
    serverName: props.serverName,
    namespaceName: props.namespaceName,
    replicas: props.replicas,
    vcpus: props.vcpus,
    memoryMiB: props.memory?.toMebibytes(),
    callers: props.callers,
    metricsNamespace: props.prometheus?.namespace,
    onlineType: String(store._readerConfiguration.online.type),
  });
}
