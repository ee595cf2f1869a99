import { checkPool, nodeClassOf, nodePoolsOf, type PoolPlan, type PoolRequest, type Requirement, type TaintSpec } from './node-pool';
import { planDisk } from './node-pool-disk';
import { planDisruption } from './node-pool-disruption';
import type { NodeDiskOptions, NodeDisruptionOptions } from './node-pool-options';
import { poolTiers, type PoolTier } from './node-pool-tiers';
import { userData } from './node-pool-user-data';
import { NodeProvisioning } from './node-provisioning';
import type { RequiredQuota } from './quotas';
import { sumQuotas } from './quotas-needed';
import { isGraviton } from './system-cluster';
import { AcceleratedInstance } from '../../accelerators/accelerated-instance';
import { checkInteger, checkLiteral, checkOneOf, checkText, checkUnique, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a CPU pool is asked. */
export interface CpuPoolRequest extends PoolRequest {
  readonly maxVcpus: number;
  readonly instanceTypes?: readonly string[];
  readonly families?: readonly string[];
  readonly architecture?: string;
  readonly disk?: NodeDiskOptions;
  readonly disruption?: NodeDisruptionOptions;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect?: string }[];
}

const INSTANCE_TYPE: TextRule = { pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, allowed: "an EC2 instance type such as 'm7i.xlarge'" };
const FAMILY: TextRule = { pattern: /^[a-z][a-z0-9-]*$/, allowed: "an EC2 instance family such as 'm7i'" };
/** https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const TAINT_KEY: TextRule = {
  pattern: /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  allowed: "a taint key such as 'example.com/batch'",
};
const TAINT_VALUE: TextRule = {
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
  allowed: 'up to 63 letters, digits, hyphens, dots or underscores',
};
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
/** https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
const QUOTAS = {
  'spot': { code: 'L-34B43A08', name: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests' },
  'on-demand': { code: 'L-1216C47A', name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances' },
} as const;
const STANDARD = /^(a1|[acdhimrtz]\d|(im|is)\d)/;

/** Decides on a CPU pool, and refuses what cannot work. */
export function planCpuPool(faults: Faults, request: CpuPoolRequest): PoolPlan & { readonly roomGiB: number } {
  const { poolName, provisioning, capacity } = request;
  const auto = provisioning === NodeProvisioning.AUTO_MODE;
  const family = request.image?.family ?? 'al2023';
  checkPool(faults, request);
  checkInteger(faults, 'maxVcpus', request.maxVcpus, { min: 1, max: 100_000, unit: 'vCPUs' });
  checkLiteral(faults, 'maxVcpus', request.maxVcpus);
  faults.check(!capacity._tiers.some(({ block }) => block === true), 'capacity-block-without-gpus',
    'capacity is a Capacity Block, which AWS rents out for GPU and Trainium instances; use Capacity.reserved(), or addGpuNodePool()');
  checkTypes(faults, request);
  const disk = planDisk(faults, {
    options: request.disk, defaults: { sizeGiB: 50, imageGiB: 10, parallelPull: false }, instances: [],
    systemOnVolume: !auto && family === 'al2023', provisioning,
  });
  const tiers = poolTiers(poolName, capacity, request.maxVcpus);
  return {
    poolName, provisioning, roomGiB: disk.roomGiB,
    nodeClass: nodeClassOf(request, disk, auto ? undefined : userData({ family, parallelPull: disk.parallelPull })),
    nodePools: nodePoolsOf(request, tiers, {
      disruption: planDisruption(faults, request.disruption, { gpu: false, provisioning }),
      labels: {},
      taints: taintsOf(faults, request),
      requirements: requirementsOf(request),
      limits: (max) => ({ cpu: String(max) }),
    }),
    overlays: [],
    quotas: sumQuotas(tiers.flatMap((tier) => quotasOf(tier, request))),
  };
}

