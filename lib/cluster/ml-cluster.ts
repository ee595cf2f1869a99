import { KubectlV35Layer } from '@aws-cdk/lambda-layer-kubectl-v35';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { AUTO_MODE_GROUPS, AUTO_MODE_NODE_POLICIES, AUTO_MODE_POOLS, AUTO_MODE_PROVISIONER } from './blueprint/auto-mode';
import { ControlledResource } from './blueprint/controlled-resource';
import { checkNetworkReach } from './blueprint/endpoints';
import { NODE_POLICIES } from './blueprint/karpenter';
import { ManifestDelivery } from './blueprint/manifest-delivery';
import { NodeProvisioning } from './blueprint/node-provisioning';
import { checkCluster, isGraviton, systemNodes, type SystemNodes } from './blueprint/system-cluster';
import type { IMlCluster } from './interfaces';
import { ManifestRelease } from './manifest-release';
import { networkPolicyChart } from './manifests/auto-mode';
import { storageClassesChart } from './manifests/basics';
import { releaseNameOf } from './manifests/release';
import { SupportType, type MlClusterFromClusterOptions, type MlClusterProps } from './ml-cluster-props';
import { acknowledgeFindings } from './private/acknowledged-findings';
import { BaseCluster } from './private/base-cluster';
import { EksAddOns } from './private/eks-add-ons';
import { ImportedCluster, type ImportedClusterProps } from './private/imported-cluster';
import { InstallationOrder } from './private/installation-order';
import { NodePools } from './private/node-pools';
import { PlatformVersion } from '../core/versions';
import { pinExports } from '../network/pin-exports';
import { privateSubnetsOf } from './private/subnets';
import { Faults } from '../core/private/faults';
import type { IMlNetwork } from '../network/interfaces';

/** Kubernetes versions that the kubectl layer can talk to: its own, one before and one after. */
const KUBECTL_VERSIONS = ['1.34', '1.35', '1.36'];

/**
 * An EKS cluster for machine learning: private endpoint, encrypted secrets, all control-plane logs, two small system nodes,
 * pinned EKS add-ons with Pod Identity, default storage classes, and a drain that lets `destroy` end.
 *
 * At rest, with the defaults: about 203 USD a month in us-east-1 (control plane 73, two t3.large 121, disks 8, key 1), before logs
 * and the network.
 *
 * Fails with `missing-endpoints`, `no-private-subnets`, `endpoint-open-to-everybody`, `invalid-cluster-name` and others.
 *
 * @see https://docs.aws.amazon.com/eks/latest/best-practices/introduction.html
 */
export class MlCluster extends BaseCluster {
  /**
   * Uses a cluster that exists (aws-eks-v2). Nothing is created.
   *
   * With `ManifestDelivery.helm()` the cluster has to bring its `kubectlProvider`. For add-ons that control nodes, load
   * balancers or volumes it also has to bring its `clusterSecurityGroupId`.
   */
  static fromCluster(scope: Construct, id: string, cluster: eks.ICluster, options: MlClusterFromClusterOptions): IMlCluster {
    const props: ImportedClusterProps = {
      cluster,
      network: options.network,
      platformVersion: options.platformVersion ?? PlatformVersion.V2026_11,
      delivery: options.delivery ?? ManifestDelivery.helm(),
      imageMirror: options.imageMirror,
      nodeProvisioning: options.nodeProvisioning ?? NodeProvisioning.KARPENTER,
      autoModeNodeRole: options.autoModeNodeRole,
      gpuNodePools: options.gpuNodePools ?? [],
      drainOnDelete: options.drainOnDelete ?? true,
      installed: { addOns: options.installedAddOns ?? [], apiGroups: options.installedApiGroups ?? [] },
    };
    return new ImportedCluster(scope, id, props);
  }

  readonly cluster: eks.ICluster;
  /** The cluster with all that aws-cdk-lib offers for one that it made. */
  readonly eksCluster: eks.Cluster;
  readonly clusterName: string;
  readonly network: IMlNetwork;
  readonly platformVersion: PlatformVersion;
  readonly delivery: ManifestDelivery;
  readonly imageMirror?: string;
  readonly nodeProvisioning: NodeProvisioning;
  /** Key that encrypts Kubernetes secrets. */
  readonly secretsKey: kms.IKey;
  /** The nodes that run the platform's own controllers; undefined with EKS Auto Mode, which makes them itself. */
  readonly systemNodeGroup?: eks.Nodegroup;
  /** Role of the system nodes; with EKS Auto Mode of all nodes. */
  readonly nodeRole: iam.Role;
  /** Role that the Mountpoint S3 driver mounts buckets with; undefined without `s3CsiDriver`. */
  readonly s3CsiRole?: iam.IRole;
  /** Storage classes `gp3` (default, volumes go with their claims) and `gp3-retain`. */
  readonly storageClasses: ManifestRelease;

