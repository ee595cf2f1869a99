import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chartOf, configMap, faultOf, idsOf, resourcesOf, testStack, textNetwork } from './support';
import { CertManager, GitOpsTool, HelmAddOn, ManifestDelivery, MlCluster } from '../../lib/cluster';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'flux-delivery-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const flux = (): ManifestDelivery => ManifestDelivery.gitOps({ directory: folder, tool: GitOpsTool.FLUX, repositoryPath: 'deploy/prod' });
const read = (...path: string[]): any => parse(readFileSync(join(folder, ...path), 'utf8'));

function deploy(build: (cluster: MlCluster) => void = () => {}): string[] {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack), delivery: flux() });
  new CertManager(stack, 'CertManager', { cluster }).addSelfSignedIssuer('Issuer', { issuerName: 'own' });
  build(cluster);
  resourcesOf(stack);
  return idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart');
}

/** The order in which Flux may apply: each after all that it depends on. */
function fluxOrder(): string[] {
  const open = new Map(readdirSync(join(folder, 'flux')).map((file) => {
    const { metadata, spec } = read('flux', file);
    return [metadata.name as string, (spec.dependsOn ?? []).map((it: { name: string }) => it.name) as string[]];
  }));
  const order: string[] = [];
  while (open.size > 0) {
    const ready = [...open].filter(([, needs]) => needs.every((name) => order.includes(name))).map(([name]) => name).sort();
    if (ready.length === 0) throw new Error(`Flux waits for ever: ${JSON.stringify([...open])}`);
    for (const name of ready) { order.push(name); open.delete(name); }
  }
  return order;
}

describe('delivery to Flux', () => {
  test('each folder is applied after what it depends on, and nothing is installed by the deployment', () => {
    expect(deploy()).toEqual([]);
    const order = fluxOrder();
    const issuer = order.find((name) => name.includes('issuer'))!;
    expect(order.indexOf('cert-manager-namespace')).toBeLessThan(order.indexOf('cert-manager'));
    expect(order.indexOf('cert-manager')).toBeLessThan(order.indexOf(issuer));
    expect(readdirSync(join(folder, issuer))).toHaveLength(3);
  });

  test('a chart is a HelmRelease of the pinned version from its own registry', () => {
    deploy();
    expect(read('cert-manager', 'source.yaml')).toMatchObject({ kind: 'OCIRepository', spec: { url: 'oci://quay.io/jetstack/charts/cert-manager', ref: { tag: 'v1.21.1' } } });
    expect(read('cert-manager', 'helm-release.yaml')).toMatchObject({
      kind: 'HelmRelease', metadata: { name: 'cert-manager', namespace: 'flux-system' },
      spec: { releaseName: 'cert-manager', targetNamespace: 'cert-manager', chartRef: { kind: 'OCIRepository', name: 'cert-manager' }, values: { crds: { enabled: true } } },
    });
  });

  test('a chart of an index comes from a HelmRepository', () => {
    deploy((cluster) => { new HelmAddOn(cluster, 'Keda', { cluster, chart: 'keda' }); });
    expect(read('keda', 'source.yaml')).toMatchObject({ kind: 'HelmRepository', spec: { url: 'https://kedacore.github.io/charts' } });
    expect(read('keda', 'helm-release.yaml').spec.chart.spec).toMatchObject({ chart: 'keda', version: '2.20.2', sourceRef: { kind: 'HelmRepository', name: 'keda' } });
  });

  test('objects carry no Argo CD wave; Flux waits for the platform and not for what runs on it', () => {
    deploy((cluster) => cluster.addManifests('Extra', chartOf(configMap('a')), { releaseName: 'extra' }));
    expect(read('extra', '0-configmap-a.yaml').metadata).toEqual({ name: 'a' });
    expect(read('flux', 'extra.yaml').spec).toMatchObject({ path: './deploy/prod/extra', wait: false, prune: true, sourceRef: { kind: 'GitRepository', name: 'flux-system' } });
    expect(read('flux', 'cert-manager.yaml').spec.wait).toBe(true);
  });

  test('a folder that Flux could not find is an error', () => {
    expect(faultOf(() => ManifestDelivery.gitOps({ directory: '../deploy', tool: GitOpsTool.FLUX }))).toMatch(
      /^ValidationError at ManifestDelivery \[missing-repository-path\]: directory '\.\.\/deploy' lies outside .*; give repositoryPath/);
    expect(faultOf(() => ManifestDelivery.gitOps({ directory: 'deploy', repositoryPath: '/deploy' }))).toMatch(/\[invalid-repository-path\]/);
    expect(ManifestDelivery.gitOps({ directory: 'deploy/prod/', tool: GitOpsTool.FLUX }).repositoryPath).toBe('deploy/prod');
  });
});
