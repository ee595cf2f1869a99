import { Stack, Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { ControlledResource } from './blueprint/controlled-resource';
import { imageNamed } from './blueprint/image-address';
import { KARPENTER_ACCOUNT, KARPENTER_ENDPOINTS, KARPENTER_KINDS, KARPENTER_NAMESPACE, karpenterValues } from './blueprint/karpenter';
import { NodeProvisioning } from './blueprint/node-provisioning';
import { HelmAddOn } from './helm-add-on';
import type { IKarpenter, IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { InstallationOrder } from './private/installation-order';
import { KarpenterAccess } from './private/karpenter-access';
import { InterruptionQueue } from './private/karpenter-interruption';
import { NodePools } from './private/node-pools';
import { WorkloadIdentity } from './workload-identity';
import { checkInteger, checkLiteral, checkText, type TextRule } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { pinExports } from '../network/pin-exports';

const SERVICE_MONITOR = 'monitoring.coreos.com/ServiceMonitor';
const QUEUE_NAME: TextRule = { pattern: /^[A-Za-z0-9_-]{1,80}$/, allowed: '1 to 80 letters, digits, hyphens or underscores' };
const PROFILE_NAME: TextRule = { pattern: /^[\w+=,.@-]{1,128}$/, allowed: '1 to 128 letters, digits or any of +=,.@_-' };

/** Properties of Karpenter. */
export interface KarpenterProps {
  /** The cluster. */
  readonly cluster: IMlCluster;

  /**
   * How many copies of the controller run, each on a node and in a zone of its own. One of them works.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * Whether Prometheus scrapes the controller, by a ServiceMonitor. The cluster needs its definition.
   *
   * @default - if the definition is in the cluster when Karpenter is made, as it is with a GPU pool
   */
  readonly serviceMonitor?: boolean;

  /**
   * Name of the interruption queue. Needed only where manifests go to files, which cannot hold what is known at deploy time.
   *
   * @default - made by CloudFormation
   */
  readonly queueName?: string;

  /**
   * Name of the nodes' instance profile. Needed only where manifests go to files, which cannot hold what is known at deploy time.
   *
   * @default - made by CloudFormation
   */
  readonly instanceProfileName?: string;

  /**
   * Values of the chart that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };
}

/** What has to be known about a Karpenter that is in the cluster already. */
export interface KarpenterAttributes {
  /** The cluster. */
  readonly cluster: IMlCluster;
  /** Name of an instance profile whose role may join the cluster: pools give it to their nodes. */
  readonly instanceProfileName: string;
}

/**
 * Karpenter: it makes nodes when pods ask for them. Every cluster that provisions nodes by it gets it with its first pool;
 * make it yourself, before the first pool, to say more.
 *
 * Its controller runs on the system nodes with the rights that upstream documents, bound to the cluster's tags. It hears of
 * interruptions by a queue. Nodes have an instance profile of the cluster's.
 *
 * With the gate `NodeOverlay`, which is alpha: it tells Karpenter how many pods share a GPU.
 *
 * The account has to have the service-linked role of spot instances once:
 * `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`.
 *
 * Fails with `duplicate-karpenter`, `karpenter-on-auto-mode`, `missing-endpoints` and what `HelmAddOn` fails with.
 *
 * @see https://karpenter.sh/docs/
 */
export class Karpenter extends Construct implements IKarpenter {
  /** The Karpenter of a cluster; it is made in the cluster's scope when there is none. */
  static of(cluster: IMlCluster): IKarpenter {
    return NodePools.of(cluster).karpenter ?? new Karpenter(cluster, 'Karpenter', { cluster });
  }

  /** Uses a Karpenter that is in the cluster already. Nothing is created. */
  static fromAttributes(scope: Construct, id: string, attributes: KarpenterAttributes): IKarpenter {
    const faults = Faults.of(scope, id);
    checkSingle(faults, attributes.cluster);
    faults.throwIfAny();
    return new ImportedKarpenter(scope, id, attributes);
  }

  readonly instanceProfileName: string;
  /** The installed controller. */
  readonly addOn: HelmAddOn;
  /** The installed definitions of NodePools and node classes. */
  readonly definitions: HelmAddOn;
  /** Role of the controller. */
  readonly controllerRole: iam.IRole;
  /** Role of the nodes. */
  readonly nodeRole: iam.Role;
  /** Queue by which the controller hears of interruptions. */
  readonly interruptionQueue: sqs.Queue;

  constructor(scope: Construct, id: string, props: KarpenterProps) {
    const { cluster } = props;
    const faults = Faults.of(scope, id);
    checkProps(faults, props);
    faults.throwIfAny();
    super(scope, id);
    const interruption = new InterruptionQueue(this, 'Interruption', { queueName: props.queueName });
    const identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace: KARPENTER_NAMESPACE, serviceAccountName: KARPENTER_ACCOUNT, createServiceAccount: false,
    });
    const access = new KarpenterAccess(this, 'Access', {
      cluster, controllerRole: identity.role, queueArn: interruption.queue.queueArn, instanceProfileName: props.instanceProfileName,
    });
    this.interruptionQueue = interruption.queue;
    this.controllerRole = identity.role;
    this.nodeRole = access.nodeRole;
    this.instanceProfileName = props.instanceProfileName ?? access.instanceProfile.ref;
    this.definitions = new HelmAddOn(this, 'Definitions', {
      cluster, chart: 'karpenter-crd', namespace: KARPENTER_NAMESPACE, relations: { defines: KARPENTER_KINDS, creates: [] },
    });
    this.addOn = this.install(props, identity);
    // all of it stays until the nodes are gone
    this.addOn.node.addDependency(access, interruption);
    NodePools.of(cluster).karpenter = this;
    if (props.instanceProfileName === undefined) pinExports(this, [this.instanceProfileName]);
  }

  private install(props: KarpenterProps, identity: WorkloadIdentity): HelmAddOn {
    const { cluster } = props;
    const { region } = Stack.of(this);
    const files = cluster.delivery.type !== 'helm';
    const images = chartImages(cluster, 'karpenter');
    const serviceMonitor = props.serviceMonitor ?? InstallationOrder.of(cluster).brings(SERVICE_MONITOR);
    return new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'karpenter',
      namespace: KARPENTER_NAMESPACE,
      skipCrds: true,
      values: karpenterValues({
        clusterName: cluster.clusterName,
        interruptionQueue: props.queueName ?? this.interruptionQueue.queueName,
        // Pod Identity tells the region too: only files cannot hold it
        region: files && Token.isUnresolved(region) ? undefined : region,
        replicas: props.replicas ?? 2,
        serviceMonitor,
        isolated: !cluster.network.routesOut,
        image: imageNamed(images, 'controller').path,
      }),
      overrides: props.values,
      images,
      identities: [identity],
      relations: {
        requires: [
          AddOnRequirement.addOn('karpenter-crd'),
          ...serviceMonitor ? [AddOnRequirement.customResource(SERVICE_MONITOR)] : [],
        ],
        controls: [ControlledResource.NODES],
      },
    });
  }
}

