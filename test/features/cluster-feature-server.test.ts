import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { parse } from 'yaml';
import { ONLINE, serverWith, storeWith } from './cluster-server-samples';
import { customersOf, image, make, profile } from './support';
import { ExternalSecrets, FeastOperator, ManifestDelivery, MlCluster, type IMlCluster, type MlClusterFromClusterOptions } from '../../lib/cluster';
import { Faults } from '../../lib/core/private/faults';
import { DataLake } from '../../lib/data';
import { ClusterFeatureServer, FeatureRegistry, FeatureStore, OfflineStore, OnlineStore, type ClusterFeatureServerOptions } from '../../lib/features';
import { clusterServer, OPERATOR_ONLINE_TYPES, storeBlock, type ClusterServerInput } from '../../lib/features/blueprint/cluster-server';
import { sqlRegistry } from '../../lib/features/blueprint/feature-store-yaml';
import { fakeCluster, faultOf, textNetwork } from '../cluster/support';
import { customResourceDefinitions } from '../conformance/kubernetes-fixtures';

const ADDRESS = 'example.com/features:1';

interface Around {
  readonly cluster: IMlCluster;
  readonly externalSecrets: ExternalSecrets;
}

/** A cluster of somebody else with what a server needs, in a stack of its own. */
function clusterIn(app: App, options: Partial<MlClusterFromClusterOptions> = {}, id = 'Cluster', env?: { account: string; region: string }): Around {
  const stack = new Stack(app, id, { env });
  const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), ...options });
  new FeastOperator(stack, 'FeastOperator', { cluster });
  return { cluster, externalSecrets: new ExternalSecrets(stack, 'ExternalSecrets', { cluster }) };
}

function server(props: Parameters<typeof make>[0] = {}, options: Partial<ClusterFeatureServerOptions> = {}) {
  const made = make({ ...props }, { 'aws:cdk:disable-asset-staging': true });
  const around = clusterIn(made.app);
  made.store.addFeatureView('Profile', profile(made.customers));
  const added = made.store.addClusterFeatureServer('Server', { ...around, image: ADDRESS, ...options });
  return { ...made, ...around, added, template: Template.fromStack(made.stack) };
}

const kinds = (objects: Record<string, any>[], kind: string): Record<string, any>[] => objects.filter((it) => it.kind === kind);
const one = (objects: Record<string, any>[], kind: string, name?: string): Record<string, any> =>
  kinds(objects, kind).find(({ metadata }) => name === undefined || metadata.name === name)!;

/** A store for each online store of ours. */
const STORES = { dynamodb: OnlineStore.dynamoDb(), postgres: OnlineStore.postgres(), redis: OnlineStore.valkey() };
const configurations = Object.fromEntries(Object.entries(STORES).map(([type, online]) => {
  const { stack, store } = make({ online });
  return [type, { ...store._readerConfiguration, online: stack.resolve(store._readerConfiguration.online) as typeof store._readerConfiguration.online }];
}));

describe('the store types of the operator', () => {
  const [definition] = customResourceDefinitions(['feast']) as Record<string, any>[];
  const spec = definition!.spec.versions.find(({ name }: { name: string }) => name === 'v1').schema.openAPIV3Schema.properties.spec.properties;
  const typesOf = (persistence: any): string[] => persistence.properties.persistence.properties.store.properties.type.enum;

  test('hold each online store and registry of ours', () => {
    expect(Object.values(configurations).map(({ online }) => online.type)).toEqual([...OPERATOR_ONLINE_TYPES]);
    const { onlineStore, registry } = spec.services.properties;
    expect(OPERATOR_ONLINE_TYPES.filter((type) => !typesOf(onlineStore).includes(type))).toEqual([]);
    expect(typesOf(registry.properties.local)).toContain(storeBlock(sqlRegistry()).type);
  });

  test('lack our own history by pyiceberg, which a server does not read', () => {
    expect(typesOf(spec.services.properties.offlineStore)).not.toContain(make({ offline: OfflineStore.iceberg() }).store.storeYaml.match(/offline_store:\n {2}type: "(.*)"/)?.[1]);
    for (const type of Object.keys(ONLINE)) expect(one(serverWith(type).toJson(), 'FeatureStore').spec.services.offlineStore).toBeUndefined();
  });

  test('are checked at synthesis', () => {
    const faults = Faults.at('Server');
    clusterServer(faults, { project: 'shop', onlineType: 'sqlite' });
    expect(() => faults.throwIfAny()).toThrow(
      "ValidationError at Server [online-store-not-in-operator]: the store's online store 'sqlite' is none of the operator's (dynamodb, postgres, redis); use one of those, or a FeatureServer on Fargate");
  });
});

