import type { PriceTable } from '../price-table';
import { Properties, references, type CostTemplate } from './template';

/** A part of what a resource costs at rest; or the reason why nobody can tell. */
export type Part =
  | { readonly item: string; readonly quantity: number; readonly unit: string; readonly unitPrice: number }
  | { readonly byUse: string }
  | { readonly unknown: string };

interface Subject {
  readonly logicalId: string;
  readonly properties: Properties;
  readonly template: CostTemplate;
  readonly prices: PriceTable;
}

/** What a resource costs while nobody uses it. */
export type Estimator = (subject: Subject) => Part[];

/** How each billed type is counted. */
export const ESTIMATORS: Record<string, Estimator> = {
  // target tracking makes two alarms of its own: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
  'AWS::ApplicationAutoScaling::ScalingPolicy': ({ properties, prices }) =>
    (properties.text('PolicyType') === 'TargetTrackingScaling' ? [monthly('alarm of target tracking', 2, prices.alarmMetricMonth)] : []),
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': ({ prices }) => [monthly('composite alarm', 1, prices.compositeAlarmMonth)],
  'AWS::DynamoDB::Table': dynamoDbTable,
  'AWS::EC2::EIP': ({ prices }) => [hourly(prices, 'public IPv4 address', 1, prices.publicIpv4Hour)],
  'AWS::EC2::NatGateway': ({ prices }) => [hourly(prices, 'NAT gateway', 1, prices.natGatewayHour)],
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::ECS::Service': fargateService,
  'AWS::EKS::Cluster': eksCluster,
  'AWS::EKS::Nodegroup': nodeGroup,
  'AWS::ElastiCache::ServerlessCache': serverlessCache,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ({ prices }) => [hourly(prices, 'load balancer', 1, prices.loadBalancerHour)],
  'AWS::KMS::Key': ({ prices }) => [monthly('key', 1, prices.kmsKeyMonth)],
  'AWS::RDS::DBCluster': aurora,
  'AWS::RDS::DBInstance': database,
  'AWS::Route53::HostedZone': ({ prices }) => [monthly('hosted zone', 1, prices.hostedZoneMonth)],
  // Route 53's zone behind the namespace: https://aws.amazon.com/cloud-map/pricing/
  'AWS::ServiceDiscovery::PrivateDnsNamespace': ({ prices }) => [monthly('hosted zone', 1, prices.hostedZoneMonth)],
  'AWS::SecretsManager::Secret': ({ prices }) => [monthly('secret', 1, prices.secretMonth)],
};

function hourly(prices: PriceTable, item: string, count: number, price: number): Part {
  return { item, quantity: count * prices.hoursPerMonth, unit: 'hours', unitPrice: price };
}

function monthly(item: string, quantity: number, price: number, unit = ''): Part {
  return { item, quantity, unit, unitPrice: price };
}

function deployTime(property: string): Part {
  return { unknown: `${property} is known only at deploy time` };
}

function alarm({ properties, prices }: Subject): Part[] {
  const metrics = properties.list('Metrics').filter((entry) => new Properties({ entry }).object('entry').has('MetricStat')).length;
  const period = properties.number('Period') ?? 60;
  return [monthly('alarm metric', Math.max(1, metrics), period < 60 ? prices.highResolutionAlarmMetricMonth : prices.alarmMetricMonth)];
}

function dynamoDbTable({ properties, prices }: Subject): Part[] {
  if (properties.text('BillingMode') === 'PAY_PER_REQUEST') return [{ byUse: 'per request and GB stored' }];
  const throughput = properties.object('ProvisionedThroughput');
  const [read, write] = [throughput.number('ReadCapacityUnits'), throughput.number('WriteCapacityUnits')];
  if (read === undefined || write === undefined) return [deployTime('ProvisionedThroughput')];
  return [
    hourly(prices, 'read capacity', read, prices.dynamoDbUnitHour.read),
    hourly(prices, 'write capacity', write, prices.dynamoDbUnitHour.write),
  ];
}

/** What an empty cache costs. */
function serverlessCache({ properties, prices }: Subject): Part[] {
  const engine = properties.text('Engine');
  if (engine !== 'valkey') return [{ unknown: `no price for a serverless cache of engine ${engine ?? 'that is known only at deploy time'}` }];
  const least = Math.max(0.1, properties.object('CacheUsageLimits').object('DataStorage').number('Minimum') ?? 0);
  return [hourly(prices, 'stored GB', least, prices.valkeyGbHour)];
}

function endpoint({ properties, prices }: Subject): Part[] {
  const type = properties.text('VpcEndpointType') ?? 'Gateway';
  if (type === 'Gateway') return [];
  if (type !== 'Interface') return [{ unknown: `no price for an endpoint of type ${type}` }];
  const zones = properties.list('SubnetIds').length;
  return zones === 0 ? [deployTime('SubnetIds')] : [hourly(prices, 'interface endpoint', zones, prices.interfaceEndpointHour)];
}

