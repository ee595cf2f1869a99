import { suggest } from '../../core/private/suggest';
import { isUnresolved } from '../../core/private/tokens';

/**
 * Shape of the values of a Helm chart, read from its `values.yaml` and schema.
 *
 * A string is a leaf: the type of the default (`string`, `number`, `boolean`, `list`), `null` where anything goes, `map`
 * for a map that takes any key. An object is a closed map with exactly these keys; its key `*` says that others are allowed.
 */
export type ValueShape = string | { readonly [key: string]: ValueShape };

/** A value that the chart would ignore or choke on. */
export interface ChartValueFault {
  /** Where, in Helm's notation: `controller.resources`, with `\.` for a dot inside a key. */
  readonly path: string;
  /** The path that was probably meant, if one is near. */
  readonly suggestion?: string;
  /** Set when the path exists but holds something of another kind, for example `map`. */
  readonly expected?: string;
}

/** The paths of `values` that are not in `shape`, in the order in which they were written. */
export function unknownValues(shape: ValueShape, values: Readonly<Record<string, unknown>>): ChartValueFault[] {
  return typeof shape === 'string' ? [] : faultsOfMap(shape, values, [], shape);
}

type ClosedMap = { readonly [key: string]: ValueShape };

function faultsOfMap(shape: ClosedMap, values: Readonly<Record<string, unknown>>, path: readonly string[], root: ClosedMap): ChartValueFault[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const here = [...path, key];
    if (value === undefined || isToken(key)) return [];
    if (Object.hasOwn(shape, key)) return faultsOfValue(shape[key] as ValueShape, value, here, root);
    if (Object.hasOwn(shape, '*')) return [];
    const suggestion = nearest(shape, key, path, root);
    return [{ path: written(here), ...(suggestion === undefined ? {} : { suggestion }) }];
  });
}

function faultsOfValue(shape: ValueShape, value: unknown, path: readonly string[], root: ClosedMap): ChartValueFault[] {
  // null deletes a default; a token is known only later
  if (value === null || isToken(value)) return [];
  const given = Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : typeof value;
  if (typeof shape !== 'string') {
    return given === 'map' ? faultsOfMap(shape, value as Record<string, unknown>, path, root) : [{ path: written(path), expected: 'map' }];
  }
  const wrong = (shape === 'boolean' || shape === 'number') && (given === 'map' || given === 'list');
  return wrong ? [{ path: written(path), expected: shape }] : [];
}

/** A neighbour that is spelt alike, else the only place of the whole chart where this very key stands. */
function nearest(shape: ClosedMap, key: string, path: readonly string[], root: ClosedMap): string | undefined {
  const neighbour = suggest(key, Object.keys(shape).filter(name => name !== '*'));
  if (neighbour !== undefined) return written([...path, neighbour]);
  const elsewhere = placesOf(key, root, []);
  return elsewhere.length === 1 ? written(elsewhere[0] as readonly string[]) : undefined;
}

function placesOf(key: string, shape: ValueShape, path: readonly string[]): (readonly string[])[] {
  if (typeof shape === 'string') return [];
  return Object.entries(shape).flatMap(([name, child]) => {
    const here = [...path, name];
    return [...(name === key ? [here] : []), ...placesOf(key, child, here)];
  });
}

function written(path: readonly string[]): string {
  return path.map(key => key.replace(/\./g, '\\.')).join('.');
}

/** Known only at deploy time as a whole; a plain map is looked into even if something inside it is a token. */
function isToken(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return isUnresolved(value);
  return Object.getPrototypeOf(value) !== Object.prototype;
}
