import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient, KubernetesObject } from './kubernetes-client';

const LIST = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const PATIENCE_MS = 120_000;

interface Definition extends KubernetesObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

/** Defines custom resources and waits until the server serves every one of them. Throws with the server's words if it refuses one. */
export async function defineCustomResources(client: KubernetesClient, definitions: readonly KubernetesObject[]): Promise<void> {
  const waiting = [...definitions];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await define(client, next);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  await established(client, definitions.length);
  await served(client, definitions as readonly Definition[]);
}

/** Waits until every version of every definition answers. */
export async function served(client: KubernetesClient, definitions: readonly KubernetesObject[]): Promise<void> {
  const kinds = (definitions as readonly Definition[]).flatMap(({ spec }) => spec.versions.filter(version => version.served)
    .map(version => ({ apiVersion: `${spec.group}/${version.name}`, kind: spec.names.kind })));
  await eventually(`the server to serve ${kinds.length} kinds`, async () => {
    client.forgetKinds();
    for (const kind of kinds) if (await client.isNamespaced(kind) === undefined) return false;
    return true;
  });
}

async function define(client: KubernetesClient, definition: KubernetesObject): Promise<void> {
  try {
    await client.create(definition);
  } catch (error) {
    throw new Error(`${definition.metadata?.name} was refused: ${(error as Error).message}`);
  }
}

async function established(client: KubernetesClient, count: number): Promise<void> {
  await eventually(`${count} definitions to be established`, async () => {
    const { items } = (await client.request('GET', LIST)).body as unknown as { items: Definition[] };
    const conditions = items.map(item => item.status?.conditions ?? []);
    const refused = conditions.flat().find(({ type, status }) => type === 'NonStructuralSchema' && status === 'True');
    if (refused) throw new Error(refused.message);
    return conditions.filter(list => list.some(({ type, status }) => type === 'Established' && status === 'True')).length >= count;
  });
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1_000} s in vain for ${what}`);
    await sleep(200);
  }
}
