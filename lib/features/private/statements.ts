import * as iam from 'aws-cdk-lib/aws-iam';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import type { StatementBlueprint } from '../blueprint/access';

/** Adds statements to the grantee's own policy, with the reason for wildcards in them. */
export function grantStatements(grantee: iam.IGrantable, statements: StatementBlueprint[], reason: string): iam.Grant[] {
  return statements.map(({ actions, resources }) => {
    acknowledgeWildcards(grantee.grantPrincipal, resources, reason);
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: resources });
  });
}
