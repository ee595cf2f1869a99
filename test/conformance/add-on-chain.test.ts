import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, Stack } from 'aws-cdk-lib';
import { KUBERNETES_TOOLS } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { PodSecurity } from '../../lib/cluster/blueprint/pod-security';
import { CertManager } from '../../lib/cluster/cert-manager';
import { namespaceChart } from '../../lib/cluster/manifests/basics';
import { MlCluster } from '../../lib/cluster/ml-cluster';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { ServiceNetwork } from '../../lib/local/kubernetes/service-network';
import { stopCommands } from '../../lib/local/toolchain/commands';
import { requireTool } from '../../lib/local/toolchain/tool';
import { MlNetwork } from '../../lib/network/ml-network';
import { HandlerHelm } from '../support/cluster-helm';
import { keptObjects } from '../support/cluster-inventory';
import { releasesInOrder, type PlannedRelease } from '../support/cluster-releases';
import { LocalWorkloads } from '../support/cluster-workloads';

async function inOrder<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await act(item);
}

/** What cert-manager's own programs would listen on, where several of them share a machine. */
const PORTS = (part: string, service: number, health: number): string[] =>
  part === 'webhook' ? [`--secure-port=${service}`, `--healthz-port=${health}`, '--metrics-listen-address=0'] : [];

/** A cluster with cert-manager, an authority of its own and a certificate: made in an order that is not the one of installation. */
function platform(outdir: string): App {
  const app = new App({ outdir, context: { 'aws:cdk:enable-path-metadata': true } });
  const stack = new Stack(app, 'Platform');
  const cluster = new MlCluster(stack, 'Cluster', { network: new MlNetwork(stack, 'Network') });
  const issuer = new CertManager(stack, 'CertManager', { cluster }).addSelfSignedIssuer('Issuer');
  issuer.addCertificate('Chat', { namespace: 'models', dnsNames: ['chat.models.svc', 'chat.models.svc.cluster.local'] });
  cluster.addManifests('Models', namespaceChart('models', PodSecurity.RESTRICTED));
  return app;
}

/**
 * Real: the API server with its admission, the chart of the pinned version with our values, the handler's helm and its flags, the
 * chart's RBAC, its webhooks and their certificates, and cert-manager's controllers, which run as processes. Played: the kubelet.
 */
