import { ApiObject, type Chart } from 'cdk8s';
import { EXTERNAL_SECRETS } from '../../cluster/blueprint/external-secrets';
import { podSecurityLabels } from '../../cluster/blueprint/namespaces';
import { PodSecurity } from '../../cluster/blueprint/pod-security';
import { emptyChart } from '../../cluster/manifests/basics';
import { externalSecret } from '../../cluster/manifests/external-secret';
import { feastOperatorBinding } from '../../cluster/manifests/feast-operator';
import { RUNTIME_USER } from '../../core/private/runtime-user';
import {
  clusterRegistry, OPERATOR_PORTS, secretTemplate, storeBlock, type ClusterServerBlueprint, type ClusterStore,
} from '../blueprint/cluster-server';

type Json = Record<string, unknown>;

/** Where EKS Pod Identity's agent answers. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const POD_IDENTITY_AGENT = '169.254.170.23/32';
/** A folder that every Linux has and that is empty: the operator copies a folder of Python definitions, and those are somebody else's task. */
const NO_DEFINITIONS = '/srv';

/** The objects of a server: its namespace, what the operator reads, and who may call. */
export function clusterServerChart(server: ClusterServerBlueprint, store: ClusterStore, image: string): Chart {
  const chart = emptyChart('cluster-feature-server');
  const { name, namespace } = server;
  const names = { stores: `${name}-stores`, login: `${name}-login` };
  // the operator says nothing about privileges of containers, which "restricted" asks for
  new ApiObject(chart, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: podSecurityLabels(PodSecurity.BASELINE) } });
  feastOperatorBinding(chart, namespace);
  addNetworkPolicies(chart, server, store);
  const [registry, online] = [storeBlock(clusterRegistry(store.registry)), storeBlock(store.online)];
  new ApiObject(chart, 'Stores', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: names.stores, namespace },
    stringData: { [registry.type]: registry.text, [online.type]: online.text },
  });
  addLogin(chart, server, store, names.login);
  const persistence = (type: string): Json => ({ store: { type, secretRef: { name: names.stores } } });
  new ApiObject(chart, 'FeatureStore', {
    apiVersion: 'feast.dev/v1',
    kind: 'FeatureStore',
    metadata: { name, namespace },
    spec: {
      feastProject: server.project,
      feastProjectDir: { packaged: { featureRepoPath: NO_DEFINITIONS } },
      replicas: server.replicas,
      authz: { noAuth: true },
      mlflow: { enabled: false },
      cronJob: noCronJob(image),
      services: {
        ...podOptions(server),
        initImage: image,
        // it would register the operator's examples, or take every definition of ours away
        runFeastApplyOnInit: false,
        registry: { local: { persistence: persistence(registry.type) } },
        onlineStore: { persistence: persistence(online.type), server: container(server, store, image, names.login) },
      },
    },
  });
  return chart;
}

/** The operator makes a CronJob in any case, by default one that runs `feast apply`. This one never starts, and says why if somebody starts it. */
function noCronJob(image: string): Json {
  return {
    suspend: true,
    schedule: '@yearly',
    containerConfigs: { image, commands: ['echo the jobs of the feature store register and materialize >&2; exit 1'] },
  };
}

function podOptions({ replicas }: ClusterServerBlueprint): Json {
  return {
    deploymentStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    securityContext: { runAsNonRoot: true, runAsUser: RUNTIME_USER, runAsGroup: RUNTIME_USER, fsGroup: RUNTIME_USER, seccompProfile: { type: 'RuntimeDefault' } },
    ...replicas > 1 ? { podDisruptionBudgets: { maxUnavailable: 1 } } : {},
  };
}

function container({ resources }: ClusterServerBlueprint, { environment }: ClusterStore, image: string, login: string): Json {
  return {
    image,
    resources,
    metrics: true,
    workerConfigs: { workers: 1, registryTTLSeconds: 60 },
    env: Object.entries({ ...environment, FEAST_USAGE: 'False' }).map(([name, value]) => ({ name, value })),
    envFrom: [{ secretRef: { name: login } }],
  };
}

function addLogin(chart: Chart, { namespace }: ClusterServerBlueprint, store: ClusterStore, name: string): void {
  const yaml = { registry: clusterRegistry(store.registry), online: store.online };
  new ApiObject(chart, 'Login', externalSecret({ name, namespace }, {
    store: EXTERNAL_SECRETS.storeName,
    values: store.secrets.map(({ variable, secretId, field }) => ({ name: variable, secret: secretId, field })),
    template: Object.fromEntries(store.secrets.map((it) => [it.variable, secretTemplate(it, yaml)])),
  }));
}

function addNetworkPolicies(chart: Chart, server: ClusterServerBlueprint, { ports }: ClusterStore): void {
  const { name, namespace, callers, metricsNamespace } = server;
  const policy = (id: string, policyName: string, spec: Json) => new ApiObject(chart, id, {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: policyName, namespace }, spec: { policyTypes: ['Ingress', 'Egress'], ...spec },
  });
  policy('DefaultDeny', 'default-deny', { podSelector: {} });
  policy('Traffic', name, {
    podSelector: { matchLabels: { 'feast.dev/name': name } },
    ingress: [
      ...callers.length === 0 ? [] : [fromNamespaces(callers, OPERATOR_PORTS.http)],
      ...metricsNamespace === undefined ? [] : [fromNamespaces([metricsNamespace], OPERATOR_PORTS.metrics)],
    ],
    egress: [
      { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] },
      // which of them answer is up to their security groups
      { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [443, ...new Set(ports)].map((port) => ({ protocol: 'TCP', port })) },
      { to: [{ ipBlock: { cidr: POD_IDENTITY_AGENT } }], ports: [{ protocol: 'TCP', port: 80 }] },
    ],
  });
}

/** Labels by which Kubernetes itself names namespaces. */
function fromNamespaces(namespaces: readonly string[], port: number): Json {
  return {
    from: namespaces.map((it) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': it } } })),
    ports: [{ protocol: 'TCP', port }],
  };
}
