import type { Faults } from '../../core/private/faults';

/** Interface endpoints that a cluster without a route out needs, and what for. https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html */
const NEEDED: Readonly<Record<string, string>> = {
  'lambda': 'the handlers of manifests and charts',
  'eks': 'the handlers of manifests and charts',
  'logs': 'the handlers and the nodes',
  'eks-auth': 'Pod Identity',
  'sts': 'nodes and pods',
  'ec2': 'nodes and the VPC CNI',
  'ecr.api': 'images',
  'ecr.dkr': 'images',
};

/** Names of the interface endpoints that a cluster needs when its network has no route out. */
export function neededEndpoints(): string[] {
  return Object.keys(NEEDED);
}

/** What the cluster wants to know about its network. */
export interface NetworkReach {
  readonly routesOut: boolean;
  readonly interfaceEndpoints: readonly string[];
}

/** A private endpoint in a network without a way to AWS never works, and CDK does not say so: the handlers wait until they time out. */
export function checkNetworkReach(faults: Faults, network: NetworkReach): void {
  if (network.routesOut) return;
  const present = new Set(network.interfaceEndpoints);
  const missing = neededEndpoints().filter((name) => !present.has(name));
  faults.check(missing.length === 0, 'missing-endpoints',
    `network has no route out and lacks the interface endpoints ${missing.join(', ')} (with the gateway endpoint of s3); add them to the network, or give it a NAT gateway`);
}

/** Registries that are reached through the ECR endpoints of the region. */
const IN_REGION = /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\//;

/** True if a node without a route out can pull the image or chart; what is known only at deploy time is let through. */
export function isReachableWithoutRoute(address: string): boolean {
  const bare = address.replace(/^oci:\/\//, '');
  return /[$#]\{/.test(bare) || IN_REGION.test(bare);
}

/** Refuses images and charts of public registries where the network has no route to them. */
export function checkImages(faults: Faults, network: NetworkReach, addresses: readonly string[]): void {
  if (network.routesOut) return;
  const outside = [...new Set(addresses)].filter((address) => !isReachableWithoutRoute(address));
  faults.check(outside.length === 0, 'unreachable-images',
    `the network has no route out, so ${outside.join(', ')} cannot be pulled; copy them to a registry in ECR and name it in the cluster's imageMirror`);
}

/** The address of an image in the mirror: the original address, host and all, below the mirror's prefix. */
export function mirroredImage(mirror: string | undefined, image: string): string {
  return mirror === undefined || isReachableWithoutRoute(image) ? image : `${mirror.replace(/\/+$/, '')}/${image}`;
}

/** The repository of a chart in the mirror, which is an OCI registry: `oci://<mirror>/<host>/<path>/<chart>`. */
export function mirroredChart(mirror: string | undefined, repository: string, chart: string): string {
  if (mirror === undefined || repository === '' || isReachableWithoutRoute(repository)) return repository;
  const bare = repository.replace(/^(oci|https):\/\//, '').replace(/\/+$/, '');
  const path = repository.startsWith('oci://') ? bare : `${bare}/${chart}`;
  return `oci://${mirror.replace(/\/+$/, '')}/${path}`;
}
