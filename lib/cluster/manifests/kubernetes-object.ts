/** A Kubernetes object as cdk8s writes it. */
export interface KubernetesObject {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: unknown;
  readonly spec?: unknown;
  readonly [key: string]: unknown;
}

/** What identifies an object in a cluster. */
export interface ObjectIdentity {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Empty when the object does not name one. */
  readonly namespace: string;
  /** Empty when the object does not name itself. */
  readonly name: string;
}

/** Group, kind, namespace and name of an object. */
export function identityOf(object: KubernetesObject): ObjectIdentity {
  const metadata = (object.metadata ?? {}) as { name?: unknown; namespace?: unknown };
  const apiVersion = text(object.apiVersion);
  return {
    group: apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.lastIndexOf('/')) : '',
    kind: text(object.kind),
    namespace: text(metadata.namespace),
    name: text(metadata.name),
  };
}

/** One text for the identity of an object. */
export function keyOf(object: KubernetesObject): string {
  const { group, kind, namespace, name } = identityOf(object);
  return `${group}/${kind}/${namespace}/${name}`;
}

/** An object, or a property of it, as messages name it: `data.bucket of ConfigMap 'app'`. */
export function describeObject(object: KubernetesObject, path = ''): string {
  const { kind, namespace, name } = identityOf(object);
  const where = `${kind} '${namespace === '' ? name : `${namespace}/${name}`}'`;
  const all = path === '' ? where : `${path} of ${where}`;
  // token numbers depend on what else the app made: messages and files must not
  return all.replace(/[$#]\{(?:Tf)?Token\[[^\]]*\]\}/g, '<deploy-time value>');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
