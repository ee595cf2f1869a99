import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Fn, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { App as Cdk8sApp, Chart } from 'cdk8s';
import { KubeConfigMap, KubeService } from 'cdk8s-plus-28/lib/imports/k8s';
import { parse } from 'yaml';
import { chartOf, fakeCluster, textNetwork } from './support';
import { ManifestRelease, MlCluster, PodSecurity } from '../../lib/cluster';
import { argoApplication } from '../../lib/cluster/manifests/add-on-files';
import { drainAccessChart, namespaceChart, serviceAccountChart, storageClassesChart } from '../../lib/cluster/manifests/basics';
import { chartFolder } from '../../lib/cluster/manifests/chart-folder';
import { certificateChart, selfSignedChart } from '../../lib/cluster/manifests/self-signed';
import { writeChart } from '../../lib/cluster/manifests/write-folder';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { requireTool } from '../../lib/local/toolchain/tool';
import { customResourceDefinitions } from '../conformance/kubernetes-fixtures';
import { describeWithTools } from '../conformance/tools';

const NASTY = 'a"b\\c {{ .Values.x }} }} {{{ {{- \u2028 \ufeff tab\t nl\n {';
const NODE_POOL = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'gpu' },
  spec: {
    template: {
      spec: {
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'gpu' },
        requirements: [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] }],
      },
    },
  },
};

