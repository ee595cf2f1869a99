const KEY = Symbol.for('cdk-ml-platform.ModelService.names');

/** Names of services in a cluster, `namespace/name`, with the paths of those that have them; the same for two copies of this package. */
export function serviceNamesOf(cluster: object): Map<string, string> {
  const holder = cluster as { [key: symbol]: Map<string, string> | undefined };
  const known = holder[KEY];
  if (known !== undefined) return known;
  const names = new Map<string, string>();
  Object.defineProperty(cluster, KEY, { value: names, enumerable: false });
  return names;
}
