import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { importedModels, plain, registryServerOn, template, theirs } from './support';
import * as platform from '../../../lib';
import { testApp, textNetwork } from '../../cluster/support';
import { image } from '../../network/support';
import type { StructUses } from '../literal-faults';

const { data, network, registry, serving } = platform;

function service(stack: Stack, given: Partial<platform.network.InternalServiceProps>): void {
  new network.InternalService(stack, 'Service', { network: textNetwork(stack), image, hostName: 'service', ...given });
}

function models(stack: Stack, given: Partial<platform.registry.ModelRegistryProps>): void {
  const net = textNetwork(stack);
  const server = given.server?.clusterServer && registryServerOn(theirs(stack, { network: net }));
  new registry.ModelRegistry(stack, 'Models', { network: net, image, cpu: 512, memoryLimitMiB: 2048, ...given, ...server && { server } });
}

function role(stack: Stack): iam.Role {
  return new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
}

const COLUMNS = [data.Column.required('id', data.IcebergType.LONG)];
const MAINTENANCE = { maintenance: data.TableMaintenance.compaction() };

const CORE: StructUses = {
  // no template shows it: the deployment reads it from the assembly
  ShardsProps: plain<platform.ShardsProps>((given) => {
    const app = testApp();
    const shards = new platform.Shards(app, 'Shards', { count: 1, ...given });
    return app.synth().getStackArtifact(shards.stacks[0]!.artifactId).terminationProtection;
  }),
};

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
  'data.DataLakeProps': template<platform.data.DataLakeProps>((stack, given) => {
    new data.DataLake(stack, 'Lake', given).addTable('Table', { columns: COLUMNS }).grants.read(role(stack));
  }),
  'data.IcebergTableOptions': template<platform.data.IcebergTableOptions>((stack, given) => {
    new data.DataLake(stack, 'Lake').addTable('Table', { columns: COLUMNS, ...given });
  }, MAINTENANCE),
  'data.IcebergTableProps': template<platform.data.IcebergTableProps>((stack, given) => {
    new data.IcebergTable(stack, 'Table', { lake: new data.DataLake(stack, 'Lake'), columns: COLUMNS, ...given });
  }, MAINTENANCE),
};

const REGISTRY: StructUses = {
  'registry.ModelRegistryProps': template<platform.registry.ModelRegistryProps>(models, {
    database: registry.RegistryDatabase.postgres({ backupRetention: Duration.days(9) }),
    // the cluster is made in the stack that it is used in
    server: registry.RegistryServer.onCluster({} as platform.registry.ClusterServerOptions),
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

/** What is made from structs of the rooms without a cluster. */
export const AWS_USES: StructUses = { ...CORE, ...NETWORK, ...DATA, ...REGISTRY };
