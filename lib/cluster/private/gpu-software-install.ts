import { attached } from './attached';
import { chartImages } from './chart-images';
import { InstallationOrder } from './installation-order';
import { Faults } from '../../core/private/faults';
import { AddOnRequirement } from '../blueprint/add-on-requirement';
import { devicePluginValues, GPU_OPERATOR_KINDS, gpuOperatorValues } from '../blueprint/gpu-operator';
import {
  checkGpuSoftware, gpuSoftwareKind, valuesText, type GpuSoftwareKind, type GpuSoftwareNeed, type InstalledGpuSoftware,
} from '../blueprint/gpu-software-nodes';
import { PodSecurity } from '../blueprint/pod-security';
import { HelmAddOn } from '../helm-add-on';
import type { IMlCluster } from '../interfaces';
import { ManifestRelease } from '../manifest-release';
import { GPU_METRICS, gpuMetricsChart } from '../manifests/gpu-metrics';
import { PrometheusOperatorCrds } from '../prometheus-operator-crds';

const KEY = Symbol.for('cdk-ml-platform.GpuSoftware');

/** Objects of Prometheus that NVIDIA's components make, directly or by the operator. */
const MONITORS = ['ServiceMonitor', 'PodMonitor'].map((kind) => AddOnRequirement.customResource(`monitoring.coreos.com/${kind}`));

/**
 * Installs what the nodes of one GPU pool need, once in each cluster, in the cluster's scope.
 *
 * @throws a ValidationError with every conflict between the image, the software, the sharing and the cluster's other pools
 */
export function ensureGpuSoftware(cluster: IMlCluster, need: GpuSoftwareNeed): void {
  const installed = attached<InstalledGpuSoftware[]>(cluster, KEY, () => []);
  const faults = Faults.at(cluster.node.path);
  checkGpuSoftware(faults, need, installed);
  faults.throwIfAny();
  const kind = gpuSoftwareKind(need);
  if (!installed.some((it) => it.kind === kind)) INSTALL[kind](cluster, need);
  installed.push({ kind, poolName: need.poolName, values: valuesText(need.software) });
}

const INSTALL: Readonly<Record<GpuSoftwareKind, (cluster: IMlCluster, need: GpuSoftwareNeed) => void>> = {
  'gpu-operator': installOperator,
  'device-plugin': (cluster, need) => {
    installPlugin(cluster, need);
    installMetrics(cluster);
  },
  'dcgm-exporter': installMetrics,
  'none': () => {},
};

function installOperator(cluster: IMlCluster, { software }: GpuSoftwareNeed): void {
  if (isInstalled(cluster, 'gpu-operator')) return;
  PrometheusOperatorCrds.ensure(cluster);
  const images = chartImages(cluster, 'gpu-operator');
  new HelmAddOn(cluster, 'GpuOperator', {
    cluster,
    chart: 'gpu-operator',
    // its daemons are privileged: they load what the driver has, cut GPUs and talk to the kubelet
    podSecurity: PodSecurity.PRIVILEGED,
    values: gpuOperatorValues(images),
    overrides: software.values,
    images,
    relations: { defines: GPU_OPERATOR_KINDS, requires: MONITORS },
  });
}

function installPlugin(cluster: IMlCluster, { software }: GpuSoftwareNeed): void {
  if (isInstalled(cluster, 'nvidia-device-plugin')) return;
  const images = chartImages(cluster, 'nvidia-device-plugin');
  new HelmAddOn(cluster, 'DevicePlugin', {
    cluster,
    chart: 'nvidia-device-plugin',
    // it talks to the kubelet over a folder of the node
    podSecurity: PodSecurity.PRIVILEGED,
    values: devicePluginValues(images),
    overrides: software.values,
    images,
    relations: { creates: [] },
  });
}

function installMetrics(cluster: IMlCluster): void {
  if (isInstalled(cluster, GPU_METRICS) || cluster.node.tryFindChild('GpuMetrics') !== undefined) return;
  PrometheusOperatorCrds.ensure(cluster);
  const [image = ''] = chartImages(cluster, 'dcgm-exporter');
  new ManifestRelease(cluster, 'GpuMetrics', { cluster, releaseName: GPU_METRICS, chart: gpuMetricsChart(image), requires: MONITORS });
}

/** True if the cluster had it before this app. */
function isInstalled(cluster: IMlCluster, name: string): boolean {
  return InstallationOrder.of(cluster).installed.addOns.includes(name);
}
