import { Yaml } from 'cdk8s';
import { checkObjects } from './chart-folder';
import { describeObject, identityOf, type KubernetesObject } from './kubernetes-object';
import { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import { isMap } from '../blueprint/merge-values';

/** Annotation that Argo CD orders a sync by. https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/ */
export const SYNC_WAVE = 'argocd.argoproj.io/sync-wave';

/** How objects are written as plain files. */
export interface YamlFolderOptions {
  /** Path of the construct that the objects belong to, for messages. */
  readonly path: string;
  /** What the user chose, for messages: `yaml` or `gitOps`. */
  readonly delivery: string;
  /** Argo CD sync wave of the objects; left out, no annotation is written. */
  readonly wave?: number;
}

/**
 * Writes Kubernetes objects as YAML, one file per object, in the order in which they are to be applied.
 *
 * @throws a ValidationError that names each property whose value is known only at deploy time
 */
export function yamlFolder(objects: readonly KubernetesObject[], options: YamlFolderOptions): Record<string, string> {
  const faults = Faults.at(options.path);
  checkObjects(faults, objects);
  for (const object of objects) {
    for (const path of deployTimePaths(object, '')) {
      faults.add('deploy-time-value-in-git',
        `${describeObject(object, path)} is known only at deploy time, but ${options.delivery} delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()`);
    }
  }
  faults.throwIfAny();
  const digits = String(objects.length - 1).length;
  return Object.fromEntries(objects.map((object, index) => {
    const { kind, namespace, name } = identityOf(object);
    const label = [kind, namespace, name].filter((part) => part !== '').join('-').toLowerCase().replace(/[^a-z0-9.]+/g, '-');
    return [`${String(index).padStart(digits, '0')}-${label.slice(0, 120)}.yaml`, Yaml.stringify(withWave(object, options.wave))];
  }));
}

/** Every path in a value that holds something known only at deploy time, keys included. */
export function deployTimePaths(value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    if (value.some((item) => typeof item === 'string' && item.startsWith('#{') && isUnresolved(item))) return [path];
    return value.flatMap((item, index) => deployTimePaths(item, `${path}[${index}]`));
  }
  if (isMap(value)) {
    return Object.entries(value).flatMap(([key, item]) => {
      const at = path === '' ? key : `${path}.${key}`;
      return isUnresolved(key) ? [at] : deployTimePaths(item, at);
    });
  }
  return isUnresolved(value) ? [path] : [];
}

function withWave(object: KubernetesObject, wave: number | undefined): KubernetesObject {
  if (wave === undefined) return object;
  const metadata = (object.metadata ?? {}) as { annotations?: Record<string, string> };
  return { ...object, metadata: { ...metadata, annotations: { [SYNC_WAVE]: String(wave), ...metadata.annotations } } };
}
