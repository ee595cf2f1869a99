import { ApiObject, type Chart } from 'cdk8s';
import { emptyChart } from './basics';
import definitions from './definitions/feast.json';
import {
  FEAST_OPERATOR, FEAST_OWN_RULES, FEAST_WATCH_RULES, FEAST_WORKLOAD_RULES, type FeastOperatorRequest, type RbacRule,
} from '../blueprint/feast-operator';
import { podSecurityLabels } from '../blueprint/namespaces';
import { PodSecurity } from '../blueprint/pod-security';

const { name, namespace, workloadsRole } = FEAST_OPERATOR;
const LABELS = { 'app.kubernetes.io/name': name };
const RBAC = 'rbac.authorization.k8s.io';
const SUBJECT = { kind: 'ServiceAccount', name, namespace };
const PORTS = { health: 8081, metrics: 8080 };
/** Numbers, so that Kubernetes can see that it is not root: upstream's image says `USER 65532:65532`. */
const USER = 65532;

/** The definition of FeatureStore. */
export function feastDefinitionsChart(): Chart {
  const chart = emptyChart('feast-definitions');
  for (const definition of definitions) new ApiObject(chart, definition.metadata.name, definition);
  return chart;
}

/** The operator with its rights. Upstream has no chart: the objects follow its `config/` folder, with fewer rights and a stricter pod. */
export function feastOperatorChart(request: FeastOperatorRequest): Chart {
  const chart = emptyChart('feast-operator');
  const metadata = { name, namespace, labels: LABELS };
  new ApiObject(chart, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: podSecurityLabels(PodSecurity.RESTRICTED) } });
  new ApiObject(chart, 'ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false });
  addRights(chart);
  new ApiObject(chart, 'Deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: request.replicas,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(request) },
    },
  });
  new ApiObject(chart, 'Monitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata,
    spec: { selector: { matchLabels: LABELS }, podMetricsEndpoints: [{ port: 'metrics' }] },
  });
  return chart;
}

/** Lets the operator work in a namespace. */
export function feastOperatorBinding(chart: Chart, inNamespace: string): ApiObject {
  return new ApiObject(chart, 'OperatorBinding', {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace: inNamespace },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: workloadsRole },
    subjects: [SUBJECT],
  });
}

function addRights(chart: Chart): void {
  const role = (id: string, kind: string, metadata: { name: string; namespace?: string }, rules: readonly RbacRule[]) =>
    new ApiObject(chart, id, { apiVersion: `${RBAC}/v1`, kind, metadata, rules });
  const binding = (id: string, kind: string, metadata: { name: string; namespace?: string }) => new ApiObject(chart, id, {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: RBAC, kind, name: metadata.name },
    subjects: [SUBJECT],
  });
  role('WatchRole', 'ClusterRole', { name }, FEAST_WATCH_RULES);
  binding('WatchBinding', 'ClusterRole', { name });
  role('WorkloadsRole', 'ClusterRole', { name: workloadsRole }, FEAST_WORKLOAD_RULES);
  role('OwnRole', 'Role', { name, namespace }, FEAST_OWN_RULES);
  binding('OwnBinding', 'Role', { name, namespace });
}

function podSpec({ image, relatedImages }: FeastOperatorRequest): Record<string, unknown> {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' } });
  return {
    serviceAccountName: name,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: 'manager',
      image,
      command: ['/manager'],
      // plain HTTP: with upstream's TLS it would have to ask the API server who each scraper is
      args: ['--leader-elect', `--health-probe-bind-address=:${PORTS.health}`, `--metrics-bind-address=:${PORTS.metrics}`, '--metrics-secure=false'],
      env: [
        { name: 'GOMEMLIMIT', value: '230MiB' },
        ...Object.entries(relatedImages).map(([variable, value]) => ({ name: variable, value })),
      ],
      ports: [{ name: 'health', containerPort: PORTS.health }, { name: 'metrics', containerPort: PORTS.metrics }],
      livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 15, periodSeconds: 20 },
      readinessProbe: { ...probe('/readyz'), initialDelaySeconds: 5, periodSeconds: 10 },
      resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
    }],
  };
}
