import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { drainAccessChart } from '../../lib/cluster/manifests/basics';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { customResourceDefinitions } from '../conformance/kubernetes-fixtures';
import { describeWithTools } from '../conformance/tools';

const HANDLER = resolve(__dirname, '../../lib/cluster/private/drain');

/** Runs the drain as the role that it has in a cluster: its Kubernetes group, and nothing of the administrator's. */
const RUNNER = `
import base64, json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from drain import Kubernetes, drain
given = json.load(sys.stdin)
api = Kubernetes(given["url"], given["token"], base64.b64encode(given["ca"].encode()).decode())
api.opener.addheaders = [("Impersonate-User", "drain"), ("Impersonate-Group", "ml-platform:drain")]
if given["path"]:
    print(json.dumps([it["metadata"]["name"] for it in api.list(given["path"])]))
else:
    print(json.dumps([str(it) for it in drain(api, given["kind"])]))
`;

describeWithTools('the drain on a real API server', ['etcd', 'kube-apiserver'], () => {
  let folder: string;
  let server: LocalApiServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drain-'));
    server = await LocalApiServer.start({ dir: join(folder, 'server') });
    writeFileSync(join(folder, 'runner.py'), RUNNER);
    for (const object of drainAccessChart().toJson()) await server.client.create(object);
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const python = (input: { kind?: string; path?: string }): string[] => JSON.parse(execFileSync(process.env.ML_TEST_PYTHON ?? 'python3', [join(folder, 'runner.py'), HANDLER], {
    encoding: 'utf8',
    input: JSON.stringify({
      url: server.url,
      token: readFileSync(join(folder, 'server/tokens.csv'), 'utf8').split(',')[0],
      ca: readFileSync(join(folder, 'server/certificates/apiserver.crt'), 'utf8'),
      kind: '', path: '', ...input,
    }),
    stdio: ['pipe', 'pipe', 'pipe'],
  }));
  const drain = (kind: string): string[] => python({ kind });
  const create = async (...objects: KubernetesObject[]): Promise<void> => {
    for (const object of objects) await server.client.create(object);
  };
  const status = async (path: string): Promise<number> => (await server.client.request('GET', path)).status;
  /** What the controller does when it has removed what stood behind an object. */
  const finish = async (path: string): Promise<void> => {
    const { body } = await server.client.request('GET', path);
    await server.client.request('PUT', path, { ...body, metadata: { ...body.metadata as object, finalizers: [] } });
  };

  test('a cluster without Karpenter, Gateways and load balancers has nothing to drain', () => {
    expect(drain('nodes')).toEqual([]);
    expect(drain('load-balancers')).toEqual([]);
    expect(drain('volumes')).toEqual([]);
  });

  test('load balancers go, other Services stay, and what waits for its controller is named', async () => {
    const service = (name: string, type: string, finalizers: string[]): KubernetesObject => (
      { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default', finalizers }, spec: { type, ports: [{ port: 80 }] } });
    await create(
      service('public', 'LoadBalancer', ['service.kubernetes.io/load-balancer-cleanup']),
      service('inside', 'ClusterIP', []),
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace: 'default' }, spec: { defaultBackend: { service: { name: 'inside', port: { number: 80 } } } } },
    );
    expect(drain('load-balancers')).toEqual(['Ingress default/web', 'Service default/public (waits for service.kubernetes.io/load-balancer-cleanup)']);
    // asked again, as after a lost connection: only what still waits is left
    expect(drain('load-balancers')).toEqual(['Service default/public (waits for service.kubernetes.io/load-balancer-cleanup)']);
    await finish('/api/v1/namespaces/default/services/public');
    expect(drain('load-balancers')).toEqual([]);
    expect(await status('/api/v1/namespaces/default/services/inside')).toBe(200);
  });

  test('pools and claims of Karpenter and Gateways go, once their kinds are defined', async () => {
    await server.define(customResourceDefinitions(['karpenter', 'gateway-api']));
    const nodeClassRef = { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'gpu' };
    const requirements = [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] }];
    await create(
      { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', metadata: { name: 'gpu' }, spec: { template: { spec: { nodeClassRef, requirements } } } },
      { apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', metadata: { name: 'gpu-1', finalizers: ['karpenter.sh/termination'] }, spec: { nodeClassRef, requirements } },
      {
        apiVersion: 'karpenter.k8s.aws/v1', kind: 'EC2NodeClass', metadata: { name: 'gpu', finalizers: ['karpenter.k8s.aws/termination'] },
        spec: { role: 'node', amiSelectorTerms: [{ alias: 'al2023@latest' }], subnetSelectorTerms: [{ id: 'subnet-1234' }], securityGroupSelectorTerms: [{ id: 'sg-1234' }] },
      },
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'entry', namespace: 'default' }, spec: { gatewayClassName: 'alb', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } },
    );
    expect(drain('nodes')).toEqual(['NodePool gpu', 'NodeClaim gpu-1 (waits for karpenter.sh/termination)']);
    expect(drain('nodes')).toEqual(['NodeClaim gpu-1 (waits for karpenter.sh/termination)']);
    await finish('/apis/karpenter.sh/v1/nodeclaims/gpu-1');
    // its instance profile goes with the class, which Karpenter lets go of last
    expect(drain('nodes')).toEqual(['EC2NodeClass gpu (waits for karpenter.k8s.aws/termination)']);
    await finish('/apis/karpenter.k8s.aws/v1/ec2nodeclasses/gpu');
    expect(drain('nodes')).toEqual([]);
    expect(drain('load-balancers')).toEqual(['Gateway default/entry']);
    expect(drain('load-balancers')).toEqual([]);
  });

  test('claims of volumes that go with them go, retained and hand-made volumes stay', async () => {
    const volume = (name: string, policy: string, annotations: object): KubernetesObject => ({
      apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name, annotations },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: policy, csi: { driver: 'ebs.csi.aws.com', volumeHandle: name } },
    });
    const claim = (name: string, more: object): KubernetesObject => ({
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'default', ...more },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: `pv-${name}` },
    });
    const made = { 'pv.kubernetes.io/provisioned-by': 'ebs.csi.aws.com' };
    await create(
      volume('pv-scratch', 'Delete', made), volume('pv-kept', 'Retain', made), volume('pv-mine', 'Delete', {}),
      claim('scratch', {}), claim('kept', {}), claim('mine', {}),
    );
    expect(drain('volumes')).toEqual(['PersistentVolumeClaim default/scratch (waits for kubernetes.io/pvc-protection)']);
    await finish('/api/v1/namespaces/default/persistentvolumeclaims/scratch');
    const { body } = await server.client.request('GET', '/api/v1/persistentvolumes/pv-scratch');
    await server.client.request('PUT', '/api/v1/persistentvolumes/pv-scratch/status', { ...body, status: { phase: 'Released' } });
    expect(drain('volumes')).toEqual(['PersistentVolume pv-scratch (being deleted)']);
    await server.client.request('DELETE', '/api/v1/persistentvolumes/pv-scratch');
    await finish('/api/v1/persistentvolumes/pv-scratch');
    expect(drain('volumes')).toEqual([]);
    for (const name of ['kept', 'mine']) expect(await status(`/api/v1/namespaces/default/persistentvolumeclaims/${name}`)).toBe(200);
  });

  test('more objects than a page are all removed', async () => {
    const names = Array.from({ length: 260 }, (_, index) => `many-${index}`);
    await Promise.all(names.map(async (name) => server.client.create(
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace: 'default' }, spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } } })));
    expect(drain('load-balancers')).toHaveLength(260);
    expect(drain('load-balancers')).toEqual([]);
  });

  test('its rights end where its work ends: it may not read secrets, and says so loudly', () => {
    expect(python({ path: '/api/v1/services' })).toEqual(expect.arrayContaining(['inside']));
    expect(() => python({ path: '/api/v1/secrets' })).toThrow(/HTTP 403: .*secrets is forbidden/);
  });
});
