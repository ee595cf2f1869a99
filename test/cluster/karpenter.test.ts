import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import upstream from './karpenter-cloudformation.json';
import { ancestorsOf, fakeCluster, faultOf, idOf, idsOf, resourcesOf, testApp, testStack, textNetwork } from './support';
import { CpuNodePool, Karpenter, ManifestDelivery, MlCluster, NodeProvisioning, type IMlCluster, type MlClusterFromClusterOptions } from '../../lib/cluster';
import { neededEndpoints } from '../../lib/cluster/blueprint/endpoints';
import { INTERRUPTION_RULES } from '../../lib/cluster/blueprint/karpenter';
import { karpenterPolicy } from '../../lib/cluster/blueprint/karpenter-policy';
import { nag } from '../conformance/cloudformation-oracles';

const folder = mkdtempSync(join(tmpdir(), 'karpenter-'));
afterAll(() => rmSync(folder, { recursive: true }));

function clusterIn(stack: Stack, options: Partial<MlClusterFromClusterOptions> = {}): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), ...options });
}

const POOL = { maxGpus: 4, instanceTypes: ['g6e.xlarge'] };

describe('the rights of the controller', () => {
  const given = new Map(karpenterPolicy().map((statement) => [statement.Sid, statement]));
  const documented = Object.values(upstream.policies).flat() as { Sid: string; Resource: unknown }[];
  // nodes have an instance profile of ours, so that it makes none; zonal shift is off
  const notNeeded = ['AllowScopedInstanceProfileCreationActions', 'AllowScopedInstanceProfileTagActions', 'AllowScopedInstanceProfileActions', 'AllowZonalShiftStatusReadOnly'];

  test('are what upstream documents, without those to make instance profiles', () => {
    expect([...given.keys()].sort()).toEqual(documented.map(({ Sid }) => Sid).filter((sid) => !notNeeded.includes(sid)).sort());
  });

  test.each(documented.filter(({ Sid }) => !notNeeded.includes(Sid)))('$Sid is upstream\'s statement', (statement) => {
    const named: Record<string, string> = { '${KarpenterNodeRole.Arn}': '${NodeRoleArn}', '${KarpenterInterruptionQueue.Arn}': '${QueueArn}' };
    expect(given.get(statement.Sid)).toEqual({ ...statement, Resource: named[String(statement.Resource)] ?? statement.Resource });
  });
});

