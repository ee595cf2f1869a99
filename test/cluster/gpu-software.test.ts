import type { Stack } from 'aws-cdk-lib';
import { chartValues, clusterIn, releaseIds } from './add-ons-support';
import { ancestorsOf, faultOf, idOf, resourcesOf, testStack } from './support';
import { GpuSharing, GpuSoftware, HelmAddOn, PodSecurity, type IMlCluster } from '../../lib/cluster';
import { gpuNodeLabels, gpuSoftwareKind, type GpuNodeImage } from '../../lib/cluster/blueprint/gpu-software-nodes';
import { gpuMetricsChart } from '../../lib/cluster/manifests/gpu-metrics';
import { ensureGpuSoftware } from '../../lib/cluster/private/gpu-software-install';
import { helmValueFaults } from '../conformance/helm-values-oracle';

function need(cluster: IMlCluster, poolName: string, ami: GpuNodeImage, software = GpuSoftware.auto(), sharing?: GpuSharing): void {
  ensureGpuSoftware(cluster, { ami, software, sharing, poolName });
}

/** What is installed for pools. */
function installed(...pools: [string, GpuNodeImage, GpuSoftware?, GpuSharing?][]): { stack: Stack; releases: string[] } {
  const stack = testStack();
  const cluster = clusterIn(stack);
  for (const [poolName, ami, software, sharing] of pools) need(cluster, poolName, ami, software, sharing);
  return { stack, releases: Object.keys(releaseIds(stack)).sort() };
}

describe('software by the image of the nodes', () => {
  test.each<[GpuNodeImage, string[]]>([
    ['al2023', ['gpu-operator', 'gpu-operator-namespace', 'prometheus-operator-crds']],
    ['bottlerocket', ['dcgm-exporter', 'prometheus-operator-crds']],
    ['auto-mode', ['dcgm-exporter', 'prometheus-operator-crds']],
  ])('%s', (ami, releases) => {
    expect(installed(['a', ami]).releases).toEqual(releases);
  });

  test('is installed once for all pools of a cluster, each kind where it is needed', () => {
    const { releases } = installed(['a', 'al2023'], ['b', 'bottlerocket'], ['c', 'al2023', GpuSoftware.gpuOperator()], ['d', 'bottlerocket', GpuSoftware.dcgmExporterOnly()]);
    expect(releases).toEqual(['dcgm-exporter', 'gpu-operator', 'gpu-operator-namespace', 'prometheus-operator-crds']);
  });

  test('is chosen: the device plugin with the exporter, the exporter alone, or nothing', () => {
    expect(installed(['a', 'al2023', GpuSoftware.devicePlugin()]).releases).toEqual(['dcgm-exporter', 'nvidia-device-plugin', 'nvidia-device-plugin-namespace', 'prometheus-operator-crds']);
    expect(installed(['a', 'al2023', GpuSoftware.dcgmExporterOnly()]).releases).toEqual(['dcgm-exporter', 'prometheus-operator-crds']);
    expect(installed(['a', 'bottlerocket', GpuSoftware.none()]).releases).toEqual([]);
  });

  test('is not installed where the cluster has it', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { installedAddOns: ['gpu-operator', 'nvidia-device-plugin', 'dcgm-exporter'] });
    need(cluster, 'a', 'al2023');
    need(cluster, 'b', 'bottlerocket');
    expect(releaseIds(stack)).toEqual({});
  });

  test('is installed for each cluster of an app', () => {
    const [a, b] = [testStack('A'), testStack('B')];
    for (const stack of [a, b]) need(clusterIn(stack), 'gpu', 'al2023');
    expect([releaseIds(a), releaseIds(b)].map((it) => 'gpu-operator' in it)).toEqual([true, true]);
  });
});

