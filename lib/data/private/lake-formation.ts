import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lakeformation from 'aws-cdk-lib/aws-lakeformation';
import { Construct, type IConstruct } from 'constructs';
import { fail } from '../../core/private/faults';
import { stableHash } from '../../core/private/stable-hash';
import { isUnresolved } from '../../core/private/tokens';
import { acknowledgeWildcards } from '../../network/acknowledge-wildcards';
import type { IIcebergTable } from '../interfaces';

/** What a grant of a table says to Lake Formation. */
export enum LakeFormationAccess {
  READ = 'Read',
  WRITE = 'Write',
}

/** What a writer has beside a reader's rights: a commit changes the table's entry. */
const PERMISSIONS: Record<LakeFormationAccess, string[]> = {
  [LakeFormationAccess.READ]: ['SELECT', 'DESCRIBE'],
  [LakeFormationAccess.WRITE]: ['INSERT', 'DELETE', 'ALTER'],
};

/**
 * Gives rights on a table in Lake Formation, beside those in IAM: both must allow.
 *
 * The permissions stand beside the grantee, so that a team's role in another stack does not make a cycle. Each is made once.
 *
 * Fails with `lake-formation-needs-role` for a grantee that is neither a role nor a user.
 *
 * @see https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
 */
export function grantLakeFormation(table: IIcebergTable, grantee: iam.IGrantable, accesses: LakeFormationAccess[]): iam.Grant {
  const principal = grantee.grantPrincipal;
  const principalArn = arnOf(principal) ?? fail(table.node.path, 'lake-formation-needs-role',
    'grants of a lake with lakeFormation go to roles and users, and the grantee is neither; grant to a role');
  const scope: Construct | IConstruct = Construct.isConstruct(principal) ? principal : table;
  const key = stableHash(table.node.path);
  const catalogId = Stack.of(table).account;
  const { databaseName, tableName } = table;
  const database = { database: { catalogId, name: databaseName } };
  permission(table, scope, `LakeFormationDatabase${stableHash(isUnresolved(databaseName) ? table.node.path : databaseName)}`, principalArn, database, ['DESCRIBE']);
  for (const access of accesses) {
    permission(table, scope, `LakeFormation${access}${key}`, principalArn, { table: { catalogId, databaseName, name: tableName } }, PERMISSIONS[access]);
  }
  acknowledgeWildcards(principal, ['*'], 'lakeformation:GetDataAccess knows no resource; Lake Formation\'s own permissions name the table');
  return iam.Grant.addToPrincipal({ grantee, actions: ['lakeformation:GetDataAccess'], resourceArns: ['*'] });
}

function permission(
  table: IIcebergTable, scope: IConstruct, id: string, principalArn: string,
  resource: lakeformation.CfnPrincipalPermissions.ResourceProperty, permissions: string[],
): void {
  if (scope.node.tryFindChild(id)) return;
  const made = new lakeformation.CfnPrincipalPermissions(scope as Construct, id, {
    principal: { dataLakePrincipalIdentifier: principalArn }, resource, permissions, permissionsWithGrantOption: [],
  });
  made.node.addDependency(table);
}

function arnOf(principal: iam.IPrincipal): string | undefined {
  const { roleArn, userArn } = principal as unknown as { roleArn?: string; userArn?: string };
  return roleArn ?? userArn;
}
