import { helmValueFaults, knownCharts } from './helm-values-oracle';

test.each(knownCharts())('the oracle finds no fault in chart %s as upstream ships it', (chart) => {
  expect(helmValueFaults(chart, {})).toEqual([]);
});

test.each([
  ['karpenter', { settings: { clusterName: 'ml', interruptionQueue: 'ml' } }],
  ['gpu-operator', { 'driver': { enabled: false }, 'node-feature-discovery': { worker: { tolerations: [{ operator: 'Exists' }] } } }],
  ['cert-manager', { crds: { enabled: true }, replicaCount: 2 }],
  ['kube-prometheus-stack', { prometheus: { prometheusSpec: { retention: '30d' } }, grafana: { admin: { existingSecret: 'grafana' } } }],
  ['mlflow', { backendStore: { databaseMigration: true, postgres: { enabled: true, host: 'db' } } }],
  ['kserve-resources', { kserve: { controller: { deploymentMode: 'Standard', gateway: { ingressGateway: { enableGatewayApi: true } } } } }],
])('the oracle accepts real values of chart %s', (chart, values) => {
  expect(helmValueFaults(chart, values)).toEqual([]);
});

test.each([
  ['karpenter', { settings: { interuptionQueue: 'ml' } }, 'settings.interuptionQueue is not a value of chart karpenter, did you mean settings.interruptionQueue'],
  ['kserve-resources', { kserve: { localmodel: { defaultJobImageTag: 'v1' } } }, 'kserve.localmodel.defaultJobImageTag is not a value of chart kserve-resources, did you mean kserve.localmodel.defaultJobImage'],
  ['gpu-operator', { driver: 'off' }, 'driver is a map in chart gpu-operator'],
  ['kube-prometheus-stack', { grafana: { sidecar: { dashboards: { lable: 'x' } } } }, 'grafana.sidecar.dashboards.lable is not a value of chart kube-prometheus-stack, did you mean grafana.sidecar.dashboards.label'],
])('the oracle finds a path that chart %s does not have', (chart, values, fault) => {
  expect(helmValueFaults(chart, values)).toEqual([fault]);
});

test.each([
  ['cert-manager', { replicaCount: 'two' }, 'replicaCount of chart cert-manager must be number'],
  ['cert-manager', { crds: { enabled: 'yes' } }, 'crds.enabled of chart cert-manager must be boolean'],
  ['external-secrets', { replicaCount: true }, 'replicaCount of chart external-secrets must be integer'],
  ['mlflow', { backendStore: { postgres: { enabled: 'true' } } }, 'backendStore.postgres.enabled of chart mlflow must be boolean'],
])('the oracle finds a violation of the schema of chart %s', (chart, values, fault) => {
  expect(helmValueFaults(chart, values)).toContain(fault);
});

test('the schema of a chart that another brings along is applied below its name', () => {
  expect(helmValueFaults('gpu-operator', { 'node-feature-discovery': { worker: { hostNetwork: 'yes' } } }))
    .toContain('node-feature-discovery: worker.hostNetwork of chart node-feature-discovery must be boolean');
});

test('an unknown chart is an error and not a pass', () => {
  expect(() => helmValueFaults('karpentr', {})).toThrow('there are no reference values of chart \'karpentr\'');
});