  constructor(scope: Construct, id: string, props: MlClusterProps) {
    const faults = Faults.of(scope, id);
    const platformVersion = props.platformVersion ?? PlatformVersion.V2026_11;
    checkCluster(faults, {
      clusterName: props.clusterName, publicEndpointCidrs: props.publicEndpointCidrs, imageMirror: props.imageMirror,
      kubernetesVersion: platformVersion.kubernetesVersion, kubectlVersions: KUBECTL_VERSIONS,
    });
    const auto = props.nodeProvisioning === NodeProvisioning.AUTO_MODE;
    faults.check(!auto || props.systemNodes === undefined, 'system-nodes-on-auto-mode',
      'systemNodes is given, and EKS Auto Mode makes the nodes of controllers itself; leave it out, or use NodeProvisioning.KARPENTER');
    const nodes = systemNodes(faults, props.systemNodes);
    const subnets = privateSubnetsOf(faults, props.network);
    checkNetworkReach(faults, props.network);
    faults.throwIfAny();
    super(scope, id);

    this.network = props.network;
    this.platformVersion = platformVersion;
    this.delivery = props.delivery ?? ManifestDelivery.helm();
    this.imageMirror = props.imageMirror;
    this.nodeProvisioning = props.nodeProvisioning ?? NodeProvisioning.KARPENTER;
    this.secretsKey = props.secretsKey ?? this.makeKey();
    this.nodeRole = this.makeNodeRole(auto);
    this.eksCluster = this.makeCluster(props, subnets);
    this.cluster = this.eksCluster;
    this.clusterName = this.cluster.clusterName;
    this.keepLogs();
    this.admit(props.adminRoles ?? []);
    this.systemNodeGroup = auto ? undefined : this.makeNodeGroup(nodes, subnets);
    const { systemNodeGroup: nodeGroup } = this;
    const addOns = new EksAddOns(this, 'AddOns', { cluster: this, nodeGroup, s3CsiDriver: props.s3CsiDriver ?? false });
    this.s3CsiRole = addOns.s3CsiRole;
    InstallationOrder.of(this).readiness.push(...nodeGroup ? [nodeGroup] : [], addOns);
    if (auto) this.prepareAutoMode();
    this.storageClasses = this.addPlatformObjects('StorageClasses', storageClassesChart(auto ? AUTO_MODE_PROVISIONER : undefined));
    if (props.drainOnDelete ?? true) this.drainOnDelete(auto);
    acknowledgeFindings(this);
    pinExports(this, [
      this.clusterName, this.cluster.clusterSecurityGroupId, ...auto ? [this.nodeRole.roleName] : [],
      ...this.eksCluster.kubectlProvider ? [this.eksCluster.kubectlProvider.serviceToken] : [],
    ]);
  }

  /** What EKS Auto Mode brings, and what it has to be told. */
  private prepareAutoMode(): void {
    InstallationOrder.of(this).installed = { addOns: [], apiGroups: AUTO_MODE_GROUPS };
    NodePools.of(this).autoModeRole = this.nodeRole;
    this.addPlatformObjects('NetworkPolicies', networkPolicyChart());
  }

  /** Objects that stay until the drains are done. */
  private addPlatformObjects(id: string, chart: Chart): ManifestRelease {
    const releaseName = InstallationOrder.of(this).promote(releaseNameOf(`${this.node.path}/${id}`));
    return new ManifestRelease(this, id, { cluster: this, chart, releaseName });
  }

  private drainOnDelete(auto: boolean): void {
    this.useDrains();
    // nodes of EKS Auto Mode go with the cluster, and the controllers run on them
    const kinds = [ControlledResource.LOAD_BALANCERS, ...auto ? [] : [ControlledResource.NODES], ControlledResource.VOLUMES];
    InstallationOrder.of(this).drainOf(this.eksCluster.stack)?.cover(kinds);
  }

