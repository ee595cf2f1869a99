import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient, KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import type { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import { SupervisedProcess } from '../../lib/local/kubernetes/supervised-process';

const PATIENCE_MS = 20_000;

/** What became of a pod. */
export interface Placement {
  /** Node that it was bound to; undefined while it is pending. */
  readonly node?: string;
  /** Why it is pending, in the scheduler's words. */
  readonly reason?: string;
}

interface PodAnswer {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

/** Starts a kube-scheduler with the defaults that EKS runs it with. */
export function startScheduler(binary: string, server: LocalApiServer, dir: string): SupervisedProcess {
  const config = join(dir, 'scheduler.json');
  writeFileSync(config, JSON.stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: server.kubeconfig },
    leaderElection: { leaderElect: false },
  }));
  const args = ['--config', config, '--authentication-skip-lookup=true', '--secure-port=0'];
  return new SupervisedProcess({ command: binary, args, log: join(dir, 'kube-scheduler.log') });
}

/** Makes a pod and says what the scheduler did with it. */
export async function schedule(client: KubernetesClient, pod: KubernetesObject): Promise<Placement> {
  await client.create(pod);
  return decision(client, pod, refused => refused);
}

/** Waits until a pod that was pending has its node. */
export async function scheduled(client: KubernetesClient, pod: KubernetesObject): Promise<Placement> {
  return decision(client, pod, () => false);
}

/** What the scheduler says of a pod; a refusal is final if `isFinal` says so. */
async function decision(client: KubernetesClient, pod: KubernetesObject, isFinal: (refused: boolean) => boolean): Promise<Placement> {
  const path = `/api/v1/namespaces/${pod.metadata?.namespace ?? 'default'}/pods/${pod.metadata?.name}`;
  let last: PodAnswer = {};
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(50)) {
    last = (await client.request('GET', path)).body as PodAnswer;
    if (last.spec?.nodeName !== undefined) return { node: last.spec.nodeName };
    const refusal = last.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (isFinal(refusal?.status === 'False')) return { reason: refusal?.message };
  }
  throw new Error(`the scheduler has not placed ${path}: ${JSON.stringify(last.status?.conditions)}`);
}

/** Removes every pod and node: the next test starts with an empty cluster. */
export async function emptyCluster(client: KubernetesClient, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) await client.request('DELETE', `/api/v1/namespaces/${namespace}/pods`, { gracePeriodSeconds: 0 });
  await client.request('DELETE', '/api/v1/nodes');
}
