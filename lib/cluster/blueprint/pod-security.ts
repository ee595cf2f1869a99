/** Pod Security Standards. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export enum PodSecurity {
  /** Hardened pods only: no root, no added rights. */
  RESTRICTED = 'restricted',
  /** No known way to more rights. */
  BASELINE = 'baseline',
  /** Anything. Say why beside it. */
  PRIVILEGED = 'privileged',
}

/** Labels that make a namespace keep a standard. */
export function podSecurityLabels(level: PodSecurity): Record<string, string> {
  return { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/warn': level, 'pod-security.kubernetes.io/audit': level };
}

/** Namespaces that exist in every cluster. */
export const BUILT_IN_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