function checkTypes(faults: Faults, { instanceTypes, families, architecture }: CpuPoolRequest): void {
  checkLiteral(faults, 'architecture', architecture);
  checkOneOf(faults, 'architecture', architecture, ['amd64', 'arm64']);
  faults.check(instanceTypes === undefined || families === undefined, 'conflicting-instance-types', 'instanceTypes and families both say which instances; leave out one of them');
  for (const [property, names, rule] of [['instanceTypes', instanceTypes, INSTANCE_TYPE], ['families', families, FAMILY]] as const) {
    if (names === undefined || !checkLiteral(faults, property, names)) continue;
    faults.check(names.length > 0, `invalid-${property === 'families' ? property : 'instance-types'}`, `${property} is empty; name at least one, or leave it out`);
    names.forEach((name, index) => checkText(faults, `${property}[${index}]`, name, rule));
    checkUnique(faults, property, names);
    checkKind(faults, property, names, architecture);
  }
}

function checkKind(faults: Faults, property: string, names: readonly string[], architecture: string | undefined): void {
  const accelerated = new Set(AcceleratedInstance.all().map(({ family }) => family));
  const withGpus = names.filter((name) => accelerated.has(familyOf(name)));
  faults.check(withGpus.length === 0, 'accelerated-instance', `${property} names ${withGpus.join(', ')}, which has accelerators; make a pool for it by addGpuNodePool()`);
  const arm = names.filter((name) => isGraviton(`${familyOf(name)}.large`));
  const wanted = architecture ?? (arm.length === names.length ? 'arm64' : 'amd64');
  const wrong = names.filter((name) => arm.includes(name) !== (wanted === 'arm64'));
  faults.check(wrong.length === 0, 'mixed-architectures',
    `${property} names ${wrong.join(', ')}, which ${wrong.length > 1 ? 'are' : 'is'} ${wanted === 'arm64' ? 'x86' : 'Graviton'} in a pool of ${wanted === 'arm64' ? 'Graviton' : 'x86'} instances; make a pool for each, or set architecture`);
}

function requirementsOf({ instanceTypes, families, architecture, provisioning }: CpuPoolRequest): Requirement[] {
  const prefix = provisioning === NodeProvisioning.AUTO_MODE ? 'eks.amazonaws.com' : 'karpenter.k8s.aws';
  const names = instanceTypes ?? families;
  const arm = names !== undefined && names.length > 0 && names.every((name) => isGraviton(`${familyOf(name)}.large`));
  const arch: Requirement = { key: 'kubernetes.io/arch', operator: 'In', values: [architecture ?? (arm ? 'arm64' : 'amd64')] };
  const among = (key: string, values: readonly string[]): Requirement => ({ key, operator: 'In', values: [...values].sort() });
  if (instanceTypes !== undefined) return [among('node.kubernetes.io/instance-type', instanceTypes), arch];
  if (families !== undefined) return [among(`${prefix}/instance-family`, families), arch];
  return [
    among(`${prefix}/instance-category`, ['c', 'm', 'r']),
    { key: `${prefix}/instance-generation`, operator: 'Gt', values: ['5'] },
    arch,
  ];
}

function taintsOf(faults: Faults, { taints = [] }: CpuPoolRequest): TaintSpec[] {
  checkUnique(faults, 'taints', taints.map(({ key, effect = 'NoSchedule' }) => `${key}:${effect}`));
  return taints.map(({ key, value, effect = 'NoSchedule' }, index) => {
    checkText(faults, `taints[${index}].key`, key, TAINT_KEY);
    checkText(faults, `taints[${index}].value`, value, TAINT_VALUE);
    checkOneOf(faults, `taints[${index}].effect`, effect, EFFECTS);
    return { key, ...value === undefined ? {} : { value }, effect };
  });
}

function quotasOf(tier: PoolTier, { instanceTypes, families }: CpuPoolRequest): RequiredQuota[] {
  const names = instanceTypes ?? families ?? ['m7i'];
  // the classes beside Standard have quotas of their own that nobody named here
  if (!names.some((name) => STANDARD.test(name))) return [];
  return [{ ...QUOTAS[tier.capacityType === 'spot' ? 'spot' : 'on-demand'], minVcpus: tier.max, maxVcpus: tier.max }];
}

function familyOf(name: string): string {
  return name.split('.')[0] ?? name;
}
