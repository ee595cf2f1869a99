import { existsSync, readFileSync, rmSync } from 'fs';
import { join, resolve } from 'path';
import type { IConstruct } from 'constructs';
import { attached } from './attached';
import { writeFile } from './write-file';
import { fail } from '../../core/private/faults';
import type { ManifestDelivery } from '../blueprint/manifest-delivery';

/** Lists what the library wrote, so that it removes only that. */
const INDEX = '.cdk-ml-platform.json';
const KEY = Symbol.for('cdk-ml-platform.DeliveryWriter');
const OWNERS = Symbol.for('cdk-ml-platform.DeliveryDirectories');

/** Writes the files of one cluster's yaml or gitOps delivery when the app is synthesized. */
export class DeliveryWriter {
  /** The writer of a cluster. Fails with `directory-taken` if another cluster of the app writes to the folder. */
  static of(cluster: IConstruct, delivery: ManifestDelivery): DeliveryWriter {
    return attached(cluster, KEY, () => new DeliveryWriter(cluster, delivery.directory ?? '.'));
  }

  private readonly parts: (() => Record<string, string>)[] = [];

  private constructor(cluster: IConstruct, private readonly directory: string) {
    claim(cluster, resolve(directory));
    // the last thing that a construct is asked before the assembly is written, when the whole order is known
    cluster.node.addValidation({ validate: () => (this.write(), []) });
  }

  /** Adds files whose contents are asked for at synthesis. */
  add(files: () => Record<string, string>): void {
    this.parts.push(files);
  }

  private write(): void {
    const files: Record<string, string> = Object.assign({}, ...this.parts.map((part) => part()));
    const paths = Object.keys(files).sort();
    for (const old of this.written()) if (!(old in files)) rmSync(join(this.directory, old), { force: true });
    for (const [path, contents] of Object.entries(files)) writeFile(join(this.directory, path), contents);
    writeFile(join(this.directory, INDEX), `${JSON.stringify({ files: paths }, undefined, 2)}\n`);
  }

  private written(): string[] {
    const index = join(this.directory, INDEX);
    if (!existsSync(index)) return [];
    const { files } = JSON.parse(readFileSync(index, 'utf8')) as { files: string[] };
    // the list is a file that anybody can edit: nothing above the folder is ever removed
    return files.filter((path) => !path.split(/[\\/]/).includes('..') && !path.startsWith('/'));
  }
}

function claim(cluster: IConstruct, directory: string): void {
  const owners = attached(cluster.node.root, OWNERS, () => new Map<string, string>());
  const owner = owners.get(directory);
  if (owner !== undefined) {
    fail(cluster.node.path, 'directory-taken', `directory is the folder of ${owner} already; give each cluster a folder of its own`);
  }
  owners.set(directory, cluster.node.path);
}
