import type { KubernetesClient, KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

interface ResourceList { readonly resources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[] }

interface Listed extends KubernetesObject {
  readonly metadata: {
    readonly name: string; readonly namespace?: string; readonly uid: string; readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
}

/**
 * Every object that a cluster would keep, as `Kind namespace/name`: without events, and without what its own controllers would remove:
 * objects of a namespace that is being deleted, and objects whose owners are all gone.
 */
export async function keptObjects(client: KubernetesClient): Promise<Set<string>> {
  const groups = (await client.request('GET', '/apis')).body.groups as readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  const roots = ['/api/v1', ...groups.map(group => `/apis/${group.preferredVersion.groupVersion}`)];
  const listed = (await Promise.all(roots.map(async root => everything(client, root)))).flat();
  const present = new Set(listed.map(it => it.metadata.uid));
  const going = new Set(listed.filter(it => it.kind === 'Namespace' && it.metadata.deletionTimestamp).map(it => it.metadata.name));
  const kept = listed.filter(({ kind, metadata }) => {
    if (isOwn(kind, metadata) || kind === 'Event' || (kind === 'Namespace' ? going.has(metadata.name) : going.has(metadata.namespace ?? ''))) return false;
    const owners = metadata.ownerReferences ?? [];
    return owners.length === 0 || owners.some(({ uid }) => present.has(uid));
  });
  return new Set(kept.map(({ kind, metadata }) => `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`));
}

/** What the API server writes for itself, some of it seconds after it called itself ready: its address, its namespaces, its lease. */
function isOwn(kind: string, { name, namespace }: Listed['metadata']): boolean {
  if (kind === 'Namespace') return name === 'default' || name.startsWith('kube-');
  return (namespace === 'default' && name === 'kubernetes') || (kind === 'Lease' && name.startsWith('apiserver-'));
}

async function everything(client: KubernetesClient, root: string): Promise<Listed[]> {
  const { resources = [] } = (await client.request('GET', root)).body as unknown as Partial<ResourceList>;
  const listable = resources.filter(({ name, verbs }) => verbs.includes('list') && !name.includes('/'));
  const lists = await Promise.all(listable.map(async ({ name, kind }) => {
    const { items = [] } = (await client.request('GET', `${root}/${name}`)).body as { items?: Listed[] };
    return items.map(item => ({ ...item, kind }));
  }));
  return lists.flat();
}