class ImportedKarpenter extends Construct implements IKarpenter {
  readonly instanceProfileName: string;

  constructor(scope: Construct, id: string, { cluster, instanceProfileName }: KarpenterAttributes) {
    super(scope, id);
    this.instanceProfileName = instanceProfileName;
    const order = InstallationOrder.of(cluster);
    const { addOns, apiGroups } = order.installed;
    order.installed = { addOns: [...addOns, 'karpenter', 'karpenter-crd'], apiGroups: [...apiGroups, 'karpenter.sh', 'karpenter.k8s.aws'] };
    NodePools.of(cluster).karpenter = this;
  }
}

function checkProps(faults: Faults, { cluster, replicas, queueName, instanceProfileName }: KarpenterProps): void {
  checkSingle(faults, cluster);
  checkLiteral(faults, 'replicas', replicas);
  checkInteger(faults, 'replicas', replicas, { min: 1, max: 5 });
  checkText(faults, 'queueName', queueName, QUEUE_NAME);
  checkText(faults, 'instanceProfileName', instanceProfileName, PROFILE_NAME);
  const { network } = cluster;
  const missing = KARPENTER_ENDPOINTS.filter((name) => !network.interfaceEndpoints.includes(name));
  faults.check(network.routesOut || missing.length === 0, 'missing-endpoints',
    `network has no route out, and Karpenter needs the interface endpoints ${missing.join(', ')} beside the cluster's; add them to the network, or give it a NAT gateway`);
}

function checkSingle(faults: Faults, cluster: IMlCluster): void {
  const other = NodePools.of(cluster).karpenter;
  faults.check(other === undefined, 'duplicate-karpenter',
    `the cluster has Karpenter already, at ${other?.node.path}; make it once, before the first pool`);
  faults.check(cluster.nodeProvisioning === NodeProvisioning.KARPENTER, 'karpenter-on-auto-mode',
    'the cluster\'s nodes are made by EKS Auto Mode, which runs Karpenter itself; leave this one out, or use NodeProvisioning.KARPENTER');
}
