import type { Size } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { ManifestDelivery } from './blueprint/manifest-delivery';
import type { NodeProvisioning } from './blueprint/node-provisioning';
import type { IGpuNodePool } from './interfaces';
import type { PlatformVersion } from '../core/versions';
import type { IMlNetwork } from '../network/interfaces';

/** How long AWS supports the cluster's Kubernetes version. */
export enum SupportType {
  /** 14 months; then AWS upgrades the cluster. */
  STANDARD = 'STANDARD',
  /** 12 months more, at six times the price of the control plane. */
  EXTENDED = 'EXTENDED',
}

/** The nodes that run the platform's own controllers. */
export interface SystemNodesOptions {
  /**
   * EC2 instance types.
   *
   * @default ['t3.large']
   */
  readonly instanceTypes?: string[];

  /**
   * Number of nodes.
   *
   * @default 2
   */
  readonly count?: number;

  /**
   * Largest number of nodes that the node group may have.
   *
   * @default - 4, or `count` where that is more
   */
  readonly maxCount?: number;

  /**
   * Root disk, an encrypted gp3 volume.
   *
   * @default Size.gibibytes(50)
   */
  readonly diskSize?: Size;
}

/** Properties of a cluster. */
export interface MlClusterProps {
  /** The network: the cluster stands in its private subnets. */
  readonly network: IMlNetwork;

  /**
   * The named set of versions that is installed.
   *
   * @default PlatformVersion.V2026_11
   */
  readonly platformVersion?: PlatformVersion;

  /**
   * Name of the cluster. Another name is another cluster.
   *
   * @default - made by CloudFormation
   */
  readonly clusterName?: string;

  /**
   * How Kubernetes objects and charts get into the cluster.
   *
   * @default ManifestDelivery.helm()
   */
  readonly delivery?: ManifestDelivery;

  /**
   * IPv4 ranges that reach the Kubernetes API from the internet.
   *
   * @default - none: the API answers in the VPC only
   */
  readonly publicEndpointCidrs?: string[];

  /**
   * Roles of people and pipelines that administer the cluster.
   *
   * @default - none; the role that deploys gets no rights either
   */
  readonly adminRoles?: iam.IRole[];

  /**
   * Who makes the nodes that pools ask for. Changing it on a cluster that has pools replaces their nodes.
   *
   * @default NodeProvisioning.KARPENTER
   */
  readonly nodeProvisioning?: NodeProvisioning;

  /**
   * The nodes that run the platform's own controllers. EKS Auto Mode makes its own: with it, this is an error.
   *
   * @default - two t3.large; none with EKS Auto Mode
   */
  readonly systemNodes?: SystemNodesOptions;

  /**
   * Key that encrypts Kubernetes secrets.
   *
   * @default - a key of the cluster's own, with rotation
   */
  readonly secretsKey?: kms.IKey;

  /**
   * Whether pods may mount S3 buckets. Grant to `s3CsiRole`.
   *
   * @default false
   */
  readonly s3CsiDriver?: boolean;

  /**
   * Registry that holds copies of all charts and images, each under its original address:
   * `quay.io/jetstack/cert-manager-webhook` as `<imageMirror>/quay.io/jetstack/cert-manager-webhook`.
   *
   * @default - charts and images come from their own registries
   */
  readonly imageMirror?: string;

  /**
   * How long AWS supports the Kubernetes version.
   *
   * @default SupportType.STANDARD
   */
  readonly supportType?: SupportType;

  /**
   * Whether load balancers, nodes and volumes that controllers made are removed, and waited for, when stacks are deleted.
   *
   * @default true
   */
  readonly drainOnDelete?: boolean;
}

/** What the library has to know about a cluster that exists. */
export interface MlClusterFromClusterOptions {
  /** The network that the cluster stands in. */
  readonly network: IMlNetwork;

  /**
   * The named set of versions that charts are taken from.
   *
   * @default PlatformVersion.V2026_11
   */
  readonly platformVersion?: PlatformVersion;

  /**
   * How Kubernetes objects and charts get into the cluster.
   *
   * @default ManifestDelivery.helm()
   */
  readonly delivery?: ManifestDelivery;

  /**
   * Registry that holds copies of all charts and images, as in `MlClusterProps.imageMirror`.
   *
   * @default - none
   */
  readonly imageMirror?: string;

  /**
   * Names of add-ons that are in the cluster already, for example `cert-manager`.
   *
   * @default - none
   */
  readonly installedAddOns?: string[];

  /**
   * API groups whose custom resources are defined in the cluster already, for example `argoproj.io`.
   *
   * @default - none
   */
  readonly installedApiGroups?: string[];

  /**
   * Who makes the nodes that pools ask for.
   *
   * @default NodeProvisioning.KARPENTER
   */
  readonly nodeProvisioning?: NodeProvisioning;

  /**
   * Role of the nodes of EKS Auto Mode. Pools need it where `nodeProvisioning` is `AUTO_MODE`.
   *
   * @default - none
   */
  readonly autoModeNodeRole?: iam.IRole;

  /**
   * GPU pools that are in the cluster already: services are placed on them.
   *
   * @default - none
   */
  readonly gpuNodePools?: IGpuNodePool[];

  /**
   * Whether what add-ons of this app made outside of the cluster is removed before they go.
   *
   * @default true
   */
  readonly drainOnDelete?: boolean;
}
