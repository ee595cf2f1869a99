import { GPU_SOFTWARE_LABEL, GPU_TOLERATION, timeSlicingConfig } from './gpu-software-nodes';
import { folderAndName, imageNamed } from './image-address';

/** Custom resources that the operator's chart and Node Feature Discovery in it define. */
export const GPU_OPERATOR_KINDS = [
  'nvidia.com/ClusterPolicy', 'nvidia.com/GPUCluster', 'nvidia.com/NVIDIADriver',
  'resource.nvidia.com/ComputeDomain', 'resource.nvidia.com/ComputeDomainClique',
  'nfd.k8s-sigs.io/NodeFeature', 'nfd.k8s-sigs.io/NodeFeatureGroup', 'nfd.k8s-sigs.io/NodeFeatureRule',
];

/** What the plugin does on nodes that say nothing. */
const WHOLE_GPUS = 'whole-gpus';

/** Values of the chart `gpu-operator`, for nodes whose image has driver and container toolkit. */
export function gpuOperatorValues(images: readonly string[]): Record<string, unknown> {
  const part = (name: string): Record<string, string> => ({ ...folderAndName(imageNamed(images, name)) });
  const discovery = imageNamed(images, 'node-feature-discovery');
  return {
    'driver': { enabled: false },
    'toolkit': { enabled: false },
    'operator': part('gpu-operator'),
    'validator': part('gpu-operator'),
    'daemonsets': { tolerations: [GPU_TOLERATION] },
    'devicePlugin': {
      ...part('k8s-device-plugin'),
      config: { create: true, name: 'ml-platform-device-plugin', default: WHOLE_GPUS, data: pluginConfigs() },
    },
    'gfd': part('k8s-device-plugin'),
    // whole GPUs and slices have different names, so that both can be in one cluster
    'mig': { strategy: 'mixed' },
    'migManager': part('k8s-mig-manager'),
    'dcgmExporter': { ...part('dcgm-exporter'), serviceMonitor: { enabled: true } },
    // it finds the GPUs, and runs where the operator is to work and nowhere else
    'node-feature-discovery': {
      image: { repository: discovery.path, tag: discovery.tag },
      worker: { nodeSelector: { [GPU_SOFTWARE_LABEL]: 'gpu-operator' }, tolerations: [GPU_TOLERATION] },
    },
  };
}

/** Values of the chart `nvidia-device-plugin`. */
export function devicePluginValues(images: readonly string[]): Record<string, unknown> {
  const image = imageNamed(images, 'k8s-device-plugin');
  return {
    image: { repository: image.path, tag: image.tag },
    config: { map: pluginConfigs(), default: WHOLE_GPUS },
    // the chart looks for labels of Node Feature Discovery, which is not there
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [onNodesOf('device-plugin')] } } },
    tolerations: [GPU_TOLERATION],
  };
}

/** A term of node affinity: nodes that one of these serves. */
export function onNodesOf(...kinds: string[]): { matchExpressions: object[] } {
  return { matchExpressions: [{ key: GPU_SOFTWARE_LABEL, operator: 'In', values: kinds }] };
}

/**
 * Every configuration of the plugin that a pool can ask for, always: with those of the pools that there are, a new pool would
 * change what runs on the nodes of the others.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin#shared-access-to-gpus
 */
function pluginConfigs(): Record<string, string> {
  const counts = Array.from({ length: 15 }, (_, index) => index + 2);
  return { [WHOLE_GPUS]: 'version: v1\n', ...Object.fromEntries(counts.map((count) => [timeSlicingConfig(count), timeSlicing(count)])) };
}

/** A pod that asks for two shares is refused: it would get two turns on the same GPU, not two GPUs. */
function timeSlicing(replicas: number): string {
  return [
    'version: v1', 'sharing:', '  timeSlicing:', '    failRequestsGreaterThanOne: true', '    resources:',
    '      - name: nvidia.com/gpu', `        replicas: ${replicas}`, '',
  ].join('\n');
}
