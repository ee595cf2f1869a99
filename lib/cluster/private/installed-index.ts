import type { AddOnNode } from '../blueprint/add-on-graph';

/** Tells in constant time whether something that is added can upset the order of what is there. */
export class InstalledIndex {
  private readonly names = new Set<string>();
  private readonly defined = new Set<string>();
  /** Names and kinds that something waits for, or would wait for. */
  private readonly wanted = new Set<string>();

  /** Notes what is installed. */
  add(node: AddOnNode): void {
    this.names.add(node.name);
    for (const kind of node.defines) this.defined.add(kind);
    for (const kind of node.creates) this.wanted.add(kind);
    for (const requirement of node.requires) this.wanted.add(requirement.name);
  }

  /** Whether nothing that is there can wait for it: then it comes last, and neither a cycle nor a name that comes twice is possible. */
  comesLast(node: AddOnNode): boolean {
    return !this.names.has(node.name)
      && ![node.name, ...node.defines, ...node.guards].some((key) => this.wanted.has(key))
      && !node.defines.some((kind) => this.defined.has(kind))
      && !node.requires.some((requirement) => requirement.name === node.name);
  }
}
