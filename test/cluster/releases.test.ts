import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ApiObject } from 'cdk8s';
import { ancestorsOf, chartOf, configMap, fakeCluster, faultOf, idOf, idsOf, resourcesOf, testStack, textNetwork } from './support';
import { AddOnRequirement, CertManager, HelmAddOn, ManifestRelease, MlCluster, PodSecurity, SelfSignedIssuer, WorkloadIdentity, type IMlCluster } from '../../lib/cluster';
import { PLATFORM_SETS } from '../../lib/core/private/platform-sets';

function clusterIn(stack: Stack): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack) });
}
const HELM = 'Custom::AWSCDK-EKS-HelmChart';

describe('manifests', () => {
  test('are one Helm release in the scope of who makes them', () => {
    const stack = testStack();
    const release = new ManifestRelease(stack, 'Chat', { cluster: clusterIn(stack), chart: chartOf(configMap('a'), configMap('b')) });
    expect(idsOf(stack, HELM)).toHaveLength(1);
    expect(resourcesOf(stack)[idOf(stack, /^Chat/)]?.Properties).toEqual({
      ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:handler',
      ClusterName: 'theirs', Release: 'stack-chat-3dbe30e6', Namespace: 'default', CreateNamespace: true, Timeout: '600s',
      ChartAssetURL: { 'Fn::Sub': expect.stringMatching(/^s3:\/\/cdk-hnb659fds-assets-.*\.zip$/) },
    });
    expect(release.releaseName).toBe('stack-chat-3dbe30e6');
    expect(release.helmChart?.node.path).toBe('Stack/Chat/Resource');
  });

  test('wait for controllers only when asked, and go back then', () => {
    const stack = testStack();
    new ManifestRelease(stack, 'A', { cluster: clusterIn(stack), chart: chartOf(configMap('a')), wait: true, timeout: Duration.minutes(12), releaseName: 'mine', namespace: 'ml' });
    Template.fromStack(stack).hasResourceProperties(HELM, { Wait: true, Atomic: true, Timeout: '720s', Release: 'mine', Namespace: 'ml' });
  });

  test('hand deploy-time values to Helm, not to the chart', () => {
    const make = (suffix: string): [Stack, ManifestRelease] => {
      const stack = testStack(`S${suffix}`);
      const bucket = new s3.Bucket(stack, `Bucket${suffix}`);
      return [stack, new ManifestRelease(stack, 'A', { cluster: clusterIn(stack), chart: chartOf(configMap('a', { b: bucket.bucketName })), releaseName: 'a' })];
    };
    const [[one], [two]] = [make('1'), make('2')];
    const properties = (stack: Stack) => resourcesOf(stack)[idOf(stack, /^A[0-9A-F]{8}$/)]?.Properties;
    expect(properties(one)?.ChartAssetURL).toEqual(properties(two)?.ChartAssetURL);
    expect(properties(one)?.Values['Fn::Join'][1][0]).toBe('{"T0":"');
  });

  test('are kept in the namespace of their chart, unless they make it themselves', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const namespaced = chartOf({ ...configMap('a'), metadata: { name: 'a', namespace: 'ml' } });
    Object.defineProperty(namespaced, 'namespace', { value: 'ml' });
    const making = chartOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ml' } });
    Object.defineProperty(making, 'namespace', { value: 'ml' });
    new ManifestRelease(stack, 'In', { cluster, chart: namespaced });
    new ManifestRelease(stack, 'Making', { cluster, chart: making });
    expect(resourcesOf(stack)[idOf(stack, /^In[0-9A-F]{8}$/)]?.Properties.Namespace).toBe('ml');
    expect(resourcesOf(stack)[idOf(stack, /^Making[0-9A-F]{8}$/)]?.Properties.Namespace).toBe('default');
    // and what goes into a namespace waits for it, though it was made before
    expect(ancestorsOf(stack, idOf(stack, /^In[0-9A-F]{8}$/))).toContain(idOf(stack, /^Making[0-9A-F]{8}$/));
  });

  test('may bring a definition that others use', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'ks.x.io' }, spec: { group: 'x.io', names: { kind: 'K' } } };
    new ManifestRelease(stack, 'Use', { cluster, chart: chartOf({ apiVersion: 'x.io/v1', kind: 'K', metadata: { name: 'a' } }) });
    new ManifestRelease(stack, 'Definition', { cluster, chart: chartOf(definition) });
    expect(ancestorsOf(stack, idOf(stack, /^Use[0-9A-F]{8}$/))).toContain(idOf(stack, /^Definition[0-9A-F]{8}$/));
  });

  test('that are changed after they were delivered are a fault', () => {
    const stack = testStack();
    const chart = chartOf(configMap('a'));
    new ManifestRelease(stack, 'A', { cluster: clusterIn(stack), chart });
    new ApiObject(chart, 'Late', { apiVersion: 'v1', kind: 'ConfigMap' });
    expect(() => resourcesOf(stack)).toThrow('chart chart was changed after it was delivered; add and change its objects before');
  });

  test.each<[string, object, string]>([
    ['a long timeout', { timeout: Duration.minutes(13) }, '[invalid-timeout]: timeout of 780 seconds is not from 1 second to 12 minutes; the handler ends after 15 minutes, so use a value in that range'],
    ['a release name', { releaseName: 'My_Release' }, "[invalid-release-name]: releaseName 'My_Release' is not allowed; use 1 to 53 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
    ['a namespace', { namespace: 'A' }, "[invalid-namespace]: namespace 'A' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit"],
  ])('%s is refused', (_, options, message) => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(faultOf(() => new ManifestRelease(stack, 'A', { cluster, chart: chartOf(configMap('a')), ...options }))).toBe(`ValidationError at Stack/A ${message}`);
    expect(stack.node.tryFindChild('A')).toBeUndefined();
  });

  test('two releases of one name are refused', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addManifests('A', chartOf(configMap('a')), { releaseName: 'same' });
    expect(faultOf(() => cluster.addManifests('B', chartOf(configMap('b')), { releaseName: 'same' })))
      .toBe("ValidationError at Stack/Cluster [duplicate-add-on]: 'same' is installed more than once; keep one, or give the other a name of its own");
  });

  test('a custom resource without its add-on is missing when the app is synthesized', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    new SelfSignedIssuer(stack, 'Issuer', { cluster });
    expect(faultOf(() => resourcesOf(stack))).toContain('requires the custom resource cert-manager.io/Certificate, which no add-on defines; add the add-on that brings it, or name its group in installedApiGroups');
  });
});

