/**
 * Values that are known only at deploy time, in the spelling of every engine:
 * `${Token[..]}` (AWS CDK), `${TfToken[..]}` (cdktn, cdktf), `#{Token[..]}` and `#{TfToken[..]}` for lists,
 * and numbers that begin with 16 certain bits (below). cdk8s has lazy objects with a `produce` method.
 */
const MARKER = /[$#]\{(?:Tf)?Token\[[^\]]*\]\}/;
/** AWS CDK's, cdktn's and cdktf's, also in lists. */
const NUMBERS = [0xfbff, 0xfdff];
const BITS = new DataView(new ArrayBuffer(8));

/** True if the value, or anything inside it, is known only at deploy time. */
export function isUnresolved(value: unknown): boolean {
  if (typeof value === 'string') return MARKER.test(value);
  if (typeof value === 'number') return isNumberToken(value);
  if (Array.isArray(value)) return value.some(isUnresolved);
  if (typeof value !== 'object' || value === null) return false;
  if (typeof (value as { resolve?: unknown }).resolve === 'function') return true;
  if (typeof (value as { produce?: unknown }).produce === 'function') return true;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).some(isUnresolved);
}

function isNumberToken(value: number): boolean {
  BITS.setFloat64(0, value);
  return NUMBERS.includes(BITS.getUint16(0));
}

/** True if the value is a literal: present and known at synthesis. */
export function isLiteral<T>(value: T | undefined): value is T {
  return value !== undefined && !isUnresolved(value);
}
