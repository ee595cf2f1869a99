import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { StructUse, StructUses } from './literal-faults';
import * as platform from '../../lib';
import { chartOf, configMap, fakeCluster, textNetwork } from '../cluster/support';
import { image } from '../network/support';

const { cluster, data, network, registry, serving } = platform;

const CONTEXT = {
  // so that RemovalPolicy.DESTROY is another value that works
  'cdk-ml-platform:allow-data-destruction': true,
  'aws:cdk:disable-asset-staging': true,
};

/** The same set under another Kubernetes version and with other charts: there is only one set so far. */
const OTHER_VERSIONS = Object.create(platform.PlatformVersion.V2026_11, {
  kubernetesVersion: { value: '1.34' },
  chart: { value: (name: string) => ({ ...platform.PlatformVersion.V2026_11.chart(name), version: '0.0.1' }) },
}) as platform.PlatformVersion;

/** Where the other delivery writes. */
const FILES = join(tmpdir(), `documented-default-files-${process.pid}`);

const OTHER_DELIVERY = cluster.ManifestDelivery.yaml({ directory: FILES });

/** The template of a stack in which something was made. */
function template<Props>(make: (stack: Stack, given: Partial<Props>) => void, others?: Partial<Props>): StructUse {
  return {
    make: (given) => {
      const outdir = mkdtempSync(join(tmpdir(), 'documented-default-'));
      try {
        const stack = new Stack(new App({ outdir, context: CONTEXT, treeMetadata: false, analyticsReporting: false, stackTraces: false }), 'Stack');
        make(stack, given as Partial<Props>);
        return Template.fromStack(stack).toJSON();
      } finally {
        for (const folder of [outdir, FILES]) rmSync(folder, { recursive: true, force: true });
      }
    },
    others,
  };
}

function service(stack: Stack, given: Partial<platform.network.InternalServiceProps>): void {
  new network.InternalService(stack, 'Service', { network: textNetwork(stack), image, hostName: 'service', ...given });
}

function models(stack: Stack, given: Partial<platform.registry.ModelRegistryProps>): platform.registry.ModelRegistry {
  return new registry.ModelRegistry(stack, 'Models', { network: textNetwork(stack), image, cpu: 512, memoryLimitMiB: 2048, ...given });
}

function importedModels(stack: Stack, given: Partial<platform.registry.ModelRegistryAttributes> = {}): platform.registry.IModelRegistry {
  return registry.ModelRegistry.fromModelRegistryAttributes(stack, 'Imported', {
    trackingUri: 'https://mlflow.example.com',
    artifactBucket: s3.Bucket.fromBucketName(stack, 'Artifacts', 'artifacts'),
    releaseTable: new registry.ReleaseRecord(stack, 'Releases').table,
    ...given,
  });
}

function role(stack: Stack): iam.Role {
  return new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
}

function theirs(stack: Stack, given: Partial<platform.cluster.MlClusterFromClusterOptions> = {}): platform.cluster.IMlCluster {
  return cluster.MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), ...given });
}

const COLUMNS = [data.Column.required('id', data.IcebergType.LONG)];

const NETWORK: StructUses = {
  'network.MlNetworkProps': template<platform.network.MlNetworkProps>((stack, given) => { new network.MlNetwork(stack, 'Network', given); }),
  'network.InternalLoadBalancerOptions': template<platform.network.InternalLoadBalancerOptions>((stack, loadBalancer) => {
    expect(new network.MlNetwork(stack, 'Network', { loadBalancer }).loadBalancer.port).toBe(80);
  }),
  'network.InternalLoadBalancerProps': template<platform.network.InternalLoadBalancerProps>((stack, given) => {
    const { vpc, privateSubnets } = textNetwork(stack);
    new network.InternalLoadBalancer(stack, 'LoadBalancer', { vpc, vpcSubnets: privateSubnets, ...given });
  }),
  'network.InternalServiceProps': template<platform.network.InternalServiceProps>(service),
  'network.ServiceScaling': template<platform.network.ServiceScaling>((stack, given) => service(stack, { scaling: { maxTasks: 5, ...given } })),
  'network.ServiceHealthCheck': template<platform.network.ServiceHealthCheck>((stack, healthCheck) => service(stack, { healthCheck })),
  'network.ServiceAlarmThresholds': template<platform.network.ServiceAlarmThresholds>((stack, alarmThresholds) => service(stack, { alarmThresholds })),
};

const DATA: StructUses = {
  'data.DataLakeProps': template<platform.data.DataLakeProps>((stack, given) => { new data.DataLake(stack, 'Lake', given); }),
  'data.IcebergTableOptions': template<platform.data.IcebergTableOptions>((stack, given) => {
    new data.DataLake(stack, 'Lake').addTable('Table', { columns: COLUMNS, ...given });
  }),
  'data.IcebergTableProps': template<platform.data.IcebergTableProps>((stack, given) => {
    new data.IcebergTable(stack, 'Table', { lake: new data.DataLake(stack, 'Lake'), columns: COLUMNS, ...given });
  }),
};

