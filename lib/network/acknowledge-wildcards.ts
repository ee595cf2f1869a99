import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';

/**
 * Tells cdk-nag why resources of a policy end in a wildcard, so that our users' own checks stay quiet about them.
 *
 * cdk-nag names such a finding by the resource as it stands in the template. References between stacks get their final form
 * only while the app is synthesized, so the finding's name is worked out then.
 *
 * @param holder construct above the policy, usually the role; anything that is no construct is left alone
 * @param resources resources of the statements; those without a wildcard need no reason
 * @internal
 */
export function acknowledgeWildcards(holder: unknown, resources: string[], reason: string): void {
  if (!Construct.isConstruct(holder)) return;
  const wild = resources.filter((resource) => resource.includes('*'));
  if (wild.length === 0) return;
  atSynthesis(holder, () => {
    for (const resource of wild) acknowledgeAll(holder, [`AwsSolutions-IAM5[Resource::${flatten(Stack.of(holder).resolve(resource))}]`], reason);
  });
}

/**
 * Tells cdk-nag why the roles below a construct have managed policies and wildcards, where somebody else decided on them:
 * aws-cdk-lib for its custom resources, AWS for its drivers.
 *
 * @internal
 */
export function acknowledgeRolesBelow(scope: IConstruct, reason: string): void {
  atSynthesis(scope, () => {
    for (const child of scope.node.findAll()) {
      if (!CfnResource.isCfnResource(child)) continue;
      if (child.cfnResourceType === 'AWS::IAM::Role') acknowledgeAll(child, managedPolicies(child as iam.CfnRole), reason);
      if (child.cfnResourceType === 'AWS::IAM::Policy') acknowledgeAll(child, wildcards(child as iam.CfnPolicy), reason);
    }
  });
}

/**
 * Tells cdk-nag why rules do not hold for a construct and all below it.
 *
 * @internal
 */
export function acknowledgeAll(scope: IConstruct, ids: string[], reason: string): void {
  Validations.of(scope).acknowledge(...ids.map((id) => ({ id, reason })));
}

/** Runs once the tree is complete and its references are resolved, before cdk-nag looks at it. */
function atSynthesis(scope: IConstruct, run: () => void): void {
  scope.node.addValidation({
    validate: () => {
      run();
      return [];
    },
  });
}

function managedPolicies(role: iam.CfnRole): string[] {
  const arns: unknown = Stack.of(role).resolve(role.managedPolicyArns);
  return listOf(arns).map((arn) => `AwsSolutions-IAM4[Policy::${flatten(arn)}]`);
}

interface Statement {
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

function wildcards(policy: iam.CfnPolicy): string[] {
  const document = Stack.of(policy).resolve(policy.policyDocument) as { readonly Statement?: Statement[] };
  const findings = (document.Statement ?? []).flatMap(({ Action, Resource }) => [
    ...listOf(Action).map((action) => `Action::${flatten(action)}`),
    ...listOf(Resource).map((resource) => `Resource::${flatten(resource)}`),
  ]);
  return findings.filter((finding) => finding.includes('*')).map((finding) => `AwsSolutions-IAM5[${finding}]`);
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The spelling of https://github.com/cdklabs/cdk-nag for references: `<LogicalId.Arn>/prefix/*`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  if (typeof value !== 'object' || value === null) return '';
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Fn::Join' && Array.isArray(argument)) return (argument[1] as unknown[]).map(flatten).join(String(argument[0]));
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return `<${argument.map(flatten).join('.')}>`;
  if (name === 'Fn::Sub' || name === 'Fn::ImportValue') return flatten(argument);
  return name === 'Ref' ? `<${flatten(argument)}>` : JSON.stringify(value);
}
