import { definitionOf } from './chart-folder';
import { identityOf, type KubernetesObject } from './kubernetes-object';
import { AddOnRequirement } from '../blueprint/add-on-requirement';

/** What objects bring and need, as the add-on graph wants it. */
export interface NodeDescription {
  readonly requires: AddOnRequirement[];
  readonly defines: string[];
  readonly guards: string[];
  readonly creates: string[];
}

/** Groups that every API server serves, or that EKS itself brings. */
const BUILT_IN = /^$|^[a-z]+$|\.k8s\.io$|^(crd\.k8s\.amazonaws\.com|vpcresources\.k8s\.aws|networking\.k8s\.aws)$/;
/** Groups that end like built-in ones, but come with add-ons. */
const NOT_BUILT_IN = /^(gateway\.networking|snapshot\.storage|metrics|custom\.metrics|external\.metrics|autoscaling\.x|inference\.networking)\.k8s\.io$|\.x-k8s\.io$/;

/** True if objects of the group can be sent to a fresh EKS cluster. */
export function isBuiltInGroup(group: string): boolean {
  return BUILT_IN.test(group) && !NOT_BUILT_IN.test(group);
}

/** Reads from objects what they define, what they need first, and what must be there before them. */
export function describeNode(objects: readonly KubernetesObject[]): NodeDescription {
  const defines = new Set<string>();
  const kinds = new Set<string>();
  const made = new Set<string>();
  const used = new Set<string>();
  for (const object of objects) {
    const definition = definitionOf(object);
    if (definition !== undefined) defines.add(definition);
    const { group, kind, namespace, name } = identityOf(object);
    kinds.add(`${group}/${kind}`);
    if (group === '' && kind === 'Namespace') made.add(namespaceKey(name));
    if (group === '' && kind === 'ServiceAccount') made.add(serviceAccountKey(`${namespace}/${name}`));
    if (namespace !== '') used.add(namespaceKey(namespace));
  }
  for (const own of made) used.delete(own);
  return {
    defines: [...defines].sort(),
    requires: [...kinds].filter((kind) => !isBuiltInGroup(kind.slice(0, kind.indexOf('/')))).sort().map((kind) => AddOnRequirement.customResource(kind)),
    // a namespace is like a webhook: if somebody here brings it, whatever goes into it waits
    guards: [...made].sort(),
    creates: [...kinds, ...used].sort(),
  };
}

/** A namespace as a thing that others wait for. */
export function namespaceKey(name: string): string {
  return `Namespace/${name}`;
}

/** A ServiceAccount (`namespace/name`) as a thing that pods wait for. */
export function serviceAccountKey(account: string): string {
  return `ServiceAccount/${account}`;
}