describe('what the samples say of a store', () => {
  test.each(Object.keys(ONLINE))('is what its construct says: %s', (type) => {
    const { registry, online, secrets, ports, environment } = configurations[type]!;
    const { key_ttl_seconds: _ttl, ...sample } = storeWith(type).online;
    expect({ registry, online, ports: [...new Set(ports)] }).toEqual({ registry: storeWith(type).registry, online: sample, ports: storeWith(type).ports });
    expect(secrets.map(({ variable, field }) => [variable, field])).toEqual(storeWith(type).secrets.map(({ variable, field }) => [variable, field]));
    expect(Object.keys(environment).filter((name) => name !== 'ML_ENVIRONMENT')).toEqual(Object.keys(storeWith(type).environment));
  });
});

describe('the objects of a server', () => {
  const objects = serverWith('redis', { callers: ['shop'], metricsNamespace: 'monitoring', vcpus: 1.5, memoryMiB: 2048, replicas: 3 }).toJson() as Record<string, any>[];
  const { spec } = one(objects, 'FeatureStore');

  test('register nothing, schedule nothing, ask nobody who calls', () => {
    expect(spec).toMatchObject({
      feastProject: 'shop_redis', replicas: 3, authz: { noAuth: true }, mlflow: { enabled: false },
      feastProjectDir: { packaged: { featureRepoPath: '/srv' } },
      cronJob: { suspend: true, containerConfigs: { commands: ['echo the jobs of the feature store register and materialize >&2; exit 1'] } },
      services: { runFeastApplyOnInit: false },
    });
  });

  test('hold no secret: what Feast reads names variables only', () => {
    const text = JSON.stringify(objects);
    expect(one(objects, 'Secret').stringData.redis).toContain('password=$FEAST_ONLINE_PASSWORD');
    expect(Object.keys(one(objects, 'Secret').stringData)).toEqual(['redis', 'sql']);
    expect(kinds(objects, 'Secret')).toHaveLength(1);
    expect(text).not.toMatch(/SecretString|dynamic-reference|resolve:secretsmanager/);
    expect(spec.services.onlineStore.server.envFrom).toEqual([{ secretRef: { name: 'shop-redis-login' } }]);
    expect(one(objects, 'ExternalSecret').spec).toMatchObject({
      secretStoreRef: { kind: 'ClusterSecretStore', name: 'aws-secrets-manager' },
      target: { name: 'shop-redis-login' },
      data: [
        { secretKey: 'ML_DATABASE_USER', remoteRef: { property: 'username' } }, { secretKey: 'ML_DATABASE_PASSWORD', remoteRef: { property: 'password' } },
        { secretKey: 'FEAST_ONLINE_USER', remoteRef: { property: 'username' } }, { secretKey: 'FEAST_ONLINE_PASSWORD', remoteRef: { property: 'password' } },
      ],
    });
  });

  test('bring values as the place where they go to needs them', () => {
    const template = (type: string): Record<string, string> => one(serverWith(type).toJson(), 'ExternalSecret').spec.target.template.data;
    const escaped = (name: string): string => `{{ .${name} | urlquery | replace "+" "%20" }}`;
    const registry = { ML_DATABASE_USER: escaped('ML_DATABASE_USER'), ML_DATABASE_PASSWORD: escaped('ML_DATABASE_PASSWORD') };
    expect(template('dynamodb')).toEqual(registry);
    expect(template('redis')).toEqual({ ...registry, FEAST_ONLINE_USER: '{{ .FEAST_ONLINE_USER }}', FEAST_ONLINE_PASSWORD: '{{ .FEAST_ONLINE_PASSWORD }}' });
    expect(template('postgres')).toEqual({ ...registry, FEAST_ONLINE_USER: '{{ .FEAST_ONLINE_USER | toJson }}', FEAST_ONLINE_PASSWORD: '{{ .FEAST_ONLINE_PASSWORD | toJson }}' });
  });

  test('let in whom they are told to, and out to databases, AWS and names', () => {
    const from = (name: string, port: number) => ({
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }], ports: [{ protocol: 'TCP', port }],
    });
    expect(one(objects, 'NetworkPolicy', 'default-deny').spec).toEqual({ policyTypes: ['Ingress', 'Egress'], podSelector: {} });
    const { ingress, egress, podSelector } = one(objects, 'NetworkPolicy', 'shop-redis').spec;
    expect(podSelector).toEqual({ matchLabels: { 'feast.dev/name': 'shop-redis' } });
    expect(ingress).toEqual([from('shop', 6566), from('monitoring', 8000)]);
    expect(egress.flatMap(({ ports }: any) => ports.map(({ port }: any) => port))).toEqual([53, 53, 443, 5432, 6379, 80]);
    expect(one(serverWith('dynamodb').toJson(), 'NetworkPolicy', 'shop-dynamodb').spec.ingress).toEqual([]);
  });

  test('have the sizes that were asked for, a stated default otherwise', () => {
    expect(spec.services.onlineStore.server.resources).toEqual({ requests: { cpu: '1500m', memory: '2048Mi' }, limits: { memory: '2048Mi' } });
    expect(spec.services.podDisruptionBudgets).toEqual({ maxUnavailable: 1 });
    const plain = one(serverWith('dynamodb').toJson(), 'FeatureStore').spec;
    expect([plain.replicas, plain.services.onlineStore.server.resources]).toEqual([2, { requests: { cpu: '500m', memory: '1024Mi' }, limits: { memory: '1024Mi' } }]);
    expect(one(serverWith('dynamodb', { replicas: 1 }).toJson(), 'FeatureStore').spec.services.podDisruptionBudgets).toBeUndefined();
  });

  test('stand in a namespace of their own, where the operator may work', () => {
    expect(one(objects, 'Namespace').metadata).toMatchObject({ name: 'feast-shop-redis', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } });
    expect(one(objects, 'RoleBinding')).toMatchObject({
      metadata: { namespace: 'feast-shop-redis' },
      roleRef: { kind: 'ClusterRole', name: 'feast-operator-workloads' },
      subjects: [{ kind: 'ServiceAccount', name: 'feast-operator', namespace: 'feast-operator-system' }],
    });
  });

  test('have names that fit, however long the project\'s is', () => {
    const plan = (input: Partial<ClusterServerInput>) => clusterServer(Faults.at('x'), { project: 'shop', onlineType: 'dynamodb', ...input });
    expect(plan({ project: `a${'_'.repeat(50)}b` }).name).toBe('a');
    expect(plan({ project: 'x'.repeat(63) }).name).toHaveLength(46);
    expect(plan({ serverName: 'cart', namespaceName: 'web' })).toMatchObject({ operatorName: 'feast-cart', namespace: 'web', url: 'http://feast-cart-online.web.svc.cluster.local' });
  });
});

