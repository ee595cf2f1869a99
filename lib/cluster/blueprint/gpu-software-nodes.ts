import type { GpuSharing } from './gpu-sharing';
import type { GpuSoftware } from './gpu-software';

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
    // the operator leaves a node with this label alone, whoever else puts a GPU label on it
    ...byOperator ? {} : { 'nvidia.com/gpu.deploy.operands': 'false' },
    ...sharing?.type === 'time-slicing' && ami === 'al2023' ? { 'nvidia.com/device-plugin.config': timeSlicingConfig(sharing.podsPerGpu) } : {},
    ...sharing?.profile !== undefined && byOperator ? { 'nvidia.com/mig.config': `all-${sharing.profile}` } : {},
  };
}

/** Name of the plugin's configuration for a number of pods on one GPU. */
export function timeSlicingConfig(podsPerGpu: number): string {
  return `time-slicing-${podsPerGpu}`;
}
