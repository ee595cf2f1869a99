import type { GpuSharing } from './gpu-sharing';
import type { GpuSoftware } from './gpu-software';
import type { Faults } from '../../core/private/faults';

/** What GPU nodes boot from. */
export type GpuNodeImage = 'al2023' | 'bottlerocket' | 'auto-mode';

/** What one pool of GPU nodes needs on its nodes. */
export interface GpuSoftwareNeed {
  readonly ami: GpuNodeImage;
  readonly software: GpuSoftware;
  readonly sharing?: GpuSharing;
  /** Value of the node label `ml-platform/node-pool`. */
  readonly poolName: string;
}

/** What is installed for GPU nodes, after `auto` has been decided. */
export type GpuSoftwareKind = 'gpu-operator' | 'device-plugin' | 'dcgm-exporter' | 'none';

/** Node label that the daemons of GPU nodes select: its value is what serves the node. */
export const GPU_SOFTWARE_LABEL = 'ml-platform/gpu-software';

/** What lets NVIDIA's daemons onto GPU nodes. */
export const GPU_TOLERATION = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };

/** What serves the nodes of a pool. */
export function gpuSoftwareKind(need: Pick<GpuSoftwareNeed, 'ami' | 'software'>): GpuSoftwareKind {
  const { type } = need.software;
  if (type !== 'auto') return type as GpuSoftwareKind;
  return need.ami === 'al2023' ? 'gpu-operator' : 'dcgm-exporter';
}

/** Labels that the nodes of a pool have to bear from their first second: a NodePool sets them in its template. */
export function gpuNodeLabels(need: Pick<GpuSoftwareNeed, 'ami' | 'software' | 'sharing'>): Record<string, string> {
  const { ami, sharing } = need;
  const kind = gpuSoftwareKind(need);
  const byOperator = kind === 'gpu-operator';
  return {
    [GPU_SOFTWARE_LABEL]: kind,
    // the operator leaves a node with this label alone, whoever else finds a GPU in it
    ...byOperator ? {} : { 'nvidia.com/gpu.deploy.operands': 'false' },
    ...sharing?.type === 'time-slicing' && ami === 'al2023' ? { 'nvidia.com/device-plugin.config': timeSlicingConfig(sharing.podsPerGpu) } : {},
    ...sharing?.profile !== undefined && byOperator ? { 'nvidia.com/mig.config': `all-${sharing.profile}` } : {},
  };
}

/** Name of the plugin's configuration for a number of pods on one GPU. */
export function timeSlicingConfig(podsPerGpu: number): string {
  return `time-slicing-${podsPerGpu}`;
}

/** What a pool of the cluster needed before. */
export interface InstalledGpuSoftware {
  readonly kind: GpuSoftwareKind;
  readonly poolName: string;
  /** Values of the chart, as JSON; undefined where nothing was added. */
  readonly values?: string;
}

const NAMES: Readonly<Record<GpuSoftwareKind, string>> = {
  'gpu-operator': 'the GPU Operator', 'device-plugin': "NVIDIA's device plugin", 'dcgm-exporter': 'only the metrics exporter', 'none': 'nothing',
};
const IMAGES: Readonly<Record<GpuNodeImage, string>> = { 'al2023': 'AL2023', 'bottlerocket': 'Bottlerocket', 'auto-mode': 'EKS Auto Mode' };

/** Refuses software that does not go with the nodes' image, with the pool's sharing or with what other pools need. */
export function checkGpuSoftware(faults: Faults, need: GpuSoftwareNeed, installed: readonly InstalledGpuSoftware[]): void {
  const { ami, poolName, sharing } = need;
  const kind = gpuSoftwareKind(need);
  const plugin = kind === 'gpu-operator' || kind === 'device-plugin';
  faults.check(ami === 'al2023' || !plugin, 'second-device-plugin',
    `software of the pool '${poolName}' is ${NAMES[kind]}, but ${IMAGES[ami]} brings a device plugin of its own; use GpuSoftware.auto() or GpuSoftware.dcgmExporterOnly()`);
  if (ami === 'al2023' && sharing !== undefined) {
    faults.check(plugin, 'sharing-without-device-plugin',
      `sharing of the pool '${poolName}' is done by a device plugin, and its software is ${NAMES[kind]}; use GpuSoftware.auto(), or leave sharing out`);
    faults.check(kind !== 'device-plugin' || sharing.profile === undefined, 'mig-without-operator',
      `sharing of the pool '${poolName}' is MIG, and NVIDIA's device plugin cannot cut GPUs; use GpuSoftware.gpuOperator(), or GpuSharing.timeSlicing()`);
  }
  const other = plugin ? installed.find((it) => it.kind !== kind && (it.kind === 'gpu-operator' || it.kind === 'device-plugin')) : undefined;
  faults.check(other === undefined, 'conflicting-gpu-software',
    `software of the pool '${poolName}' is ${NAMES[kind]}, and that of the pool '${other?.poolName}' is ${NAMES[other?.kind ?? 'none']}, which both are device plugins of the cluster; choose one for all pools`);
  const same = installed.find((it) => it.kind === kind);
  const values = valuesText(need.software);
  faults.check(same === undefined || values === undefined || values === same.values, 'conflicting-gpu-software-values',
    `software of the pool '${poolName}' has other values than that of the pool '${same?.poolName}', and the cluster has ${NAMES[kind]} once; say the same at both, or at the first only`);
}

/** The values that a pool adds, as one text. */
export function valuesText(software: GpuSoftware): string | undefined {
  return software.values === undefined ? undefined : JSON.stringify(software.values);
}