describeWithTools('manifests on a real API server, by the helm that AWS runs', ['etcd', 'kube-apiserver', 'helm', 'kubectl'], () => {
  let folder: string;
  let server: LocalApiServer;
  let helm: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'helm-delivery-'));
    helm = await requireTool('helm');
    server = await LocalApiServer.start({ dir: join(folder, 'server') });
    await server.define(customResourceDefinitions(['karpenter', 'cert-manager', 'argo-cd']));
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the command that the EKS handler runs. */
  const upgrade = (release: string, chart: string, values: object = {}, ...more: string[]): void => {
    const file = join(folder, `${release}.json`);
    writeFileSync(file, JSON.stringify(values, undefined, 2));
    execFileSync(helm, ['upgrade', release, chart, '--install', '--create-namespace', '--values', file, '--namespace', 'default', '--timeout', '60s',
      ...more, '--kubeconfig', server.kubeconfig], { env: helmEnv(folder), stdio: 'pipe' });
  };
  const read = async (path: string): Promise<any> => (await server.client.request('GET', path)).body;
  const status = async (path: string): Promise<number> => (await server.client.request('GET', path)).status;

  test('text, templates in text and 400 KB arrive unchanged, values are filled in, objects are applied server-side', async () => {
    const bucket = Token.asString({ Ref: 'Bucket' });
    const port = Token.asNumber({ Ref: 'Port' });
    const addresses = Token.asList({ Ref: 'Addresses' });
    const chart = chartFolder('delivery', [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'app' }, data: { nasty: NASTY, big: 'x{{y}}'.repeat(70_000), uri: `s3://${bucket}/a{`, brace: `{${bucket}`, [`k-${bucket}`]: 'v' } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', labels: { bucket } }, spec: { clusterIP: 'None', ports: [{ name: 'sql', port, targetPort: port }], externalIPs: addresses } },
    ]);
    expect(chart.values.map((it) => [it.name, it.token])).toEqual([['T0', bucket], ['T1', port], ['T2', addresses]]);
    upgrade('delivery', writeChart(folder, chart), { T0: 'lake-123', T1: 5432, T2: ['10.0.0.1'] }, '--wait', '--atomic');

    const { data, metadata } = await read('/api/v1/namespaces/default/configmaps/app');
    expect(data.nasty).toBe(NASTY);
    expect(data.big).toBe('x{{y}}'.repeat(70_000));
    expect(data).toMatchObject({ 'uri': 's3://lake-123/a{', 'brace': '{lake-123', 'k-lake-123': 'v' });
    expect(metadata.managedFields[0].operation).toBe('Apply');
    const service = await read('/api/v1/namespaces/default/services/db');
    expect(service.spec.ports[0]).toMatchObject({ port: 5432, targetPort: 5432 });
    expect(service.spec.externalIPs).toEqual(['10.0.0.1']);
  });

  test('a value with quotes, backslashes and braces of its own stays inside its text', async () => {
    const value = 'we"ird\\ {{ .Release.Name }}\n"';
    const chart = chartFolder('weird', [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'weird' }, data: { it: `<${Token.asString({ Ref: 'X' })}>` } }]);
    upgrade('weird', writeChart(folder, chart), { T0: value });
    expect((await read('/api/v1/namespaces/default/configmaps/weird')).data.it).toBe(`<${value}>`);
  });

  test('an upgrade removes a custom resource that left the chart, and uninstall the rest', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' }, data: {} };
    upgrade('pools', writeChart(folder, chartFolder('pools', [map, NODE_POOL])));
    expect(await status('/apis/karpenter.sh/v1/nodepools/gpu')).toBe(200);
    upgrade('pools', writeChart(folder, chartFolder('pools', [map])));
    expect(await status('/apis/karpenter.sh/v1/nodepools/gpu')).toBe(404);
    expect(await status('/api/v1/namespaces/default/configmaps/kept')).toBe(200);
    execFileSync(helm, ['uninstall', 'pools', '--namespace', 'default', '--timeout', '60s', '--kubeconfig', server.kubeconfig], { env: helmEnv(folder), stdio: 'pipe' });
    expect(await status('/api/v1/namespaces/default/configmaps/kept')).toBe(404);
  });

  test('what a stack puts into its assembly installs as it is, with values of other resources', async () => {
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stack = new Stack(app, 'Models');
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    const bucket = new s3.Bucket(stack, 'Bucket');
    const chart = new Chart(new Cdk8sApp(), 'chat', { namespace: 'default' });
    new KubeConfigMap(chart, 'Settings', { metadata: { name: 'settings' }, data: { uri: `s3://${bucket.bucketName}/models` } });
    new KubeService(chart, 'Service', { metadata: { name: 'chat' }, spec: { ports: [{ port: 80 }], externalIPs: Fn.split(',', bucket.bucketArn) } });
    const release = new ManifestRelease(stack, 'Chat', { cluster, chart });
    const assembly = app.synth();
    const resource = Object.values<any>(assembly.getStackByName('Models').template.Resources).find((it) => it.Type === 'Custom::AWSCDK-EKS-HelmChart');
    expect(JSON.stringify(resource).length).toBeLessThan(1_000);
    const hash = /\/([0-9a-f]{64})\.zip/.exec(JSON.stringify(resource.Properties.ChartAssetURL))?.[1];
    const values = JSON.parse(resource.Properties.Values['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part
      : JSON.stringify(part).includes('CdkJsonStringify') ? '["10.0.0.7"]' : 'bucket-of-the-stack')).join(''));
    upgrade(release.releaseName, join(assembly.directory, `asset.${hash}`), values);
    expect((await read('/api/v1/namespaces/default/configmaps/settings')).data).toEqual({ uri: 's3://bucket-of-the-stack/models' });
    expect((await read('/api/v1/namespaces/default/services/chat')).spec.externalIPs).toEqual(['10.0.0.7']);
  });

  test('every object of our own is taken as it is, strictly read and without a warning', async () => {
    const argo = argoApplication({ name: 'keda', namespace: 'keda', chart: 'keda', repository: 'https://kedacore.github.io/charts', version: '2.20.2', values: { crds: { install: true } } }, 1);
    for (const namespace of ['argocd', 'cert-manager']) await server.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const objects = [
      ...[
        namespaceChart('models', PodSecurity.RESTRICTED), serviceAccountChart('default', 'chat', false), drainAccessChart(), storageClassesChart(),
        selfSignedChart({ name: 'own', namespace: 'cert-manager' }), certificateChart({ name: 'a', namespace: 'default', secretName: 'a', dnsNames: ['a.default.svc'], issuer: 'own' }),
      ].flatMap((chart) => chart.toJson()),
      parse(argo['application.yaml'] ?? ''),
    ] as KubernetesObject[];
    const answers = await Promise.all(objects.map(async (object) => server.client.dryRun(object)));
    expect(answers).toEqual(objects.map(() => ({ accepted: true, warnings: [] })));
    // and the server does read them: a property that it does not know is refused
    expect(await server.client.dryRun({ ...objects[0], specc: {} } as KubernetesObject)).toMatchObject({ accepted: false });
  });

  test('helm itself finds nothing to say about a generated chart', () => {
    const chart = writeChart(folder, chartFolder('linted', [NODE_POOL, chartOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }).toJson()[0]]));
    const said = execFileSync(helm, ['lint', '--strict', chart], { env: helmEnv(folder), encoding: 'utf8' });
    expect(said).toContain('0 chart(s) failed');
    expect(readFileSync(join(chart, 'Chart.yaml'), 'utf8')).toMatch(/^version: 1\.0\.0\+[0-9a-f]{16}$/m);
  });
});

function helmEnv(folder: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: folder, HELM_CACHE_HOME: join(folder, 'helm-cache'), HELM_CONFIG_HOME: join(folder, 'helm-config'), HELM_DATA_HOME: join(folder, 'helm-data') };
}
