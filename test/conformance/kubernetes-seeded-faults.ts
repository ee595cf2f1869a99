import { type KubernetesOracle, manifestObjects } from './kubernetes-oracle';
import type { KubernetesObject } from '../../lib/local/kubernetes/kubernetes-client';

export const describeSeededFaults = (oracle: () => KubernetesOracle): void => describe('seeded faults', () => {
  interface DeploymentSpec { replicas: number; selector: object; template: { metadata: object; spec: { containers: object[] } } }
  const deployment = (change: (spec: DeploymentSpec) => object): KubernetesObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'model', namespace: 'serving' },
    spec: change({
      replicas: 1,
      selector: { matchLabels: { app: 'model' } },
      template: { metadata: { labels: { app: 'model' } }, spec: { containers: [{ name: 'server', image: 'example.com/server:1' }] } },
    }),
  });
  const container = (fields: object): KubernetesObject => deployment(spec => ({
    ...spec, template: { ...spec.template, spec: { containers: [{ name: 'server', image: 'example.com/server:1', ...fields }] } },
  }));
  const custom = (apiVersion: string, kind: string, spec: object): KubernetesObject =>
    ({ apiVersion, kind, metadata: { name: 'it', ...(/karpenter/.test(apiVersion) ? {} : { namespace: 'serving' }) }, spec });
  const nodePool = (requirement: object, consolidateAfter = '5m'): KubernetesObject => custom('karpenter.sh/v1', 'NodePool', {
    disruption: { consolidateAfter },
    template: { spec: { nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'gpu' }, requirements: [requirement] } },
  });
  const spot = { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['spot'] };
  const nodeClass = (identity: object): KubernetesObject => custom('karpenter.k8s.aws/v1', 'EC2NodeClass', {
    amiSelectorTerms: [{ alias: 'al2023@v20260801' }],
    subnetSelectorTerms: [{ tags: { cluster: 'ml' } }],
    securityGroupSelectorTerms: [{ tags: { cluster: 'ml' } }],
    ...identity,
  });
  const service = (predictor: object): KubernetesObject => custom('serving.kserve.io/v1beta1', 'InferenceService', {
    predictor: { model: { modelFormat: { name: 'mlflow' }, storageUri: 's3://models/fraud' }, ...predictor },
  });
  const monitor = (interval: string): KubernetesObject =>
    custom('monitoring.coreos.com/v1', 'ServiceMonitor', { selector: {}, endpoints: [{ port: 'http', interval }] });

  test.each<[string, KubernetesObject, KubernetesObject, string]>([
    ['an unknown field of a built-in kind', deployment(spec => spec), deployment(spec => ({ ...spec, replica: 1 })), 'unknown field "spec.replica"'],
    ['a wrong type', deployment(spec => spec), deployment(spec => ({ ...spec, replicas: 'two' })), 'spec.replicas of type int32'],
    ['a selector that does not select', deployment(spec => spec), deployment(spec => ({ ...spec, selector: { matchLabels: { app: 'other' } } })), '`selector` does not match template `labels`'],
    ['a port out of range', container({ ports: [{ containerPort: 8080 }] }), container({ ports: [{ containerPort: 80_000 }] }), 'must be between 1 and 65535'],
    ['a GPU requested and limited differently', container({ resources: { limits: { 'nvidia.com/gpu': 1 } } }),
      container({ resources: { requests: { 'nvidia.com/gpu': 1 }, limits: { 'nvidia.com/gpu': 2 } } }), 'must be equal to nvidia.com/gpu limit'],
    ['an unknown field of a custom resource', service({ minReplicas: 1 }), service({ minReplica: 1 }), 'unknown field "spec.predictor.minReplica"'],
    ['a wrong type in a custom resource', service({ maxReplicas: 2 }), service({ maxReplicas: 'two' }), 'spec.predictor.maxReplicas: Invalid value: "string"'],
    ['a broken CEL rule', nodePool(spot), nodePool({ ...spot, values: [] }), 'requirements with operator \'In\' must have a value defined'],
    ['a broken CEL rule over two fields', nodeClass({ role: 'node' }), nodeClass({ role: 'node', instanceProfile: 'node' }), 'must specify exactly one of'],
    ['a broken pattern', nodePool(spot), nodePool(spot, '5minutes'), 'spec.disruption.consolidateAfter in body should match'],
    ['a broken pattern of another operator', monitor('15s'), monitor('15 seconds'), 'spec.endpoints[0].interval in body should match'],
    ['a version that is not served', custom('keda.sh/v1alpha1', 'ScaledObject', { scaleTargetRef: { name: 'model' }, triggers: [{ type: 'cpu', metadata: {} }] }),
      custom('keda.sh/v1', 'ScaledObject', { scaleTargetRef: { name: 'model' }, triggers: [] }), 'no matches for kind "ScaledObject" in version "keda.sh/v1"'],
  ])('%s is refused and its right twin is taken', async (_fault, right, wrong, message) => {
    expect(await oracle().rejections([right])).toEqual([]);
    const { kind, metadata: { namespace, name } = {} } = wrong;
    expect(await oracle().rejections([wrong])).toEqual([
      { object: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, message: expect.stringContaining(message) },
    ]);
  }, 30_000);

  test('every fault of a set is listed, in the order of the objects', async () => {
    const found = await oracle().rejections([nodePool({ ...spot, values: [] }), deployment(spec => spec), service({ minReplica: 1 })]);
    expect(found.map(finding => finding.object)).toEqual(['NodePool it', 'InferenceService serving/it']);
  }, 30_000);

  test('an object given twice is a fault', async () => {
    expect(await oracle().rejections([monitor('15s'), monitor('30s')])).toEqual([
      { object: 'ServiceMonitor serving/it', message: 'is given twice: the second would overwrite the first' },
    ]);
  });

  test('the namespaces of a set come into being, and a wrong one is reported', async () => {
    const [namespace, pod] = manifestObjects([
      'apiVersion: v1', 'kind: Namespace', 'metadata: {name: fresh}', '---',
      'apiVersion: v1', 'kind: ConfigMap', 'metadata: {name: it, namespace: fresh}',
    ].join('\n'));
    expect(await oracle().rejections([namespace!, pod!])).toEqual([]);
    expect(await oracle().rejections([{ ...namespace!, metadata: { name: 'Not_A_Name' } }])).toEqual([
      { object: 'Namespace Not_A_Name', message: expect.stringContaining('RFC 1123') },
    ]);
  });

  test('a workload that its namespace\'s Pod Security does not allow is warned about', async () => {
    const restricted = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'restricted', labels: { 'pod-security.kubernetes.io/warn': 'restricted' } } };
    const { rejections, warnings } = await oracle().judge([restricted, { ...deployment(spec => spec), metadata: { name: 'model', namespace: 'restricted' } }]);
    expect(rejections).toEqual([]);
    expect(warnings).toEqual([{ object: 'Deployment restricted/model', message: expect.stringContaining('would violate PodSecurity "restricted:latest"') }]);
  });
});
