import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../lib/local/kubernetes/free-ports';
import { kubeconfig } from '../../lib/local/kubernetes/kubeconfig';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import type { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';
import type { ServiceNetwork } from '../../lib/local/kubernetes/service-network';
import { SupervisedProcess } from '../../lib/local/kubernetes/supervised-process';
import { run } from '../../lib/local/toolchain/commands';

interface Labels { readonly [label: string]: string }

interface Workload extends KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: { readonly serviceAccountName: string; readonly containers: readonly Container[] };
    };
  };
}

interface Container {
  readonly args: readonly string[];
  readonly readinessProbe?: { readonly httpGet?: { readonly path: string } };
}

interface Service extends KubernetesObject {
  readonly spec: { readonly clusterIP: string; readonly selector?: Labels };
}

/** What is to run in the place of a container's image. */
export interface Program {
  readonly command: string;
  /** First arguments, from the pod's labels. */
  readonly part: (labels: Labels) => string;
  /** More arguments, which win over the pod's: a machine has one set of ports, pods have one each. */
  readonly ports: (part: string, service: number, health: number) => readonly string[];
}

/** Where workloads run. */
export interface LocalWorkloadsProps {
  readonly server: LocalApiServer;
  readonly services: ServiceNetwork;
  readonly namespace: string;
  readonly dir: string;
  readonly program: Program;
}

/**
 * Stands in for the controllers of Deployments and Jobs and for the kubelet: asks the API server whether it takes the pods, runs a local program for every pod template of a
 * namespace, with the template's arguments and the rights of its ServiceAccount, reports readiness by the template's own probe, and
 * leads its Services to it. One process for a Deployment, however many replicas it asks for.
 */
export class LocalWorkloads {
  /** What went wrong, for a test to look at. */
  readonly errors: string[] = [];
  private readonly processes = new Map<string, SupervisedProcess>();
  private readonly routes = new Map<string, string[]>();
  private readonly seen = new Set<string>();
  private readonly loop: Promise<void>;
  private stopping = false;

  constructor(private readonly props: LocalWorkloadsProps) {
    mkdirSync(props.dir, { recursive: true });
    this.loop = this.reconcileUntilStopped();
  }

  /** Parts that run now. */
  get running(): string[] {
    return [...this.processes.keys()].map(key => key.split('/')[0]).sort();
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
    await Promise.all([...this.processes.keys()].map(async key => this.end(key)));
  }

  /** What a part printed last. */
  logOf(part: string): string {
    return readFileSync(join(this.props.dir, `${part}.log`), 'utf8').split('\n').slice(-30).join('\n');
  }

  private async reconcileUntilStopped(): Promise<void> {
    while (!this.stopping) {
      await this.reconcile().catch((error: unknown) => this.errors.push((error as Error).message));
      await sleep(200);
    }
  }

  private async reconcile(): Promise<void> {
    const { namespace } = this.props;
    const deployments = await this.list<Workload>(`/apis/apps/v1/namespaces/${namespace}/deployments`);
    for (const key of this.processes.keys()) if (!deployments.some(({ metadata }) => key.endsWith(metadata.uid))) await this.end(key);
    const jobs = await this.list<Workload>(`/apis/batch/v1/namespaces/${namespace}/jobs`);
    for (const [workload, act] of [...deployments.map(it => [it, 'deploy'] as const), ...jobs.map(it => [it, 'complete'] as const)]) {
      if (this.seen.has(workload.metadata.uid)) continue;
      this.seen.add(workload.metadata.uid);
      // side by side, as pods start
      void this[act](workload).catch((error: unknown) => this.errors.push((error as Error).message));
    }
  }

