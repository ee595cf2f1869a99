import { CfnResource, Stack, Validations, type App } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference';
import type { IConstruct } from 'constructs';

/** A wildcard in somebody's rights, and why it is there. */
export interface Wildcard {
  /** `Resource::<Bucket.Arn>/prefix/*` or `Action::s3:Get*`; hashes of logical ids are left out. */
  readonly what: string;
  /** Path of the policy, without its stack. */
  readonly where: string;
  /** Undefined if no construct gives one. */
  readonly reason?: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

/** Every wildcard that an app allows somebody, read from the policies themselves: cdk-nag does not look into policies that are text. */
export function wildcardsOf(app: App): Wildcard[] {
  app.synth();
  return app.node.findAll().flatMap((construct) => {
    if (!CfnResource.isCfnResource(construct) || !construct.cfnResourceType.startsWith('AWS::IAM::')) return [];
    const allowed = documentsOf(construct).flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow');
    const found = allowed.flatMap(({ Action, Resource }) => [
      ...listOf(Action).map((action) => `Action::${flattenCfnReference(action)}`),
      ...listOf(Resource).map((resource) => `Resource::${flattenCfnReference(resource)}`),
    ]).filter((what) => what.includes('*'));
    const reasons = reasonsFor(construct);
    return [...new Set(found)].map((what) => ({
      what: withoutHashes(what), where: construct.node.path.split('/').slice(1).join('/'), reason: reasons.get(`AwsSolutions-IAM5[${what}]`),
    }));
  });
}

function documentsOf(resource: CfnResource): { Statement: Statement[] }[] {
  const { Properties } = Object.values((Stack.of(resource).resolve(rendered(resource)) as { Resources: Record<string, { Properties?: Record<string, any> }> }).Resources)[0] ?? {};
  const documents = [Properties?.PolicyDocument, ...(Properties?.Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument)];
  return documents.filter((document) => document !== undefined).map(parsed);
}

/** A resource as it stands in the template. */
function rendered(resource: CfnResource): unknown {
  return (resource as unknown as { _toCloudFormation(): unknown })._toCloudFormation();
}

/** A document that CloudFormation fills in is text. */
function parsed(document: any): { Statement: Statement[] } {
  const text = document['Fn::Sub'];
  return text === undefined ? document : JSON.parse(Array.isArray(text) ? text[0] : text);
}

/** What the resource and all that it lies in say to cdk-nag. */
function reasonsFor(construct: IConstruct): Map<string, string> {
  const acknowledged = construct.node.scopes.flatMap(({ node }) => node.metadata.filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY));
  return new Map(acknowledged.flatMap(({ data }) => Object.entries(data as Record<string, string>)).map(([rule, reason]) => [rule.replace(/^.*::(?=AwsSolutions)/, ''), reason]));
}

function listOf(value: unknown): any[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function withoutHashes(text: string): string {
  return text.replace(/[\w-]+:ExportsOutput(?:Ref|FnGetAtt)(\w+?)[0-9A-F]{8}(?:Arn)?[0-9A-F]{8}/g, '<$1 of another stack>').replace(/([A-Za-z]+?)[0-9A-F]{8}(?=[A-Za-z.>]|$)/g, '$1');
}

/** A page with one section for each reason. */
export function wildcardsPage(wildcards: Wildcard[]): string {
  const reasons = [...new Set(wildcards.map(({ reason }) => reason ?? ''))].sort();
  const sections = reasons.map((reason) => {
    const rows = new Map<string, Set<string>>();
    for (const { what, where } of wildcards.filter((it) => (it.reason ?? '') === reason)) rows.set(what, (rows.get(what) ?? new Set()).add(where));
    const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, where]) => `| \`${what}\` | ${[...where].sort().join(', ')} |`);
    return `## ${reason}\n| wildcard | in |\n| --- | --- |\n${lines.join('\n')}\n`;
  });
  return `# Wildcards in rights
Every wildcard in the policies of the stacks and examples, with the reason that its construct gives. Written by
\`UPDATE_IAM_WILDCARDS=1 npm test -- test/conformance/iam-wildcards.test.ts\`; without the variable the test compares, and a wildcard
without a reason fails it.

${sections.join('\n')}`;
}
