import type { PodSecurity } from './pod-security';

/** Labels that make a namespace keep a standard. */
export function podSecurityLabels(level: PodSecurity): Record<string, string> {
  return { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/warn': level, 'pod-security.kubernetes.io/audit': level };
}

/** Namespaces that exist in every cluster. */
export const BUILT_IN_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
