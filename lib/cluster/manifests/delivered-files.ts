import { argoApplication, wrapperChart, type ChartRelease } from './add-on-files';
import { fluxHelmRelease, fluxKustomization } from './flux';
import type { KubernetesObject } from './kubernetes-object';
import { yamlFolder } from './yaml-folder';
import { GitOpsTool, type ManifestDelivery } from '../blueprint/manifest-delivery';

/** Where something stands in the order of installation. */
export interface Position {
  readonly name: string;
  /** Number of its wave, from 0. */
  readonly wave: number;
  /** Names of what comes first. */
  readonly dependsOn: readonly string[];
  /** Whether it belongs to the platform, which what follows waits for. */
  readonly isPlatform: boolean;
}

/** The files of a pinned chart of somebody else, below the delivery's folder. */
export function chartFiles(delivery: ManifestDelivery, position: Position, release: ChartRelease): Record<string, string> {
  if (delivery.type === 'yaml') return placed(delivery, position, wrapperChart(release));
  return placed(delivery, position, delivery.tool === GitOpsTool.FLUX ? fluxHelmRelease(release) : argoApplication(release, position.wave));
}

/**
 * The files of objects, below the delivery's folder.
 *
 * @param path of the construct that the objects belong to, for messages
 */
export function objectFiles(delivery: ManifestDelivery, position: Position, objects: readonly KubernetesObject[], path: string): Record<string, string> {
  const wave = delivery.tool === GitOpsTool.ARGO_CD ? position.wave : undefined;
  return placed(delivery, position, yamlFolder(objects, { path, delivery: delivery.type, wave }));
}

/** A folder of its own; in yaml delivery its number is the order, and Flux has a file that tells it. */
function placed(delivery: ManifestDelivery, position: Position, files: Readonly<Record<string, string>>): Record<string, string> {
  const { name, wave, dependsOn, isPlatform } = position;
  const folder = delivery.type === 'yaml' ? `${String(wave).padStart(2, '0')}-${name}` : name;
  const order = delivery.tool === GitOpsTool.FLUX
    ? { [`flux/${name}.yaml`]: fluxKustomization({ name, path: `${delivery.repositoryPath}/${name}`, dependsOn, wait: isPlatform }) }
    : {};
  return { ...order, ...Object.fromEntries(Object.entries(files).map(([path, contents]) => [`${folder}/${path}`, contents])) };
}
