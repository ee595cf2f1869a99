import type { AddOnRequirement } from './add-on-requirement';
import { Faults } from '../../core/private/faults';
import { suggest } from '../../core/private/suggest';

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

/** A node with what it depends on. */
interface Vertex {
  readonly node: AddOnNode;
  readonly needs: Set<Vertex>;
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
  const vertices = verticesOf(faults, nodes);
  for (const vertex of vertices) addRequirements(faults, vertex, vertices, installed, complete);
  for (const [guard, guarded] of webhookEdges(vertices)) {
    // a webhook that itself needs what it guards, such as a controller with certificates, cannot come first
    if (!reaches(guard, guarded)) guarded.needs.add(guard);
  }
  const sorted = sortVertices(faults, vertices);
  faults.throwIfAny();
  const waves = new Map<Vertex, number>();
  for (const vertex of sorted) waves.set(vertex, Math.max(-1, ...[...vertex.needs].map((other) => waves.get(other) ?? 0)) + 1);
  const platform = platformOf(sorted);
  return {
    sequence: sorted.map(nameOf),
    dependsOn: Object.fromEntries(sorted.map((vertex) => [nameOf(vertex), [...vertex.needs].map(nameOf).sort()])),
    waves: Object.fromEntries(sorted.map((vertex) => [nameOf(vertex), waves.get(vertex) ?? 0])),
    platform: sorted.filter((vertex) => platform.has(vertex)).map(nameOf),
  };
}

/** One vertex for each name, sorted by name. */
function verticesOf(faults: Faults, nodes: readonly AddOnNode[]): Vertex[] {
  const byName = new Map<string, Vertex>();
  const definedBy = new Map<string, string>();
  for (const node of nodes) {
    faults.check(!byName.has(node.name), 'duplicate-add-on', `'${node.name}' is installed more than once; keep one, or give the other a name of its own`);
    byName.set(node.name, { node, needs: new Set() });
    for (const kind of new Set(node.defines)) {
      const other = definedBy.get(kind);
      faults.check(other === undefined || other === node.name, 'duplicate-definition',
        `'${node.name}' and '${other}' both define ${kind}, and Helm lets one release own it; switch the definitions of one of them off`);
      definedBy.set(kind, node.name);
    }
  }
  return [...byName.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function addRequirements(faults: Faults, vertex: Vertex, all: readonly Vertex[], installed: InstalledAlready, complete: boolean): void {
  for (const requirement of vertex.node.requires) {
    if (requirement.type === 'webhook') continue;
    const isAddOn = requirement.type === 'add-on';
    const provider = all.find((other) => (isAddOn ? nameOf(other) === requirement.name : other.node.defines.includes(requirement.name)));
    if (provider === vertex) {
      faults.check(!isAddOn, 'add-on-cycle', `'${nameOf(vertex)}' requires itself; remove the requirement`);
    } else if (provider !== undefined) {
      vertex.needs.add(provider);
    } else if (complete && !isInstalled(requirement, installed)) {
      addMissing(faults, nameOf(vertex), requirement, all);
    }
  }
}

function isInstalled(requirement: AddOnRequirement, installed: InstalledAlready): boolean {
  return requirement.type === 'add-on'
    ? installed.addOns.includes(requirement.name)
    : installed.apiGroups.some((group) => requirement.name.startsWith(`${group}/`));
}

function addMissing(faults: Faults, name: string, requirement: AddOnRequirement, all: readonly Vertex[]): void {
  const isAddOn = requirement.type === 'add-on';
  const near = suggest(requirement.name, isAddOn ? all.map(nameOf) : all.flatMap((other) => other.node.defines));
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  faults.add('missing-requirement', isAddOn
    ? `'${name}' requires the add-on '${requirement.name}', which is not installed${hint}; add it to the cluster, or name it in installedAddOns`
    : `'${name}' requires the custom resource ${requirement.name}, which no add-on defines${hint}; add the add-on that brings it, or name its group in installedApiGroups`);
}

function* webhookEdges(vertices: readonly Vertex[]): Generator<[Vertex, Vertex]> {
  for (const guard of vertices) {
    const guards = new Set(guard.node.guards);
    if (guards.size === 0) continue;
    for (const other of vertices) {
      const { creates, requires } = other.node;
      const sends = [...creates, ...requires.filter((it) => it.type === 'webhook').map((it) => it.name)];
      if (other !== guard && sends.some((kind) => guards.has(kind))) yield [guard, other];
    }
  }
}

function reaches(from: Vertex, to: Vertex): boolean {
  const seen = new Set<Vertex>();
  const open = [from];
  for (let vertex = open.pop(); vertex !== undefined; vertex = open.pop()) {
    if (vertex === to) return true;
    if (seen.has(vertex)) continue;
    seen.add(vertex);
    open.push(...vertex.needs);
  }
  return false;
}

/** One at a time, so that a vertex comes as early as its name allows. */
function sortVertices(faults: Faults, vertices: readonly Vertex[]): Vertex[] {
  const sorted = new Set<Vertex>();
  let open = [...vertices];
  while (open.length > 0) {
    const ready = open.find((vertex) => [...vertex.needs].every((other) => sorted.has(other)));
    if (ready === undefined) {
      faults.add('add-on-cycle', `${cycleIn(open).map((vertex) => `'${nameOf(vertex)}'`).join(' requires ')}; remove one of these requirements`);
      break;
    }
    sorted.add(ready);
    open = open.filter((vertex) => vertex !== ready);
  }
  return [...sorted];
}

/** A cycle among vertices that each need another one of them, the first vertex again at its end. */
function cycleIn(open: readonly Vertex[]): Vertex[] {
  const walk: Vertex[] = [];
  for (let vertex: Vertex | undefined = open[0]; vertex !== undefined;) {
    const current: Vertex = vertex;
    if (walk.includes(current)) return [...walk.slice(walk.indexOf(current)), current];
    walk.push(current);
    vertex = open.find((other) => current.needs.has(other));
  }
  return walk;
}

/** The add-ons and all that they need, however far down. */
function platformOf(sorted: readonly Vertex[]): Set<Vertex> {
  const platform = new Set<Vertex>();
  for (const vertex of [...sorted].reverse()) {
    if (vertex.node.isAddOn) platform.add(vertex);
    if (platform.has(vertex)) for (const other of vertex.needs) platform.add(other);
  }
  return platform;
}

function nameOf(vertex: Vertex): string {
  return vertex.node.name;
}
