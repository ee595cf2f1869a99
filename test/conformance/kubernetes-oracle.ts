import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { customResourceDefinitions } from './kubernetes-fixtures';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';
import { LocalApiServer } from '../../lib/local/kubernetes/local-api-server';

/** Programs that the oracle runs; see `describeWithTools`. */
export const KUBERNETES_TOOLS = ['etcd', 'kube-apiserver'];

/** What a real API server says about one object. */
export interface Finding {
  /** `<kind> <namespace>/<name>`, without the namespace where the kind has none. */
  readonly object: string;
  /** The server's own words. */
  readonly message: string;
}

/** Everything that the server refused, and what it warned about in objects that it took. */
export interface Verdict {
  readonly rejections: readonly Finding[];
  /** Deprecated versions, Pod Security of the namespace, unknown annotations. */
  readonly warnings: readonly Finding[];
}

/**
 * Asks a real kube-apiserver, with the custom resources of every component that the platform installs, whether it would
 * take objects: strict decoding, defaults, OpenAPI schemas, CEL rules, built-in admission. It has no webhooks and no controllers.
 */
export class KubernetesOracle {
  /** Starts the server: about 5 seconds; the first time on a machine about a minute. */
  static async start(): Promise<KubernetesOracle> {
    const dir = mkdtempSync(join(tmpdir(), 'kubernetes-oracle-'));
    try {
      return new KubernetesOracle(dir, await LocalApiServer.start({ dir, definitions: customResourceDefinitions() }));
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  private readonly dir: string;
  /** The server itself, for tests that install something. */
  readonly server: LocalApiServer;

  private constructor(dir: string, server: LocalApiServer) {
    this.dir = dir;
    this.server = server;
  }

  /** What the server refuses of objects that are meant to be applied together, in the order in which they were given. */
  async rejections(objects: readonly KubernetesObject[]): Promise<readonly Finding[]> {
    return (await this.judge(objects)).rejections;
  }

  /** The server's rejections and warnings. Nothing is kept but the namespaces. */
  async judge(objects: readonly KubernetesObject[]): Promise<Verdict> {
    await this.makeNamespaces(objects);
    const answers = await Promise.all(objects.map(async object => this.server.client.dryRun(object)));
    const names = objects.map(nameOf);
    const rejections = answers.flatMap(({ accepted, message = '' }, index): Finding[] => {
      const object = names[index] ?? '';
      if (!accepted) return [{ object, message }];
      return names.indexOf(object) === index ? [] : [{ object, message: 'is given twice: the second would overwrite the first' }];
    });
    const warnings = answers.flatMap((answer, index) => answer.warnings.map(message => ({ object: names[index] ?? '', message })));
    return { rejections, warnings };
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A dry run in a namespace that is not there would fail for that alone. */
  private async makeNamespaces(objects: readonly KubernetesObject[]): Promise<void> {
    const own = objects.filter(({ kind, apiVersion }) => kind === 'Namespace' && apiVersion === 'v1');
    // one that is refused is reported by the dry run
    for (const namespace of own) await this.server.client.create(namespace).catch(() => undefined);
    const named = new Set(objects.map(object => object.metadata?.namespace).filter(name => name !== undefined));
    for (const name of named) await this.server.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }).catch(() => undefined);
  }
}

/** The objects of a YAML text with any number of documents; lists are taken apart. */
export function manifestObjects(text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text).map(document => document.toJS() as unknown).filter(document => document !== null && document !== undefined) as KubernetesObject[];
  return documents.flatMap(document => document.kind === 'List' ? document.items as KubernetesObject[] : [document]);
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  const name = metadata?.name ?? '(no name)';
  return `${kind} ${metadata?.namespace === undefined ? name : `${metadata.namespace}/${name}`}`;
}
