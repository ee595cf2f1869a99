/** A request to AWS, as a real client made it. */
export interface AwsRequest {
  readonly action: string;
  /** Key of the object, for actions on objects. */
  readonly key?: string;
  /** Prefix of a listing. */
  readonly prefix?: string;
  /** ARN of something that is no bucket and no object. */
  readonly arn?: string;
}

/** Tells whether statements of a policy, from a template, allow a request. Whatever is known only at deploy time stands for anything without a slash. */
export function allows(statements: any[], { action, key, prefix, arn }: AwsRequest, bucket: string): boolean {
  const resource = arn ?? (key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`);
  return statements.some(({ Effect, Action, Resource, Condition }) => Effect === 'Allow' && [Action].flat().includes(action)
    && [Resource].flat().some((one) => covers(one, resource))
    && (prefix === undefined || [Condition.StringLike['s3:prefix']].flat().some((one: string) => covers(one, prefix))));
}

/** As in IAM, `*` stands for anything. */
function covers(pattern: any, value: string): boolean {
  const join = typeof pattern === 'object' ? pattern['Fn::Join']?.[1] as unknown[] | undefined : undefined;
  const parts = typeof pattern === 'string' ? [pattern] : join ?? [pattern];
  const text = parts.map((part) => (typeof part === 'string' ? part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*') : '[^/]*')).join('');
  return new RegExp(`^${text}$`).test(value);
}
