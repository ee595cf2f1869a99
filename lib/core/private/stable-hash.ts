/** FNV-1a, 32 bit: small, stable for ever, no dependency. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/** A number from `min` to `max`, both inclusive, that depends on the text only. */
export function stableNumber(text: string, min: number, max: number): number {
  return min + (stableHash(text) % (max - min + 1));
}
