import { Lazy, Token } from 'aws-cdk-lib';
import { checkChartValues, knowsChartValues } from '../../lib/cluster/private/chart-values';

test('values that the chart has are accepted', () => {
  expect(checkChartValues('karpenter', {
    replicas: 2,
    settings: { clusterName: 'ml', interruptionQueue: 'ml-spot', featureGates: { spotToSpotConsolidation: true } },
    controller: { resources: { requests: { cpu: '1', memory: '1Gi' } } },
  })).toEqual([]);
});

test('a misspelt value is named with the one that was meant', () => {
  expect(checkChartValues('karpenter', { settings: { interuptionQueue: 'ml-spot' } })).toEqual([
    { path: 'settings.interuptionQueue', suggestion: 'settings.interruptionQueue' },
  ]);
});

test('a value at the wrong depth is named with the place where it stands', () => {
  expect(checkChartValues('karpenter', { clusterName: 'ml' })).toEqual([{ path: 'clusterName', suggestion: 'settings.clusterName' }]);
});

test('a value that resembles nothing is named without a suggestion', () => {
  expect(checkChartValues('gpu-operator', { timeSlicing: { replicas: 4 } })).toEqual([{ path: 'timeSlicing' }]);
});

test('every fault is listed in the order in which it was written', () => {
  expect(checkChartValues('cert-manager', { webhok: {}, crds: { enable: true } }).map(fault => fault.path)).toEqual(['webhok', 'crds.enable']);
});

test('values of a dependency stand below its name', () => {
  expect(checkChartValues('kube-prometheus-stack', { grafana: { sidecar: { dashboards: { searchNamespace: 'ALL' } } } })).toEqual([]);
  expect(checkChartValues('kube-prometheus-stack', { grafana: { sidecar: { dashbords: {} } } })).toEqual([
    { path: 'grafana.sidecar.dashbords', suggestion: 'grafana.sidecar.dashboards' },
  ]);
});

test('keys below annotations, labels, resources and globals are the user\'s own', () => {
  expect(checkChartValues('aws-load-balancer-controller', {
    serviceAccount: { annotations: { 'example.com/owner': 'ml' } },
    podLabels: { team: 'ml' },
    resources: { limits: { memory: '1Gi' } },
    global: { anything: true },
  })).toEqual([]);
});

test('a value that upstream only mentions in a comment is accepted', () => {
  expect(checkChartValues('cert-manager', { global: { revisionHistoryLimit: 1 } })).toEqual([]);
});

test('a scalar in the place of a map, and a map in the place of a switch, are faults', () => {
  expect(checkChartValues('karpenter', { settings: 'ml' })).toEqual([{ path: 'settings', expected: 'map' }]);
  expect(checkChartValues('gpu-operator', { driver: { enabled: { value: false } } })).toEqual([{ path: 'driver.enabled', expected: 'boolean' }]);
});

test('tokens are let through and what stands beside them is checked', () => {
  expect(checkChartValues('karpenter', {
    settings: Lazy.any({ produce: () => ({ clusterName: 'ml' }) }),
    replicas: Token.asNumber({ Ref: 'Replicas' }),
    controler: { image: { tag: Token.asString({ Ref: 'Tag' }) } },
  })).toEqual([{ path: 'controler', suggestion: 'controller' }]);
});

test('null, which deletes a default, is accepted where the value exists', () => {
  expect(checkChartValues('karpenter', { settings: null, setings: null })).toEqual([{ path: 'setings', suggestion: 'settings' }]);
});

test('a chart without values has no valid key', () => {
  expect(checkChartValues('kserve-crd', { replicas: 1 })).toEqual([{ path: 'replicas' }]);
});

test('nothing is said about a chart that the library does not know', () => {
  expect(knowsChartValues('my-chart')).toBe(false);
  expect(checkChartValues('my-chart', { anything: 1 })).toEqual([]);
});