/**
 * test/features/feast-operator/<online store>.json: what the real operator 0.66.0 made of our objects on a real API server, under the rights that
 * the library gives it. The .yaml beside it is the feature_store.yaml that it put together; lib/runtime/tests/test_features_operator.py
 * gives it to the real Feast.
 */
describe.each(Object.keys(ONLINE))('what the operator made of a server with %s', (type) => {
  const { given, made } = JSON.parse(readFileSync(join(__dirname, `feast-operator/${type}.json`), 'utf8')) as { given: Record<string, any>; made: Record<string, any> };
  const objects = serverWith(type).toJson() as Record<string, any>[];
  const [online] = made.pod.containers;

  test('was made of the objects of today; make the record anew where they change', () => {
    expect({ featureStore: one(objects, 'FeatureStore'), stores: one(objects, 'Secret') }).toEqual(given);
  });

  test('is a Deployment and a Service with our image, our configuration and the names that we count on', () => {
    const plan = clusterServer(Faults.at('x'), { project: `shop_${type}`, onlineType: type });
    expect([made.deployment, made.pod.serviceAccountName, made.serviceAccounts[0]]).toEqual([[plan.operatorName], plan.operatorName, plan.operatorName]);
    expect(made.services).toEqual({ [plan.serviceName]: { http: [80, 6566], metrics: [8000, 8000] } });
    expect([...made.pod.initContainers, ...made.pod.containers].map(({ image: it }) => it)).toEqual([ADDRESS, ADDRESS]);
    expect(made.pod.initContainers[0].env).toMatchObject({ FEAST_PACKAGED_FEATURE_REPO_PATH: '/srv' });
    expect(online.command).toEqual(['feast', 'serve', '--metrics', '-h', '0.0.0.0', '--workers', '1', '--registry_ttl_sec', '60', '-p', '6566']);
    expect(online.env).toEqual({ ...storeWith(type).environment, FEAST_USAGE: 'False' });
    expect(online.envFrom).toEqual([{ secretRef: { name: `shop-${type}-login` } }]);
    expect(made.replicas).toBe(2);
    expect(made.podDisruptionBudgets[plan.operatorName]).toMatchObject({ maxUnavailable: 1 });
    expect(made.serviceMonitors[plan.serviceName].endpoints).toEqual([{ path: '/metrics', port: 'metrics' }]);
    expect(made.cronJobs[plan.operatorName]).toMatchObject({ suspend: true, command: expect.arrayContaining(['echo the jobs of the feature store register and materialize >&2; exit 1']) });
  });

  test('is done but for pods, which the API server alone does not start', () => {
    expect(made.conditions).toEqual({ Client: 'True', CronJob: 'True', FeatureStore: 'Unknown', OnlineStore: 'True', Registry: 'True' });
  });

  test('does not reach "restricted", because the operator says nothing about privileges of containers', () => {
    expect(online.securityContext).toBeNull();
    expect(made.pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } });
  });
});

