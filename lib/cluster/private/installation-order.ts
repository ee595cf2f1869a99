import { Stack } from 'aws-cdk-lib';
import { Dependable, type IConstruct, type IDependable } from 'constructs';
import { attached } from './attached';
import { InstalledIndex } from './installed-index';
import { orderAddOns, type AddOnNode, type AddOnOrder, type InstalledAlready } from '../blueprint/add-on-graph';
import type { ControlledResource } from '../blueprint/controlled-resource';
import type { PodSecurity } from '../blueprint/pod-security';
import type { Position } from '../manifests/delivered-files';

/** Something that is installed, with what was made for it. */
export interface Installation {
  readonly node: AddOnNode;
  /** What others wait for. */
  readonly construct: IConstruct;
  /** What it makes outside of the cluster, and has to remove while it runs. */
  readonly controls: readonly ControlledResource[];
  /** `namespace/name` of the ServiceAccounts that its pods use. */
  readonly serviceAccounts: readonly string[];
}

/** Removes what controllers of one stack made, before they go. */
export interface Drain extends IConstruct {
  /** Takes on one more kind. */
  cover(kinds: readonly ControlledResource[]): void;
}

const KEY = Symbol.for('cdk-ml-platform.InstallationOrder');

/**
 * What is installed into one cluster, and the order that follows from it.
 *
 * Dependencies are read when the template is written, so the order in which constructs are made does not matter.
 */
export class InstallationOrder {
  /** The order of a cluster: made for it once, also when two copies of this package are loaded. */
  static of(cluster: IConstruct): InstallationOrder {
    return attached(cluster, KEY, () => new InstallationOrder(cluster));
  }

  /** What every add-on waits for: nodes that run pods. */
  readonly readiness: IDependable[] = [];
  /** What is in the cluster without our doing. */
  installed: InstalledAlready = { addOns: [], apiGroups: [] };
  /** Pod Security standards of the namespaces that add-ons made. */
  readonly namespaces = new Map<string, PodSecurity>();
  /** Makes the drain of a stack; undefined where the user switched it off. */
  makeDrain?: (stack: Stack) => Drain | undefined;
  private readonly installations: Installation[] = [];
  private readonly byName = new Map<string, Installation>();
  private readonly index = new InstalledIndex();
  private readonly promoted = new Set<string>();
  private readonly identities = new Map<string, IConstruct>();
  private readonly drains = new Map<Stack, Drain>();
  private cached?: { count: number; order: AddOnOrder };

  private constructor(private readonly cluster: IConstruct) {
    cluster.node.addValidation({
      validate: () => {
        // throws our own error, which names the cluster
        orderAddOns(this.cluster.node.path, this.nodes, this.installed);
        return [];
      },
    });
  }

  /** Refuses what cannot be ordered, before anything is made for it. */
  check(node: AddOnNode): void {
    // most of what is added is a workload: the whole order need not be looked at for each of hundreds
    if (!this.index.comesLast(node)) orderAddOns(this.cluster.node.path, [...this.nodes, node], this.installed, false);
  }

  /** Notes what is installed and makes `dependent` wait for what it needs. */
  register(installation: Installation, dependent: IConstruct): void {
    this.installations.push(installation);
    this.byName.set(installation.node.name, installation);
    this.index.add(installation.node);
    const stack = Stack.of(dependent);
    if (installation.controls.length > 0) this.drainOf(stack)?.cover(installation.controls);
    dependent.node.addDependency(lazily(() => this.dependenciesOf(installation, stack)));
  }

  /** The drain of a stack, made when it is first needed. It waits for every part of the platform in its stack. */
  drainOf(stack: Stack): Drain | undefined {
    const known = this.drains.get(stack);
    if (known) return known;
    const drain = this.makeDrain?.(stack);
    if (!drain) return undefined;
    this.drains.set(stack, drain);
    drain.node.addDependency(lazily(() => [
      ...this.readiness,
      ...this.platform().filter((it) => Stack.of(it.construct) === stack).map((it) => it.construct),
    ]));
    return drain;
  }

  /** True if something that was made so far defines this kind, or guards it: a namespace is guarded by what makes it. */
  brings(kind: string): boolean {
    return this.installations.some(({ node }) => node.defines.includes(kind) || node.guards.includes(kind));
  }

  /** True if definitions of this API group are in the cluster already, or something that was made so far brings them. */
  has(apiGroup: string, kinds: readonly string[]): boolean {
    return this.installed.apiGroups.includes(apiGroup) || kinds.some((kind) => this.brings(kind));
  }

  /** Makes something a part of the platform itself, also when no add-on needs it: it stays until the drains are done. */
  promote(name: string): string {
    this.promoted.add(name);
    return name;
  }

  /** Makes whatever runs under this ServiceAccount wait for its rights. */
  registerIdentity(serviceAccount: string, association: IConstruct): void {
    this.identities.set(serviceAccount, association);
  }

  /** Who else gives rights to this ServiceAccount. */
  identityOf(serviceAccount: string): IConstruct | undefined {
    return this.identities.get(serviceAccount);
  }

  /** Where something stands in the order. */
  positionOf(name: string): Position {
    const { waves, dependsOn, platform } = this.order();
    return { name, wave: waves[name] ?? 0, dependsOn: dependsOn[name] ?? [], isPlatform: platform.includes(name) };
  }

  private get nodes(): AddOnNode[] {
    return this.installations.map((it) => (this.promoted.has(it.node.name) ? { ...it.node, isAddOn: true } : it.node));
  }

  private order(): AddOnOrder {
    if (this.cached?.count !== this.installations.length) {
      const order = orderAddOns(this.cluster.node.path, this.nodes, this.installed, false);
      this.cached = { count: this.installations.length, order };
    }
    return this.cached.order;
  }

  private platform(): Installation[] {
    const names = new Set(this.order().platform);
    return this.installations.filter((it) => names.has(it.node.name));
  }

  private dependenciesOf(installation: Installation, stack: Stack): IDependable[] {
    const { name, isAddOn } = installation.node;
    const providers = (this.order().dependsOn[name] ?? []).flatMap((needed) => this.byName.get(needed) ?? []);
    const rights = installation.serviceAccounts.flatMap((account) => this.identities.get(account) ?? []);
    const dependencies: IDependable[] = [...providers.map((it) => it.construct), ...rights];
    if (isAddOn) return [...dependencies, ...this.readiness];
    if (this.order().platform.includes(name)) return dependencies;
    // what runs on the platform is made after the drains, so that it goes before they run
    const stacks = new Set([stack, Stack.of(this.cluster), ...providers.map((it) => Stack.of(it.construct))]);
    return [...dependencies, ...[...stacks].flatMap((it) => this.drains.get(it) ?? [])];
  }
}

/** A dependency whose targets are looked up when the template is written. */
function lazily(targets: () => IDependable[]): IDependable {
  const dependable = {};
  Dependable.implement(dependable, {
    get dependencyRoots() {
      return targets().flatMap((it) => Dependable.of(it).dependencyRoots);
    },
  });
  return dependable;
}
