import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { NODES, type ServerChanges, serverIn } from './cluster-server-support';
import { objectsOf } from './support';
import { ManifestDelivery, MlCluster, NodeProvisioning } from '../../lib/cluster';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry, RegistryAuth, RegistryDatabase, RegistryServer } from '../../lib/registry';
import { ancestorsOf, fakeCluster, idOf, resourcesOf } from '../cluster/support';

const prometheus = { serverUrl: 'http://prometheus.monitoring.svc:9090', namespace: 'monitoring' };

function objectsIn(changes: ServerChanges = {}): Record<string, any> {
  return Object.fromEntries(objectsOf(serverIn(changes).registry.serverRelease!).map((object) => [object.kind, object]));
}

function containerIn(changes: ServerChanges = {}): any {
  return objectsIn(changes).Deployment.spec.template.spec.containers[0];
}

/** Variables of a task or of a pod's container, by name; what is known at deploy time is `known later`. */
function plain(variables: { name?: string; value?: unknown; Name?: string; Value?: unknown }[]): Record<string, unknown> {
  const text = (value: unknown) => typeof value === 'string' && !value.includes('<T') ? value : 'known later';
  return Object.fromEntries(variables.map((it) => [it.name ?? it.Name, text(it.value ?? it.Value)]));
}

