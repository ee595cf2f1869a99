/**
 * The helm provider. There are no prebuilt bindings for cdktn, so that the room has its own two elements.
 *
 * 3.1 is the first that updates a local chart whose version changed:
 * https://github.com/hashicorp/terraform-provider-helm/issues/1664
 */
export const HELM = {
  providerName: 'helm',
  providerVersionConstraint: '>= 3.1.0, < 4.0.0',
};

/** Arguments as cdktn writes them into HCL instead of JSON. */
export function asHcl(attributes: { [name: string]: unknown }): { [name: string]: unknown } {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, { value, isBlock: false, ...kindOf(value) }]));
}

function kindOf(value: unknown): { type: string; storageClassType: string } {
  if (Array.isArray(value)) return { type: 'list', storageClassType: 'stringList' };
  if (typeof value === 'object') return { type: 'map', storageClassType: 'any' };
  return { type: 'simple', storageClassType: typeof value };
}
