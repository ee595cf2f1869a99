import type { GpuNeed } from './node-pool-options';
import { AcceleratedInstance, AcceleratorKind } from '../../accelerators/accelerated-instance';
import { checkInteger, checkLiteral, checkNumber, checkUnique, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import { isLiteral } from '../../core/private/tokens';

/** What decides on the instance types of a GPU pool. */
export interface InstanceSelection {
  readonly maxGpus: number;
  readonly instanceTypes?: readonly string[];
  readonly gpus?: readonly string[];
  readonly need?: GpuNeed;
  /** True where the nodes boot from EKS's own image with NVIDIA's driver 580. */
  readonly stockDriver: boolean;
}

/** Families that the driver in EKS's images is too old for. https://github.com/awslabs/amazon-eks-ami/blob/main/doc/usage/g7-ami.md */
const NEEDS_DRIVER_595 = new Set(['g7']);

/** The instance types of a pool, sorted by name: those that are named, or all that have what is needed and fit under the limit. */
export function selectInstances(faults: Faults, selection: InstanceSelection): AcceleratedInstance[] {
  checkInteger(faults, 'maxGpus', selection.maxGpus, { min: 1, max: 10_000, unit: 'GPUs' });
  if (!checkLiteral(faults, 'maxGpus', selection.maxGpus)) return [];
  checkNeed(faults, selection.need);
  const before = faults.count;
  const { instanceTypes } = selection;
  const candidates = instanceTypes === undefined ? searched(faults, selection) : named(faults, instanceTypes, selection);
  if (faults.count > before || !faults.ok) return [];
  checkArchitecture(faults, candidates);
  return candidates.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function named(faults: Faults, names: readonly string[], { gpus, need, maxGpus, stockDriver }: InstanceSelection): AcceleratedInstance[] {
  if (!checkLiteral(faults, 'instanceTypes', names)) return [];
  faults.check(names.length > 0, 'invalid-instance-types', "instanceTypes is empty; name at least one, such as 'g6e.xlarge', or leave it out");
  faults.check(gpus === undefined && need === undefined, 'conflicting-accelerators',
    'instanceTypes says which instances, so gpus and need have nothing to decide; leave out one or the other');
  checkUnique(faults, 'instanceTypes', names);
  const found = [...new Set(names)].flatMap((name) => faults.collect(() => AcceleratedInstance.of(name)) ?? []);
  for (const instance of found) {
    const { name, gpuCount, acceleratorKind, family } = instance;
    if (!faults.check(acceleratorKind === AcceleratorKind.GPU, 'not-a-gpu-instance',
      `instanceTypes names '${name}', which has AWS Neuron devices and no GPUs; name types with NVIDIA GPUs, such as 'g6e.xlarge'`)) continue;
    if (!faults.check(gpuCount > 0, 'no-whole-gpu',
      `instanceTypes names '${name}', which has a part of a GPU, and Kubernetes counts none there; name a type with whole GPUs, such as 'g6.xlarge'`)) continue;
    faults.check(gpuCount <= maxGpus, 'max-gpus-below-node',
      `maxGpus ${maxGpus} is less than the ${gpuCount} GPUs of '${name}', so it would never be made; set maxGpus to ${gpuCount} or more, or leave it out of instanceTypes`);
    faults.check(!stockDriver || !NEEDS_DRIVER_595.has(family), 'driver-too-old',
      `instanceTypes names '${name}', which needs NVIDIA's driver 595, and EKS's images have 580; build an image and give it as NodeImage.customAl2023(), or choose another type`);
  }
  return found;
}

function searched(faults: Faults, { gpus, need = {}, maxGpus, stockDriver }: InstanceSelection): AcceleratedInstance[] {
  const usable = AcceleratedInstance.all().filter(({ gpu, gpuCount, family }) =>
    gpu !== undefined && gpuCount > 0 && !(stockDriver && NEEDS_DRIVER_595.has(family)));
  const wanted = gpus === undefined ? usable.filter(isOrdinary) : byName(faults, usable, gpus);
  const fit = wanted.filter((instance) => meets(instance, need));
  const small = fit.filter(({ gpuCount }) => gpuCount <= maxGpus);
  if (!faults.ok || small.length > 0) return small;
  if (fit.length > 0) {
    const least = Math.min(...fit.map(({ gpuCount }) => gpuCount));
    faults.add('max-gpus-below-node', `maxGpus ${maxGpus} is less than the ${least} GPUs of the smallest instance type with what is needed; set maxGpus to ${least} or more`);
  } else {
    faults.add('no-instance-fits', `no instance type has ${describe(gpus, need)}; the types with the largest GPUs have ${largest(wanted)}; ask for less`);
  }
  return [];
}

/** What is offered unasked: x86, as images of models are, and cards that CUDA 13 and so today's images still run on. */
function isOrdinary({ architecture, gpu }: AcceleratedInstance): boolean {
  return architecture === 'amd64' && (gpu?.computeCapability ?? 0) >= 7.5;
}

function byName(faults: Faults, usable: readonly AcceleratedInstance[], gpus: readonly string[]): AcceleratedInstance[] {
  if (!checkLiteral(faults, 'gpus', gpus)) return [];
  faults.check(gpus.length > 0, 'invalid-gpus', "gpus is empty; name at least one, such as 'L40S', or leave it out");
  checkUnique(faults, 'gpus', gpus);
  return gpus.flatMap((wanted) => {
    const same = usable.filter(({ gpu }) => [gpu?.name.toLowerCase(), gpu?.karpenterName].includes(wanted.toLowerCase()));
    if (same.length === 0) unknownGpu(faults, wanted, usable);
    // some cards come with x86 and with Arm hosts: the images of models are built for x86
    const x86 = same.filter(({ architecture }) => architecture === 'amd64');
    return x86.length > 0 ? x86 : same;
  });
}

function unknownGpu(faults: Faults, wanted: string, usable: readonly AcceleratedInstance[]): void {
  const names = [...new Set(usable.map(({ gpu }) => gpu?.name ?? ''))];
  const near = suggest(wanted, names);
  faults.add('unknown-gpu', `gpus names ${show(wanted)}, which no usable instance type has${near === undefined ? '' : ` (did you mean '${near}'?)`}; choose from ${names.join(', ')}`);
}

function meets({ gpu, gpuCount }: AcceleratedInstance, need: GpuNeed): boolean {
  if (gpu === undefined) return false;
  return gpu.memoryMiB / 1024 >= (need.minMemoryGiBPerGpu ?? 0)
    && gpu.computeCapability >= (need.minComputeCapability ?? 0)
    && (need.gpusPerNode === undefined || need.gpusPerNode.includes(gpuCount));
}

function checkNeed(faults: Faults, need: GpuNeed | undefined): void {
  if (need === undefined) return;
  for (const property of ['minMemoryGiBPerGpu', 'gpusPerNode', 'minComputeCapability'] as const) {
    checkLiteral(faults, `need.${property}`, need[property]);
  }
  checkNumber(faults, 'need.minMemoryGiBPerGpu', need.minMemoryGiBPerGpu, { min: 0, max: 10_000, unit: 'GiB' });
  checkNumber(faults, 'need.minComputeCapability', need.minComputeCapability, { min: 0, max: 100 });
  if (isLiteral(need.gpusPerNode)) {
    faults.check(need.gpusPerNode.length > 0, 'invalid-need-gpus-per-node', 'need.gpusPerNode is empty; name at least one number, such as 1, or leave it out');
    const bounds = { min: 1, max: 64, unit: 'GPUs' };
    need.gpusPerNode.forEach((count, index) => checkInteger(faults, `need.gpusPerNode[${index}]`, count, bounds));
  }
}

function checkArchitecture(faults: Faults, instances: readonly AcceleratedInstance[]): void {
  const arm = instances.filter(({ architecture }) => architecture === 'arm64').map(({ name }) => name);
  const x86 = instances.filter(({ architecture }) => architecture !== 'arm64').map(({ name }) => name);
  faults.check(arm.length === 0 || x86.length === 0, 'mixed-architectures',
    `the pool would have Arm instances (${some(arm)}) beside x86 ones (${some(x86)}), and an image of a model runs on one of them; make a pool for each`);
}

function some(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

function describe(gpus: readonly string[] | undefined, need: GpuNeed): string {
  return [
    ...gpus === undefined ? [] : [`one of the GPUs ${gpus.join(', ')}`],
    ...need.minMemoryGiBPerGpu === undefined ? [] : [`${need.minMemoryGiBPerGpu} GiB for each GPU`],
    ...need.minComputeCapability === undefined ? [] : [`compute capability ${need.minComputeCapability}`],
    ...need.gpusPerNode === undefined ? [] : [`${need.gpusPerNode.join(' or ')} GPUs`],
  ].join(', ');
}

function largest(instances: readonly AcceleratedInstance[]): string {
  const most = instances.reduce((a, b) => ((a.gpu?.memoryMiB ?? 0) >= (b.gpu?.memoryMiB ?? 0) ? a : b));
  const counts = [...new Set(instances.map(({ gpuCount }) => gpuCount))].sort((a, b) => a - b);
  const capability = Math.max(...instances.map(({ gpu }) => gpu?.computeCapability ?? 0));
  return `${((most.gpu?.memoryMiB ?? 0) / 1024).toFixed(1)} GiB (${most.gpu?.name}), compute capability up to ${capability}, and ${counts.join(', ')} GPUs`;
}
