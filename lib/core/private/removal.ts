import type { IConstruct } from 'constructs';
import { checkOneOf } from './checks';
import type { Faults } from './faults';

/** The second key: a context flag of the app, beside the property of the construct. */
export const ALLOW_DATA_DESTRUCTION = 'cdk-ml-platform:allow-data-destruction';

/**
 * True if data may be deleted with its construct: the property asks for it and the app's context allows it.
 *
 * One key alone is a fault, so that nobody believes that data will go when it stays, or the other way round.
 *
 * @param scope where the construct is made; the context is read there
 * @param property name of the property in the message, for example `removalPolicy`
 * @param destroy true if the property asks for destruction
 */
export function destroysData(scope: IConstruct, faults: Faults, property: string, destroy: boolean | undefined): boolean {
  if (destroy !== true) return false;
  const allowed: unknown = scope.node.tryGetContext(ALLOW_DATA_DESTRUCTION);
  return faults.check(allowed === true || allowed === 'true', 'data-destruction-not-allowed',
    `${property} asks to delete data together with its resource, but the context '${ALLOW_DATA_DESTRUCTION}' is not true; `
    + 'set it as well to lose the data, or leave the property out to keep the data');
}

/** Refuses a removal policy that buckets, tables and catalog entries cannot have: they cannot be kept as a snapshot. */
export function checkRemovalPolicy(faults: Faults, policy: string | undefined): void {
  checkOneOf(faults, 'removalPolicy', policy, ['retain', 'retain-on-update-or-delete', 'destroy']);
}