describe('a Helm add-on', () => {
  test('is installed in its pinned version, into a namespace of its own, and waited for', () => {
    const stack = testStack();
    const addOn = clusterIn(stack).addHelmAddOn('Keda', { chart: 'keda', values: { crds: { install: true } } });
    const { repository, version } = PLATFORM_SETS['2026-11'].charts.keda;
    expect(resourcesOf(stack)[idOf(stack, /^ClusterKeda[0-9A-F]{8}$/)]?.Properties).toMatchObject({
      Chart: 'keda', Repository: repository, Version: version, Release: 'keda', Namespace: 'keda', Wait: true, Atomic: true, Timeout: '720s', Values: '{"crds":{"install":true}}',
    });
    expect(ancestorsOf(stack, idOf(stack, /^ClusterKeda[0-9A-F]{8}$/))).toContain(idOf(stack, /^ClusterKedaNamespace/));
    expect(addOn.addOnName).toBe('keda');
    expect(addOn.namespaceRelease?.releaseName).toBe('keda-namespace');
  });

  test('needs no namespace where every cluster has one', () => {
    const stack = testStack();
    const addOn = clusterIn(stack).addHelmAddOn('Karpenter', { chart: 'karpenter', namespace: 'kube-system' });
    expect(addOn.namespaceRelease).toBeUndefined();
    expect(idsOf(stack, HELM)).toHaveLength(1);
  });

  test('takes overrides last', () => {
    const stack = testStack();
    clusterIn(stack).addHelmAddOn('Keda', { chart: 'keda', values: { operator: { replicaCount: 1, name: 'a' } }, overrides: { operator: { replicaCount: 3 } }, podSecurity: PodSecurity.BASELINE });
    expect(resourcesOf(stack)[idOf(stack, /^ClusterKeda[0-9A-F]{8}$/)]?.Properties.Values).toBe('{"operator":{"replicaCount":3,"name":"a"}}');
  });

  test('waits for what it requires and for webhooks that judge its Services', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addHelmAddOn('Stack', { chart: 'kube-prometheus-stack', relations: { requires: [AddOnRequirement.addOn('keda')] } });
    cluster.addHelmAddOn('Keda', { chart: 'keda' });
    cluster.addHelmAddOn('Balancers', { chart: 'aws-load-balancer-controller', namespace: 'kube-system', relations: { guards: ['/Service'] } });
    const [prometheus, keda, balancers] = ['Stack', 'Keda', 'Balancers'].map((name) => idOf(stack, new RegExp(`^Cluster${name}[0-9A-F]{8}$`))) as [string, string, string];
    expect(ancestorsOf(stack, prometheus)).toContain(keda);
    expect(ancestorsOf(stack, keda)).toContain(balancers);
  });

  test.each<[string, object, string]>([
    ['an unknown chart', { chart: 'kedaa' }, "[unknown-chart]: chart 'kedaa' is not in platform version 2026-11 (did you mean 'keda'?); it holds "],
    ['a misspelt value', { chart: 'keda', values: { crds: { instal: true } } }, "[unknown-chart-value]: values.crds.instal is not a value of the pinned chart keda (did you mean 'crds.install'?); correct the key, or leave it out"],
    ['a misspelt override', { chart: 'keda', overrides: { operater: {} } }, "[unknown-chart-value]: values.operater is not a value of the pinned chart keda (did you mean 'operator'?); correct the key, or leave it out"],
    ['a kind', { chart: 'keda', relations: { guards: ['services'] } }, "[invalid-relations-guards]: relations.guards[0] 'services' is not allowed; use group/Kind, for example 'cert-manager.io/Certificate', or '/Service' in the core group"],
  ])('%s is refused', (_, options, message) => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    expect(faultOf(() => new HelmAddOn(stack, 'A', { cluster, chart: '', ...options }))).toContain(message);
    expect(stack.node.tryFindChild('A')).toBeUndefined();
  });
});

