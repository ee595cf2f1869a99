import { RemovalPolicy } from 'aws-cdk-lib';
import { checkOneOf } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Buckets and catalog entries cannot be kept as a snapshot. */
export function checkRemovalPolicy(faults: Faults, policy: RemovalPolicy | undefined): void {
  checkOneOf(faults, 'removalPolicy', policy, [RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RemovalPolicy.DESTROY]);
}
