import { Duration, Size, Stack, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { MlCluster, type MlClusterFromClusterOptions } from '../../lib/cluster';
import { PrometheusStack, type PrometheusStackProps } from '../../lib/monitoring';
import { chartValues, clusterIn, releaseIds } from '../cluster/add-ons-support';
import { ancestorsOf, faultOf, idOf, resourcesOf, testApp, testStack, textNetwork, validOrRefused } from '../cluster/support';
import { helmValueFaults } from '../conformance/helm-values-oracle';

function valuesOf(props: Omit<PrometheusStackProps, 'cluster'> = {}, options: Partial<MlClusterFromClusterOptions> = {}): Record<string, any> {
  const stack = testStack();
  new PrometheusStack(stack, 'Monitoring', { cluster: clusterIn(stack, options), ...props });
  return chartValues(stack)['kube-prometheus-stack']!.values;
}

describe('the monitoring stack', () => {
  test('gets values that its chart has, and its subcharts', () => {
    expect(helmValueFaults('kube-prometheus-stack', valuesOf())).toEqual([]);
    expect(helmValueFaults('kube-prometheus-stack', valuesOf({ alertmanager: false, grafana: false }))).toEqual([]);
    expect(helmValueFaults('kube-prometheus-stack', valuesOf({ grafanaAdminSecret: 'admin' }))).toEqual([]);
  });

  // https://docs.aws.amazon.com/eks/latest/userguide/view-raw-metrics.html: EKS keeps etcd, scheduler and controller manager to itself
  test('scrapes nothing that EKS does not show', () => {
    for (const part of ['kubeControllerManager', 'kubeScheduler', 'kubeEtcd', 'kubeProxy']) expect(valuesOf()[part]).toEqual({ enabled: false });
  });

  test('takes monitors and rules of everybody', () => {
    const spec = valuesOf().prometheus.prometheusSpec;
    for (const kind of ['serviceMonitor', 'podMonitor', 'rule', 'probe', 'scrapeConfig']) expect(spec[`${kind}SelectorNilUsesHelmValues`]).toBe(false);
  });

  test('keeps metrics for 15 days on 50 GiB that stay', () => {
    expect(valuesOf().prometheus.prometheusSpec).toMatchObject({
      retention: '360h', retentionSize: '40GiB',
      storageSpec: { volumeClaimTemplate: { spec: { storageClassName: 'gp3-retain', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '50Gi' } } } } },
    });
    expect(valuesOf({ retention: Duration.hours(6), storageSize: Size.tebibytes(1), storageClass: 'fast' }).prometheus.prometheusSpec).toMatchObject({
      retention: '6h', retentionSize: '819GiB', storageSpec: { volumeClaimTemplate: { spec: { storageClassName: 'fast', resources: { requests: { storage: '1024Gi' } } } } },
    });
  });

  test('has no password in the template: the chart makes one, or a Secret holds it', () => {
    expect(valuesOf().grafana.admin).toBeUndefined();
    expect(valuesOf({ grafanaAdminSecret: 'grafana-admin' }).grafana.admin).toEqual({ existingSecret: 'grafana-admin' });
    expect(JSON.stringify(valuesOf())).not.toMatch(/password/i);
  });

  test('finds dashboards in every namespace', () => {
    expect(valuesOf().grafana.sidecar.dashboards).toEqual({ enabled: true, label: 'grafana_dashboard', labelValue: '1', searchNamespace: 'ALL' });
  });

  test('does without Alertmanager and Grafana, and takes other values, last', () => {
    const values = valuesOf({ alertmanager: false, grafana: false, values: { prometheus: { prometheusSpec: { retention: '1d', replicas: 2 } } } });
    expect([values.alertmanager, values.grafana]).toEqual([{ enabled: false }, { enabled: false }]);
    expect(values.prometheus.prometheusSpec).toMatchObject({ retention: '1d', replicas: 2, retentionSize: '40GiB' });
  });

  test('stands in a namespace with Pod Security "restricted", and the agent that needs the node apart from it', () => {
    const stack = testStack();
    const monitoring = new PrometheusStack(stack, 'Monitoring', { cluster: clusterIn(stack) });
    expect(monitoring.addOn.namespaceRelease?.node.path).toBe('Stack/Monitoring/AddOn/Namespace');
    expect(chartValues(stack)['kube-prometheus-stack']!.values['prometheus-node-exporter'].namespaceOverride).toBe('kube-system');
  });

  test('comes after the definitions, which are a chart of their own', () => {
    const stack = testStack();
    new PrometheusStack(stack, 'Monitoring', { cluster: clusterIn(stack) });
    expect(chartValues(stack)['kube-prometheus-stack']!.values.crds).toEqual({ enabled: false });
    expect(ancestorsOf(stack, idOf(stack, /^MonitoringAddOn[0-9A-F]{8}$/))).toContain(releaseIds(stack)['prometheus-operator-crds']);
  });

  test('says where it is read', () => {
    const stack = testStack();
    const { serverUrl, namespace } = new PrometheusStack(stack, 'Monitoring', { cluster: clusterIn(stack) });
    expect({ serverUrl, namespace }).toEqual({ serverUrl: 'http://kube-prometheus-stack-prometheus.monitoring.svc:9090', namespace: 'monitoring' });
  });

  test('stands once in a cluster, and in each of two clusters of an app', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new PrometheusStack(stack, 'A', { cluster });
    expect(faultOf(() => new PrometheusStack(stack, 'B', { cluster }))).toContain("[duplicate-add-on]: 'kube-prometheus-stack' is installed more than once");
    const app = testApp();
    for (const name of ['One', 'Two']) {
      const own = new Stack(app, name);
      new PrometheusStack(own, 'Monitoring', { cluster: new MlCluster(own, 'Cluster', { network: textNetwork(own) }) });
    }
    app.synth();
  });
});

