import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ADD_ONS, clusterIn } from './add-ons-support';
import { faultOf, idsOf, resourcesOf, testStack } from './support';
import { CertManager, GpuSoftware, LoadBalancerController, ManifestDelivery } from '../../lib/cluster';
import { ensureGpuSoftware } from '../../lib/cluster/private/gpu-software-install';
import { PrometheusStack } from '../../lib/monitoring';

const LITERALS = { clusterName: 'theirs', region: 'eu-west-1', vpcId: 'vpc-0123456789abcdef0' };

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'add-ons-delivery-')); });
afterEach(() => rmSync(folder, { recursive: true }));

describe('a chart whose definitions another one brings', () => {
  test('is installed without them, by Helm and by Argo CD', () => {
    const [byHelm, byArgo] = [ManifestDelivery.helm(), ManifestDelivery.gitOps({ directory: folder })].map((delivery) => {
      const stack = testStack();
      clusterIn(stack, { delivery }).addHelmAddOn('Keda', { chart: 'keda', skipCrds: true });
      return Object.values(resourcesOf(stack)).filter((it) => it.Properties?.Chart === 'keda').map((it) => it.Properties.SkipCrds as unknown);
    });
    expect([byHelm, byArgo]).toEqual([[true], []]);
    expect(parse(readFileSync(join(folder, 'keda', 'application.yaml'), 'utf8')).spec.source.helm.skipCrds).toBe(true);
  });
});

describe('gitOps delivery', () => {
  test('writes every add-on as an Application, in waves that follow from the graph', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { delivery: ManifestDelivery.gitOps({ directory: folder }) });
    for (const [name, make] of Object.entries(ADD_ONS)) {
      if (!['LoadBalancerController', 'PrometheusStack', 'ExternalSecrets'].includes(name)) make(stack, cluster);
    }
    new LoadBalancerController(stack, 'LoadBalancerController', { cluster, values: LITERALS });
    new PrometheusStack(stack, 'PrometheusStack', { cluster, grafanaAdminSecret: 'grafana-admin' });
    ensureGpuSoftware(cluster, { ami: 'al2023', software: GpuSoftware.auto(), poolName: 'a' });
    ensureGpuSoftware(cluster, { ami: 'bottlerocket', software: GpuSoftware.auto(), poolName: 'b' });
    resourcesOf(stack);
    expect(idsOf(stack, 'Custom::AWSCDK-EKS-HelmChart')).toEqual([]);
    const wave = (name: string): number => {
      const [first = ''] = readdirSync(join(folder, name));
      return Number(parse(readFileSync(join(folder, name, first), 'utf8')).metadata.annotations['argocd.argoproj.io/sync-wave']);
    };
    const inOrder = [
      ['prometheus-operator-crds', 'keda', 'keda-add-ons-http'], ['cert-manager', 'aws-load-balancer-controller', 'envoy-gateway'], ['prometheus-operator-crds', 'gpu-operator'],
      ['prometheus-operator-crds', 'dcgm-exporter'], ['kserve-crd', 'kserve-resources', 'kserve-llmisvc-resources', 'kserve-runtime-configs'],
      ['prometheus-operator-crds', 'kube-prometheus-stack'],
    ];
    for (const names of inOrder) expect({ names, waves: names.map(wave) }).toEqual({ names, waves: [...new Set(names.map(wave))].sort((a, b) => a - b) });
    const controller = parse(readFileSync(join(folder, 'aws-load-balancer-controller', 'application.yaml'), 'utf8'));
    expect(controller.spec.source.helm.valuesObject).toMatchObject({ ...LITERALS, enableCertManager: true });
    expect(controller.spec.source.helm.valuesObject.keepTLSSecret).toBeUndefined();
  });

  test('refuses what is known only at deploy time, and a password that would change at each rendering', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { delivery: ManifestDelivery.gitOps({ directory: folder }) });
    new CertManager(stack, 'CertManager', { cluster });
    expect(faultOf(() => new LoadBalancerController(stack, 'Controller', { cluster }))).toBe(
      "ValidationError at Stack/Controller/AddOn [deploy-time-value-in-git]: values.region of the add-on 'aws-load-balancer-controller' is known only at deploy time, but gitOps delivery writes files at synthesis; give a literal, or deliver with ManifestDelivery.helm()");
    expect(faultOf(() => new PrometheusStack(stack, 'Prometheus', { cluster }))).toBe(
      'ValidationError at Stack/Prometheus [missing-grafana-admin-secret]: grafanaAdminSecret is missing, and with gitOps delivery Grafana would get another password at each rendering; make a Secret with admin-user and admin-password and name it, or set grafana to false');
  });
});