function fargateService(subject: Subject): Part[] {
  const { properties, template, prices } = subject;
  const task = template.Resources?.[properties.reference('TaskDefinition') ?? ''];
  if (task === undefined) return [{ unknown: 'its task definition is in another template' }];
  if (properties.text('LaunchType') !== 'FARGATE') return [{ unknown: 'no price for tasks outside the launch type FARGATE' }];
  const definition = new Properties(task.Properties ?? {});
  const [cpu, memory] = [definition.number('Cpu'), definition.number('Memory')];
  if (cpu === undefined || memory === undefined) return [deployTime('Cpu or Memory')];
  const architecture = definition.object('RuntimePlatform').text('CpuArchitecture') === 'ARM64' ? 'ARM64' : 'X86_64';
  const price = prices.fargate[architecture];
  const tasks = leastTasks(subject);
  const storage = Math.max(0, (definition.object('EphemeralStorage').number('SizeInGiB') ?? 20) - 20);
  const parts = [
    hourly(prices, 'Fargate vCPU', tasks * cpu / 1024, price.vcpuHour),
    hourly(prices, 'Fargate memory GB', tasks * memory / 1024, price.gbHour),
  ];
  return storage > 0 ? [...parts, hourly(prices, 'Fargate storage GB', tasks * storage, price.storageGbHour)] : parts;
}

/** Tasks of a service that nobody uses: its desired count, or the lower bound of its scaling. */
function leastTasks({ logicalId, properties, template }: Subject): number {
  const bounds = Object.values(template.Resources ?? {})
    .filter((resource) => resource.Type === 'AWS::ApplicationAutoScaling::ScalableTarget')
    .filter((resource) => references(resource.Properties?.ResourceId).includes(logicalId))
    .map((resource) => new Properties(resource.Properties ?? {}).number('MinCapacity') ?? 0);
  return Math.max(properties.number('DesiredCount') ?? 1, ...bounds);
}

function eksCluster({ properties, prices }: Subject): Part[] {
  const support = properties.object('UpgradePolicy').text('SupportType');
  const parts = [hourly(prices, 'EKS cluster, standard support', 1, prices.eksClusterHour.standard)];
  if (support === 'STANDARD') return parts;
  return [...parts, { byUse: `${prices.eksClusterHour.extended} USD an hour once the version is in extended support` }];
}

function nodeGroup({ properties, template, prices }: Subject): Part[] {
  const types = properties.list('InstanceTypes').filter((type): type is string => typeof type === 'string');
  const count = properties.object('ScalingConfig').number('DesiredSize');
  const [type] = types;
  if (count === undefined || type === undefined) return [deployTime('ScalingConfig or InstanceTypes')];
  const price = prices.ec2Hour[type];
  if (price === undefined) return [{ unknown: `no price for an instance of type ${type}` }];
  const launch = template.Resources?.[properties.object('LaunchTemplate').reference('Id') ?? ''];
  const disk = launch === undefined
    ? { gb: properties.number('DiskSize') ?? 20, type: 'gp3' }
    : rootDisk(new Properties(launch.Properties ?? {}).object('LaunchTemplateData'));
  return [
    hourly(prices, `${type} node`, count, price),
    monthly(`${disk.type} node disk`, count * disk.gb, prices.ebsGbMonth[disk.type] ?? prices.ebsGbMonth.gp2 ?? 0, 'GB-months'),
  ];
}

function rootDisk(data: Properties): { gb: number; type: string } {
  const [first] = data.list('BlockDeviceMappings');
  const ebs = new Properties({ first }).object('first').object('Ebs');
  return { gb: ebs.number('VolumeSize') ?? 20, type: ebs.text('VolumeType') ?? 'gp3' };
}

/** Serverless v2: its instances are billed by the capacity that the cluster sets, so one line for each of them stands at the cluster. */
function aurora({ logicalId, properties, template, prices }: Subject): Part[] {
  const scaling = properties.object('ServerlessV2ScalingConfiguration');
  const least = scaling.number('MinCapacity');
  if (properties.text('Engine') !== 'aurora-postgresql' || !properties.has('ServerlessV2ScalingConfiguration')) {
    return [{ unknown: 'no price for a cluster that is not Aurora PostgreSQL Serverless v2' }];
  }
  if (least === undefined) return [deployTime('MinCapacity')];
  if (least === 0) return [{ byUse: 'per capacity unit and hour while it is in use, and per GB stored' }];
  const members = Object.values(template.Resources ?? {}).filter(({ Type, Properties: given }) =>
    Type === 'AWS::RDS::DBInstance' && new Properties(given ?? {}).reference('DBClusterIdentifier') === logicalId).length;
  return [hourly(prices, 'Aurora capacity unit at least', members * least, prices.auroraCapacityUnitHour)];
}

function database({ properties, prices }: Subject): Part[] {
  if (properties.text('DBInstanceClass') === 'db.serverless') return [{ byUse: 'in the line of its cluster' }];
  const [type, engine, size] = [properties.text('DBInstanceClass'), properties.text('Engine'), properties.number('AllocatedStorage')];
  if (type === undefined || engine === undefined || size === undefined) return [deployTime('DBInstanceClass, Engine or AllocatedStorage')];
  const price = prices.postgresHour[type];
  if (engine !== 'postgres' || price === undefined) return [{ unknown: `no price for ${engine} on ${type}` }];
  const storage = properties.text('StorageType') ?? 'gp2';
  if (storage !== 'gp2' && storage !== 'gp3') return [{ unknown: `no price for storage of type ${storage}` }];
  const copies = properties.flag('MultiAZ') ? 2 : 1;
  return [
    hourly(prices, type, copies, price),
    monthly(`${storage} database storage`, copies * size, prices.rdsStorageGbMonth, 'GB-months'),
  ];
}
