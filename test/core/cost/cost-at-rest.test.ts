import { costAtRest, CostKind } from '../../../lib/core/cost/cost-at-rest';
import type { TemplateResource } from '../../../lib/core/cost/private/template';

const monthly = (Resources: Record<string, TemplateResource>) => costAtRest({ Resources }).monthly;
const one = (Type: string, Properties: Record<string, unknown> = {}) => costAtRest({ Resources: { Thing: { Type, Properties } } });

// The monthly figures were worked out by hand from the published hourly prices (730 hours).
describe('cost at rest', () => {
  test.each<[string, Record<string, unknown>, number]>([
    ['AWS::EC2::NatGateway', {}, 32.85],
    ['AWS::EC2::EIP', {}, 3.65],
    ['AWS::ElasticLoadBalancingV2::LoadBalancer', {}, 16.425],
    ['AWS::SecretsManager::Secret', {}, 0.4],
    ['AWS::KMS::Key', {}, 1],
    ['AWS::Route53::HostedZone', {}, 0.5],
    ['AWS::ServiceDiscovery::PrivateDnsNamespace', {}, 0.5],
    ['AWS::CloudWatch::Alarm', { Period: 60 }, 0.1],
    ['AWS::CloudWatch::Alarm', { Period: 10 }, 0.3],
    ['AWS::CloudWatch::Alarm', { Metrics: [{ Expression: 'a/b' }, { MetricStat: {} }, { MetricStat: {} }] }, 0.2],
    ['AWS::CloudWatch::CompositeAlarm', {}, 0.5],
    ['AWS::ApplicationAutoScaling::ScalingPolicy', { PolicyType: 'TargetTrackingScaling' }, 0.2],
    ['AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b'] }, 14.6],
    ['AWS::RDS::DBInstance', { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', AllocatedStorage: '20', StorageType: 'gp3' }, 13.98],
    ['AWS::RDS::DBInstance',
      { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', AllocatedStorage: '20', StorageType: 'gp3', MultiAZ: true }, 27.96],
    // 100 MB at 0.084 USD per GB and hour
    ['AWS::ElastiCache::ServerlessCache', { Engine: 'valkey' }, 6.132],
    ['AWS::ElastiCache::ServerlessCache', { Engine: 'valkey', CacheUsageLimits: { DataStorage: { Minimum: 2, Unit: 'GB' } } }, 122.64],
    ['AWS::ElastiCache::UserGroup', {}, 0],
    ['AWS::EKS::Cluster', { UpgradePolicy: { SupportType: 'STANDARD' } }, 73],
    ['AWS::EKS::Nodegroup', { InstanceTypes: ['t3.large'], ScalingConfig: { DesiredSize: 2 }, DiskSize: 20 }, 124.672],
    ['AWS::DynamoDB::Table', { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }, 0.5694],
  ])('%s with %j is %d USD a month', (type, properties, usd) => {
    const report = one(type, properties);
    expect(report.monthly).toBeCloseTo(usd, 6);
    expect(report.unknown).toEqual([]);
  });

  const task = (extra: Record<string, unknown> = {}) => ({
    Type: 'AWS::ECS::TaskDefinition', Properties: { Cpu: '512', Memory: '1024', ...extra },
  });
  const service = (extra: Record<string, unknown> = {}) => ({
    Type: 'AWS::ECS::Service', Properties: { LaunchType: 'FARGATE', TaskDefinition: { Ref: 'Task' }, ...extra },
  });

  test('a Fargate service costs its tasks: half a vCPU and 1 GB are 18.02 USD on x86, 14.42 on ARM', () => {
    expect(monthly({ Task: task(), Service: service() })).toBeCloseTo(18.02, 2);
    expect(monthly({ Task: task({ RuntimePlatform: { CpuArchitecture: 'ARM64' } }), Service: service() })).toBeCloseTo(14.42, 2);
    expect(monthly({ Task: task(), Service: service({ DesiredCount: 3 }) })).toBeCloseTo(54.06, 2);
    expect(monthly({ Task: task(), Service: service({ DesiredCount: 0 }) })).toBe(0);
  });

  test('a Fargate service never has fewer tasks than the lower bound of its scaling', () => {
    const scaling = {
      Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
      Properties: { MinCapacity: 2, ResourceId: { 'Fn::Join': ['', ['service/x/', { 'Fn::GetAtt': ['Service', 'Name'] }]] } },
    };
    expect(monthly({ Task: task(), Service: service({ DesiredCount: 1 }), Scaling: scaling })).toBeCloseTo(36.04, 2);
  });

  test('the disk of a node comes from its launch template', () => {
    const data = { BlockDeviceMappings: [{ Ebs: { VolumeSize: 50, VolumeType: 'gp3' } }] };
    const report = costAtRest({
      Resources: {
        Launch: { Type: 'AWS::EC2::LaunchTemplate', Properties: { LaunchTemplateData: data } },
        Nodes: {
          Type: 'AWS::EKS::Nodegroup',
          Properties: { InstanceTypes: ['m6i.large'], ScalingConfig: { DesiredSize: 2 }, LaunchTemplate: { Id: { Ref: 'Launch' } } },
        },
      },
    });
    expect(report.monthly).toBeCloseTo(2 * 0.096 * 730 + 2 * 50 * 0.08, 6);
  });

  test.each<[string, Record<string, unknown>]>([
    ['AWS::IAM::Role', {}],
    ['AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' }],
  ])('%s is listed as free', (type, properties) => {
    expect(one(type, properties).lines).toEqual([expect.objectContaining({ logicalId: 'Thing', kind: CostKind.FREE, monthly: 0 })]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['AWS::S3::Bucket', {}, 'per GB stored and request'],
    ['AWS::DynamoDB::Table', { BillingMode: 'PAY_PER_REQUEST' }, 'per request and GB stored'],
    ['Custom::Anything', {}, 'per invocation of its function'],
  ])('%s is listed as billed by use', (type, properties, item) => {
    expect(one(type, properties).lines).toEqual([expect.objectContaining({ kind: CostKind.BY_USE, item, monthly: 0 })]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['AWS::Redshift::Cluster', {}, 'no price for AWS::Redshift::Cluster'],
    ['AWS::RDS::DBInstance', { DBInstanceClass: { Ref: 'Class' }, Engine: 'postgres', AllocatedStorage: '20' },
      'DBInstanceClass, Engine or AllocatedStorage is known only at deploy time'],
    ['AWS::RDS::DBInstance', { DBInstanceClass: 'db.x9.huge', Engine: 'postgres', AllocatedStorage: '20' }, 'no price for postgres on db.x9.huge'],
    ['AWS::ECS::Service', { LaunchType: 'FARGATE', TaskDefinition: { 'Fn::ImportValue': 'x' } }, 'its task definition is in another template'],
    ['AWS::EKS::Nodegroup', { InstanceTypes: ['p9.huge'], ScalingConfig: { DesiredSize: 1 } }, 'no price for an instance of type p9.huge'],
    ['AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface' }, 'SubnetIds is known only at deploy time'],
  ])('%s with %j is reported as unknown, never as zero in silence', (type, properties, item) => {
    expect(one(type, properties).unknown).toEqual([expect.objectContaining({ type, kind: CostKind.UNKNOWN, item })]);
  });

  test('an EKS cluster without a support policy says what extended support costs', () => {
    const items = one('AWS::EKS::Cluster').lines.map(({ item }) => item);
    expect(items).toEqual(['EKS cluster, standard support', '0.6 USD an hour once the version is in extended support']);
  });

  test('every resource of a template has a line', () => {
    const Resources = { A: { Type: 'AWS::IAM::Role' }, B: { Type: 'AWS::KMS::Key' }, C: { Type: 'AWS::New::Thing' }, D: { Type: 'AWS::S3::Bucket' } };
    expect(costAtRest({ Resources }).lines.map(({ logicalId }) => logicalId)).toEqual(['A', 'B', 'C', 'D']);
  });
});
