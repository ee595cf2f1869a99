import * as path from 'node:path';
import { createInterface } from 'node:readline';
import type { Run } from './run';
import { exitOf, type Supervisor } from './supervisor';
import { findTool, provideTool } from '../toolchain/tool';

/** A local API server with the helm that talks to it, or why there is none. */
export type KubernetesOutcome =
  | { readonly available: true; readonly url: string; readonly kubeconfig: string; readonly helm: string; readonly version: string }
  | { readonly available: false; readonly reason: string };

/** Starts an API server for the charts and manifests of the run. Its absence is said, not a failure. */
export async function startKubernetes(run: Run, supervisor: Supervisor, assembly: string, tell: (line: string) => void): Promise<KubernetesOutcome> {
  for (const name of ['helm', 'etcd', 'kube-apiserver']) {
    if (!findTool(name).available) tell(`looking for ${name}; where it has to be built, that takes up to ten minutes, once`);
    const tool = await Promise.race([provideTool(name), supervisor.interrupted]);
    if (!tool.available) return tool;
  }
  const helm = findTool('helm');
  const apiServer = findTool('kube-apiserver');
  if (!helm.available || !apiServer.available) return { available: false, reason: 'a tool went away while it was looked for' };
  const child = supervisor.start(process.execPath, ['--import', 'tsx', path.join(__dirname, 'kubernetes-holder.ts'), run.path('kubernetes'), assembly], {
    cwd: path.resolve(__dirname, '..', '..', '..'),
    env: Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])),
    log: run.log('kubernetes'),
    output: 'pipe',
    outlives: run.state.kept,
  });
  const said = new Promise<string>(resolve => child.stdout && createInterface({ input: child.stdout }).once('line', resolve));
  const ended = exitOf(child).then(code => JSON.stringify({ reason: `it ended with exit code ${code}` }));
  const answer: { url?: string; kubeconfig?: string; reason?: string } = JSON.parse(await Promise.race([said, ended, supervisor.interrupted]));
  if (!answer.url || !answer.kubeconfig) return { available: false, reason: answer.reason ?? 'no answer' };
  return { available: true, url: answer.url, kubeconfig: answer.kubeconfig, helm: helm.path, version: apiServer.version };
}
