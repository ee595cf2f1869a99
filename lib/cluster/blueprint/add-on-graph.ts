import { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';
import type { AddOnRequirement } from './add-on-requirement';

/** One thing that is installed into a cluster: a Helm add-on or a set of manifests. */
export interface AddOnNode {
  /** Unique within the cluster. */
  readonly name: string;
  /** True for a controller of the platform; false for what runs on the platform. */
  readonly isAddOn: boolean;
  /** What must be there first. */
  readonly requires: readonly AddOnRequirement[];
  /** `group/Kind` of the custom resources that it defines. */
  readonly defines: readonly string[];
  /** `group/Kind` of the objects that its webhook judges: none can be made before it answers. */
  readonly guards: readonly string[];
  /** `group/Kind` of the objects that it creates. */
  readonly creates: readonly string[];
}

/** What is in the cluster although no node of the graph brings it. */
export interface InstalledAlready {
  /** Names of add-ons. */
  readonly addOns: readonly string[];
  /** API groups whose custom resources are defined, for example `argoproj.io`. */
  readonly apiGroups: readonly string[];
}

/** The order that follows from what the nodes declare. */
export interface AddOnOrder {
  /** Every node after all that it depends on; ties by name. */
  readonly sequence: readonly string[];
  /** Name to the names that it depends on directly, sorted: CloudFormation and Terraform dependencies. */
  readonly dependsOn: Readonly<Record<string, readonly string[]>>;
  /** Name to the number of the wave in which it is installed, from 0: Argo CD sync waves. */
  readonly waves: Readonly<Record<string, number>>;
  /** Names of the platform itself: the add-ons and all that an add-on depends on. */
  readonly platform: readonly string[];
}

/**
 * Derives the order of installation.
 *
 * @param path where the cluster stands, for messages
 * @param complete true once nothing will be added: only then is a missing requirement a fault
 * @throws a ValidationError for cycles, names or definitions that come twice, and missing requirements
 */
export function orderAddOns(path: string, nodes: readonly AddOnNode[], installed: InstalledAlready, complete = true): AddOnOrder {
  const faults = Faults.at(path);
  const byName = indexNodes(faults, nodes);
  const dependsOn = new Map<string, Set<string>>([...byName.keys()].map((name) => [name, new Set()]));
  for (const node of byName.values()) addRequirements(faults, node, byName, dependsOn.get(node.name)!, installed, complete);
  for (const [guard, guarded] of webhookEdges(byName)) {
    // a webhook that itself needs what it guards, such as a controller with certificates, cannot come first
    if (!reaches(dependsOn, guard, guarded)) dependsOn.get(guarded)!.add(guard);
  }
  const sequence = sortNodes(faults, dependsOn);
  faults.throwIfAny();
  const waves: Record<string, number> = {};
  for (const name of sequence) waves[name] = Math.max(-1, ...[...dependsOn.get(name)!].map((other) => waves[other]!)) + 1;
  return {
    sequence,
    dependsOn: Object.fromEntries(sequence.map((name) => [name, [...dependsOn.get(name)!].sort()])),
    waves,
    platform: platformOf(byName, dependsOn, sequence),
  };
}

function indexNodes(faults: Faults, nodes: readonly AddOnNode[]): Map<string, AddOnNode> {
  const byName = new Map<string, AddOnNode>();
  const definedBy = new Map<string, string>();
  for (const node of nodes) {
    faults.check(!byName.has(node.name), 'duplicate-add-on', `'${node.name}' is installed more than once; keep one, or give the other a name of its own`);
    byName.set(node.name, node);
    for (const kind of new Set(node.defines)) {
      const other = definedBy.get(kind);
      faults.check(other === undefined || other === node.name, 'duplicate-definition',
        `'${node.name}' and '${other}' both define ${kind}, and Helm lets one release own it; switch the definitions of one of them off`);
      definedBy.set(kind, node.name);
    }
  }
  return byName;
}

function addRequirements(
  faults: Faults, node: AddOnNode, byName: ReadonlyMap<string, AddOnNode>, into: Set<string>, installed: InstalledAlready, complete: boolean,
): void {
  for (const requirement of node.requires) {
    if (requirement.type === 'webhook') continue;
    const isAddOn = requirement.type === 'add-on';
    const provider = isAddOn ? byName.get(requirement.name) : [...byName.values()].find((other) => other.defines.includes(requirement.name));
    if (provider !== undefined) {
      if (provider.name !== node.name) into.add(provider.name);
      else faults.check(!isAddOn, 'add-on-cycle', `'${node.name}' requires itself; remove the requirement`);
    } else if (complete && !isInstalled(requirement, installed)) {
      addMissing(faults, node, requirement, byName);
    }
  }
}

function isInstalled(requirement: AddOnRequirement, installed: InstalledAlready): boolean {
  return requirement.type === 'add-on'
    ? installed.addOns.includes(requirement.name)
    : installed.apiGroups.includes(requirement.name.split('/')[0]!);
}

function addMissing(faults: Faults, node: AddOnNode, requirement: AddOnRequirement, byName: ReadonlyMap<string, AddOnNode>): void {
  const isAddOn = requirement.type === 'add-on';
  const known = isAddOn ? [...byName.keys()] : [...byName.values()].flatMap((other) => other.defines);
  const near = suggest(requirement.name, known);
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  faults.add('missing-requirement', isAddOn
    ? `'${node.name}' requires the add-on '${requirement.name}', which is not installed${hint}; add it to the cluster, or name it in installedAddOns`
    : `'${node.name}' requires the custom resource ${requirement.name}, which no add-on defines${hint}; add the add-on that brings it, or name its group in installedApiGroups`);
}

function* webhookEdges(byName: ReadonlyMap<string, AddOnNode>): Generator<[string, string]> {
  const names = [...byName.keys()].sort();
  for (const guard of names) {
    const guards = new Set(byName.get(guard)!.guards);
    if (guards.size === 0) continue;
    for (const name of names) {
      const node = byName.get(name)!;
      const sends = [...node.creates, ...node.requires.filter((it) => it.type === 'webhook').map((it) => it.name)];
      if (name !== guard && sends.some((kind) => guards.has(kind))) yield [guard, name];
    }
  }
}

function reaches(dependsOn: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(dependsOn.get(name) ?? []));
  }
  return false;
}

