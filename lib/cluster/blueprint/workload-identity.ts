import { checkText, DNS_LABEL, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** ServiceAccount names are DNS subdomains. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const SERVICE_ACCOUNT: TextRule = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  allowed: '1 to 253 lower-case letters, digits, hyphens or dots, starting and ending with a letter or digit',
};

/** Refuses a namespace or a ServiceAccount name that Kubernetes would refuse. */
export function checkWorkload(faults: Faults, namespace: string, serviceAccount: string): void {
  checkText(faults, 'namespace', namespace, DNS_LABEL);
  checkText(faults, 'serviceAccountName', serviceAccount, SERVICE_ACCOUNT);
}

/** Trust of a role that pods assume. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html */
export const POD_IDENTITY = { service: 'pods.eks.amazonaws.com', actions: ['sts:AssumeRole', 'sts:TagSession'] } as const;
