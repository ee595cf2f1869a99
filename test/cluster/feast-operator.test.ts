import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage, type Stack } from 'aws-cdk-lib';
import { clusterIn, releaseIds } from './add-ons-support';
import calls from './feast-operator-calls.json';
import { ancestorsOf, faultOf, resourcesOf, testStack } from './support';
import { FeastOperator } from '../../lib/cluster';
import { FEAST_KINDS, FEAST_OWN_RULES, FEAST_WATCH_RULES, FEAST_WORKLOAD_RULES, type RbacRule } from '../../lib/cluster/blueprint/feast-operator';
import { feastDefinitionsChart, feastOperatorChart } from '../../lib/cluster/manifests/feast-operator';
import { PlatformVersion } from '../../lib/core/versions';
import { customResourceDefinitions } from '../conformance/kubernetes-fixtures';

const request = { replicas: 2, image: 'example.com/operator:1', relatedImages: { RELATED_IMAGE_FEATURE_SERVER: 'example.com/server:1' } };
const objects = feastOperatorChart(request).toJson() as Record<string, any>[];
const object = (kind: string, name?: string): Record<string, any> => objects.find((it) => it.kind === kind && (name === undefined || it.metadata.name === name))!;

/** Rules as `group/resource: verbs`. */
function verbs(rules: readonly RbacRule[]): Record<string, string[]> {
  return Object.fromEntries(rules.flatMap(({ apiGroups, resources, verbs: given }) =>
    apiGroups.flatMap((group) => resources.map((resource): [string, string[]] => [`${group}/${resource}`, [...given].sort()]))));
}

/**
 * What the real operator 0.66.0 asked of a real API server, under these very rules, while it became the leader, made three feature servers, changed
 * one and removed them; `everywhere` means without a namespace.
 */
function recorded(place: string): Record<string, string[]> {
  return Object.fromEntries(Object.entries(calls).filter(([key]) => key.startsWith(`${place} `)).map(([key, given]) => [key.slice(place.length + 1), given]));
}

/** What the rules hold beyond a record, as `group/resource verb`. */
function beyond(rules: readonly RbacRule[], place: string): string[] {
  const used = recorded(place);
  return Object.entries(verbs(rules)).flatMap(([key, given]) => given.filter((verb) => !(used[key] ?? []).includes(verb)).map((verb) => `${key} ${verb}`)).sort();
}

describe('rights of the operator', () => {
  test('hold all that it asked for, but for one thing whose refusal it does not mind', () => {
    const everywhere = verbs(FEAST_WATCH_RULES);
    const lacking = ([['everywhere', FEAST_WATCH_RULES], ['workloads', FEAST_WORKLOAD_RULES], ['own', FEAST_OWN_RULES]] as const).flatMap(([place, rules]) =>
      Object.entries(recorded(place)).flatMap(([key, used]) =>
        used.filter((verb) => ![...verbs(rules)[key] ?? [], ...everywhere[key] ?? []].includes(verb)).map((verb) => `${place} ${key} ${verb}`)));
    // it takes away what an earlier OIDC configuration could have left
    expect(lacking).toEqual(['everywhere rbac.authorization.k8s.io/clusterrolebindings delete']);
  });

  test('in all namespaces are to watch, and nothing else', () => {
    expect(beyond(FEAST_WATCH_RULES, 'everywhere').filter((it) => !it.endsWith(' list'))).toEqual([]);
    expect(Object.keys(verbs(FEAST_WATCH_RULES)).sort()).toEqual(Object.keys(recorded('everywhere')).sort());
  });

  test('in namespaces with feature stores go beyond the record where a reason is known', () => {
    const updatesOfItsOwn = ['/configmaps', '/serviceaccounts', 'rbac.authorization.k8s.io/rolebindings', 'rbac.authorization.k8s.io/roles'].map((it) => `${it} update`);
    const appliedByTheServer = ['monitoring.coreos.com/servicemonitors', 'policy/poddisruptionbudgets'].map((it) => `${it} create`);
    const handedOn = ['/pods list', '/pods/exec create'];
    expect(beyond(FEAST_WORKLOAD_RULES, 'workloads')).toEqual([...updatesOfItsOwn, ...appliedByTheServer, ...handedOn, 'feast.dev/featurestores/finalizers update'].sort());
  });

  test('in its own namespace go beyond it for what it hands on, and an event that comes twice', () => {
    expect(beyond(FEAST_OWN_RULES, 'own')).toEqual(['/configmaps list', '/events patch']);
  });

  test('are bound to its ServiceAccount, in one namespace where they allow to write', () => {
    expect(objects.filter(({ kind }) => kind.endsWith('Binding')).map(({ kind, metadata, roleRef, subjects }) => [kind, metadata.namespace, roleRef.kind, roleRef.name, subjects])).toEqual([
      ['ClusterRoleBinding', undefined, 'ClusterRole', 'feast-operator', [{ kind: 'ServiceAccount', name: 'feast-operator', namespace: 'feast-operator-system' }]],
      ['RoleBinding', 'feast-operator-system', 'Role', 'feast-operator', [{ kind: 'ServiceAccount', name: 'feast-operator', namespace: 'feast-operator-system' }]],
    ]);
    expect(object('ClusterRole', 'feast-operator-workloads').rules).toEqual(FEAST_WORKLOAD_RULES);
  });
});

