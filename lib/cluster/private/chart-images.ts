import { mirroredImage } from '../blueprint/endpoints';
import type { IMlCluster } from '../interfaces';

/** The images of a chart, from the cluster's mirror where it has one. */
export function chartImages(cluster: IMlCluster, chart: string): string[] {
  return cluster.platformVersion.images(chart).map((image) => mirroredImage(cluster.imageMirror, image));
}
