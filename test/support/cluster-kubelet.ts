import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient, KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

interface Node extends KubernetesObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Pod extends KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase?: string };
}

const NOT_READY = 'node.kubernetes.io/not-ready';

/** Stands in for the kubelets of simulated nodes: nodes become ready, pods run, and what is to be deleted ends at once. */
export class LocalKubelets {
  private readonly loop: Promise<void>;
  private stopping = false;

  constructor(private readonly client: KubernetesClient) {
    this.loop = this.run();
  }

  /** Ends the loop. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      for (const node of await this.list<Node>('/api/v1/nodes')) await this.register(node);
      for (const pod of await this.list<Pod>('/api/v1/pods')) if (pod.spec.nodeName !== undefined) await this.attend(pod);
      await sleep(100);
    }
  }

  private async register(node: Node): Promise<void> {
    const path = `/api/v1/nodes/${node.metadata.name}`;
    const { conditions = [] } = node.status;
    const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: new Date().toISOString() };
    // a write that comes too late is tried again in the next round
    if (!ready) await this.client.request('PUT', `${path}/status`, { ...node, status: { ...node.status, conditions: [condition] } });
    const taints = (node.spec.taints ?? []).filter(({ key }) => key !== NOT_READY);
    if (ready && taints.length < (node.spec.taints ?? []).length) await this.client.request('PUT', path, { ...node, spec: { ...node.spec, taints } });
  }

  private async attend(pod: Pod): Promise<void> {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
    if (pod.metadata.deletionTimestamp !== undefined) await this.client.request('DELETE', path, { gracePeriodSeconds: 0 });
    else if (pod.status.phase !== 'Running') await this.client.request('PUT', `${path}/status`, { ...pod, status: { ...pod.status, phase: 'Running' } });
  }

  private async list<T extends KubernetesObject>(path: string): Promise<readonly T[]> {
    const { apiVersion, items = [], kind = '' } = (await this.client.request('GET', path)).body as { apiVersion?: string; kind?: string; items?: T[] };
    return items.map(item => ({ ...item, apiVersion: apiVersion ?? 'v1', kind: kind.replace(/List$/, '') }));
  }
}
