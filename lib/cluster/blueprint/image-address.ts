import { fail } from '../../core/private/faults';

/** The parts of an image's address, as charts ask for them: `registry/repository:tag`. */
export interface ImageAddress {
  readonly registry: string;
  /** With everything between registry and tag. */
  readonly repository: string;
  readonly tag: string;
  /** `registry/repository`. */
  readonly path: string;
  /** `registry/repository:tag`. */
  readonly full: string;
}

/** Takes `registry/repository:tag` apart. */
export function imageAddress(full: string): ImageAddress {
  const path = full.slice(0, full.lastIndexOf(':'));
  const slash = path.indexOf('/');
  return { full, path, tag: full.slice(path.length + 1), registry: path.slice(0, slash), repository: path.slice(slash + 1) };
}

/**
 * One of the images of a chart, by the last part of its repository. Charts are told their images always, so that what is
 * listed for the mirror is what runs.
 *
 * @param images `registry/repository:tag`
 * @param name for example `keda-admission-webhooks`
 */
export function imageNamed(images: readonly string[], name: string): ImageAddress {
  return images.map(imageAddress).find(({ path }) => path.endsWith(`/${name}`))
    ?? fail('images', 'unknown-image', `no image is called '${name}'; there are ${images.join(', ')}`);
}

/** The parts as NVIDIA's operator wants them: the repository without its last part. */
export function folderAndName({ path, tag }: ImageAddress): { repository: string; image: string; version: string } {
  const slash = path.lastIndexOf('/');
  return { repository: path.slice(0, slash), image: path.slice(slash + 1), version: tag };
}
