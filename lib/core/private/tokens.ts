/**
 * Values that are known only at deploy time, in the spelling of every engine:
 * `${Token[..]}` (AWS CDK), `${TfToken[..]}` (cdktn, cdktf), `#{Token[..]}` and `#{TfToken[..]}` for lists,
 * and numbers below -1e289. cdk8s has lazy objects with a `produce` method.
 */
const MARKER = /[$#]\{(?:Tf)?Token\[[^\]]*\]\}/;
const NUMBER_LIMIT = -1e289;

/** True if the value, or anything inside it, is known only at deploy time. */
export function isUnresolved(value: unknown): boolean {
  if (typeof value === 'string') return MARKER.test(value);
  if (typeof value === 'number') return value < NUMBER_LIMIT;
  if (Array.isArray(value)) return value.some(isUnresolved);
  if (typeof value !== 'object' || value === null) return false;
  if (typeof (value as { resolve?: unknown }).resolve === 'function') return true;
  if (typeof (value as { produce?: unknown }).produce === 'function') return true;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).some(isUnresolved);
}

/** True if the value is a literal: present and known at synthesis. */
export function isLiteral<T>(value: T | undefined): value is T {
  return value !== undefined && !isUnresolved(value);
}
