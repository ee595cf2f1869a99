import { ApiObject, type ApiObjectProps, type Chart } from 'cdk8s';
import { serverNetworkPolicy } from './server-network-policy';
import { podSecurityLabels } from '../../cluster/blueprint/namespaces';
import { PodSecurity } from '../../cluster/blueprint/pod-security';
import { emptyChart } from '../../cluster/manifests/basics';
import { externalSecret } from '../../cluster/manifests/external-secret';
import { RUNTIME_USER } from '../../core/private/runtime-user';
import type { ServerPodsBlueprint } from '../blueprint/server-pods';

/** A namespace of hardened pods whose readiness waits for the load balancer, and in which nobody talks unless a policy says so. */
export function registryNamespaceChart(name: string): Chart {
  const chart = emptyChart('registry-namespace');
  new ApiObject(chart, 'Namespace', {
    apiVersion: 'v1',
    kind: 'Namespace',
    // https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
    metadata: { name, labels: { ...podSecurityLabels(PodSecurity.RESTRICTED), 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' } },
  });
  new ApiObject(chart, 'DefaultDeny', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'default-deny', namespace: name },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
  return chart;
}

/** MLflow in a cluster. */
export function serverPodsChart(server: ServerPodsBlueprint): Chart {
  const chart = emptyChart('registry-server');
  const objects: Record<string, ApiObjectProps | undefined> = {
    ServiceAccount: serviceAccount(server),
    Secrets: externalSecret(metadataOf(server), { store: server.secretStore, values: server.secrets }),
    Deployment: deployment(server),
    Service: service(server),
    Binding: targetGroupBinding(server),
    NetworkPolicy: serverNetworkPolicy(server),
    Budget: server.disruptionBudget ? disruptionBudget(server) : undefined,
    Monitor: server.metrics && serviceMonitor(server),
  };
  for (const [id, object] of Object.entries(objects)) if (object) new ApiObject(chart, id, object);
  return chart;
}

function metadataOf({ name, namespace, labels }: ServerPodsBlueprint): NonNullable<ApiObjectProps['metadata']> {
  return { name, namespace, labels: { ...labels } };
}

/** Pod Identity needs no token of Kubernetes. */
function serviceAccount(server: ServerPodsBlueprint): ApiObjectProps {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadataOf(server), automountServiceAccountToken: false };
}

function deployment(server: ServerPodsBlueprint): ApiObjectProps {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(server),
    spec: {
      replicas: server.replicas,
      selector: { matchLabels: { ...server.labels } },
      // the new pod migrates the database and answers before an old one goes
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: { labels: { ...server.labels } }, spec: podSpec(server) },
    },
  };
}

function podSpec(server: ServerPodsBlueprint): Record<string, unknown> {
  return {
    serviceAccountName: server.name,
    automountServiceAccountToken: false,
    // Services of the namespace would set variables such as MLFLOW_PORT, which MLflow reads
    enableServiceLinks: false,
    terminationGracePeriodSeconds: server.graceSeconds,
    nodeSelector: { 'kubernetes.io/arch': server.architecture },
    securityContext: {
      runAsNonRoot: true, runAsUser: RUNTIME_USER, runAsGroup: RUNTIME_USER, fsGroup: RUNTIME_USER, fsGroupChangePolicy: 'OnRootMismatch', seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [{
      maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { ...server.labels } },
    }],
    containers: [container(server)],
    // MLflow keeps uploads there while it hands them on
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
}

function container(server: ServerPodsBlueprint): Record<string, unknown> {
  const httpGet = { path: server.healthPath, port: 'http' };
  return {
    name: 'mlflow',
    image: server.image,
    imagePullPolicy: 'IfNotPresent',
    // arguments: the image's entry point stays, as on Fargate
    args: [...server.command],
    env: [
      ...Object.entries(server.environment).map(([name, value]) => ({ name, value })),
      ...server.secrets.map(({ name }) => ({ name, valueFrom: { secretKeyRef: { name: server.name, key: name } } })),
    ],
    ports: [
      { name: 'http', containerPort: server.port, protocol: 'TCP' },
      ...server.metrics ? [{ name: 'metrics', containerPort: server.metrics.port, protocol: 'TCP' }] : [],
    ],
    startupProbe: { httpGet, periodSeconds: server.startupPeriod, timeoutSeconds: 5, failureThreshold: server.startupLooks },
    readinessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 },
    lifecycle: { preStop: { sleep: { seconds: server.leaveSeconds } } },
    resources: { requests: { cpu: server.cpuRequest, memory: server.memory }, limits: { memory: server.memory } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

function service(server: ServerPodsBlueprint): ApiObjectProps {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(server),
    spec: {
      type: 'ClusterIP',
      selector: { ...server.labels },
      ports: [{ name: 'http', port: server.port, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}

/** Rules of security groups are CloudFormation's, so the controller is asked for none. */
function targetGroupBinding(server: ServerPodsBlueprint): ApiObjectProps {
  return {
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: metadataOf(server),
    spec: { serviceRef: { name: server.name, port: 'http' }, targetGroupARN: server.targetGroupArn, targetType: 'ip' },
  };
}

function disruptionBudget(server: ServerPodsBlueprint): ApiObjectProps {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(server),
    spec: { maxUnavailable: 1, selector: { matchLabels: { ...server.labels } } },
  };
}

function serviceMonitor(server: ServerPodsBlueprint): ApiObjectProps {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: metadataOf(server),
    spec: {
      selector: { matchLabels: { ...server.labels } },
      // the pods' port: the Service, which everybody finds, does not offer it
      endpoints: [{ targetPort: server.metrics?.port, path: '/metrics', interval: '30s' }],
    },
  };
}