describeWithTools('cert-manager, an authority and a certificate, end to end', [...KUBERNETES_TOOLS, 'helm', 'cert-manager-processes', 'chart-cert-manager'], () => {
  let dir: string;
  let services: ServiceNetwork;
  let server: LocalApiServer;
  let workloads: LocalWorkloads;
  let helm: HandlerHelm;
  let plan: PlannedRelease[];
  let chart: string;
  let before: Set<string>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'add-on-chain-'));
    services = await ServiceNetwork.start(dir);
    server = await LocalApiServer.start({ dir: join(dir, 'server'), services });
    chart = await requireTool('chart-cert-manager');
    helm = new HandlerHelm(await requireTool('helm'), server, dir);
    before = await keptObjects(server.client);
    plan = releasesInOrder(platform(join(dir, 'cdk.out')));
  }, 180_000);
  afterAll(async () => {
    stopCommands();
    await workloads?.stop();
    await server?.stop();
    await services?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const planned = (path: string): PlannedRelease => {
    const found = plan.find(it => it.path === `Platform/${path}`);
    if (found === undefined) throw new Error(`${path} is not among ${plan.map(it => it.path).join(', ')}`);
    return found;
  };
  const install = async (release: PlannedRelease): Promise<void> => helm.install(release, release.folder ?? chart);
  const read = async (path: string) => (await server.client.request('GET', path)).body as { [field: string]: any };

  test('the order puts cert-manager first, then the authority, then what it signs', () => {
    const order = ['CertManager/AddOn/Namespace', 'CertManager/AddOn', 'CertManager/Issuer/Issuer', 'CertManager/Issuer/Chat'].map(it => plan.indexOf(planned(it)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(plan.indexOf(planned('Cluster/Models'))).toBeLessThan(plan.indexOf(planned('CertManager/Issuer/Chat')));
  });

  test('an authority before cert-manager is refused: nobody knows what a ClusterIssuer is', async () => {
    await expect(install(planned('CertManager/Issuer/Issuer'))).rejects.toThrow(/no matches for kind "ClusterIssuer" in version "cert-manager.io\/v1"/);
  });

  test('an authority beside cert-manager, before its webhook answers, is refused as well', async () => {
    await install(planned('CertManager/AddOn/Namespace'));
    const impatient = { ...planned('CertManager/AddOn'), flags: ['--no-hooks'] };
    await install(impatient);
    await expect(install(planned('CertManager/Issuer/Issuer'))).rejects.toThrow(/failed calling webhook "webhook.cert-manager.io"/);
    await helm.uninstall(impatient);
  }, 60_000);

  test('in the derived order, with the flags of the handler, everything installs', async () => {
    workloads = new LocalWorkloads({
      server, services, namespace: 'cert-manager', dir: join(dir, 'workloads'),
      program: { command: await requireTool('cert-manager-processes'), part: labels => labels['app.kubernetes.io/component'], ports: PORTS },
    });
    const failure = await inOrder(plan, install).then(() => undefined, (error: unknown) => (error as Error).message);
    expect({ failure, pods: workloads.errors }).toEqual({ failure: undefined, pods: [] });
    expect(workloads.running).toEqual(['cainjector', 'controller', 'webhook']);
    expect(planned('CertManager/AddOn').flags).toEqual(expect.arrayContaining(['--wait', '--atomic']));
  }, 120_000);

  test('the certificate is issued by the authority, good for its names, and its key fits', async () => {
    const secret = async () => (await read('/api/v1/namespaces/models/secrets/chat')).data as Record<string, string> | undefined;
    for (let tries = 0; await secret() === undefined && tries < 100; tries++) await sleep(200);
    const data = await secret();
    expect(data).toBeDefined();
    const decode = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
    const [leaf, authority] = [new X509Certificate(decode('tls.crt')), new X509Certificate(decode('ca.crt'))];
    expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(decode('tls.key')))).toBe(true);
    expect(leaf.checkHost('chat.models.svc')).toBe('chat.models.svc');
    expect(leaf.checkHost('else.models.svc')).toBeUndefined();
    expect([leaf.ca, authority.ca, authority.subject]).toEqual([false, true, 'CN=ml-platform']);
    const ownKey = await read('/api/v1/namespaces/cert-manager/secrets/ml-platform');
    expect(Buffer.from(ownKey.data['tls.crt'], 'base64').toString()).toBe(decode('ca.crt'));
  }, 60_000);

  test('the webhook judges what the schema cannot', async () => {
    const certificate = {
      apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata: { name: 'wrong', namespace: 'models' },
      spec: { secretName: 'wrong', issuerRef: { name: 'ml-platform', kind: 'ClusterIssuer' } },
    };
    expect(await server.client.dryRun(certificate)).toMatchObject({ accepted: false, message: expect.stringMatching(/admission webhook "webhook.cert-manager.io" denied the request: .*at least one of commonName/) });
  });

  test('removed in the reverse order, it leaves nothing but the definitions, which the chart keeps on purpose', async () => {
    await inOrder([...plan].reverse(), async release => helm.uninstall(release));
    // the parts end as a kubelet ends them, when it notices; until then they write
    for (let tries = 0; workloads.running.length > 0 && tries < 100; tries++) await sleep(200);
    expect({ running: workloads.running, errors: workloads.errors }).toEqual({ running: [], errors: [] });
    const left = [...await keptObjects(server.client)].filter(it => !before.has(it));
    expect(left.filter(it => !/^(CustomResourceDefinition \w+|APIService v1)\.(acme\.)?cert-manager\.io$/.test(it))).toEqual([]);
    expect(left.filter(it => it.startsWith('Custom'))).toHaveLength(6);
  }, 120_000);
});
