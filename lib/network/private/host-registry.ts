import { IConstruct } from 'constructs';
import { show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

interface Rule {
  readonly hostName: string;
  readonly priority: number;
}

interface Claim {
  readonly hostName: string;
  readonly path: string;
}

/** Which host took which listener rule priority, for each load balancer of the app. */
const CLAIMS = new WeakMap<IConstruct, Map<number, Claim>>();

/** A fault if another service of the app holds the host name or the priority. Takes neither. */
export function checkHost(faults: Faults, loadBalancer: IConstruct, { hostName, priority }: Rule): void {
  const claims = CLAIMS.get(loadBalancer) ?? new Map<number, Claim>();
  const sameHost = [...claims.values()].find((other) => other.hostName === hostName);
  const samePriority = claims.get(priority);
  if (sameHost) {
    faults.add('host-name-taken', `hostName ${show(hostName)} is already that of ${sameHost.path} behind this load balancer; choose another one`);
  } else if (samePriority) {
    faults.add('listener-priority-taken',
      `listenerPriority ${priority} of ${show(hostName)} is already that of ${show(samePriority.hostName)} (${samePriority.path}); set listenerPriority of one of them to a free number from 1 to 50000`);
  }
}

/** Notes the rule of a service that exists: its host name and its priority are taken from now on. */
export function claimHost(loadBalancer: IConstruct, { hostName, priority, path }: Rule & Claim): void {
  const claims = CLAIMS.get(loadBalancer) ?? new Map<number, Claim>();
  CLAIMS.set(loadBalancer, claims.set(priority, { hostName, path }));
}
