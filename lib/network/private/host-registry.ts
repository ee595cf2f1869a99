import { IConstruct } from 'constructs';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

interface Claim {
  readonly hostName: string;
  readonly path: string;
}

/** Which host took which listener rule priority, for each load balancer of the app. */
const CLAIMS = new WeakMap<IConstruct, Map<number, Claim>>();

/** Notes a service's rule, or a fault if another service of the app holds the host name or the priority. */
export function claimHost(faults: Faults, loadBalancer: IConstruct, claim: Claim & { priority: number }): void {
  const claims = CLAIMS.get(loadBalancer) ?? new Map<number, Claim>();
  CLAIMS.set(loadBalancer, claims);
  const sameHost = [...claims.values()].find((other) => other.hostName === claim.hostName);
  const samePriority = claims.get(claim.priority);
  if (sameHost) {
    faults.add('host-name-taken', `hostName ${show(claim.hostName)} is already that of ${sameHost.path} behind this load balancer; choose another one`);
  } else if (samePriority) {
    faults.add('listener-priority-taken',
      `listenerPriority ${claim.priority} of ${show(claim.hostName)} is already that of ${show(samePriority.hostName)} (${samePriority.path}); set listenerPriority of one of them to a free number from 1 to 50000`);
  } else if (faults.ok) {
    claims.set(claim.priority, { hostName: claim.hostName, path: claim.path });
  }
}