describe('a server in a cluster by default', () => {
  const { stack, registry, network, options } = serverIn();
  const template = Template.fromStack(stack);
  const objects = objectsOf(registry.serverRelease!);

  test('is what its clients know from Fargate: name, TLS, login, rights, alarms', () => {
    expect(registry.trackingUri).toBe('https://mlflow.ml.internal');
    expect(registry.hostName).toBe('mlflow.ml.internal');
    expect(Object.keys(registry.clientEnvironment().secrets)).toEqual(['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD']);
    expect(registry.connections).toBe(network.loadBalancer.connections);
    expect(registry.alarms.map(({ node }) => node.path)).toEqual([
      'Stack/Models/Server/UnhealthyHostsAlarm', 'Stack/Models/Server/ErrorsAlarm', 'Stack/Models/Server/LatencyAlarm', 'Stack/Models/Server/TooFewTasksAlarm',
      'Stack/Models/Database/FreeStorageAlarm', 'Stack/Models/Database/CpuAlarm', 'Stack/Models/Rotation/FailedAlarm',
    ]);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['mlflow.ml.internal'] } }],
    });
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'mlflow.ml.internal.' });
  });

  test('is given what a task on Fargate is given, command and variables and secrets', () => {
    const app = new Stack();
    const other = new MlNetwork(app, 'Network');
    new ModelRegistry(app, 'Models', { network: other, image: ecs.ContainerImage.fromRegistry('example.com/mlflow:1'), auth: RegistryAuth.basic({ plainHttp: true }) });
    const definitions = Object.values(Template.fromStack(app).findResources('AWS::ECS::TaskDefinition')).map(({ Properties }) => Properties.ContainerDefinitions[0]);
    const task = definitions.find(({ Command }) => Command.includes('registry-server'));
    const [container] = objects.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers;
    const overHttps = { MLFLOW_SERVER_ALLOWED_HOSTS: expect.any(String), MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: expect.any(String) };
    expect(container.args).toEqual(task.Command);
    expect(container).not.toHaveProperty('command');
    expect(plain(container.env.filter(({ valueFrom }: any) => !valueFrom))).toEqual({ ...plain(task.Environment), ...overHttps });
    expect(container.env.flatMap(({ name, valueFrom }: any) => valueFrom ? [name] : []).sort()).toEqual(task.Secrets.map(({ Name }: any) => Name).sort());
    expect(container.securityContext.readOnlyRootFilesystem).toBe(task.ReadonlyRootFilesystem);
    expect(container.volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(task.MountPoints.map(({ ContainerPath }: any) => ContainerPath));
    expect(container.resources).toEqual({ requests: { cpu: '500m', memory: '1024Mi' }, limits: { memory: '1024Mi' } });
  });

  test('has its secrets by reference, and each comes from Secrets Manager', () => {
    const secret = objects.find(({ kind }) => kind === 'ExternalSecret');
    const container = objects.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers[0];
    expect(secret.spec).toMatchObject({ secretStoreRef: { kind: 'ClusterSecretStore', name: 'aws-secrets-manager' }, target: { name: 'mlflow' } });
    expect(secret.spec.data.map(({ secretKey, remoteRef }: any) => [secretKey, remoteRef.property])).toEqual([
      ['ML_DATABASE_USER', 'username'], ['ML_DATABASE_PASSWORD', 'password'],
      ['ML_AUTH_ADMIN_USER', 'username'], ['ML_AUTH_ADMIN_PASSWORD', 'password'],
      ['ML_AUTH_MACHINE_USER', 'username'], ['ML_AUTH_MACHINE_PASSWORD', 'password'], ['ML_AUTH_SECRET_KEY', undefined],
    ]);
    expect(container.env.filter(({ valueFrom }: any) => valueFrom).map(({ name, valueFrom }: any) => [name, valueFrom.secretKeyRef]))
      .toEqual(secret.spec.data.map(({ secretKey }: any) => [secretKey, { name: 'mlflow', key: secretKey }]));
  });

  test('gives the operator the right on these secrets in its own stack, so that stacks do not wait for each other', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('SecretsForPods'),
      Roles: [Match.anyValue()],
      PolicyDocument: { Statement: [{ Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], Effect: 'Allow', Resource: Array(4).fill(Match.anyValue()) }] },
    });
    expect(stack.dependencies.map(({ node }) => node.id).sort()).toEqual(['AddOns', 'Base']);
  });

  test('may write artifacts, by Pod Identity, and nothing on release records', () => {
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'mlflow', ServiceAccount: 'mlflow' });
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy', { Properties: { PolicyName: Match.stringLikeRegexp('^ModelsServerIdentity') } }));
    expect(policy?.Properties.PolicyDocument.Statement.flatMap((it: { Action: unknown }) => it.Action)).toEqual(
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket']);
  });

  test('is reached by the load balancer, and reaches its database', () => {
    const from = (port: number, at = template) => Object.values(at.findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: port, ToPort: port } }))
      .map(({ Properties }) => [Properties.GroupId, Properties.SourceSecurityGroupId] as unknown[]);
    const addOns = Stack.of(options.cluster);
    expect(from(5000)).toEqual([]);
    expect(from(5000, Template.fromStack(addOns))).toEqual([[NODES, addOns.resolve(network.loadBalancer.securityGroupId)]]);
    expect(from(5432)).toEqual([[{ 'Fn::GetAtt': ['ModelsDatabaseSecurityGroupC07A90B4', 'GroupId'] }, NODES]]);
    const { spec } = objects.find(({ kind }) => kind === 'NetworkPolicy');
    expect(spec.ingress).toEqual([{ from: [{ ipBlock: { cidr: expect.any(String) } }], ports: [{ protocol: 'TCP', port: 5000 }] }]);
    expect(spec.egress.flatMap(({ ports }: any) => ports.map(({ port }: any) => port))).toEqual([53, 53, 443, 5432, 80]);
    const binding = objects.find(({ kind }) => kind === 'TargetGroupBinding');
    expect(binding.spec).toEqual({ serviceRef: { name: 'mlflow', port: 'http' }, targetGroupARN: expect.stringMatching(/^<T\d+>$/), targetType: 'ip' });
  });

  test('starts after its rights, its secrets, its rule and its database', () => {
    const needed = [...ancestorsOf(stack, idOf(stack, /^ModelsServerRelease[0-9A-F]{8}$/))];
    const types = new Set(needed.map((id) => resourcesOf(stack)[id]?.Type));
    for (const type of [
      'AWS::EKS::PodIdentityAssociation', 'AWS::IAM::Policy', 'AWS::ElasticLoadBalancingV2::ListenerRule', 'AWS::EC2::SecurityGroupIngress', 'AWS::RDS::DBInstance', 'AWS::S3::Bucket',
    ]) expect(types).toContain(type);
    expect(needed).toContain(idOf(stack, /^ModelsServerNamespace[0-9A-F]{8}$/));
    expect(needed).toContain(idOf(stack, /^ModelsServerSecretsForPods[0-9A-F]{8}$/));
    template.hasResourceProperties('Custom::AWSCDK-EKS-HelmChart', { Release: Match.stringLikeRegexp('release'), Wait: true });
  });

  test('has hardened pods in a namespace of their own, whose readiness waits for the load balancer', () => {
    const namespace = objectsOf(registry.node.findChild('Server').node.findChild('Namespace') as never).find(({ kind }: any) => kind === 'Namespace');
    expect(namespace.metadata).toMatchObject({
      name: 'mlflow', labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' },
    });
  });

  test('is one replica, which may be moved, and tells no metrics', () => {
    expect(objects.map(({ kind }) => kind).sort()).toEqual(
      ['Deployment', 'ExternalSecret', 'NetworkPolicy', 'Service', 'ServiceAccount', 'TargetGroupBinding']);
    const { spec } = objects.find(({ kind }) => kind === 'Deployment');
    expect([spec.replicas, spec.strategy]).toEqual([1, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }]);
    template.resourceCountIs('AWS::ECS::Service', 0);
  });

  test('says what it is not', () => {
    expect(() => registry.server).toThrow(
      'ValidationError at Stack/Models [no-fargate-server]: server is on a cluster, not on Fargate; use serverRelease and serverIdentity');
    expect(registry.serverIdentity?.serviceAccountName).toBe('mlflow');
    expect(registry.metricsAddress).toBeUndefined();
  });
});

