import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack, Token } from 'aws-cdk-lib';
import { parse } from 'yaml';
import { chartOf, configMap, faultOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import { CertManager, HelmAddOn, ManifestDelivery, MlCluster } from '../../lib/cluster';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'delivery-files-')); });
afterEach(() => rmSync(folder, { recursive: true }));

function deploy(delivery: ManifestDelivery, build: (cluster: MlCluster) => void = () => {}): Stack {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack), delivery });
  const certManager = new CertManager(stack, 'CertManager', { cluster });
  certManager.addSelfSignedIssuer('Issuer', { issuerName: 'own' });
  build(cluster);
  resourcesOf(stack);
  return stack;
}
const read = (...path: string[]): any => parse(readFileSync(join(folder, ...path), 'utf8'));
const folders = (): string[] => readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory()).map((it) => it.name).sort();

describe('gitOps delivery', () => {
  test('writes plain objects with the wave in which they are installed, and an Argo CD Application for a chart', () => {
    const stack = deploy(ManifestDelivery.gitOps({ directory: folder }));
    expect(idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart')).toEqual([]);
    expect(folders()).toEqual([
      'cert-manager', 'cert-manager-namespace', expect.stringMatching(/^stack-cert-manager-issuer-issuer-/), expect.stringMatching(/^stack-cluster-drain-provider-access-/), expect.stringMatching(/^stack-cluster-storage-classes-/),
    ]);
    const application = read('cert-manager', 'application.yaml');
    expect(application).toMatchObject({
      apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'cert-manager', annotations: { 'argocd.argoproj.io/sync-wave': '1' } },
      spec: {
        destination: { namespace: 'cert-manager' },
        source: { repoURL: 'quay.io/jetstack/charts', chart: 'cert-manager', targetRevision: 'v1.21.1', helm: { valuesObject: { crds: { enabled: true } } } },
      },
    });
    const wave = (path: string): string => read(path, readdirSync(join(folder, path))[0] ?? '').metadata.annotations['argocd.argoproj.io/sync-wave'];
    expect(wave('cert-manager-namespace')).toBe('0');
    expect(wave(folders().find((it) => it.includes('issuer')) ?? '')).toBe('2');
  });

  test('refuses a value of a chart that is known only at deploy time, with its path', () => {
    const stack = testStack();
    const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack), delivery: ManifestDelivery.gitOps({ directory: folder }) });
    expect(faultOf(() => new HelmAddOn(stack, 'Karpenter', { cluster, chart: 'karpenter', values: { settings: { clusterName: cluster.clusterName } } }))).toBe(
      "ValidationError at Stack/Karpenter [deploy-time-value-in-git]: values.settings.clusterName of the add-on 'karpenter' is known only at deploy time, but gitOps delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()");
    expect(faultOf(() => cluster.addManifests('A', chartOf(configMap('a', { b: Token.asString({ Ref: 'B' }) }))))).toBe(
      "ValidationError at Stack/Cluster/A [deploy-time-value-in-git]: data.b of ConfigMap 'a' is known only at deploy time, but gitOps delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()");
  });
});

describe('yaml delivery', () => {
  test('numbers folders in the order of installation, and pins a chart as a dependency', () => {
    deploy(ManifestDelivery.yaml({ directory: folder }));
    expect(folders().map((it) => it.slice(0, 20))).toEqual(['00-cert-manager-name', '00-stack-cluster-dra', '00-stack-cluster-sto', '01-cert-manager', '02-stack-cert-manage']);
    expect(read('01-cert-manager', 'Chart.yaml').dependencies).toEqual([{ name: 'cert-manager', version: 'v1.21.1', repository: 'oci://quay.io/jetstack/charts' }]);
    expect(read('01-cert-manager', 'values.yaml')['cert-manager'].crds).toEqual({ enabled: true });
    const issuer = folders()[4] ?? '';
    expect(readdirSync(join(folder, issuer))).toEqual(['0-clusterissuer-own-root.yaml', '1-certificate-cert-manager-own.yaml', '2-clusterissuer-own.yaml']);
    expect(read(issuer, '2-clusterissuer-own.yaml')).toEqual({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'own' }, spec: { ca: { secretName: 'own' } } });
  });

  test('removes what it wrote before and does not write any more, and nothing else', () => {
    writeFileSync(join(folder, 'README.md'), 'ours');
    deploy(ManifestDelivery.yaml({ directory: folder }), (cluster) => cluster.addManifests('Extra', chartOf(configMap('a')), { releaseName: 'extra' }));
    expect(existsSync(join(folder, '00-extra', '0-configmap-a.yaml'))).toBe(true);
    deploy(ManifestDelivery.yaml({ directory: folder }));
    expect(existsSync(join(folder, '00-extra', '0-configmap-a.yaml'))).toBe(false);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('ours');
  });

  test('never removes what a list names outside of its folder', () => {
    const outside = join(folder, 'outside.txt');
    writeFileSync(outside, 'keep');
    const inner = join(folder, 'inner');
    deploy(ManifestDelivery.yaml({ directory: inner }));
    writeFileSync(join(inner, '.cdk-ml-platform.json'), JSON.stringify({ files: ['../outside.txt', outside] }));
    deploy(ManifestDelivery.yaml({ directory: inner }));
    expect(existsSync(outside)).toBe(true);
  });

  test('gives a folder to one cluster', () => {
    const stack = new Stack(testApp(), 'Stack');
    const delivery = ManifestDelivery.yaml({ directory: folder });
    const network = textNetwork(stack);
    new MlCluster(stack, 'A', { network, delivery });
    expect(faultOf(() => new MlCluster(stack, 'B', { network, delivery })))
      .toBe('ValidationError at Stack/B [directory-taken]: directory is the folder of Stack/A already; give each cluster a folder of its own');
  });

  test.each(['', '.', '..', '/'])('%p is no folder of its own', (directory) => {
    expect(faultOf(() => ManifestDelivery.yaml({ directory }))).toContain("use the path of a folder of its own, such as 'deploy/prod'");
  });
});
