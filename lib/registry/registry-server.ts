import type { ExternalSecrets } from '../cluster/external-secrets';
import type { IMlCluster } from '../cluster/interfaces';
import type { IPrometheus } from '../monitoring/interfaces';

/** Where MLflow runs in a cluster. */
export interface ClusterServerOptions {
  /** The cluster, in the registry's network, with the AWS Load Balancer Controller. */
  readonly cluster: IMlCluster;
  /** The operator that hands the passwords of Secrets Manager to the pods. The rights on these secrets are given to it here. */
  readonly externalSecrets: ExternalSecrets;
  /**
   * Namespace of the pods, made here: one registry each.
   *
   * @default - the registry's `hostName`
   */
  readonly namespaceName?: string;
  /**
   * Address of the pods' image. It has to run `python -m ml_platform_runtime registry-server`.
   *
   * @default - built from the sources in this package
   */
  readonly image?: string;
  /**
   * Who reads the metrics that `metrics` turns on.
   *
   * @default - nobody
   */
  readonly prometheus?: IPrometheus;
}

/** Where the MLflow server of a registry runs. Its name, load balancer, login, database and alarms are the same everywhere. */
export abstract class RegistryServer {
  /** On Fargate: no cluster is needed. */
  static fargate(): RegistryServer {
    return new Choice();
  }

  /**
   * In a cluster, as a Deployment whose pods the AWS Load Balancer Controller registers at the network's internal load balancer:
   * `trackingUri` and TLS are those of Fargate.
   *
   * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/targetgroupbinding/targetgroupbinding/
   */
  static onCluster(options: ClusterServerOptions): RegistryServer {
    return new Choice(options);
  }

  /** Where in a cluster, if that is the choice. */
  abstract readonly clusterServer?: ClusterServerOptions;
}

class Choice extends RegistryServer {
  constructor(readonly clusterServer?: ClusterServerOptions) {
    super();
  }
}
