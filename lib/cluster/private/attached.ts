/** A value that belongs to an object, made once, and found again also by another copy of this package. */
export function attached<T>(owner: object, key: symbol, make: () => T): T {
  const holder = owner as { [key: symbol]: T | undefined };
  const known = holder[key];
  if (known !== undefined) return known;
  const made = make();
  Object.defineProperty(owner, key, { value: made, enumerable: false });
  return made;
}
