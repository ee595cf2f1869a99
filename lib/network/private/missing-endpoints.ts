import { IMlNetwork } from '../interfaces';

/**
 * Endpoints without which a Fargate task cannot start or work in a network that has no route out. Layers come through S3's gateway endpoint.
 *
 * @param services what the task calls besides
 */
export function missingEndpoints(network: IMlNetwork, services: string[]): string[] {
  if (network.routesOut) return [];
  return ['ecr.api', 'ecr.dkr', 'logs', ...services].filter((name) => !network.interfaceEndpoints.includes(name));
}
