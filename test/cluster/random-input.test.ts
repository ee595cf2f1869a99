import { Duration, Size, Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { chartOf, fakeCluster, resourcesOf, testStack, textNetwork, validOrRefused } from './support';
import { AddOnRequirement, CertManager, ControlledResource, HelmAddOn, ManifestDelivery, ManifestRelease, MlCluster, SelfSignedIssuer, WorkloadIdentity } from '../../lib/cluster';
import { checkImages, checkNetworkReach, mirroredChart, mirroredImage, neededEndpoints } from '../../lib/cluster/blueprint/endpoints';
import { mergeValues } from '../../lib/cluster/blueprint/merge-values';
import { checkCluster, eksAddOns, isGraviton, systemNodes } from '../../lib/cluster/blueprint/system-cluster';
import { checkWorkload } from '../../lib/cluster/blueprint/workload-identity';
import { releaseNameOf, RELEASE_NAME } from '../../lib/cluster/manifests/release';
import { Faults } from '../../lib/core/private/faults';

const token = fc.constantFrom(Token.asString({ Ref: 'P' }), `x-${Token.asString({ Ref: 'Q' })}`);
const text = fc.oneof(fc.string(), token, fc.constantFrom('', 'a', 'kube-system', 'My Name', 'a'.repeat(300), '__proto__', '203.0.113.0/24', '0.0.0.0/0', 't3.large', 'm7g.large'));
const number = fc.oneof(fc.integer({ min: -5, max: 600 }), fc.double(), fc.constant(Token.asNumber({ Ref: 'N' })));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const size = fc.integer({ min: 0, max: 20_000 }).map((it) => Size.gibibytes(it));
const nodes = fc.record({ instanceTypes: maybe(fc.array(text, { maxLength: 3 })), count: maybe(number), maxCount: maybe(number), diskSize: maybe(size) });
const values = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }) as fc.Arbitrary<Record<string, unknown>>;

describe('any properties of a blueprint are accepted or refused with a ValidationError', () => {
  const runs = { numRuns: 2_000 };
  const checked = (act: (faults: Faults) => void): boolean => validOrRefused(() => {
    const faults = Faults.at('Stack/It');
    act(faults);
    faults.throwIfAny();
  });

  test('system nodes', () => fc.assert(fc.property(nodes, (request) => checked((faults) => {
    const { instanceTypes } = systemNodes(faults, request);
    if (faults.ok) expect(new Set(instanceTypes.map(isGraviton)).size).toBe(1);
  })), runs));

  test('a cluster', () => fc.assert(fc.property(
    fc.record({ clusterName: maybe(text), publicEndpointCidrs: maybe(fc.array(text, { maxLength: 3 })), imageMirror: maybe(text), kubernetesVersion: text, kubectlVersions: fc.constant(['1.35']) }),
    (request) => checked((faults) => checkCluster(faults, request))), runs));

  test('a network', () => fc.assert(fc.property(
    fc.record({ routesOut: fc.boolean(), interfaceEndpoints: fc.subarray(neededEndpoints()) }), fc.array(text, { maxLength: 3 }),
    (network, images) => {
      const accepted: boolean[] = [];
      checked((faults) => { checkNetworkReach(faults, network); accepted.push(faults.ok); });
      expect(accepted[0]).toBe(network.routesOut || network.interfaceEndpoints.length === neededEndpoints().length);
      checked((faults) => checkImages(faults, network, images));
    }), runs));

  test('a mirror', () => fc.assert(fc.property(fc.constantFrom('r.io', 'r.io/m/'), fc.webUrl({ validSchemes: ['https'] }), (mirror, url) => {
    expect(mirroredChart(mirror, url, 'chart')).toMatch(/^oci:\/\/r\.io\/.*\/chart$/);
    expect(mirroredImage(undefined, url)).toBe(url);
  }), runs));

  test('a workload', () => fc.assert(fc.property(text, text, (namespace, account) => checked((faults) => checkWorkload(faults, namespace, account))), runs));

  test('values: what is merged last wins, and nothing else changes', () => fc.assert(fc.property(values, values, (base, over) => {
    const before = JSON.stringify([base, over]);
    const merged = mergeValues(base, over);
    expect(JSON.stringify([base, over])).toBe(before);
    expect(mergeValues(merged, over)).toEqual(merged);
    expect(mergeValues(base, {})).toEqual(base);
  }), runs));

  test('a path gives a release name that Helm takes', () => fc.assert(fc.property(fc.array(text, { minLength: 1 }), (path) => {
    expect(releaseNameOf(path.join('/'))).toMatch(RELEASE_NAME.pattern);
  }), runs));

  test('add-ons: every ServiceAccount comes with its add-on', () => fc.assert(fc.property(fc.boolean(), (s3CsiDriver) => {
    expect(eksAddOns({ s3CsiDriver }).some((it) => it.name === 'aws-mountpoint-s3-csi-driver')).toBe(s3CsiDriver);
  }), runs));

  test('requirements and deliveries', () => fc.assert(fc.property(text, (it) => {
    validOrRefused(() => AddOnRequirement.addOn(it));
    validOrRefused(() => AddOnRequirement.customResource(it));
    validOrRefused(() => AddOnRequirement.webhook(it));
    validOrRefused(() => ManifestDelivery.gitOps({ directory: it }));
  }), runs));
});

