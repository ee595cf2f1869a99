/** Pod Security Standards. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export enum PodSecurity {
  /** Hardened pods only: no root, no added rights. */
  RESTRICTED = 'restricted',
  /** No known way to more rights. */
  BASELINE = 'baseline',
  /** Anything. Say why beside it. */
  PRIVILEGED = 'privileged',
}
