import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KUBERNETES_TOOLS } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { KubernetesClient, type KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { run } from '../../lib/local/toolchain/commands';
import { requireTool } from '../../lib/local/toolchain/tool';

const WIDGETS: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [{
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } },
    }],
  },
};

describeWithTools('a local API server', [...KUBERNETES_TOOLS, 'helm', 'kubectl'], () => {
  let folder: string;
  let server: LocalApiServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'local-api-server-'));
    server = await LocalApiServer.start({ dir: join(folder, 'server') });
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('refuses who has no credential', async () => {
    const certificate = join(folder, 'server/certificates/apiserver.crt');
    const stranger = new KubernetesClient({ url: server.url, token: 'guessed', certificateAuthority: () => readFileSync(certificate, 'utf8') });
    expect(await stranger.request('GET', '/api/v1/namespaces')).toMatchObject({ status: 401 });
    stranger.close();
  });

  test('serves a custom resource as soon as define returns, and not before', async () => {
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'it' }, spec: { size: 1 } };
    expect(await server.client.dryRun(widget)).toMatchObject({ accepted: false, message: 'no matches for kind "Widget" in version "example.com/v1"' });
    await server.define([WIDGETS]);
    expect(await server.client.dryRun(widget)).toMatchObject({ accepted: true });
    expect(await server.client.dryRun({ ...widget, spec: { sice: 1 } })).toMatchObject({ accepted: false, message: expect.stringContaining('unknown field "spec.sice"') });
  }, 60_000);

  test('says why it refuses a definition', async () => {
    await expect(server.define([{ ...WIDGETS, metadata: { name: 'wrong' } }])).rejects.toThrow(/^wrong was refused: .*must be spec.names.plural\+"."\+spec.group/);
  });

  test('takes a chart from helm and shows it to kubectl', async () => {
    const chart = join(folder, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: greeting\nversion: 1.0.0\n');
    writeFileSync(join(chart, 'templates/greeting.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {text: {{ .Values.text | quote }}}\n');
    const [helm, kubectl] = [await requireTool('helm'), await requireTool('kubectl')];
    const env = { ...process.env, KUBECONFIG: server.kubeconfig, HOME: folder };
    await run(helm, ['install', 'greeting', chart, '--set', 'text=hello', '--namespace', 'greetings', '--create-namespace'], { env });
    expect(await run(kubectl, ['get', 'configmap', 'greeting', '--namespace', 'greetings', '-o', 'jsonpath={.data.text}'], { env })).toBe('hello');
    await run(helm, ['uninstall', 'greeting', '--namespace', 'greetings'], { env });
    expect(await run(kubectl, ['get', 'configmap', '--namespace', 'greetings', '-o', 'jsonpath={.items[*].metadata.name}'], { env })).toBe('');
  }, 60_000);
});
