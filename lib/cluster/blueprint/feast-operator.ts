/** A rule of Kubernetes' RBAC. */
export interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The operator writes a list of feature stores into this namespace, whatever namespace it runs in, so it runs there. */
export const FEAST_OPERATOR = {
  namespace: 'feast-operator-system',
  name: 'feast-operator',
  /** ClusterRole of what it does in a namespace with feature stores: bind it there to its ServiceAccount. */
  workloadsRole: 'feast-operator-workloads',
} as const;

/** API group of its custom resources. */
export const FEAST_GROUP = 'feast.dev';

/** Custom resources that come with it. */
export const FEAST_KINDS = [`${FEAST_GROUP}/FeatureStore`];

const RBAC = 'rbac.authorization.k8s.io';
const WATCH = ['list', 'watch'];
const KEEP = ['get', 'create', 'update'];

/**
 * What it watches in all namespaces. Upstream also lets it write all of this everywhere, read every Secret and run commands in every pod: here
 * it may do what it needs, and in namespaces with feature stores only. A recorded run says what that is (test/cluster/feast-operator-calls.json).
 *
 * @see https://github.com/feast-dev/feast/blob/v0.66.0/infra/feast-operator/config/rbac/role.yaml
 */
export const FEAST_WATCH_RULES: readonly RbacRule[] = [
  { apiGroups: [FEAST_GROUP], resources: ['featurestores'], verbs: WATCH },
  { apiGroups: [''], resources: ['configmaps', 'persistentvolumeclaims', 'pods', 'serviceaccounts', 'services'], verbs: WATCH },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: WATCH },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: WATCH },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: WATCH },
  { apiGroups: ['monitoring.coreos.com'], resources: ['servicemonitors'], verbs: WATCH },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: WATCH },
  { apiGroups: [RBAC], resources: ['clusterrolebindings', 'rolebindings', 'roles'], verbs: WATCH },
];

/** What it does in a namespace with feature stores. What it made goes with its FeatureStore, by the garbage collector. */
export const FEAST_WORKLOAD_RULES: readonly RbacRule[] = [
  { apiGroups: [FEAST_GROUP], resources: ['featurestores/finalizers', 'featurestores/status'], verbs: ['update'] },
  { apiGroups: [''], resources: ['configmaps', 'serviceaccounts', 'services'], verbs: KEEP },
  { apiGroups: [''], resources: ['persistentvolumeclaims', 'secrets'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: KEEP },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: KEEP },
  { apiGroups: ['monitoring.coreos.com'], resources: ['servicemonitors'], verbs: ['get', 'create', 'patch', 'delete'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['get', 'create', 'patch', 'delete'] },
  { apiGroups: [RBAC], resources: ['rolebindings', 'roles'], verbs: KEEP },
  // nobody may hand on a right that he lacks: it makes a role with these for its CronJob
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
];

/** What it does in its own namespace: leader election, and a list of feature stores, with a role by which whoever is logged in may read it. */
export const FEAST_OWN_RULES: readonly RbacRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: KEEP },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: [...KEEP, 'list'] },
  { apiGroups: [RBAC], resources: ['rolebindings', 'roles'], verbs: KEEP },
];

/** Images that the operator names itself, by the environment variables that replace them. */
export const FEAST_RELATED_IMAGES: Readonly<Record<string, string>> = {
  RELATED_IMAGE_FEATURE_SERVER: 'feast-feature-server',
  RELATED_IMAGE_CRON_JOB: 'feast-cron-job',
};

/** What is decided about the operator. */
export interface FeastOperatorRequest {
  readonly replicas: number;
  readonly image: string;
  /** By environment variable. */
  readonly relatedImages: Readonly<Record<string, string>>;
}
