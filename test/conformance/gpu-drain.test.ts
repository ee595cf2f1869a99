import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { customResourceDefinitions } from './kubernetes-fixtures';
import { KUBERNETES_TOOLS } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { drainAccessChart } from '../../lib/cluster/manifests/basics';
import { nodePoolChart } from '../../lib/cluster/manifests/node-pool';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import type { SupervisedProcess } from '../../lib/local/kubernetes/supervised-process';
import { requireTool } from '../../lib/local/toolchain/tool';
import { gpuPlan, PLACEMENT } from '../cluster/node-pool-samples';
import { KWOK_NODE_CLASSES, onKwok, startKarpenter } from '../support/cluster-karpenter';
import { LocalKubelets } from '../support/cluster-kubelet';
import { startScheduler } from '../support/cluster-scheduler';

const HANDLER = resolve(__dirname, '../../lib/cluster/private/drain');
const CLAIMS = '/apis/karpenter.sh/v1/nodeclaims';
const POOLS = '/apis/karpenter.sh/v1/nodepools';

/**
 * Calls the handler as the provider framework does, as the Kubernetes group that its role is mapped to. Only AWS is played: who the
 * cluster is, and the token. With `deaths` it is killed at that deletion, as a function that ran out of time is.
 */
const RUNNER = `
import base64, json, os, sys, time, types
sys.dont_write_bytecode = True
for name in ("boto3", "botocore", "botocore.signers"): sys.modules[name] = types.ModuleType(name)
sys.modules["botocore.signers"].RequestSigner = None
sys.path.insert(0, sys.argv[1])
import drain, index
given = json.load(sys.stdin)
os.environ["GIVE_UP_SECONDS"] = "3300"
index.describe = lambda name: {"endpoint": given["url"], "certificateAuthority": {"data": base64.b64encode(given["ca"].encode()).decode()}}
index.token = lambda name: given["token"]
class Role(drain.Kubernetes):
    deletions = 0
    def __init__(self, *args):
        super().__init__(*args)
        self.opener.addheaders = [("Impersonate-User", "drain"), ("Impersonate-Group", "ml-platform:drain")]
    def delete(self, path):
        super().delete(path)
        Role.deletions += 1
        if Role.deletions == given["death"]: os._exit(9)
index.Kubernetes = Role
event = {"RequestType": "Delete", "StartedAt": time.time() - given["startedAgo"], "ResourceProperties": {"ClusterName": "ml", "Kind": "nodes"}}
try:
    answer = index.is_complete(event, None)
except RuntimeError as error:
    answer = {"error": str(error)}
print("ANSWER" + json.dumps(answer))
`;

interface Answer { readonly IsComplete?: boolean; readonly error?: string; readonly said: string }

