import { Fn } from 'cdktn';

/** What identifies an EKS cluster to Terraform: attributes of `aws_eks_cluster`. */
export interface EksClusterAccess {
  /** Name of the cluster. */
  readonly clusterName: string;
  /** `https://` address of the API server. */
  readonly endpoint: string;
  /** Certificate of the API server's authority, base64: `certificate_authority[0].data`. */
  readonly certificateAuthority: string;
}

/** How Helm reaches a cluster. */
export abstract class ClusterAccess {
  /**
   * An EKS cluster, with a token that the AWS command line gets at each run: whoever runs Terraform needs `aws` on the
   * path and an access entry of the cluster.
   *
   * @see https://registry.terraform.io/providers/hashicorp/helm/latest/docs#exec-plugins
   */
  static eks(access: EksClusterAccess): ClusterAccess {
    return new Access({
      host: access.endpoint,
      cluster_ca_certificate: Fn.base64decode(access.certificateAuthority),
      exec: { api_version: 'client.authentication.k8s.io/v1beta1', command: 'aws', args: ['eks', 'get-token', '--cluster-name', access.clusterName] },
    });
  }

  /**
   * A kubeconfig file.
   *
   * @param path path of the file where Terraform runs
   * @param context name of a context in it
   */
  static kubeconfig(path: string, context?: string): ClusterAccess {
    return new Access({ config_path: path, ...(context === undefined ? {} : { config_context: context }) });
  }

  /**
   * The `kubernetes` argument of the helm provider.
   *
   * @internal
   */
  abstract _bind(): { [argument: string]: unknown };
}

class Access extends ClusterAccess {
  constructor(private readonly kubernetes: { [argument: string]: unknown }) {
    super();
  }

  /** @internal */
  override _bind(): { [argument: string]: unknown } {
    return this.kubernetes;
  }
}
