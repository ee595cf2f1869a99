import { imageNamed } from './image-address';

/** Custom resources that the chart defines. */
export const LEADER_WORKER_SET_KINDS = [
  'disaggregatedset.x-k8s.io/DisaggregatedSet', 'disaggregatedset.x-k8s.io/DisaggregatedSetRoleScaler',
  'leaderworkerset.x-k8s.io/LeaderWorkerSet',
];

/** What is decided about LeaderWorkerSet. */
export interface LeaderWorkerSetsRequest {
  readonly replicas: number;
  readonly images: readonly string[];
}

/** Values of the chart. */
export function leaderWorkerSetsValues(request: LeaderWorkerSetsRequest): Record<string, unknown> {
  const image = imageNamed(request.images, 'lws');
  return {
    replicaCount: request.replicas,
    // the chart's sources name a moving tag
    image: { manager: { repository: image.path, tag: image.tag, pullPolicy: 'IfNotPresent' } },
    podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    // the chart asks for a whole CPU, half of a system node
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
  };
}