test('what the runtime\'s tests start as a real server is the container of the pods', () => {
  const file = join(__dirname, '../../lib/runtime/tests/registry_pod.json');
  const container = containerIn({ registry: { metrics: {} }, server: { prometheus } });
  const written = `${JSON.stringify(container, null, 2).replace(/<T\d+>/g, '<deploy-time value>')}\n`;
  if (process.env.UPDATE_REGISTRY_POD) writeFileSync(file, written);
  expect(readFileSync(file, 'utf8')).toBe(written);
});

describe('choices', () => {
  test('each has its way into the objects', () => {
    const objects = objectsIn({
      registry: {
        hostName: 'registry', desiredCount: 2, workers: 2, cpu: 1024, memoryLimitMiB: 2048, metrics: { port: 9100 }, cpuArchitecture: ecs.CpuArchitecture.ARM64,
        database: RegistryDatabase.postgres({ port: 5433 }),
      },
      server: { namespaceName: 'ml-registry', prometheus },
    });
    const pod = objects.Deployment.spec.template.spec;
    expect(objects.Deployment.metadata).toMatchObject({ name: 'registry', namespace: 'ml-registry' });
    expect(pod.nodeSelector).toEqual({ 'kubernetes.io/arch': 'arm64' });
    expect(pod.containers[0].resources).toEqual({ requests: { cpu: '1000m', memory: '2048Mi' }, limits: { memory: '2048Mi' } });
    expect(pod.containers[0].env).toEqual(expect.arrayContaining([{ name: 'MLFLOW_WORKERS', value: '2' }, { name: 'ML_METRICS_PORT', value: '9100' }]));
    expect(objects.PodDisruptionBudget.spec).toEqual({ maxUnavailable: 1, selector: objects.Deployment.spec.selector });
    expect(objects.ServiceMonitor.spec).toEqual({ selector: objects.Deployment.spec.selector, endpoints: [{ targetPort: 9100, path: '/metrics', interval: '30s' }] });
    expect(objects.NetworkPolicy.spec.ingress[1]).toEqual({
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }], ports: [{ protocol: 'TCP', port: 9100 }],
    });
    expect(objects.NetworkPolicy.spec.egress[1].ports).toEqual([{ protocol: 'TCP', port: 443 }, { protocol: 'TCP', port: 5433 }]);
  });

  test('a database that a secret describes gives its address by the secret, and the key of the secret may be used', () => {
    const { stack, registry } = serverIn({ registry: { auth: RegistryAuth.none(), database: RegistryDatabase.fromSecret(sharedSecret(), { port: 6432 }) } });
    const objects = objectsOf(registry.serverRelease!);
    expect(objects.find(({ kind }) => kind === 'ExternalSecret').spec.data.map(({ secretKey, remoteRef }: any) => [secretKey, remoteRef.property])).toEqual([
      ['ML_DATABASE_USER', 'username'], ['ML_DATABASE_PASSWORD', 'password'], ['ML_DATABASE_HOST', 'host'], ['ML_DATABASE_PORT', 'port'], ['ML_DATABASE_NAME', 'dbname'],
    ]);
    expect(objects.find(({ kind }) => kind === 'NetworkPolicy').spec.egress[1].ports[1]).toEqual({ protocol: 'TCP', port: 6432 });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('SecretsForPods'),
      PolicyDocument: { Statement: [Match.anyValue(), { Action: 'kms:Decrypt', Effect: 'Allow', Resource: 'arn:aws:kms:eu-west-1:111122223333:key/one' }] },
    });
  });

  test('the image is built from this package, and comes from the mirror of the cluster if it has one', () => {
    expect(containerIn({ server: { image: undefined } }).image).toMatch(/^<T\d+>$/);
    expect(containerIn({ cluster: { imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' } }).image)
      .toBe('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/example.com/mlflow:1');
  });

  test('tasks beside the server have an ECS cluster of their own only where there are any', () => {
    const count = (registry: ServerChanges['registry']) => Object.keys(Template.fromStack(serverIn({ registry }).stack).findResources('AWS::ECS::Cluster')).length;
    expect(count({ auth: RegistryAuth.none() })).toBe(0);
    expect(count({ aliasCheck: {} })).toBe(1);
    expect(count({ cluster: ecs.Cluster.fromClusterAttributes(new Stack(), 'Theirs', { clusterName: 'theirs', vpc: undefined as never }) })).toBe(0);
  });
});

function sharedSecret(): secretsmanager.ISecret {
  const stack = new Stack();
  return secretsmanager.Secret.fromSecretAttributes(stack, 'Secret', {
    secretCompleteArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared-abcdef',
    encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/one'),
  });
}

test('a registry that moves from Fargate to a cluster keeps its data and its place at the load balancer', () => {
  const { network, stack: pods } = serverIn({ registry: { hostName: 'other' } });
  const tasks = new Stack(pods.node.root as App, 'Tasks');
  new ModelRegistry(tasks, 'Models', { network, image: ecs.ContainerImage.fromRegistry('example.com/mlflow:1') });
  const kept = (stack: Stack) => Object.fromEntries(Object.entries(resourcesOf(stack)).filter(([, { Type }]) =>
    /^AWS::(RDS::|S3::|DynamoDB::|SecretsManager::|ElasticLoadBalancingV2::|Route53::)/.test(Type)));
  // a priority is made of the host name, and two registries of one app have two of them
  const text = (stack: Stack) => JSON.stringify(kept(stack)).replaceAll('other.ml.internal', 'mlflow.ml.internal').replace(/"Priority":\d+/g, '"Priority":1');
  expect(Object.keys(kept(tasks))).toHaveLength(13);
  expect(JSON.parse(text(pods))).toEqual(JSON.parse(text(tasks)));
});

describe('what cannot work in a cluster', () => {
  const oidc = RegistryAuth.oidc({
    issuer: 'https://login.example.com', authorizationEndpoint: 'https://login.example.com/a', tokenEndpoint: 'https://login.example.com/t',
    userInfoEndpoint: 'https://login.example.com/u', jwksEndpoint: 'https://login.example.com/k', clientId: 'mlflow',
    clientSecret: { unsafeUnwrap: () => 'reference' } as never, machineClaims: [{ name: 'client_id', values: ['training'] }],
  });
  test.each<[string, ServerChanges, string]>([
    ['a login at the load balancer', { registry: { auth: oidc } },
      '[login-can-be-passed-by]: auth logs in at the load balancer, and other pods of the cluster reach MLflow without it; use RegistryAuth.basic(), or RegistryServer.fargate()'],
    ['what only tasks have', { registry: { scaling: { maxTasks: 3 }, logRetention: logs.RetentionDays.ONE_DAY } },
      '[not-on-cluster]: scaling, logRetention are for tasks on Fargate, and server is on a cluster; leave out, or use RegistryServer.fargate()'],
    ['an image for tasks alone', { registry: { image: ecs.ContainerImage.fromRegistry('example.com/mlflow:1') }, server: { image: undefined } },
      '[image-of-pods-unknown]: image is for tasks, and server is on a cluster; say RegistryServer.onCluster({ image }) for the pods as well'],
    ['metrics that nobody may read', { registry: { metrics: {} } },
      '[metrics-without-prometheus]: metrics and the prometheus of RegistryServer.onCluster go together: what is told, and who may read it; give both or none'],
    ['a reader of no metrics', { server: { prometheus } }, '[metrics-without-prometheus]'],
    ['a namespace of that name', { server: { namespaceName: 'ML' } }, "[invalid-namespace-name]: namespaceName 'ML' is not allowed;"],
    ['a host name that no Service has', { registry: { hostName: '1ml' } },
      "[invalid-host-name]: hostName '1ml' is not allowed; use letters, digits and hyphens that start with a letter, which is what a Service in a cluster takes"],
  ])('%s is refused', (_, changes, message) => {
    expect(() => serverIn(changes)).toThrow(`ValidationError at Stack/Models ${message}`);
  });

  test('a cluster without the controller that registers pods is refused at synthesis by what is missing', () => {
    const { stack } = serverIn({ without: 'load balancer controller' });
    expect(() => (stack.node.root as App).synth()).toThrow(/\[missing-requirement\].*elbv2\.k8s\.aws\/TargetGroupBinding/s);
  });

  test('a cluster of another network, of Auto Mode or delivered by files is refused in one error', () => {
    const { network, stack } = serverIn({ registry: { hostName: 'one' } });
    const elsewhere = new MlNetwork(stack, 'Elsewhere');
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), {
      network: elsewhere, delivery: ManifestDelivery.yaml({ directory: '/tmp/registry-yaml' }), nodeProvisioning: NodeProvisioning.AUTO_MODE,
    });
    expect(() => new ModelRegistry(stack, 'Second', { network, server: RegistryServer.onCluster({ cluster, externalSecrets: undefined as never }) })).toThrow(
      'ValidationError at Stack/Second: 3 faults\n'
      + '  - [cluster-elsewhere] server is on a cluster in another VPC than network, so the load balancer would not reach its pods; use the network of the cluster\n'
      + '  - [deploy-time-value-in-git] server is on a cluster with yaml delivery, and the addresses of database, bucket and target group are known only at deploy time; '
      + 'use a cluster with ManifestDelivery.helm(), or RegistryServer.fargate()\n'
      + '  - [auto-mode-not-supported] server needs the AWS Load Balancer Controller, and EKS Auto Mode has one of its own kind; use a cluster with Karpenter, or RegistryServer.fargate()');
    expect(stack.node.tryFindChild('Second')).toBeUndefined();
  });
});

test('two registries stand in one cluster, under two host names', () => {
  const first = serverIn();
  const { cluster, externalSecrets } = first.options;
  const second = new ModelRegistry(first.stack, 'Second', { network: first.network, hostName: 'second', server: RegistryServer.onCluster({ cluster, externalSecrets, image: 'example.com/mlflow:1' }) });
  expect(objectsOf(second.serverRelease!).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(Array(6).fill('second/second'));
  Template.fromStack(first.stack).resourceCountIs('AWS::EKS::PodIdentityAssociation', 2);
  // their pods share group and port, and AWS refuses the same rule twice
  expect(Object.keys(Template.fromStack(Stack.of(cluster)).findResources('AWS::EC2::SecurityGroupIngress', { Properties: { FromPort: 5000 } }))).toHaveLength(1);
});