describe('the GPU Operator', () => {
  const { stack } = installed(['a', 'al2023']);
  const { values } = chartValues(stack)['gpu-operator']!;

  test('gets values that its chart has', () => {
    expect(helmValueFaults('gpu-operator', values)).toEqual([]);
  });

  // https://docs.aws.amazon.com/eks/latest/userguide/ml-eks-optimized-ami.html: the image has driver and toolkit, and no plugin
  test('leaves driver and container toolkit to the image, and lets whole GPUs and slices be in one cluster', () => {
    expect(values).toMatchObject({ driver: { enabled: false }, toolkit: { enabled: false }, mig: { strategy: 'mixed' }, dcgmExporter: { serviceMonitor: { enabled: true } } });
  });

  test('tolerates the taint of GPU pools, and looks for GPUs on its own nodes only', () => {
    const toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };
    expect(values.daemonsets.tolerations).toEqual([toleration]);
    expect(values['node-feature-discovery'].worker).toEqual({ nodeSelector: { 'ml-platform/gpu-software': 'gpu-operator' }, tolerations: [toleration] });
  });

  test('has a plugin configuration for every number of pods on one GPU, so that another pool changes nothing', () => {
    const { config } = values.devicePlugin;
    expect(config.default in config.data).toBe(true);
    for (let replicas = 2; replicas <= 16; replicas++) {
      const label = gpuNodeLabels({ ami: 'al2023', software: GpuSoftware.auto(), sharing: GpuSharing.timeSlicing(replicas) })['nvidia.com/device-plugin.config']!;
      // https://github.com/NVIDIA/k8s-device-plugin#with-cuda-time-slicing
      expect(config.data[label]).toBe(`version: v1\nsharing:\n  timeSlicing:\n    failRequestsGreaterThanOne: true\n    resources:\n      - name: nvidia.com/gpu\n        replicas: ${replicas}\n`);
    }
    const more = chartValues(installed(['a', 'al2023'], ['b', 'al2023', undefined, GpuSharing.timeSlicing(4)], ['c', 'al2023', undefined, GpuSharing.mig('1g.10gb')]).stack);
    expect(more['gpu-operator']!.values).toEqual(values);
  });

  test('comes after the definitions of monitors', () => {
    expect(ancestorsOf(stack, idOf(stack, /^ClusterGpuOperator[0-9A-F]{8}$/))).toContain(releaseIds(stack)['prometheus-operator-crds']);
  });

  test('takes values, last, from the first pool that says some', () => {
    const own = GpuSoftware.gpuOperator({ values: { migManager: { enabled: false } } });
    const chosen = installed(['a', 'al2023', own], ['b', 'al2023'], ['c', 'al2023', own]);
    expect(chartValues(chosen.stack)['gpu-operator']!.values.migManager).toMatchObject({ enabled: false, image: 'k8s-mig-manager' });
  });
});

describe("NVIDIA's device plugin", () => {
  test('gets values that its chart has, and runs on its own nodes only', () => {
    const { values } = chartValues(installed(['a', 'al2023', GpuSoftware.devicePlugin()]).stack)['nvidia-device-plugin']!;
    expect(helmValueFaults('nvidia-device-plugin', values)).toEqual([]);
    expect(values.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'ml-platform/gpu-software', operator: 'In', values: ['device-plugin'] }] },
    ]);
    expect(values.config.map[values.config.default]).toBe('version: v1\n');
    expect(values.config.map['time-slicing-4']).toContain('replicas: 4');
  });
});