describe('the construct', () => {
  let made: ReturnType<typeof server>;
  beforeAll(() => { made = server(); });

  test('gives pods the rights of a reader, and the rules between nodes and registry stand in the store\'s stack', () => {
    const { template, added, stack } = made;
    expect(added.url).toBe('http://feast-shop-online.feast-shop.svc.cluster.local');
    expect(added.namespaceName).toBe('feast-shop');
    expect(added.identity.serviceAccountName).toBe('feast-shop');
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'feast-shop', ServiceAccount: 'feast-shop' });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve(added.identity.role.roleName)],
      PolicyDocument: Match.objectLike({ Statement: Match.arrayWith([Match.objectLike({ Action: 'dynamodb:BatchGetItem' })]) }),
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { SourceSecurityGroupId: 'sg-1', FromPort: 5432 });
  });

  test('lets the External Secrets Operator read what it brings, by a policy of this stack', () => {
    const { template, externalSecrets, app } = made;
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('ExternalSecrets'));
    expect(policies).toHaveLength(1);
    expect(policies[0]!.Properties.PolicyDocument.Statement[0].Action).toEqual(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']);
    const elsewhere = Template.fromStack(Stack.of(externalSecrets)).findResources('AWS::IAM::Policy');
    expect(JSON.stringify(elsewhere)).not.toContain('secretsmanager');
    expect(app.synth().getStackByName('Cluster').dependencies.map(({ id }) => id)).not.toContain('Stack');
  });

  test('stands in a stack of its own beside those of cluster, add-ons and store, without a circle', () => {
    const { app, stack, store, network } = make({}, { 'aws:cdk:disable-asset-staging': true });
    const cluster = new MlCluster(new Stack(app, 'Cluster'), 'Cluster', { network });
    const addOns = new Stack(app, 'AddOns');
    new FeastOperator(addOns, 'FeastOperator', { cluster });
    const externalSecrets = new ExternalSecrets(addOns, 'ExternalSecrets', { cluster });
    const team = new Stack(app, 'Team');
    new ClusterFeatureServer(team, 'Server', { store, cluster, externalSecrets, image: ADDRESS });
    const assembly = app.synth();
    const needs = (name: string): string[] => assembly.getStackByName(name).dependencies.map(({ id }) => id).filter((id) => !id.endsWith('.assets')).sort();
    expect({ team: needs('Team'), store: needs(stack.stackName) }).toEqual({ team: ['AddOns', 'Cluster', 'Stack'], store: [] });
  });

  test('waits with the objects until pods have their rights', () => {
    const { template } = made;
    const [release] = Object.values(template.findResources('Custom::AWSCDK-EKS-HelmChart'));
    const association = Object.keys(template.findResources('AWS::EKS::PodIdentityAssociation'));
    expect(release!.DependsOn).toEqual(expect.arrayContaining(association));
  });

  test('builds the library\'s own image unless another is named', () => {
    const targets = ({ app }: typeof made): string[] => {
      const { dockerImages } = JSON.parse(readFileSync(join(app.synth().directory, 'Stack.assets.json'), 'utf8')) as { dockerImages: Record<string, any> };
      return Object.values(dockerImages).map(({ source }) => source.dockerBuildTarget);
    };
    expect([targets(server({}, { image: undefined })), targets(made)]).toEqual([['features'], []]);
  });

  test('stands twice in an app, each in a namespace of its own', () => {
    const { store, cluster, externalSecrets, stack } = made;
    const second = new ClusterFeatureServer(stack, 'Second', { store, cluster, externalSecrets, image: ADDRESS, serverName: 'second', memory: Size.gibibytes(2) });
    expect(second.namespaceName).toBe('feast-second');
    expect(second.release.node.path).toBe('Stack/Second/Release');
  });
});