describe('Karpenter', () => {
  const stack = testStack();
  const cluster = new MlCluster(stack, 'Cluster', { network: textNetwork(stack) });
  cluster.addGpuNodePool('Pool', POOL);
  const karpenter = cluster.node.findChild('Karpenter') as Karpenter;
  const template = Template.fromStack(stack);

  test('comes with the first pool, once', () => {
    expect(Karpenter.of(cluster)).toBe(karpenter);
    expect(new MlCluster(testStack(), 'Cluster', { network: textNetwork(testStack()) }).node.tryFindChild('Karpenter')).toBeUndefined();
  });

  test('hears of everything that upstream lets it hear of, by an encrypted queue that forgets soon', () => {
    template.resourceCountIs('AWS::SQS::Queue', 1);
    template.hasResource('AWS::SQS::Queue', { Properties: { ...upstream.queue, QueueName: Match.absent() }, DeletionPolicy: 'Delete' });
    const patterns = Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.EventPattern);
    expect(patterns).toHaveLength(upstream.rules.length);
    expect(patterns).toEqual(expect.arrayContaining(upstream.rules));
    expect(INTERRUPTION_RULES.map(({ detailType }) => detailType).sort()).toEqual(upstream.rules.map((rule) => rule['detail-type'][0]).sort());
  });

  test('is sent messages by EventBridge\'s rules over TLS only', () => {
    const [policy] = Object.values(template.findResources('AWS::SQS::QueuePolicy'));
    const statements: any[] = policy?.Properties.PolicyDocument.Statement;
    expect(statements[0]).toMatchObject({ Effect: 'Deny', Action: 'sqs:*', Principal: { AWS: '*' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(statements.slice(1).map(({ Effect, Principal, Condition }) => [Effect, Principal.Service, Object.keys(Condition)])).toEqual(upstream.rules.map(() => ['Allow', 'events.amazonaws.com', ['ArnEquals']]));
  });

  test('has its rights by Pod Identity, with the names of its own cluster filled in', () => {
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', {
      Namespace: 'kube-system', ServiceAccount: 'karpenter', RoleArn: stack.resolve(karpenter.controllerRole.roleArn),
    });
    const [policy] = Object.values(template.findResources('AWS::IAM::ManagedPolicy'));
    const [text, names] = policy?.Properties.PolicyDocument['Fn::Sub'] as [string, Record<string, unknown>];
    expect(JSON.parse(text)).toEqual({ Version: '2012-10-17', Statement: karpenterPolicy() });
    expect(names).toEqual({
      ClusterName: stack.resolve(cluster.clusterName), NodeRoleArn: stack.resolve(karpenter.nodeRole.roleArn), QueueArn: stack.resolve(karpenter.interruptionQueue.queueArn),
    });
    // nothing else is left to be filled in but CloudFormation's own
    const left = [...text.matchAll(/\$\{([^}]+)\}/g)].map(([, name = '']) => name).filter((name) => !name.startsWith('AWS::'));
    expect([...new Set(left)].sort()).toEqual(Object.keys(names).sort());
    expect(policy?.Properties.Roles).toEqual([stack.resolve(karpenter.controllerRole.roleName)]);
  });

  test('gives nodes a role that may join, pull images and nothing else', () => {
    const role = resourcesOf(stack)[idOf(stack, /^ClusterKarpenterAccessNodeRole/)];
    const policies = JSON.stringify(role?.Properties.ManagedPolicyArns).match(/policy\/\w+/g)?.map((it) => it.slice(7));
    expect(policies).toEqual(['AmazonEKSWorkerNodePolicy', 'AmazonEC2ContainerRegistryPullOnly']);
    // the network has rights of its own, and nobody logs in
    expect(upstream.nodePolicies).toEqual(expect.arrayContaining(policies ?? []));
    template.hasResourceProperties('AWS::EKS::AccessEntry', { Type: 'EC2_LINUX', PrincipalArn: stack.resolve(karpenter.nodeRole.roleArn) });
    template.hasResourceProperties('AWS::IAM::InstanceProfile', { Roles: [stack.resolve(karpenter.nodeRole.roleName)], InstanceProfileName: Match.absent() });
  });

  test('is two charts, its definitions first', () => {
    const charts = Object.entries(resourcesOf(stack)).filter(([, { Properties }]) => ['karpenter', 'karpenter-crd'].includes(Properties?.Chart));
    expect(charts.map(([, { Properties }]) => [Properties.Chart, Properties.Release, Properties.Namespace, Properties.Version, Properties.SkipCrds])).toEqual([
      ['karpenter-crd', 'karpenter-crd', 'kube-system', '1.14.1', undefined], ['karpenter', 'karpenter', 'kube-system', '1.14.1', true],
    ]);
    const [definitions, controller] = charts.map(([id]) => id) as [string, string];
    expect(ancestorsOf(stack, controller)).toContain(definitions);
  });

  test('knows its cluster, its queue and its region, and tells Prometheus', () => {
    expect(valuesOf(stack, 'karpenter')).toEqual({
      replicas: 2,
      serviceMonitor: { enabled: true },
      serviceAccount: { name: 'karpenter' },
      controller: {
        resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } },
        env: [{ name: 'AWS_REGION', value: '<AWS::Region>' }],
        image: { repository: 'public.ecr.aws/karpenter/controller' },
      },
      settings: { clusterName: expect.stringMatching(/^<Cluster\w+>$/), interruptionQueue: expect.stringMatching(/^<ClusterKarpenterInterruptionQueue\w+\.QueueName>$/), featureGates: { nodeOverlay: true } },
    });
  });

  test('stays, with rights, queue and role of the nodes, until the nodes are gone', () => {
    const drain = ancestorsOf(stack, idOf(stack, /^ClusterDrainNodes/));
    for (const pattern of [/^ClusterKarpenterAddOn[0-9A-F]{8}$/, /^ClusterKarpenterDefinitions/, /^ClusterKarpenterAccessControllerPolicy/, /^ClusterKarpenterAccessNodeRole/,
      /^ClusterKarpenterAccessNodeEntry/, /^ClusterKarpenterAccessInstanceProfile/, /^ClusterKarpenterInterruptionSpotInterruption/, /^ClusterKarpenterInterruptionQueuePolicy/, /^ClusterKarpenterIdentity[0-9A-F]{8}$/]) {
      expect(drain).toContain(idOf(stack, pattern));
    }
  });

  test('has stable paths', () => {
    expect([karpenter, karpenter.addOn, karpenter.definitions, karpenter.nodeRole, karpenter.interruptionQueue].map((it) => it.node.path)).toEqual([
      'Stack/Cluster/Karpenter', 'Stack/Cluster/Karpenter/AddOn', 'Stack/Cluster/Karpenter/Definitions', 'Stack/Cluster/Karpenter/Access/NodeRole', 'Stack/Cluster/Karpenter/Interruption/Queue',
    ]);
  });
});

