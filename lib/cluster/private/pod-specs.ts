import { identityOf, type KubernetesObject } from '../manifests/kubernetes-object';

/** What the pods of some objects need from outside. */
export interface PodNeeds {
  /** Images, in the order in which they are met. */
  readonly images: string[];
  /** `namespace/name` of ServiceAccounts. */
  readonly serviceAccounts: string[];
}

/** Looks through objects, custom resources too, for images and ServiceAccounts of pods. */
export function podNeeds(objects: readonly KubernetesObject[], defaultNamespace: string): PodNeeds {
  const images = new Set<string>();
  const serviceAccounts = new Set<string>();
  for (const object of objects) {
    if (object.kind === 'CustomResourceDefinition') continue;
    const namespace = identityOf(object).namespace || defaultNamespace;
    walk(object.spec, (key, value) => {
      if (key === 'image' && value.includes('/')) images.add(value);
      if (key === 'serviceAccountName') serviceAccounts.add(`${namespace}/${value}`);
    });
  }
  return { images: [...images], serviceAccounts: [...serviceAccounts] };
}

function walk(value: unknown, visit: (key: string, value: string) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'string') visit(key, item);
    else walk(item, visit);
  }
}
