/** Bytes in a gibibyte. */
export const GIB = 2 ** 30;

/** Division rounded up, of whole numbers. */
export function ceilDiv(dividend: number, divisor: number): number {
  return Math.ceil(dividend / divisor);
}

/** The next multiple of `step`. */
export function roundUp(value: number, step: number): number {
  return ceilDiv(value, step) * step;
}

/** GiB with one decimal, as far as the fit can be trusted. */
export function gib(value: number): string {
  return value.toFixed(1);
}

/** A whole number with thousands separators, the same on every machine. */
export function count(value: number): string {
  return Math.floor(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}