describe('the metrics exporter', () => {
  const [namespace, daemons, monitor] = gpuMetricsChart('registry.example.com/dcgm-exporter:1').toJson() as any[];

  test('runs where the operator does not, and says which pod has which GPU', () => {
    expect(namespace.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
    const { spec } = daemons.spec.template;
    expect(spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values).toEqual(['dcgm-exporter', 'device-plugin']);
    expect(spec.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
    expect(spec.containers[0]).toMatchObject({ image: 'registry.example.com/dcgm-exporter:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } } });
    expect(spec.volumes).toEqual([{ name: 'pod-resources', hostPath: { path: '/var/lib/kubelet/pod-resources', type: 'Directory' } }]);
  });

  // https://github.com/NVIDIA/dcgm-exporter/issues/636
  test('makes the cache of the linker before it starts', () => {
    expect(daemons.spec.template.spec.containers[0].command[2]).toMatch(/^\/sbin\/ldconfig .*; exec \/usr\/bin\/dcgm-exporter /);
  });

  test('is found by its monitor', () => {
    expect(monitor.spec.selector.matchLabels).toEqual(daemons.spec.template.metadata.labels);
    expect(monitor.spec.podMetricsEndpoints[0].port).toBe(daemons.spec.template.spec.containers[0].ports[0].name);
  });

  test('comes from the mirror', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { imageMirror: 'mirror.example.com' });
    need(cluster, 'a', 'bottlerocket');
    const release = cluster.node.findChild('GpuMetrics');
    expect(release.node.path).toBe('Stack/Cluster/GpuMetrics');
    expect(resourcesOf(stack)[releaseIds(stack)['dcgm-exporter']!]?.Properties.Release).toBe('dcgm-exporter');
  });
});

describe('labels of the nodes', () => {
  test.each<[GpuNodeImage, GpuSoftware, GpuSharing | undefined, Record<string, string>]>([
    ['al2023', GpuSoftware.auto(), undefined, { 'ml-platform/gpu-software': 'gpu-operator' }],
    ['al2023', GpuSoftware.auto(), GpuSharing.timeSlicing(4), { 'ml-platform/gpu-software': 'gpu-operator', 'nvidia.com/device-plugin.config': 'time-slicing-4' }],
    // https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-mig.html
    ['al2023', GpuSoftware.auto(), GpuSharing.mig('1g.10gb'), { 'ml-platform/gpu-software': 'gpu-operator', 'nvidia.com/mig.config': 'all-1g.10gb' }],
    ['al2023', GpuSoftware.devicePlugin(), GpuSharing.timeSlicing(2), { 'ml-platform/gpu-software': 'device-plugin', 'nvidia.com/gpu.deploy.operands': 'false', 'nvidia.com/device-plugin.config': 'time-slicing-2' }],
    // Bottlerocket's plugin is told in its settings
    ['bottlerocket', GpuSoftware.auto(), GpuSharing.timeSlicing(4), { 'ml-platform/gpu-software': 'dcgm-exporter', 'nvidia.com/gpu.deploy.operands': 'false' }],
    ['auto-mode', GpuSoftware.none(), undefined, { 'ml-platform/gpu-software': 'none', 'nvidia.com/gpu.deploy.operands': 'false' }],
  ])('%s %#', (ami, software, sharing, labels) => {
    expect(gpuNodeLabels({ ami, software, sharing })).toEqual(labels);
    expect(gpuSoftwareKind({ ami, software })).toBe(labels['ml-platform/gpu-software']);
  });
});

describe('conflicts', () => {
  const fault = (...pools: [string, GpuNodeImage, GpuSoftware?, GpuSharing?][]): string => faultOf(() => installed(...pools));

  test('a second device plugin on an image that brings one', () => {
    expect(fault(['a', 'bottlerocket', GpuSoftware.gpuOperator()])).toBe(
      "ValidationError at Stack/Cluster [second-device-plugin]: software of the pool 'a' is the GPU Operator, but Bottlerocket brings a device plugin of its own; use GpuSoftware.auto() or GpuSoftware.dcgmExporterOnly()");
    expect(fault(['a', 'auto-mode', GpuSoftware.devicePlugin()])).toContain("software of the pool 'a' is NVIDIA's device plugin, but EKS Auto Mode brings a device plugin of its own");
  });

  test('the operator and the stand-alone plugin in one cluster', () => {
    expect(fault(['a', 'al2023'], ['b', 'al2023', GpuSoftware.devicePlugin()])).toBe(
      "ValidationError at Stack/Cluster [conflicting-gpu-software]: software of the pool 'b' is NVIDIA's device plugin, and that of the pool 'a' is the GPU Operator, which both are device plugins of the cluster; choose one for all pools");
  });

  test('other values of what the cluster has once', () => {
    expect(fault(['a', 'al2023'], ['b', 'al2023', GpuSoftware.gpuOperator({ values: { gfd: { enabled: false } } })])).toBe(
      "ValidationError at Stack/Cluster [conflicting-gpu-software-values]: software of the pool 'b' has other values than that of the pool 'a', and the cluster has the GPU Operator once; say the same at both, or at the first only");
  });

  test('sharing without a device plugin, and MIG without the operator', () => {
    expect(fault(['a', 'al2023', GpuSoftware.none(), GpuSharing.timeSlicing(2)])).toBe(
      "ValidationError at Stack/Cluster [sharing-without-device-plugin]: sharing of the pool 'a' is done by a device plugin, and its software is nothing; use GpuSoftware.auto(), or leave sharing out");
    expect(fault(['a', 'al2023', GpuSoftware.devicePlugin(), GpuSharing.mig('1g.10gb')])).toBe(
      "ValidationError at Stack/Cluster [mig-without-operator]: sharing of the pool 'a' is MIG, and NVIDIA's device plugin cannot cut GPUs; use GpuSoftware.gpuOperator(), or GpuSharing.timeSlicing()");
  });

  test('an operator that the user installs too', () => {
    expect(faultOf(() => {
      const stack = testStack();
      const cluster = clusterIn(stack);
      new HelmAddOn(stack, 'Own', { cluster, chart: 'gpu-operator', podSecurity: PodSecurity.PRIVILEGED });
      need(cluster, 'a', 'al2023');
    })).toContain("[duplicate-add-on]: 'gpu-operator' is installed more than once");
  });

  test('a misspelt value', () => {
    expect(fault(['a', 'al2023', GpuSoftware.gpuOperator({ values: { migManger: {} } })])).toContain(
      "[unknown-chart-value]: values.migManger is not a value of the pinned chart gpu-operator (did you mean 'migManager'?)");
  });
});
