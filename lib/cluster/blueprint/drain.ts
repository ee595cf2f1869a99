import { ControlledResource } from './controlled-resource';

/**
 * The steps of a drain in the order in which they are created. They are deleted the other way round: load balancers while all
 * runs, then nodes, so that no pod holds a volume any more, then volumes.
 *
 * Three steps, because CloudFormation waits one hour for a custom resource and no longer.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
 */
export const DRAIN_STEPS = [
  { id: 'Volumes', kind: ControlledResource.VOLUMES },
  { id: 'Nodes', kind: ControlledResource.NODES },
  { id: 'LoadBalancers', kind: ControlledResource.LOAD_BALANCERS },
] as const;

/** Times of one step. The handler gives up before CloudFormation does, so that the error says what is left. */
export const DRAIN_TIMES = { totalMinutes: 60, giveUpMinutes: 55, querySeconds: 20 } as const;

/** Kubernetes group that the drain's role is mapped to. */
export const DRAIN_GROUP = 'ml-platform:drain';

/** What the drain may do in the cluster, and no more. */
export const DRAIN_RULES = [
  { apiGroups: [''], resources: ['services', 'persistentvolumeclaims'], verbs: ['get', 'list', 'delete'] },
  { apiGroups: [''], resources: ['persistentvolumes', 'nodes'], verbs: ['get', 'list'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'delete'] },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: ['get', 'list', 'delete'] },
  { apiGroups: ['karpenter.k8s.aws'], resources: ['ec2nodeclasses'], verbs: ['get', 'list', 'delete'] },
  { apiGroups: ['karpenter.sh'], resources: ['nodepools', 'nodeclaims'], verbs: ['get', 'list', 'delete'] },
] as const;