describeWithTools('the drain of nodes against a real Karpenter', [...KUBERNETES_TOOLS, 'kube-scheduler', 'karpenter-kwok'], () => {
  let dir: string;
  let server: LocalApiServer;
  let kubelets: LocalKubelets;
  const processes: SupervisedProcess[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gpu-drain-'));
    server = await LocalApiServer.start({ dir: join(dir, 'server'), definitions: [...customResourceDefinitions(['karpenter']), KWOK_NODE_CLASSES] });
    const instances = ['g6e.2xlarge', 'g6e.12xlarge'].map(name => AcceleratedInstance.of(name));
    processes.push(startScheduler(await requireTool('kube-scheduler'), server, dir));
    processes.push(await startKarpenter(await requireTool('karpenter-kwok'), server, dir, instances));
    kubelets = new LocalKubelets(server.client);
    for (const object of drainAccessChart().toJson() as KubernetesObject[]) await server.client.create(object);
  }, 180_000);
  afterAll(async () => {
    await kubelets?.stop();
    await Promise.all(processes.map(async process => process.stop()));
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const names = async (path: string): Promise<string[]> => {
    const { items = [] } = (await server.client.request('GET', path)).body as { items?: { metadata: { name: string } }[] };
    return items.map(({ metadata }) => metadata.name).sort();
  };
  const until = async (what: string, holds: () => Promise<boolean>, everyMs = 100): Promise<void> => {
    for (const deadline = Date.now() + 30_000; !await holds(); await sleep(everyMs)) {
      processes.forEach(process => process.assertRunning());
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}; Karpenter: ${processes[1].lastLines(8)}`);
    }
  };
  const podOn = async (name: string): Promise<string | undefined> => {
    const { spec } = (await server.client.request('GET', `/api/v1/namespaces/default/pods/${name}`)).body as { spec?: { nodeName?: string } };
    return spec?.nodeName;
  };
  const capacityTypes = async (): Promise<string[]> => {
    const { items } = (await server.client.request('GET', '/api/v1/nodes')).body as { items: { metadata: { labels: Record<string, string> } }[] };
    return items.map(({ metadata }) => metadata.labels['karpenter.sh/capacity-type']).sort();
  };
  const isComplete = (given: { startedAgo?: number; death?: number } = {}): Answer => {
    const said = execFileSync(process.env.ML_TEST_PYTHON ?? 'python3', ['-c', RUNNER, HANDLER], {
      encoding: 'utf8',
      input: JSON.stringify({
        url: server.url,
        token: readFileSync(join(dir, 'server/tokens.csv'), 'utf8').split(',')[0],
        ca: readFileSync(join(dir, 'server/certificates/apiserver.crt'), 'utf8'),
        startedAgo: 0, death: 0, ...given,
      }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return { ...JSON.parse(said.split('ANSWER')[1]) as object, said };
  };
  /** A pool of ours that may have two GPUs on spot and two on demand, and pods that want one each. */
  const provision = async (pods: Readonly<Record<string, object>>): Promise<void> => {
    const pools = onKwok(nodePoolChart(gpuPlan({ maxGpus: 2 }), PLACEMENT).toJson() as KubernetesObject[]);
    for (const object of pools) await server.client.create(object);
    for (const [name, annotations] of Object.entries(pods)) await server.client.create(gpuPod(name, annotations));
  };

  test('spot comes first and on-demand after it, each up to its limit; the drain takes all of it away, though it dies on the way', async () => {
    const pods = ['a', 'b', 'c', 'd', 'e'];
    await provision(Object.fromEntries(pods.map(name => [name, {}])));
    const placed = async (): Promise<number> => (await Promise.all(pods.map(podOn))).filter(node => node !== undefined).length;
    await until('nodes of four pods', async () => await placed() === 4);
    expect(await capacityTypes()).toEqual(['on-demand', 'on-demand', 'spot', 'spot']);
    const claims = await names(CLAIMS);
    expect(claims).toHaveLength(4);

    expect(() => isComplete({ death: 1 })).toThrow();
    expect((await names(POOLS)).length).toBeLessThan(2);
    const first = isComplete();
    expect(first.IsComplete).toBe(false);
    for (const claim of claims) expect(first.said).toContain(`NodeClaim ${claim} (waits for karpenter.sh/termination)`);
    await until('the drain to end', async () => isComplete().IsComplete === true, 1_000);
    expect(await names(POOLS)).toEqual([]);
    expect(await names(CLAIMS)).toEqual([]);
    await until('the nodes to go', async () => (await names('/api/v1/nodes')).length === 0);
    // the fifth pod still waits, and brings nothing back
    await sleep(1_500);
    expect([await placed(), await names(CLAIMS)]).toEqual([0, []]);
    expect(isComplete()).toMatchObject({ IsComplete: true });
    await server.client.request('DELETE', '/api/v1/namespaces/default/pods', { gracePeriodSeconds: 0 });
  }, 120_000);

  test('a pod that must not be disrupted holds its node: the drain waits, names the claim when it gives up, and goes on when the pod is gone', async () => {
    await provision({ held: { 'karpenter.sh/do-not-disrupt': 'true' } });
    await until('a node', async () => await podOn('held') !== undefined);
    const [claim] = await names(CLAIMS);
    expect(isComplete()).toMatchObject({ IsComplete: false });
    await sleep(2_000);
    expect(await names(CLAIMS)).toEqual([claim]);
    expect(isComplete({ startedAgo: 3_400 }).error).toBe(
      `after 55 minutes the cluster still has 1 objects that bill outside of it: NodeClaim ${claim} (waits for karpenter.sh/termination). Remove them and delete the stack again; the drain goes on where it stopped`);
    await server.client.request('DELETE', '/api/v1/namespaces/default/pods/held', { gracePeriodSeconds: 0 });
    await until('the drain to end', async () => isComplete().IsComplete === true, 1_000);
    expect(await names(CLAIMS)).toEqual([]);
  }, 120_000);
});

/** One card of the pool. */
function gpuPod(name: string, annotations: object): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      nodeSelector: { 'ml-platform/node-pool': 'inference' },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      containers: [{ name: 'server', image: 'server', resources: { limits: { 'nvidia.com/gpu': '1' } } }],
    },
  };
}