describe('cert-manager and what uses it', () => {
  const stack = testStack();
  const cluster = clusterIn(stack);
  const issuer = new SelfSignedIssuer(stack, 'Issuer', { cluster });
  const certificate = issuer.addCertificate('ChatTls', { namespace: 'default', dnsNames: ['chat.default.svc'] });
  const certManager = new CertManager(stack, 'CertManager', { cluster, replicas: 2, values: { prometheus: { enabled: false } } });

  test('brings its definitions and waits until its webhook answers', () => {
    const properties = resourcesOf(stack)[idOf(stack, /^CertManagerAddOn[0-9A-F]{8}$/)]?.Properties;
    expect(properties).toMatchObject({ Chart: 'cert-manager', Version: PLATFORM_SETS['2026-11'].charts['cert-manager'].version, Wait: true, Atomic: true });
    expect(JSON.parse(properties?.Values)).toEqual({
      crds: { enabled: true }, replicaCount: 2, webhook: { replicaCount: 2 }, startupapicheck: { enabled: true },
      global: { leaderElection: { namespace: 'cert-manager' } }, prometheus: { enabled: false },
    });
  });

  test('comes before issuer and certificate, though it was made after them', () => {
    const [addOn, issued, made] = [/^CertManagerAddOn[0-9A-F]{8}$/, /^Issuer[0-9A-F]{8}$/, /^IssuerChatTls[0-9A-F]{8}$/].map((it) => idOf(stack, it)) as [string, string, string];
    expect(ancestorsOf(stack, issued)).toContain(addOn);
    expect(ancestorsOf(stack, made)).toContain(issued);
    expect(ancestorsOf(stack, addOn)).not.toContain(issued);
    expect(certificate.releaseName).toMatch(/^stack-issuer-chat-tls-[0-9a-f]{8}$/);
    expect(certManager.addOn.addOnName).toBe('cert-manager');
  });

  test('a certificate needs names', () => {
    expect(faultOf(() => issuer.addCertificate('A', { namespace: 'default', dnsNames: [] })))
      .toBe("ValidationError at Stack/Issuer [invalid-dns-names]: dnsNames is empty; name what the certificate is good for, such as 'chat.models.svc'");
    expect(faultOf(() => issuer.addCertificate('A', { namespace: 'default', dnsNames: ['Chat'] })))
      .toBe("ValidationError at Stack/Issuer [invalid-dns-names]: dnsNames[0] 'Chat' is not allowed; use a DNS name in lower case, such as 'chat.models.svc'");
  });
});

