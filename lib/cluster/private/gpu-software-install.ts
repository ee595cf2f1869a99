import type { GpuSoftwareNeed } from '../blueprint/gpu-software-nodes';
import type { IMlCluster } from '../interfaces';

/**
 * Installs what the nodes of one GPU pool need, once in each cluster, in the cluster's scope.
 *
 * @throws a ValidationError with every conflict between the image, the software, the sharing and the cluster's other pools
 */
export function ensureGpuSoftware(_cluster: IMlCluster, _need: GpuSoftwareNeed): void {
}
