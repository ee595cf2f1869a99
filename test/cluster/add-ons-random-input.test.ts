import { Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { clusterIn } from './add-ons-support';
import { resourcesOf, testStack, validOrRefused } from './support';
import {
  EnvoyGateway, ExternalSecrets, GatewayExposure, GpuSharing, GpuSoftware, Keda, KedaHttp, KServe, LeaderWorkerSets, LoadBalancerController, PrometheusOperatorCrds, type IMlCluster,
} from '../../lib/cluster';
import { checkGpuSoftware, gpuNodeLabels, gpuSoftwareKind, type GpuNodeImage } from '../../lib/cluster/blueprint/gpu-software-nodes';
import { ensureGpuSoftware } from '../../lib/cluster/private/gpu-software-install';
import { Faults } from '../../lib/core/private/faults';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const text = fc.oneof(fc.string(), fc.constantFrom('', 'a', 'My Name', 'x'.repeat(300), Token.asString({ Ref: 'P' })));
const number = fc.oneof(fc.integer({ min: -2, max: 120 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
const values = maybe(fc.dictionary(fc.oneof(text, fc.constantFrom('image', 'kserve', 'replicaCount', 'crds')), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 }) as fc.Arbitrary<Record<string, unknown>>);
const replicas = maybe(number);

const software = fc.constantFrom(GpuSoftware.auto(), GpuSoftware.gpuOperator(), GpuSoftware.gpuOperator({ values: { gfd: { enabled: false } } }), GpuSoftware.devicePlugin(), GpuSoftware.dcgmExporterOnly(), GpuSoftware.none());
const sharing = maybe(fc.constantFrom(GpuSharing.timeSlicing(2), GpuSharing.timeSlicing(16), GpuSharing.mig('1g.10gb')));
const ami = fc.constantFrom<GpuNodeImage>('al2023', 'bottlerocket', 'auto-mode');
const pool = fc.record({ ami, software, sharing: sharing as fc.Arbitrary<GpuSharing>, poolName: fc.constantFrom('a', 'b') });

describe('any properties of an add-on give a template or a ValidationError', () => {
  const synthesized = (build: (stack: Stack, cluster: IMlCluster) => void): boolean => validOrRefused(() => {
    const stack = testStack();
    build(stack, clusterIn(stack, { installedAddOns: ['aws-load-balancer-controller'], installedApiGroups: ['cert-manager.io', 'keda.sh', 'gateway.networking.k8s.io'] }));
    resourcesOf(stack);
  });
  const runs = { numRuns: 50 };

  test('of those with copies', () => fc.assert(fc.property(fc.constantFrom(0, 1, 2, 3, 4), replicas, values, (which, count, given) => synthesized((stack, cluster) => {
    const props = { cluster, replicas: count, values: given };
    if (which === 0) new Keda(stack, 'A', props);
    if (which === 1) new KedaHttp(stack, 'A', props);
    if (which === 2) new LeaderWorkerSets(stack, 'A', props);
    if (which === 4) new ExternalSecrets(stack, 'A', props);
    if (which === 3) new LoadBalancerController(stack, 'A', props);
  })), { numRuns: 5 * runs.numRuns }), 120_000);

  test('of Envoy Gateway', () => fc.assert(fc.property(
    fc.record({ gatewayClassName: maybe(fc.oneof(text, fc.constant('ml'))), exposure: maybe(fc.constantFrom(...Object.values(GatewayExposure))), proxyReplicas: replicas, replicas, values }),
    (props) => synthesized((stack, cluster) => new EnvoyGateway(stack, 'A', { cluster, ...props }))), runs), 120_000);

  test('of KServe', () => fc.assert(fc.property(
    fc.record({ runtimes: maybe(fc.boolean()), llmInferenceService: maybe(fc.boolean()), values, runtimeValues: values, llmValues: values }),
    (props) => synthesized((stack, cluster) => new KServe(stack, 'A', { cluster, ...props }))), runs), 120_000);

  test('of the definitions of monitors', () => fc.assert(fc.property(values, (given) => synthesized((stack, cluster) => new PrometheusOperatorCrds(stack, 'A', { cluster, values: given }))), runs), 120_000);

  test('of GPU software', () => fc.assert(fc.property(fc.array(pool, { maxLength: 4 }), (pools) => synthesized((_, cluster) => {
    for (const need of pools) ensureGpuSoftware(cluster, need);
  })), runs), 120_000);
});

test('pools that are accepted never put two device plugins on a node or in a cluster', () => {
  fc.assert(fc.property(fc.array(pool, { maxLength: 5 }), (pools) => {
    const faults = Faults.at('Cluster');
    const before = pools.map((need) => ({ kind: gpuSoftwareKind(need), poolName: need.poolName }));
    pools.forEach((need, index) => checkGpuSoftware(faults, need, before.slice(0, index)));
    if (!faults.ok) return;
    const plugins = new Set(before.map(({ kind }) => kind).filter((kind) => kind === 'gpu-operator' || kind === 'device-plugin'));
    expect(plugins.size).toBeLessThanOrEqual(1);
    for (const need of pools) {
      const labels = gpuNodeLabels(need);
      expect(labels['nvidia.com/gpu.deploy.operands'] === 'false').toBe(labels['ml-platform/gpu-software'] !== 'gpu-operator');
      if (need.ami !== 'al2023') expect(plugins.has(gpuSoftwareKind(need) as 'gpu-operator')).toBe(false);
    }
  }), { numRuns: 2_000 });
});