describe('a workload identity', () => {
  test('lets pods take a role, by an association and a ServiceAccount without any annotation', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const identity = new WorkloadIdentity(stack, 'Chat', { cluster, namespace: 'models', serviceAccountName: 'chat' });
    new s3.Bucket(stack, 'Bucket').grantRead(identity);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { ClusterName: 'theirs', Namespace: 'models', ServiceAccount: 'chat', RoleArn: stack.resolve(identity.role.roleArn) });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
          { Action: 'sts:TagSession', Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' } },
        ],
      },
    });
    template.hasResourceProperties('AWS::IAM::Policy', { Roles: [stack.resolve(identity.role.roleName)] });
    template.resourceCountIs('AWS::EKS::Addon', 0);
    expect(identity.serviceAccount).toBeDefined();
  });

  test('is there before the pods that use it', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'models' }, spec: { serviceAccountName: 'chat', containers: [] } };
    new ManifestRelease(stack, 'Pods', { cluster, chart: chartOf(pod) });
    new WorkloadIdentity(stack, 'Chat', { cluster, namespace: 'models', serviceAccountName: 'chat' });
    const needed = ancestorsOf(stack, idOf(stack, /^Pods[0-9A-F]{8}$/));
    expect(needed).toContain(idsOf(stack, 'AWS::EKS::PodIdentityAssociation')[0]);
    expect(needed).toContain(idOf(stack, /^ChatServiceAccount/));
  });

  test('takes the ServiceAccount of a chart', () => {
    const stack = testStack();
    clusterIn(stack).addWorkloadIdentity('Chat', { namespace: 'm', serviceAccountName: 'c', createServiceAccount: false });
    expect(idsOf(stack, HELM)).toEqual([]);
  });

  test('is one for each ServiceAccount, and names are checked', () => {
    const stack = testStack();
    const cluster = clusterIn(stack);
    cluster.addWorkloadIdentity('A', { namespace: 'm', serviceAccountName: 'c' });
    expect(faultOf(() => cluster.addWorkloadIdentity('B', { namespace: 'm', serviceAccountName: 'c' }))).toBe(
      'ValidationError at Stack/Cluster/B [duplicate-identity]: the ServiceAccount m/c gets its rights from Stack/Cluster/A/Resource already, and EKS takes one association for each; grant to that one');
    expect(faultOf(() => cluster.addWorkloadIdentity('C', { namespace: 'My_Ns', serviceAccountName: 'a..b' }))).toBe([
      'ValidationError at Stack/Cluster/C: 2 faults',
      "  - [invalid-namespace] namespace 'My_Ns' is not allowed; use 1 to 63 lower-case letters, digits or hyphens, starting and ending with a letter or digit",
      "  - [invalid-service-account-name] serviceAccountName 'a..b' is not allowed; use 1 to 253 lower-case letters, digits, hyphens or dots, starting and ending with a letter or digit",
    ].join('\n'));
  });
});