  private makeKey(): kms.Key {
    return new kms.Key(this, 'SecretsKey', {
      enableKeyRotation: true,
      description: 'Kubernetes secrets of the ML platform cluster',
      // the secrets go with the cluster; the key can be recovered for 30 days
      removalPolicy: RemovalPolicy.DESTROY,
      pendingWindow: Duration.days(30),
    });
  }

  private makeCluster(props: MlClusterProps, subnets: ec2.SubnetSelection): eks.Cluster {
    const cidrs = props.publicEndpointCidrs;
    const cluster = new eks.Cluster(this, 'Resource', {
      clusterName: props.clusterName,
      version: eks.KubernetesVersion.of(this.platformVersion.kubernetesVersion),
      vpc: props.network.vpc,
      vpcSubnets: [subnets],
      endpointAccess: cidrs === undefined ? eks.EndpointAccess.PRIVATE : eks.EndpointAccess.PUBLIC_AND_PRIVATE.onlyFrom(...cidrs),
      secretsEncryptionKey: this.secretsKey,
      clusterLogging: Object.values(eks.ClusterLoggingTypes),
      bootstrapClusterCreatorAdminPermissions: false,
      bootstrapSelfManagedAddons: false,
      ...this.nodeProvisioning === NodeProvisioning.AUTO_MODE
        ? { defaultCapacityType: eks.DefaultCapacityType.AUTOMODE, compute: { nodePools: AUTO_MODE_POOLS, nodeRole: this.nodeRole } }
        : { defaultCapacityType: eks.DefaultCapacityType.NODEGROUP, defaultCapacity: 0 },
      kubectlProviderOptions: this.delivery.type === 'helm' ? { kubectlLayer: new KubectlV35Layer(this, 'KubectlLayer') } : undefined,
      outputConfigCommand: false,
    });
    const resource = cluster.node.defaultChild as eks.CfnCluster;
    resource.upgradePolicy = { supportType: props.supportType ?? SupportType.STANDARD };
    return cluster;
  }

  /** EKS makes the log group itself and never ends its retention. */
  private keepLogs(): void {
    new logs.LogRetention(this, 'ControlPlaneLogs', {
      logGroupName: `/aws/eks/${this.clusterName}/cluster`,
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private admit(roles: iam.IRole[]): void {
    roles.forEach((role, index) => {
      new eks.AccessEntry(this, `Admin${index}`, {
        cluster: this.cluster,
        principal: role.roleArn,
        accessPolicies: [eks.AccessPolicy.fromAccessPolicyName('AmazonEKSClusterAdminPolicy', { accessScopeType: eks.AccessScopeType.CLUSTER })],
      });
    });
  }

  private makeNodeRole(auto: boolean): iam.Role {
    return new iam.Role(this, 'NodeRole', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      // rights of the VPC CNI and of drivers come by Pod Identity, so that pods cannot borrow the node's
      managedPolicies: (auto ? AUTO_MODE_NODE_POLICIES : NODE_POLICIES).map((name) => iam.ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
  }

  private makeNodeGroup(nodes: SystemNodes, subnets: ec2.SubnetSelection): eks.Nodegroup {
    const template = new ec2.LaunchTemplate(this, 'SystemNodeTemplate', {
      requireImdsv2: true,
      httpPutResponseHopLimit: 1,
      blockDevices: [{
        deviceName: '/dev/xvda',
        volume: ec2.BlockDeviceVolume.ebs(nodes.diskGiB, { volumeType: ec2.EbsDeviceVolumeType.GP3, encrypted: true, deleteOnTermination: true }),
      }],
    });
    const types = nodes.instanceTypes.map((type) => new ec2.InstanceType(type));
    const arm = nodes.instanceTypes.every(isGraviton);
    return new eks.Nodegroup(this, 'SystemNodes', {
      cluster: this.cluster,
      nodeRole: this.nodeRole,
      subnets,
      instanceTypes: types,
      amiType: arm ? eks.NodegroupAmiType.AL2023_ARM_64_STANDARD : eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
      minSize: nodes.count,
      desiredSize: nodes.count,
      maxSize: nodes.maxCount,
      labels: { 'ml-platform/nodes': 'system' },
      launchTemplateSpec: { id: (template.node.defaultChild as ec2.CfnLaunchTemplate).ref, version: template.latestVersionNumber },
      forceUpdate: false,
      enableNodeAutoRepair: true,
    });
  }
}
