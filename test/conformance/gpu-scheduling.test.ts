import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KUBERNETES_TOOLS } from './kubernetes-oracle';
import { describeWithTools } from './tools';
import { AcceleratedInstance } from '../../lib/accelerators/accelerated-instance';
import { LlmModel } from '../../lib/accelerators/llm-model';
import { GpuSharing } from '../../lib/cluster/blueprint/gpu-sharing';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import type { SupervisedProcess } from '../../lib/local/kubernetes/supervised-process';
import { requireTool } from '../../lib/local/toolchain/tool';
import type { LlmService } from '../../lib/serving/llm-service';
import type { LlmServiceProps } from '../../lib/serving/llm-service-props';
import { modelNamespaceChart } from '../../lib/serving/manifests/model-namespace';
import { chat, clusterIn, objectsOf, poolIn } from '../serving/llm-support';
import { addNodes, cpuNode, gpuNode } from '../support/cluster-nodes';
import { podsOf } from '../support/cluster-pods';
import { emptyCluster, schedule, scheduled, startScheduler, type Placement } from '../support/cluster-scheduler';

const P5 = AcceleratedInstance.of('p5.48xlarge');

/** A service whose pool has these instance types. */
function serviceOn(instanceTypes: string[], changes: Partial<LlmServiceProps> = {}): LlmService {
  return chat(stack => ({ cluster: clusterIn(stack, { gpuNodePools: [poolIn(stack, { instanceTypes, maxGpus: 64 })] }), ...changes }));
}

/** The pods of a service: what its Deployment's controller would make. */
function replicasOf(service: LlmService, count: number, name = 'chat'): KubernetesObject[] {
  const [pod] = podsOf((objectsOf(service) as KubernetesObject[]).filter(({ kind }) => kind === 'Deployment'));
  return Array.from({ length: count }, (_, index) => ({ ...pod, metadata: { ...pod.metadata, name: `${name}-${index}` } }));
}

