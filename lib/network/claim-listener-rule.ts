import type { IConstruct } from 'constructs';
import { checkHost, claimHost } from './private/host-registry';
import type { Faults } from '../core/private/faults';

/** A further listener rule of a service, for example one for callers with a token. */
export interface FurtherListenerRule {
  /** Full host name of the service and what sets the rule apart. */
  readonly name: string;
  readonly priority: number;
}

/**
 * A fault if another rule of the app has the priority already. Takes nothing.
 *
 * @internal
 */
export function checkListenerRule(faults: Faults, loadBalancer: IConstruct, { name, priority }: FurtherListenerRule): void {
  checkHost(faults, loadBalancer, { hostName: name, priority });
}

/**
 * Notes the priority of a rule that exists.
 *
 * @internal
 */
export function claimListenerRule(loadBalancer: IConstruct, { name, priority }: FurtherListenerRule, path: string): void {
  claimHost(loadBalancer, { hostName: name, priority, path });
}