function sortNodes(faults: Faults, dependsOn: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const sequence: string[] = [];
  const done = new Set<string>();
  let open = [...dependsOn.keys()].sort();
  while (open.length > 0) {
    const ready = open.filter((name) => [...dependsOn.get(name)!].every((other) => done.has(other)));
    if (ready.length === 0) {
      faults.add('add-on-cycle', `${cycleIn(open, dependsOn).map((name) => `'${name}'`).join(' requires ')}; remove one of these requirements`);
      return sequence;
    }
    // one at a time, so that a node comes as early as its name allows
    sequence.push(ready[0]!);
    done.add(ready[0]!);
    open = open.filter((name) => name !== ready[0]);
  }
  return sequence;
}

/** Nodes of a cycle, the first one again at the end. Every open node has an open dependency, so a walk ends in a cycle. */
function cycleIn(open: readonly string[], dependsOn: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const walk: string[] = [];
  let name = open[0]!;
  while (!walk.includes(name)) {
    walk.push(name);
    name = [...dependsOn.get(name)!].sort().find((other) => open.includes(other))!;
  }
  return [...walk.slice(walk.indexOf(name)), name];
}

function platformOf(byName: ReadonlyMap<string, AddOnNode>, dependsOn: ReadonlyMap<string, ReadonlySet<string>>, sequence: readonly string[]): string[] {
  const platform = new Set<string>();
  for (const name of [...sequence].reverse()) {
    if (byName.get(name)!.isAddOn) platform.add(name);
    if (platform.has(name)) for (const other of dependsOn.get(name)!) platform.add(other);
  }
  return sequence.filter((name) => platform.has(name));
}
