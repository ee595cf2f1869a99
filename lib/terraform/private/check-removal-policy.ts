import { checkOneOf } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { RemovalPolicy } from '../data/interfaces';

/** Refuses a text that is no removal policy, which plain JavaScript can hand over. */
export function checkRemovalPolicy(faults: Faults, policy: RemovalPolicy | undefined): void {
  checkOneOf(faults, 'removalPolicy', policy, [RemovalPolicy.RETAIN, RemovalPolicy.DESTROY]);
}
