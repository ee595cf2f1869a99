/** Pod Security Standards. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export enum PodSecurity {
  /** Hardened pods only: no root, no added rights. */
  RESTRICTED = 'restricted',
  /** No known way to more rights. */
  BASELINE = 'baseline',
  /** No restriction: for agents that have to reach into the node. Write down why beside it. */
  PRIVILEGED = 'privileged',
}
