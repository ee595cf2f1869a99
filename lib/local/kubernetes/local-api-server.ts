import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineCustomResources, served } from './custom-resource-definitions';
import { freePorts } from './free-ports';
import { kubeconfig } from './kubeconfig';
import { KubernetesClient, type KubernetesObject } from './kubernetes-client';
import type { ServiceNetwork } from './service-network';
import { SupervisedProcess } from './supervised-process';
import { cacheEntry, entryName } from '../toolchain/cache';
import { requireTool } from '../toolchain/tool';

const PATIENCE_MS = 90_000;
/** Another process may take a port between the search and the start. */
const ATTEMPTS = 3;
/** Go's own 100 sweeps its memory so often while it reads definitions that a sixth of the time goes there. */
const GARBAGE_COLLECTION_PERCENT = '400';

/** Properties of a local API server. */
export interface LocalApiServerOptions {
  /** Folder for its data, certificates, logs and kubeconfig; made if it is not there. */
  readonly dir: string;
  /**
   * Custom resources that it knows from the start. The database that holds them is made once and kept in the cache.
   *
   * @default - none; `define` adds some later
   */
  readonly definitions?: readonly KubernetesObject[];
  /**
   * Where connections to Services arrive: with it, webhooks of charts answer.
   *
   * @default - nowhere; a call of a webhook fails
   */
  readonly services?: ServiceNetwork;
}

/**
 * A real kube-apiserver on etcd, on this machine: RBAC, CRDs, validation and admission as in a cluster, without
 * controllers, nodes or webhooks. It listens on 127.0.0.1 only and ends with this process.
 */
export class LocalApiServer {
  /**
   * Starts it and waits until it is ready, about 3 seconds, and a few more with many definitions.
   * Throws if the binaries are not to be had, with the reason.
   */
  static async start(options: LocalApiServerOptions): Promise<LocalApiServer> {
    const [etcd, apiServer] = [await requireTool('etcd'), await requireTool('kube-apiserver')];
    const definitions = options.definitions ?? [];
    const dir = resolve(options.dir);
    mkdirSync(dir, { recursive: true });
    if (definitions.length > 0) cpSync(await seededData(etcd, apiServer, definitions), join(dir, 'etcd'), { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const server = new LocalApiServer(dir, etcd, apiServer, await freePorts(3), options.services);
      try {
        await server.ready();
        await served(server.client, definitions);
        return server;
      } catch (error) {
        await server.stop();
        if (attempt === ATTEMPTS || !/address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** Path of a kubeconfig file for kubectl, helm and others. */
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  private readonly etcd: SupervisedProcess;
  private readonly apiServer: SupervisedProcess;

  private constructor(dir: string, etcd: string, apiServer: string, [clientPort, peerPort, port]: readonly number[], services?: ServiceNetwork) {
    const token = randomBytes(24).toString('hex');
    const certificates = join(dir, 'certificates');
    this.url = `https://127.0.0.1:${port}`;
    this.kubeconfig = join(dir, 'kubeconfig');
    writeIdentity(dir, token);
    this.etcd = new SupervisedProcess({ command: etcd, args: etcdArgs(join(dir, 'etcd'), clientPort, peerPort), log: join(dir, 'etcd.log') });
    this.apiServer = new SupervisedProcess({
      command: apiServer,
      args: [...apiServerArgs(dir, certificates, clientPort, port), ...services ? [`--egress-selector-config-file=${services.configuration}`] : []],
      environment: { GOGC: process.env.GOGC ?? GARBAGE_COLLECTION_PERCENT },
      log: join(dir, 'kube-apiserver.log'),
    });
    this.client = new KubernetesClient({ url: this.url, token, certificateAuthority: () => readFileSync(join(certificates, 'apiserver.crt'), 'utf8') });
    writeFileSync(this.kubeconfig, kubeconfig(this.url, token, join(certificates, 'apiserver.crt')), { mode: 0o600 });
  }

  /** Adds custom resources and waits until they are served. */
  async define(definitions: readonly KubernetesObject[]): Promise<void> {
    await defineCustomResources(this.client, definitions);
  }

  /** Ends both processes and waits until they have ended. The folder stays. */
  async stop(): Promise<void> {
    this.client.close();
    await this.apiServer.stop();
    await this.etcd.stop();
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      this.etcd.assertRunning();
      this.apiServer.assertRunning();
      const answer = await this.client.request('GET', '/readyz').catch(() => undefined);
      if (answer?.status === 200) return;
      if (Date.now() > deadline) throw new Error(`the API server is not ready after ${PATIENCE_MS / 1_000} s: ${this.apiServer.lastLines()}`);
      await sleep(100);
    }
  }
}

/** Folder of an etcd database in the cache that holds these definitions. */
async function seededData(etcd: string, apiServer: string, definitions: readonly KubernetesObject[]): Promise<string> {
  return cacheEntry(entryName('etcd-data', [etcd, apiServer, JSON.stringify(definitions)]), async (folder) => {
    const work = join(folder, 'work');
    const server = await LocalApiServer.start({ dir: work });
    try {
      await server.define(definitions);
    } finally {
      await server.stop();
    }
    cpSync(join(work, 'etcd', 'member'), join(folder, 'member'), { recursive: true });
  });
}

function writeIdentity(dir: string, token: string): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'service-account.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(dir, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
}

function etcdArgs(data: string, clientPort: number | undefined, peerPort: number | undefined): string[] {
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  return [
    '--data-dir', data, '--unsafe-no-fsync', '--log-level', 'warn',
    '--listen-client-urls', client, '--advertise-client-urls', client,
    '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`,
  ];
}

function apiServerArgs(dir: string, certificates: string, clientPort: number | undefined, port: number | undefined): string[] {
  const key = join(dir, 'service-account.key');
  return [
    `--etcd-servers=http://127.0.0.1:${clientPort}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${certificates}`,
    `--service-account-issuer=https://127.0.0.1:${port}`, `--service-account-signing-key-file=${key}`, `--service-account-key-file=${key}`,
    `--token-auth-file=${join(dir, 'tokens.csv')}`, '--authorization-mode=RBAC', '--service-cluster-ip-range=10.96.0.0/16',
    // no controller makes the default service account, and nothing shares this server fairly
    '--disable-admission-plugins=ServiceAccount', '--enable-priority-and-fairness=false', '--allow-privileged=true',
  ];
}
