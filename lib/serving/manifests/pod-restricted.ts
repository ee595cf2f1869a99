/** User and group of our pods: no image of ours needs root. */
const USER = 1000;

/** What Pod Security "restricted" asks of a pod. https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export function restrictedPod(): Record<string, unknown> {
  return {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/**
 * What it asks of a container. The root file system stays writable on GPU nodes: the hooks that bring the driver's
 * libraries into a container write to it (KServe's own templates say the same).
 */
export function restrictedContainer(): Record<string, unknown> {
  return { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: false };
}