describeWithTools('pods of language models under a real scheduler', [...KUBERNETES_TOOLS, 'kube-scheduler'], () => {
  let dir: string;
  let server: LocalApiServer;
  let scheduler: SupervisedProcess;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gpu-scheduling-'));
    server = await LocalApiServer.start({ dir: join(dir, 'server') });
    scheduler = startScheduler(await requireTool('kube-scheduler'), server, dir);
    const namespace = modelNamespaceChart('models').toJson().find(({ kind }: KubernetesObject) => kind === 'Namespace') as KubernetesObject;
    await server.client.create(namespace);
  }, 120_000);
  afterEach(async () => {
    scheduler.assertRunning();
    await emptyCluster(server.client, ['models', 'default']);
  });
  afterAll(async () => {
    await scheduler?.stop();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const place = async (pods: readonly KubernetesObject[]): Promise<Placement[]> => {
    const placements: Placement[] = [];
    for (const pod of pods) placements.push(await schedule(server.client, pod));
    return placements;
  };
  const nodesOf = (instance: AcceleratedInstance, count: number, pool = 'inference'): KubernetesObject[] =>
    Array.from({ length: count }, (_, index) => gpuNode(instance, { name: `${pool}-${instance.name}-${index}`, pool, zone: `eu-west-1${'abc'[index % 3]}` }));

  test('three pods of 4 GPUs go onto two nodes of 8, a fourth as well, and a fifth stays pending', async () => {
    await addNodes(server.client, nodesOf(P5, 2));
    const service = serviceOn(['p5.48xlarge'], { tensorParallel: 4 });
    const placements = await place(replicasOf(service, 5));
    const perNode = placements.slice(0, 4).map(({ node }) => node).sort();
    expect(perNode).toEqual(['inference-p5.48xlarge-0', 'inference-p5.48xlarge-0', 'inference-p5.48xlarge-1', 'inference-p5.48xlarge-1']);
    expect(placements.slice(0, 2).map(({ node }) => node).sort()).toEqual(['inference-p5.48xlarge-0', 'inference-p5.48xlarge-1']);
    expect(placements[4].reason).toMatch(/^0\/2 nodes are available: .*2 Insufficient nvidia\.com\/gpu/);
  });

  test('one that asks for more than any node has left stays pending', async () => {
    await addNodes(server.client, nodesOf(P5, 1));
    await place(replicasOf(serviceOn(['p5.48xlarge'], { tensorParallel: 1 }), 1, 'small'));
    const [whole] = await place(replicasOf(serviceOn(['p5.48xlarge'], { tensorParallel: 8 }), 1));
    expect(whole.reason).toMatch(/^0\/1 nodes are available: .*1 Insufficient nvidia\.com\/gpu/);
  });

  test('pods without cards keep off nodes with cards', async () => {
    await addNodes(server.client, nodesOf(P5, 1));
    const plain = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } });
    expect((await place([plain('a')]))[0].reason).toMatch(/^0\/1 nodes are available: 1 node\(s\) had untolerated taint\(s\)/);
    await addNodes(server.client, [cpuNode({ name: 'cpu-0', pool: 'system' })]);
    expect(await place([plain('b')])).toEqual([{ node: 'cpu-0' }]);
  });

  test('a service runs on its own pool and its own instance types only, also where others have cards to spare', async () => {
    const service = serviceOn(['g6e.xlarge', 'g6e.2xlarge'], { concurrency: 4 });
    await addNodes(server.client, [...nodesOf(AcceleratedInstance.of('g6e.xlarge'), 1, 'other'), ...nodesOf(P5, 1), cpuNode({ name: 'cpu-0', pool: 'system' })]);
    const [pod] = replicasOf(service, 1);
    expect((await place([pod]))[0].reason).toMatch(/^0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector/);
    await addNodes(server.client, nodesOf(AcceleratedInstance.of('g6e.2xlarge'), 1));
    expect(await scheduled(server.client, pod)).toEqual({ node: 'inference-g6e.2xlarge-0' });
  });

  test('replicas stand in different zones', async () => {
    await addNodes(server.client, nodesOf(P5, 3));
    const placements = await place(replicasOf(serviceOn(['p5.48xlarge'], { tensorParallel: 1 }), 3));
    expect(new Set(placements.map(({ node }) => node)).size).toBe(3);
  });

  test('services share a card as often as their pool says, and no oftener', async () => {
    const sharing = GpuSharing.timeSlicing(2);
    const service = chat(stack => ({
      cluster: clusterIn(stack, { gpuNodePools: [poolIn(stack, { instanceTypes: ['g6e.2xlarge'], sharing })] }),
      model: LlmModel.of('Qwen/Qwen3-0.6B'), concurrency: 4, contextLength: 8_192,
    }));
    const shared = gpuNode(AcceleratedInstance.of('g6e.2xlarge'), { name: 'shared-0', pool: 'inference' }, { [sharing.gpuResource]: '2' });
    await addNodes(server.client, [shared]);
    const placements = await place(replicasOf(service, 3));
    expect(placements.slice(0, 2)).toEqual([{ node: 'shared-0' }, { node: 'shared-0' }]);
    expect(placements[2].reason).toContain(`Insufficient ${sharing.gpuResource}`);
  });

  const models: [string, Partial<LlmServiceProps>][] = [
    ['Llama 3.1 8B', {}],
    ['Llama 3.1 70B', { model: LlmModel.of('meta-llama/Llama-3.1-70B-Instruct'), concurrency: 64, contextLength: 32_768 }],
    ['Qwen3 8B', { model: LlmModel.of('Qwen/Qwen3-8B'), concurrency: 16 }],
  ];
  const everywhere = AcceleratedInstance.all().filter(({ gpuCount, imageExclusion, llmExclusion }) => gpuCount > 0 && imageExclusion === undefined && llmExclusion === undefined);

  test.each(models)('%s fits onto an empty node of each instance type that it was given, with what EKS and its daemons leave of it', async (_, changes) => {
    const service = serviceOn(everywhere.map(({ name }) => name), changes);
    const types = service.placement.instanceTypes;
    expect(types.length).toBeGreaterThan(0);
    const failures: string[] = [];
    for (const type of types) {
      await addNodes(server.client, nodesOf(AcceleratedInstance.of(type), 1));
      const [{ node, reason }] = await place(replicasOf(service, 1, 'only'));
      if (node !== `inference-${type}-0`) failures.push(`${type}: ${reason}`);
      await emptyCluster(server.client, ['models']);
    }
    expect(failures).toEqual([]);
  }, 60_000);
});
