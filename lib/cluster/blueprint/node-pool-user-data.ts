import type { GpuSharing } from './gpu-sharing';

/** What nodes are told at boot, beside what Karpenter tells them. */
export interface UserDataRequest {
  /** `al2023` or `bottlerocket`. */
  readonly family: string;
  readonly parallelPull: boolean;
  readonly sharing?: GpuSharing;
}

/** User data of the nodes; undefined where there is nothing to say. https://karpenter.sh/docs/concepts/nodeclasses/#specuserdata */
export function userData(request: UserDataRequest): string | undefined {
  const text = request.family === 'bottlerocket' ? bottlerocket(request) : al2023(request);
  return text === '' ? undefined : text;
}

/** https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/doc/examples.md */
function al2023({ parallelPull }: UserDataRequest): string {
  if (!parallelPull) return '';
  return lines('apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  featureGates:', '    FastImagePull: true');
}

/** https://bottlerocket.dev/en/os/latest/api/settings/ */
function bottlerocket({ parallelPull, sharing }: UserDataRequest): string {
  const soci = lines(
    '[settings.container-runtime]', 'snapshotter = "soci"',
    '[settings.container-runtime-plugins.soci-snapshotter]', 'pull-mode = "parallel-pull-unpack"');
  const slicing = lines(
    '[settings.kubelet-device-plugins.nvidia]', 'device-sharing-strategy = "time-slicing"',
    '[settings.kubelet-device-plugins.nvidia.time-slicing]', `replicas = ${sharing?.podsPerGpu}`);
  return `${parallelPull ? soci : ''}${sharing?.type === 'time-slicing' ? slicing : ''}`;
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