/** The values of a chart with references as names. */
function valuesOf(stack: Stack, chart: string): any {
  const values = Object.values(resourcesOf(stack)).find(({ Properties }) => Properties?.Chart === chart)?.Properties.Values;
  const parts: unknown[] = typeof values === 'string' ? [values] : values['Fn::Join'][1];
  return JSON.parse(parts.map((part: any) => (typeof part === 'string' ? part : `<${part.Ref ?? part['Fn::GetAtt'].join('.')}>`)).join(''));
}

describe('what can be chosen', () => {
  test('copies, values and whether Prometheus scrapes it', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { installedApiGroups: ['monitoring.coreos.com'] });
    new Karpenter(cluster, 'Karpenter', { cluster, replicas: 3, serviceMonitor: true, values: { logLevel: 'debug', settings: { batchMaxDuration: '30s' } } });
    expect(valuesOf(stack, 'karpenter')).toMatchObject({
      replicas: 3, serviceMonitor: { enabled: true }, logLevel: 'debug', settings: { clusterName: 'theirs', batchMaxDuration: '30s', featureGates: { nodeOverlay: true } },
    });
  });

  test('made without a GPU pool it is not scraped: nobody brought the definition', () => {
    const stack = testStack();
    clusterIn(stack).addCpuNodePool('Batch', { maxVcpus: 8 });
    expect(valuesOf(stack, 'karpenter').serviceMonitor).toEqual({ enabled: false });
  });

  test('its place: a stack of its own', () => {
    const app = testApp();
    const [one, two] = [new Stack(app, 'One'), new Stack(app, 'Two')];
    const cluster = new MlCluster(one, 'Cluster', { network: textNetwork(one) });
    const karpenter = new Karpenter(two, 'Karpenter', { cluster });
    new CpuNodePool(two, 'Batch', { cluster, maxVcpus: 8 });
    expect(Karpenter.of(cluster)).toBe(karpenter);
    expect(idsOf(two, 'AWS::SQS::Queue')).toHaveLength(1);
    expect(idsOf(one, 'AWS::SQS::Queue')).toEqual([]);
    expect(two.dependencies).toEqual([one]);
  });

  test('a mirror for its image', () => {
    const stack = testStack();
    clusterIn(stack, { imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' }).addCpuNodePool('Batch', { maxVcpus: 8 });
    expect(valuesOf(stack, 'karpenter').controller.image).toEqual({ repository: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/public.ecr.aws/karpenter/controller' });
  });
});

describe('a network without a route out', () => {
  const make = (interfaceEndpoints: string[]): Stack => {
    const stack = testStack();
    const network = textNetwork(stack, { routesOut: false, interfaceEndpoints });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network, imageMirror: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror' });
    cluster.addCpuNodePool('Batch', { maxVcpus: 8 });
    return stack;
  };

  test('needs endpoints for the queue and for the parameters of images', () => {
    expect(faultOf(() => make([...neededEndpoints(), 'ssm']))).toBe(
      'ValidationError at Stack/Cluster/Karpenter [missing-endpoints]: network has no route out, and Karpenter needs the interface endpoints sqs beside the cluster\'s; add them to the network, or give it a NAT gateway');
  });

  test('keeps Karpenter from asking for prices', () => {
    expect(valuesOf(make([...neededEndpoints(), 'ssm', 'sqs']), 'karpenter').settings.isolatedVPC).toBe(true);
  });
});

describe('files instead of a handler', () => {
  const theirs = (stack: Stack, env: object = {}) => eks.Cluster.fromClusterAttributes(new Stack(stack, 'Import', env), 'Theirs', { clusterName: 'theirs' });

  test('hold the names that the user gives', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const cluster = MlCluster.fromCluster(stack, 'Cluster', theirs(stack), {
      network: textNetwork(stack), delivery: ManifestDelivery.yaml({ directory: join(folder, 'files') }), drainOnDelete: false,
    });
    new Karpenter(cluster, 'Karpenter', { cluster, queueName: 'theirs-interruptions', instanceProfileName: 'theirs-nodes' });
    cluster.addCpuNodePool('Batch', { maxVcpus: 8 });
    app.synth();
    const files = readdirSync(join(folder, 'files'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml')).map((file) => readFileSync(join(folder, 'files', file), 'utf8')).join('\n');
    expect(files).toContain('interruptionQueue: theirs-interruptions');
    expect(files).toContain('instanceProfile: theirs-nodes');
    // the group is found by the tag that EKS gives it
    expect(files).toContain('aws:eks:cluster-name: theirs');
    Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', { QueueName: 'theirs-interruptions' });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::InstanceProfile', { InstanceProfileName: 'theirs-nodes' });
  });

  test('cannot hold names that CloudFormation makes', () => {
    const stack = testStack();
    const cluster = MlCluster.fromCluster(stack, 'Cluster', theirs(stack), { network: textNetwork(stack), delivery: ManifestDelivery.gitOps({ directory: join(folder, 'git') }) });
    expect(faultOf(() => cluster.addCpuNodePool('Batch', { maxVcpus: 8 }))).toContain(
      "[deploy-time-value-in-git]: values.settings.interruptionQueue of the add-on 'karpenter' is known only at deploy time, but gitOps delivery writes files at synthesis");
  });
});

describe('Karpenter is refused', () => {
  test('twice', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addCpuNodePool('Batch', { maxVcpus: 8 });
    expect(faultOf(() => new Karpenter(stack, 'Mine', { cluster })))
      .toBe('ValidationError at Stack/Mine [duplicate-karpenter]: the cluster has Karpenter already, at Stack/Cluster/Karpenter; make it once, before the first pool');
  });

  test('beside EKS Auto Mode', () => {
    const stack = testStack();
    const cluster = clusterIn(stack, { nodeProvisioning: NodeProvisioning.AUTO_MODE });
    expect(faultOf(() => new Karpenter(stack, 'Mine', { cluster }))).toBe(
      "ValidationError at Stack/Mine [karpenter-on-auto-mode]: the cluster's nodes are made by EKS Auto Mode, which runs Karpenter itself; leave this one out, or use NodeProvisioning.KARPENTER");
  });

  test.each([
    [{ replicas: 0 }, '[invalid-replicas]: replicas 0 is not a whole number from 1 to 5; use a value in that range'],
    [{ queueName: 'a b' }, "[invalid-queue-name]: queueName 'a b' is not allowed; use 1 to 80 letters, digits, hyphens or underscores"],
    [{ instanceProfileName: 'a/b' }, "[invalid-instance-profile-name]: instanceProfileName 'a/b' is not allowed; use 1 to 128 letters, digits or any of +=,.@_-"],
    [{ values: { replica: 3 } }, "[unknown-chart-value]: values.replica is not a value of the pinned chart karpenter (did you mean 'replicas'?); correct the key, or leave it out"],
  ])('with %j', (props, message) => {
    const stack = testStack();
    expect(faultOf(() => new Karpenter(stack, 'Mine', { cluster: clusterIn(stack), ...props }))).toContain(message);
  });
});

describe('a Karpenter that is in the cluster already', () => {
  const make = (): [Stack, IMlCluster] => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(Karpenter.fromAttributes(stack, 'Imported', { cluster, instanceProfileName: 'their-nodes' }).instanceProfileName).toBe('their-nodes');
    return [stack, cluster];
  };

  test('creates nothing', () => expect(resourcesOf(make()[0])).toEqual({}));

  test('takes pools, and a pool is its objects alone', () => {
    const [stack, cluster] = make();
    cluster.addCpuNodePool('Batch', { maxVcpus: 8 });
    // the other one lets the handler read the chart
    expect(Object.values(resourcesOf(stack)).map(({ Type }) => Type).sort()).toEqual(['AWS::IAM::Policy', 'Custom::AWSCDK-EKS-HelmChart']);
  });
});

test('two clusters in one stack have one each', () => {
  const stack = testStack();
  const network = textNetwork(stack);
  for (const id of ['Blue', 'Green']) new MlCluster(stack, id, { network }).addCpuNodePool('Batch', { maxVcpus: 8 });
  expect(idsOf(stack, 'AWS::SQS::Queue')).toHaveLength(2);
  expect(idsOf(stack, 'AWS::IAM::InstanceProfile')).toHaveLength(2);
});

test('cdk-nag finds nothing in a pool, its Karpenter and its queue that is not explained', () => {
  const app = testApp();
  const stack = new Stack(app, 'Stack');
  clusterIn(stack, { drainOnDelete: false }).addGpuNodePool('Pool', POOL);
  // what aws-cdk-lib gives to a handler of somebody else is not ours
  expect(nag(app).filter(({ where }) => !where.startsWith('Stack/HandlerRole/'))).toEqual([]);
});