const REGISTRY: StructUses = {
  'registry.ModelRegistryProps': template<platform.registry.ModelRegistryProps>(models, {
    database: registry.RegistryDatabase.postgres({ backupRetention: Duration.days(9) }),
  }),
  'registry.PostgresOptions': template<platform.registry.PostgresOptions>((stack, given) => {
    models(stack, { database: registry.RegistryDatabase.postgres(given) });
  }),
  'registry.ExistingDatabaseAttributes': template<platform.registry.ExistingDatabaseAttributes>((stack, given) => {
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'database');
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-2');
    models(stack, { database: registry.RegistryDatabase.existing({ host: 'database.example.com', secret, securityGroup, ...given }) });
  }),
  'registry.ReleaseRecordProps': template<platform.registry.ReleaseRecordProps>((stack, given) => { new registry.ReleaseRecord(stack, 'Releases', given); }, {
    removalPolicy: RemovalPolicy.DESTROY,
  }),
  'registry.ModelRegistryAttributes': template<platform.registry.ModelRegistryAttributes>((stack, given) => {
    importedModels(stack, given).grants.register(role(stack));
  }),
  'serving.FargateModelServiceProps': template<platform.serving.FargateModelServiceProps>((stack, given) => {
    const model = importedModels(stack).model('fraud').alias('champion');
    new serving.FargateModelService(stack, 'Fraud', { network: textNetwork(stack), model, image, ...given });
  }),
};

const CLUSTER: StructUses = {
  'cluster.MlClusterProps': template<platform.cluster.MlClusterProps>((stack, given) => {
    new cluster.MlCluster(stack, 'Cluster', { network: textNetwork(stack), ...given });
  }, { platformVersion: OTHER_VERSIONS, delivery: OTHER_DELIVERY }),
  'cluster.SystemNodesOptions': template<platform.cluster.SystemNodesOptions>((stack, systemNodes) => {
    new cluster.MlCluster(stack, 'Cluster', { network: textNetwork(stack), systemNodes });
  }, { instanceTypes: ['m7i.large'] }),
  'cluster.MlClusterFromClusterOptions': template<platform.cluster.MlClusterFromClusterOptions>((stack, given) => {
    theirs(stack, given).addHelmAddOn('Nodes', { chart: 'karpenter', namespace: 'kube-system', relations: { controls: [cluster.ControlledResource.NODES] } });
  }, { platformVersion: OTHER_VERSIONS, delivery: OTHER_DELIVERY }),
  'cluster.ManifestReleaseOptions': template<platform.cluster.ManifestReleaseOptions>((stack, given) => {
    theirs(stack).addManifests('Release', chartOf(configMap('settings')), given);
  }),
  'cluster.ManifestReleaseProps': template<platform.cluster.ManifestReleaseProps>((stack, given) => {
    new cluster.ManifestRelease(stack, 'Release', { cluster: theirs(stack), chart: chartOf(configMap('settings')), ...given });
  }),
  'cluster.HelmAddOnOptions': template<platform.cluster.HelmAddOnOptions>((stack, given) => {
    theirs(stack).addHelmAddOn('AddOn', { chart: 'keda', ...given });
  }),
  'cluster.HelmAddOnProps': template<platform.cluster.HelmAddOnProps>((stack, given) => {
    new cluster.HelmAddOn(stack, 'AddOn', { cluster: theirs(stack), chart: 'keda', ...given });
  }),
  'cluster.AddOnRelations': template<platform.cluster.AddOnRelations>((stack, relations) => {
    const imported = theirs(stack);
    imported.addHelmAddOn('Webhook', { chart: 'aws-load-balancer-controller', namespace: 'kube-system', relations: { guards: ['/Service'], creates: [] } });
    imported.addHelmAddOn('AddOn', { chart: 'keda', relations });
  }),
  'cluster.WorkloadIdentityOptions': template<platform.cluster.WorkloadIdentityOptions>((stack, given) => {
    theirs(stack).addWorkloadIdentity('Identity', { namespace: 'models', serviceAccountName: 'server', ...given });
  }),
  'cluster.WorkloadIdentityProps': template<platform.cluster.WorkloadIdentityProps>((stack, given) => {
    new cluster.WorkloadIdentity(stack, 'Identity', { cluster: theirs(stack), namespace: 'models', serviceAccountName: 'server', ...given });
  }),
  'cluster.CertManagerProps': template<platform.cluster.CertManagerProps>((stack, given) => {
    new cluster.CertManager(stack, 'CertManager', { cluster: theirs(stack), ...given });
  }),
  'cluster.SelfSignedIssuerOptions': template<platform.cluster.SelfSignedIssuerOptions>((stack, given) => {
    new cluster.CertManager(stack, 'CertManager', { cluster: theirs(stack) }).addSelfSignedIssuer('Issuer', given);
  }),
  'cluster.SelfSignedIssuerProps': template<platform.cluster.SelfSignedIssuerProps>((stack, given) => {
    const imported = theirs(stack);
    new cluster.CertManager(stack, 'CertManager', { cluster: imported });
    new cluster.SelfSignedIssuer(stack, 'Issuer', { cluster: imported, ...given });
  }),
};

/** What is made from each struct of the package's main entry that documents a literal. */
export const STRUCT_USES: StructUses = { ...NETWORK, ...DATA, ...REGISTRY, ...CLUSTER };