  private async deploy(deployment: Workload): Promise<void> {
    const { args, part, servicePort, healthPort, container } = await this.commandOf(deployment);
    const process = new SupervisedProcess({ command: this.props.program.command, args, log: join(this.props.dir, `${part}.log`) });
    const key = `${part}/${deployment.metadata.uid}`;
    this.processes.set(key, process);
    const probe = container.readinessProbe?.httpGet?.path;
    while (probe !== undefined && !this.stopping && !await answers(`http://127.0.0.1:${healthPort}${probe}`)) {
      process.assertRunning();
      await sleep(100);
    }
    await this.routeServices(key, deployment.spec.template.metadata.labels, servicePort);
    const replicas = deployment.spec.replicas ?? 1;
    const conditions = [['Available', 'MinimumReplicasAvailable'], ['Progressing', 'NewReplicaSetAvailable']]
      .map(([type, reason]) => ({ type, reason, status: 'True' }));
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    await this.report('/apis/apps/v1', 'deployments', deployment, { ...counts, observedGeneration: deployment.metadata.generation, conditions });
  }

  private async complete(job: Workload): Promise<void> {
    const { args } = await this.commandOf(job);
    const startTime = new Date().toISOString();
    await run(this.props.program.command, args);
    const now = new Date().toISOString();
    const conditions = ['SuccessCriteriaMet', 'Complete'].map(type => ({ type, status: 'True', lastTransitionTime: now }));
    await this.report('/apis/batch/v1', 'jobs', job, { succeeded: 1, startTime, completionTime: now, uncountedTerminatedPods: {}, conditions });
  }

  /** Pod Security judges pods, not their templates. */
  private async admit({ metadata: { name, namespace }, spec: { template } }: Workload): Promise<void> {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name, namespace }, spec: template.spec };
    const { accepted, message } = await this.props.server.client.dryRun(pod);
    if (!accepted) throw new Error(`pod of ${name}: ${message}`);
  }

  private async commandOf(workload: Workload): Promise<{
    part: string; args: string[]; servicePort: number; healthPort: number; container: Container;
  }> {
    await this.admit(workload);
    const { metadata, spec: { template } } = workload;
    const { program } = this.props;
    const [container] = template.spec.containers;
    const part = program.part(template.metadata.labels);
    const [servicePort, healthPort] = await freePorts(2);
    const given = container.args.map(arg => arg.replace('$(POD_NAMESPACE)', metadata.namespace));
    const credentials = await this.credentialsOf(metadata.namespace, template.spec.serviceAccountName);
    return { part, args: [part, ...given, ...program.ports(part, servicePort, healthPort), '--kubeconfig', credentials], servicePort, healthPort, container };
  }

  /** A kubeconfig with a token of the ServiceAccount, as the kubelet asks for one. */
  private async credentialsOf(namespace: string, account: string): Promise<string> {
    const { client, url } = this.props.server;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
    const { body } = await client.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, request);
    const token = (body.status as { token?: string } | undefined)?.token;
    if (token === undefined) throw new Error(`no token of ${namespace}/${account}: ${body.message}`);
    const file = join(this.props.dir, `${account}.kubeconfig`);
    writeFileSync(file, kubeconfig(url, token, join(this.props.server.kubeconfig, '../certificates/apiserver.crt'), namespace));
    return file;
  }

  private async routeServices(key: string, labels: Labels, port: number): Promise<void> {
    const services = await this.list<Service>(`/api/v1/namespaces/${this.props.namespace}/services`);
    const selected = services.filter(({ spec }) => spec.selector !== undefined && Object.entries(spec.selector).every(([label, value]) => labels[label] === value));
    const addresses = selected.map(({ spec }) => spec.clusterIP);
    for (const address of addresses) this.props.services.route(address, port);
    this.routes.set(key, addresses);
  }

  private async report(base: string, plural: string, { metadata }: Workload, status: object): Promise<void> {
    const path = `${base}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`;
    const { client } = this.props.server;
    const current = await client.request('GET', path);
    const { status: code, body } = await client.request('PUT', `${path}/status`, { ...current.body, status });
    if (code >= 300) throw new Error(`${path}: ${body.message}`);
  }

  private async end(key: string): Promise<void> {
    for (const address of this.routes.get(key) ?? []) this.props.services.unroute(address);
    this.routes.delete(key);
    const process = this.processes.get(key);
    this.processes.delete(key);
    await process?.stop();
  }

  private async list<T>(path: string): Promise<readonly T[]> {
    return ((await this.props.server.client.request('GET', path)).body.items ?? []) as readonly T[];
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(response => response.ok, () => false);
}