describe('a Prometheus that exists', () => {
  test('is named, and nothing is created', () => {
    expect(PrometheusStack.fromUrl({ serverUrl: 'https://aps.example.com/workspaces/ws-1' })).toEqual({ serverUrl: 'https://aps.example.com/workspaces/ws-1', namespace: 'monitoring' });
    expect(PrometheusStack.fromUrl({ serverUrl: Token.asString({ Ref: 'Url' }), namespace: 'metrics' }).namespace).toBe('metrics');
  });

  test('has a proper address', () => {
    expect(faultOf(() => PrometheusStack.fromUrl({ serverUrl: 'prometheus:9090/', namespace: 'My Space' }))).toBe([
      'ValidationError at PrometheusStack: 2 faults',
      "  - [invalid-server-url] serverUrl 'prometheus:9090/' is not allowed; use an http or https address without a slash at the end, such as 'http://prometheus.monitoring.svc:9090'",
      "  - [invalid-namespace] namespace 'My Space' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
    ].join('\n'));
  });
});

describe('bad input', () => {
  const fault = (props: Omit<PrometheusStackProps, 'cluster'>): string => faultOf(() => valuesOf(props));

  test('is refused, all of it at once', () => {
    expect(fault({ retention: Duration.minutes(30), storageSize: Size.mebibytes(100), storageClass: 'My Class', grafanaAdminSecret: '' })).toBe([
      'ValidationError at Stack/Monitoring: 4 faults',
      '  - [invalid-retention] retention 0.5 is not a whole number from 1 to 17520 hours; use a value in that range',
      '  - [invalid-storage-size] storageSize 0.09765625 is not a whole number from 1 to 16384 GiB; use a value in that range',
      "  - [invalid-storage-class] storageClass 'My Class' is not allowed; use 1 to 253 lower-case letters, digits, hyphens or dots, starting and ending with a letter or digit",
      "  - [invalid-grafana-admin-secret] grafanaAdminSecret '' is not allowed; use 1 to 253 lower-case letters, digits, hyphens or dots, starting and ending with a letter or digit",
    ].join('\n'));
  });

  test('is refused where it is known too late', () => {
    expect(fault({ retention: Duration.hours(Token.asNumber({ Ref: 'H' })), storageSize: Size.gibibytes(Token.asNumber({ Ref: 'S' })) })).toBe([
      'ValidationError at Stack/Monitoring: 2 faults',
      '  - [unresolved-retention] retention is known only at deploy time, but it decides what is created; give a literal',
      '  - [unresolved-storage-size] storageSize is known only at deploy time, but it decides what is created; give a literal',
    ].join('\n'));
  });

  test('a misspelt value', () => {
    expect(fault({ values: { prometheus: { prometheusSpec: { retenton: '1d' } } } })).toContain(
      "values.prometheus.prometheusSpec.retenton is not a value of the pinned chart kube-prometheus-stack (did you mean 'prometheus.prometheusSpec.retention'?)");
  });

  test('any properties give a template or a ValidationError', () => {
    const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
    const text = fc.oneof(fc.string(), fc.constantFrom('gp3', Token.asString({ Ref: 'P' })));
    fc.assert(fc.property(fc.record({
      retention: maybe(fc.integer({ min: 0, max: 30_000 }).map((it) => Duration.minutes(it * 30))), storageSize: maybe(fc.integer({ min: 0, max: 20_000 }).map((it) => Size.gibibytes(it))),
      storageClass: maybe(text), grafanaAdminSecret: maybe(text), alertmanager: maybe(fc.boolean()), grafana: maybe(fc.boolean()),
    }), (props) => validOrRefused(() => {
      const stack = testStack();
      new PrometheusStack(stack, 'A', { cluster: clusterIn(stack), ...props });
      resourcesOf(stack);
    })), { numRuns: 50 });
  }, 60_000);
});
