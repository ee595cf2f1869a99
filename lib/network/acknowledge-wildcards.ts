import { Stack, Validations } from 'aws-cdk-lib';
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
  holder.node.addValidation({
    validate: () => {
      for (const resource of wild) acknowledge(holder, resource, reason);
      return [];
    },
  });
}

function acknowledge(holder: IConstruct, resource: string, reason: string): void {
  const text = flatten(Stack.of(holder).resolve(resource));
  Validations.of(holder).acknowledge({ id: `AwsSolutions-IAM5[Resource::${text}]`, reason });
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