describe('any properties of a construct give a template or a ValidationError', () => {
  const runs = { numRuns: 50 };
  const synthesized = (build: (stack: Stack) => void): boolean => validOrRefused(() => {
    const stack = testStack();
    build(stack);
    resourcesOf(stack);
  });
  const imported = (stack: Stack) => MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });

  test('MlCluster', () => fc.assert(fc.property(
    fc.record({
      clusterName: maybe(fc.oneof(text, fc.constant('ml'))), publicEndpointCidrs: maybe(fc.array(fc.constantFrom('203.0.113.0/24', '10.0.0.0/8', '0.0.0.0/0', 'x'), { maxLength: 2 })),
      systemNodes: maybe(fc.record({ instanceTypes: maybe(fc.subarray(['t3.large', 'm7g.large', 'x'])), count: maybe(fc.integer({ min: 0, max: 5 })), diskSize: maybe(size) })),
      s3CsiDriver: maybe(fc.boolean()), drainOnDelete: maybe(fc.boolean()),
    }),
    fc.record({ routesOut: fc.boolean(), interfaceEndpoints: fc.constantFrom([], neededEndpoints()) }),
    (props, reach) => synthesized((stack) => new MlCluster(stack, 'C', { network: textNetwork(stack, reach), ...props }))), runs), 120_000);

  test('HelmAddOn', () => fc.assert(fc.property(
    fc.record({
      chart: fc.constantFrom('keda', 'karpenter', 'x'), name: maybe(fc.oneof(text, fc.constant('n'))), namespace: maybe(fc.oneof(text, fc.constant('ns'))), values: maybe(values), overrides: maybe(values),
      timeout: maybe(fc.integer({ min: 0, max: 1_000 }).map((it) => Duration.seconds(it))), images: maybe(fc.array(text, { maxLength: 2 })),
      relations: maybe(fc.record({
        requires: maybe(fc.array(fc.constantFrom('keda', 'other').map((it) => AddOnRequirement.addOn(it)), { maxLength: 1 })),
        defines: maybe(fc.array(fc.oneof(text, fc.constant('x.io/K')), { maxLength: 2 })), guards: maybe(fc.array(fc.constantFrom('/Service', 'x.io/K'))), controls: maybe(fc.subarray(Object.values(ControlledResource))),
      })),
    }),
    (props) => synthesized((stack) => new HelmAddOn(stack, 'A', { cluster: imported(stack), ...props }))), runs), 120_000);

  test('ManifestRelease', () => fc.assert(fc.property(
    fc.array(fc.record({ kind: fc.constantFrom('ConfigMap', 'Pod', 'Namespace'), name: text, namespace: maybe(text), data: fc.dictionary(text, fc.oneof(text, number), { maxKeys: 3 }) }), { maxLength: 3 }),
    fc.record({ releaseName: maybe(text), namespace: maybe(text), wait: maybe(fc.boolean()), timeout: maybe(fc.integer({ min: 0, max: 1_000 }).map((it) => Duration.seconds(it))) }),
    (objects, options) => synthesized((stack) => new ManifestRelease(stack, 'A', {
      cluster: imported(stack), chart: chartOf(...objects.map(({ kind, name, namespace, data }) => ({ apiVersion: 'v1', kind, metadata: { name, namespace }, data }))), ...options,
    }))), runs), 120_000);

  test('WorkloadIdentity', () => fc.assert(fc.property(
    fc.record({ namespace: fc.oneof(text, fc.constant('m')), serviceAccountName: fc.oneof(text, fc.constant('c')), createServiceAccount: maybe(fc.boolean()), mountApiToken: maybe(fc.boolean()) }),
    (props) => synthesized((stack) => new WorkloadIdentity(stack, 'A', { cluster: imported(stack), ...props }))), runs), 120_000);

  test('CertManager and SelfSignedIssuer', () => fc.assert(fc.property(
    maybe(number), maybe(values), maybe(text), fc.array(fc.oneof(text, fc.constant('a.b')), { maxLength: 2 }), (replicas, given, issuerName, dnsNames) => synthesized((stack) => {
      const cluster = imported(stack);
      new CertManager(stack, 'A', { cluster, replicas, values: given });
      new SelfSignedIssuer(stack, 'B', { cluster, issuerName }).addCertificate('C', { namespace: 'default', dnsNames });
    })), runs), 120_000);
});