describe('the operator', () => {
  test('runs as upstream says, with one leader, probes and metrics', () => {
    const { spec } = object('Deployment');
    const [container] = spec.template.spec.containers;
    expect(spec.replicas).toBe(2);
    expect(container).toMatchObject({
      image: 'example.com/operator:1',
      command: ['/manager'],
      args: ['--leader-elect', '--health-probe-bind-address=:8081', '--metrics-bind-address=:8080', '--metrics-secure=false'],
      env: [{ name: 'GOMEMLIMIT', value: '230MiB' }, { name: 'RELATED_IMAGE_FEATURE_SERVER', value: 'example.com/server:1' }],
      livenessProbe: { httpGet: { path: '/healthz', port: 'health' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'health' } },
      resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    });
    expect(object('PodMonitor').spec).toEqual({ selector: spec.selector, podMetricsEndpoints: [{ port: 'metrics' }] });
    expect(object('Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });

  test('comes with the definition of the reference data, in the version that objects are stored in', () => {
    const [definition] = feastDefinitionsChart().toJson() as Record<string, any>[];
    const [theirs] = customResourceDefinitions(['feast']) as Record<string, any>[];
    expect(definition!.spec.versions).toEqual(theirs!.spec.versions.filter(({ storage }: { storage: boolean }) => storage));
    expect(definition!.spec.versions.map(({ name }: { name: string }) => name)).toEqual(['v1']);
    expect(FEAST_KINDS).toEqual([`${definition!.spec.group}/${definition!.spec.names.kind}`]);
  });

  test('and its images are those of one release of Feast', () => {
    const versions = PlatformVersion.V2026_11;
    expect([versions.container('feast-operator'), versions.container('feast-feature-server')]).toEqual(
      ['quay.io/feastdev/feast-operator:0.66.0', 'quay.io/feastdev/feature-server:0.66.0']);
  });
});

describe('the construct', () => {
  test('installs definitions, then the operator, after those of ServiceMonitors, which it looks for once', () => {
    const stack = testStack();
    const made = new FeastOperator(stack, 'Feast', { cluster: clusterIn(stack) });
    const ids = releaseIds(stack);
    expect(Object.keys(ids)).toHaveLength(3);
    expect(ancestorsOf(stack, ids[made.release.releaseName]!)).toContain(ids['prometheus-operator-crds']);
    expect(resourcesOf(stack)[ids[made.release.releaseName]!]!.Properties).toMatchObject({ Wait: true, Atomic: true });
    expect(resourcesOf(stack)[ids[made.definitions.releaseName]!]!.Properties.Wait).not.toBe(true);
    expect(made.namespace).toBe('feast-operator-system');
  });

  test('takes images from the mirror', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' });
    new FeastOperator(stack, 'Feast', { cluster });
    const images = ['feast-operator', 'feast-feature-server', 'feast-cron-job'].map((name) => cluster.platformVersion.container(name));
    const text = textOfCharts(stack);
    expect(images.filter((image) => !text.includes(`"111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/${image}"`))).toEqual([]);
  });

  test('is made once for a cluster, and not beside somebody else\'s', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new FeastOperator(stack, 'Feast', { cluster });
    const message = 'ValidationError at Stack/Second [definitions-exist]: the cluster has definitions of feast.dev already; use the operator that came with them, or leave that one out';
    expect(faultOf(() => new FeastOperator(stack, 'Second', { cluster }))).toBe(message);
    const other = testStack();
    expect(faultOf(() => new FeastOperator(other, 'Second', { cluster: clusterIn(other, { installedApiGroups: ['feast.dev'] }) }))).toBe(message);
  });

  test('refuses a number of copies that cannot be', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(faultOf(() => new FeastOperator(stack, 'Feast', { cluster, replicas: 0 }))).toBe(
      'ValidationError at Stack/Feast [invalid-replicas]: replicas 0 is not a whole number from 1 to 10; use a value in that range');
  });

  test('runs one copy unless more are asked for', () => {
    const replicas = [undefined, 3].map((given) => {
      const stack = testStack();
      new FeastOperator(stack, 'Feast', { cluster: clusterIn(stack), replicas: given });
      return /"replicas": (\d+)/.exec(textOfCharts(stack))?.[1];
    });
    expect(replicas).toEqual(['1', '3']);
  });
});

/** Every generated chart of an app, as text. */
function textOfCharts(stack: Stack): string {
  resourcesOf(stack);
  return textBelow(join(Stage.of(stack)!.assetOutdir, 'generated-charts'));
}

function textBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => readFileSync(join(it.parentPath, it.name), 'utf8')).join('\n');
}
