import { IamRolePolicy } from '@cdktn/provider-aws/lib/iam-role-policy';
import type { Construct, IConstruct } from 'constructs';
import type { AccessStatement } from '../../data/blueprint/access';

/** An IAM policy document. */
export function policyDocument(statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** A statement of a blueprint in the words of IAM. */
export function allow({ actions, resources, conditions }: AccessStatement): object {
  return { Effect: 'Allow', Action: actions, Resource: resources, ...(conditions ? { Condition: conditions } : {}) };
}

/** Gives rights to a role, once for each kind of access: asking again changes nothing. */
export function grant(scope: Construct, access: string, role: IConstruct & { readonly name: string }, statements: AccessStatement[]): void {
  const id = `${access}By${role.node.addr}`;
  if (scope.node.tryFindChild(id)) return;
  new IamRolePolicy(scope, id, { role: role.name, policy: policyDocument(statements.map(allow)) });
}

/** What goes with reading objects that a key encrypts. */
export function decryptAccess(key: { readonly arn: string } | undefined): AccessStatement[] {
  return key === undefined ? [] : [{ actions: ['kms:Decrypt'], resources: [key.arn] }];
}

/** What goes with writing objects that a key encrypts. */
export function encryptAccess(key: { readonly arn: string } | undefined): AccessStatement[] {
  return key === undefined ? [] : [{ actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'], resources: [key.arn] }];
}
