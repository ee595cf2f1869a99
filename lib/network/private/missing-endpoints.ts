import { IMlNetwork } from '../interfaces';

/** Endpoints without which a Fargate task cannot start in a network that has no route out. Layers come through S3's gateway endpoint. */
export function missingEndpoints(network: IMlNetwork, secrets: boolean): string[] {
  if (network.routesOut) return [];
  const present = network.interfaceEndpoints;
  const missing = ['ecr.api', 'ecr.dkr', 'logs'].filter((name) => !present.includes(name));
  if (secrets && !present.includes('secretsmanager') && !present.includes('ssm')) missing.push('secretsmanager');
  return missing;
}
