import type { Capacity } from './capacity';
import type { NodeImage } from './node-image';
import type { DiskPlan } from './node-pool-disk';
import { withExpiry, type DisruptionPlan } from './node-pool-disruption';
import type { CapacityOverlay } from './node-pool-sharing';
import { reservationsOf, type PoolTier } from './node-pool-tiers';
import { NodeProvisioning } from './node-provisioning';
import type { RequiredQuota } from './quotas';
import { checkLiteral, checkText, checkUnique, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** Label of every node of a pool: pods select it. */
export const POOL_LABEL = 'ml-platform/node-pool';

/** One entry of `spec.template.spec.requirements`. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** A taint as Kubernetes has it. */
export interface TaintSpec {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** One NodePool. */
export interface NodePoolSpec {
  readonly name: string;
  readonly weight: number;
  readonly limits: Readonly<Record<string, string>>;
  readonly disruption: DisruptionPlan;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly TaintSpec[];
  readonly requirements: readonly Requirement[];
}

/** What nodes boot from, on which disks. */
export interface NodeClassSpec {
  readonly name: string;
  /** `al2023` or `bottlerocket`; undefined with EKS Auto Mode. */
  readonly family?: string;
  /** Karpenter's alias of the image; undefined with Auto Mode or an image of one's own. */
  readonly alias?: string;
  readonly imageIds: readonly string[];
  readonly disk: DiskPlan;
  readonly userData?: string;
  readonly reservationIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** What is decided about a pool. */
export interface PoolPlan {
  readonly poolName: string;
  readonly provisioning: NodeProvisioning;
  readonly nodeClass: NodeClassSpec;
  readonly nodePools: readonly NodePoolSpec[];
  readonly overlays: readonly CapacityOverlay[];
  readonly quotas: readonly RequiredQuota[];
}

/** What every pool is asked. */
export interface PoolRequest {
  readonly poolName: string;
  readonly capacity: Capacity;
  readonly availabilityZones?: readonly string[];
  /** Zones of the network's private subnets; may be known only at deploy time. */
  readonly networkZones: readonly string[];
  readonly image?: NodeImage;
  /** The release that the platform version pins for a family. */
  readonly pinnedImage: (family: string) => string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly provisioning: NodeProvisioning;
}

/** With room for the suffix of a fallback in the 63 characters of a label's value. */
const POOL_NAME: TextRule = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/,
  allowed: '1 to 50 lower-case letters, digits or hyphens, starting and ending with a letter or digit',
};
/** Names that EKS Auto Mode gave to pools and classes of its own. */
const AUTO_MODE_NAMES = ['default', 'general-purpose', 'system'];
/** https://karpenter.sh/docs/concepts/nodeclasses/#spectags */
const RESERVED_TAG = /^(aws:|kubernetes\.io\/cluster|karpenter\.sh\/|karpenter\.k8s\.aws\/|eks:eks-cluster-name$)/;

/** Refuses what no pool can have. */
export function checkPool(faults: Faults, request: PoolRequest): void {
  const { poolName, availabilityZones, image, tags, provisioning } = request;
  const auto = provisioning === NodeProvisioning.AUTO_MODE;
  checkLiteral(faults, 'poolName', poolName);
  checkText(faults, 'poolName', poolName, POOL_NAME);
  faults.check(!auto || !AUTO_MODE_NAMES.includes(poolName), 'reserved-pool-name',
    `poolName '${poolName}' is the name of something that EKS Auto Mode brings; choose another name`);
  faults.check(!auto || image === undefined, 'unsupported-on-auto-mode',
    'image cannot be chosen with EKS Auto Mode, which has an image of its own; leave it out, or use NodeProvisioning.KARPENTER');
  faults.check(!auto || tags === undefined, 'unsupported-on-auto-mode',
    'tags cannot be set with EKS Auto Mode, whose role may not tag instances with them; leave them out, or use NodeProvisioning.KARPENTER');
  for (const key of Object.keys(tags ?? {})) {
    faults.check(key !== '' && !RESERVED_TAG.test(key), 'reserved-tag', `tags names ${show(key)}, which AWS or Karpenter sets; choose another key`);
  }
  checkZones(faults, availabilityZones, request.networkZones);
}

function checkZones(faults: Faults, zones: readonly string[] | undefined, known: readonly string[]): void {
  if (zones === undefined || isUnresolved(zones)) return;
  faults.check(zones.length > 0, 'invalid-availability-zones', 'availabilityZones is empty; name at least one, or leave it out');
  checkUnique(faults, 'availabilityZones', zones);
  if (isUnresolved(known)) return;
  for (const zone of zones.filter((it) => !known.includes(it))) {
    faults.add('unknown-zone', `availabilityZones names '${zone}', and the network has private subnets in ${known.join(', ')}; choose one of them`);
  }
}

/** What the nodes of a pool boot from. */
export function nodeClassOf(request: PoolRequest, disk: DiskPlan, userData: string | undefined): NodeClassSpec {
  const { poolName, image, capacity, tags = {}, provisioning } = request;
  const family = provisioning === NodeProvisioning.AUTO_MODE ? undefined : image?.family ?? 'al2023';
  const imageIds = image?.imageIds ?? [];
  return {
    name: poolName,
    ...family === undefined ? {} : { family },
    ...family === undefined || imageIds.length > 0 ? {} : { alias: `${family}@${image?.version ?? request.pinnedImage(family)}` },
    imageIds,
    disk,
    ...userData === undefined ? {} : { userData },
    reservationIds: reservationsOf(capacity),
    tags,
  };
}

/** What the NodePools of a pool have in common. */
export interface CommonSpec {
  readonly disruption: DisruptionPlan;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly TaintSpec[];
  readonly requirements: readonly Requirement[];
  readonly limits: (max: number) => Record<string, string>;
}

/** One NodePool for each kind of capacity. */
export function nodePoolsOf(request: PoolRequest, tiers: readonly PoolTier[], common: CommonSpec): NodePoolSpec[] {
  const { availabilityZones: values } = request;
  const zones = values === undefined ? [] : [{ key: 'topology.kubernetes.io/zone', operator: 'In', values }];
  return tiers.map((tier) => ({
    name: tier.name,
    weight: tier.weight,
    limits: common.limits(tier.max),
    disruption: withExpiry(common.disruption, tier.expireAfter),
    labels: { [POOL_LABEL]: request.poolName, ...common.labels },
    taints: common.taints,
    requirements: [...common.requirements, ...zones, ...capacityRequirements(tier, request.provisioning)],
  }));
}

function capacityRequirements({ capacityType, reservationType }: PoolTier, provisioning: NodeProvisioning): Requirement[] {
  const type = { key: 'karpenter.sh/capacity-type', operator: 'In', values: [capacityType] };
  if (reservationType === undefined || provisioning === NodeProvisioning.AUTO_MODE) return [type];
  return [type, { key: 'karpenter.k8s.aws/capacity-reservation-type', operator: 'In', values: [reservationType] }];
}