describe('in Git', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-feature-server-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const env = { account: '111122223333', region: 'eu-west-1' };

  function inGit(given: Partial<ClusterFeatureServerOptions>): () => string {
    const app = new App({ context: { 'aws:cdk:disable-asset-staging': true } });
    const around = clusterIn(app, { delivery: ManifestDelivery.yaml({ directory: folder }) }, 'Cluster', env);
    const stack = new Stack(app, 'Stack', { env });
    const lake = new DataLake(stack, 'Lake', { databaseName: 'lake' });
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Login', 'feast');
    const registry = FeatureRegistry.existing({ host: 'db.example.com', secret, connections: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Db', 'sg-2') });
    const store = new FeatureStore(stack, 'Features', { network: textNetwork(stack), lake, image, projectName: 'shop', registry });
    store.addFeatureView('Profile', profile(customersOf(lake)));
    return () => {
      store.addClusterFeatureServer('Server', { ...around, ...given });
      app.synth();
      return folder;
    };
  }

  test('the objects are files where everything is known at synthesis', () => {
    const written = readdirSync(inGit({ image: ADDRESS })(), { recursive: true, encoding: 'utf8' }).filter((file) => /featurestore-feast-shop-shop|externalsecret-feast-shop/.test(file)).sort();
    const [login, store] = written.map((file) => parse(readFileSync(join(folder, file), 'utf8')) as Record<string, any>);
    expect(store!.spec.services.onlineStore.server.env).toContainEqual({ name: 'ML_DATABASE_HOST', value: 'db.example.com' });
    expect(login!.spec.data[0].remoteRef).toEqual({ key: 'feast', property: 'username' });
  });

  test('the library\'s own image is refused: its address is known only at deploy time', () => {
    expect(faultOf(inGit({}))).toContain(
      "[deploy-time-value-in-git] spec.services.onlineStore.server.image of FeatureStore 'feast-shop/shop' is known only at deploy time");
  });
});

describe('bad input', () => {
  test('every fault at once', () => {
    const { app, store } = make();
    const around = clusterIn(app);
    expect(faultOf(() => store.addClusterFeatureServer('Server', {
      ...around, serverName: 'My Server', namespaceName: '-', replicas: 0, vcpus: 0, memory: Size.mebibytes(100), callers: ['Shop', 'web', 'web'],
    }))).toBe([
      'ValidationError at Stack/Features/Server: 7 faults',
      "  - [invalid-server-name] serverName 'My Server' is not allowed; use 1 to 46 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      "  - [invalid-namespace-name] namespaceName '-' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      '  - [invalid-replicas] replicas 0 is not a whole number from 1 to 100; use a value in that range',
      '  - [invalid-vcpus] vcpus 0 is not a number from 0.1 to 64; use a value in that range',
      '  - [invalid-memory] memory 100 is not a whole number from 512 to 65536 MiB; use a value in that range',
      "  - [invalid-callers] callers[0] 'Shop' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      "  - [duplicate-callers] callers names 'web' more than once; keep one of them",
    ].join('\n'));
  });

  test('a namespace that is there already', () => {
    const { app, store } = make();
    expect(faultOf(() => store.addClusterFeatureServer('Server', { ...clusterIn(app), namespaceName: 'default' }))).toBe(
      "ValidationError at Stack/Features/Server [namespace-exists]: namespaceName 'default' is in every cluster already, and the server's is made for it alone; choose another name");
  });

  test('a cluster whose security group nobody told', () => {
    const { app, store } = make();
    const { externalSecrets } = clusterIn(app);
    const stack = new Stack(app, 'Theirs');
    const theirs = eks.Cluster.fromClusterAttributes(stack, 'Theirs', { clusterName: 'theirs' });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', theirs, { network: textNetwork(stack), delivery: ManifestDelivery.yaml({ directory: 'never' }) });
    expect(faultOf(() => store.addClusterFeatureServer('Server', { cluster, externalSecrets, image: ADDRESS }))).toBe(
      'ValidationError at Stack/Features/Server [no-cluster-security-group]: the cluster was imported without clusterSecurityGroupId, so that pods could not be let in to the registry; add it to its attributes');
  });

  test('a cluster without the operator', () => {
    const made = make({}, { 'aws:cdk:disable-asset-staging': true });
    const stack = new Stack(made.app, 'Cluster');
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
    const externalSecrets = new ExternalSecrets(stack, 'ExternalSecrets', { cluster });
    made.store.addClusterFeatureServer('Server', { cluster, externalSecrets, image: ADDRESS });
    expect(() => made.app.synth()).toThrow(/requires the custom resource feast\.dev\/FeatureStore, which no add-on defines/);
  });
});
