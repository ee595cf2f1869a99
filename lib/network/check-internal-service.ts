import { internalService, type InternalServiceBlueprint } from './blueprint/internal-service';
import type { InternalServiceProps } from './internal-service-props';
import { checkHost } from './private/host-registry';
import { missingEndpoints } from './private/missing-endpoints';
import type { Faults } from '../core/private/faults';

/**
 * What is checked of a service: not its image and the values of its secrets, which a construct on top has only after
 * children of its own.
 *
 * @internal
 */
export interface InternalServiceShape extends Omit<InternalServiceProps, 'image' | 'secrets' | 'hostName'> {
  /** Undefined where the construct on top has refused it already. */
  readonly hostName?: string;
  /** Variables that will come from secrets; undefined where none do. */
  readonly secretNames?: string[];
}

/**
 * Every check of `InternalService`, and what it decides. A construct that is built on one calls it with its own faults, so
 * that its user reads all of them at once and before anything exists. Nothing is claimed.
 *
 * @internal
 */
export function checkInternalService(faults: Faults, shape: InternalServiceShape): InternalServiceBlueprint {
  const { network, hostName } = shape;
  const balancer = network.loadBalancer;
  const plan = internalService(faults, {
    hostName: hostName ?? 'refused',
    domainName: balancer.domainName,
    protocol: balancer.protocol,
    port: shape.port,
    command: shape.command,
    environment: shape.environment,
    secretNames: shape.secretNames,
    cpu: shape.cpu,
    memoryLimitMiB: shape.memoryLimitMiB,
    ephemeralStorageGiB: shape.ephemeralStorageGiB,
    user: shape.user,
    desiredCount: shape.desiredCount,
    scaling: shape.scaling,
    healthCheck: shape.healthCheck,
    alarmThresholds: shape.alarmThresholds,
    deregistrationDelay: shape.deregistrationDelay,
    listenerPriority: shape.listenerPriority,
  });
  // secrets may be Systems Manager's as well
  const needsSecrets = shape.secretNames !== undefined && !network.interfaceEndpoints.includes('ssm');
  const missing = missingEndpoints(network, needsSecrets ? ['secretsmanager'] : []);
  faults.check(missing.length === 0, 'no-route-out',
    `network has no route out and no interface endpoint for ${missing.join(', ')}, so tasks could not start; add these interfaceEndpoints to the network or give it natGateways: 1`);
  if (hostName !== undefined) checkHost(faults, balancer, { hostName: plan.hostName, priority: plan.listenerPriority });
  return plan;
}
