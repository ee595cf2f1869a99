import type { App } from 'aws-cdk-lib';
import type { Explanation, Finding } from '../conformance/cloudformation-oracles';

/** An app with a room's constructs in every shape that matters to CloudFormation, for test/conformance/estates.test.ts. */
export interface Estate {
  readonly make: () => App;
  /** What cfn-lint says and why it is no fault. */
  readonly explained?: Explanation[];
  /** Findings of cdk-nag that are about what the test brought. */
  readonly ofTheTest?: (finding: Finding) => boolean;
}

/** aws-cdk-lib lets its functions depend on their roles twice; once would do. */
export const ROLES_TWICE: Explanation = { rule: 'W3005', message: /(Properties\/Role'$|Role\w*' dependency already enforced by a 'GetAtt')/, reason: 'aws-cdk-lib lets its functions depend on their roles twice' };
