/** Prices of one region on one day, in USD, on demand, without a free tier, a discount or tax. */
export interface PriceTable {
  /** Region code. */
  readonly region: string;
  /** Month in which the prices were read, for example `2026-11`. */
  readonly date: string;
  /** Hours that AWS bills for an average month. */
  readonly hoursPerMonth: number;
  /** USD per hour. https://aws.amazon.com/vpc/pricing/ */
  readonly natGatewayHour: number;
  /** USD per hour, in use or not. https://aws.amazon.com/vpc/pricing/ */
  readonly publicIpv4Hour: number;
  /** USD per hour and Availability Zone. https://aws.amazon.com/privatelink/pricing/ */
  readonly interfaceEndpointHour: number;
  /** USD per hour, capacity units apart. https://aws.amazon.com/elasticloadbalancing/pricing/ */
  readonly loadBalancerHour: number;
  /** https://aws.amazon.com/fargate/pricing/ */
  readonly fargate: Record<'X86_64' | 'ARM64', FargatePrice>;
  /** USD per hour of a PostgreSQL instance in one zone. https://aws.amazon.com/rds/postgresql/pricing/ */
  readonly postgresHour: Record<string, number>;
  /** USD per GB and month of gp2 or gp3 storage in one zone; twice that with a standby. */
  readonly rdsStorageGbMonth: number;
  /** USD per capacity unit and hour of Aurora Serverless v2, standard storage. https://aws.amazon.com/rds/aurora/pricing/ */
  readonly auroraCapacityUnitHour: number;
  /** USD per GB and hour in ElastiCache Serverless for Valkey, of which 100 MB are billed at least. https://aws.amazon.com/elasticache/pricing/ */
  readonly valkeyGbHour: number;
  /** USD per secret and month. https://aws.amazon.com/secrets-manager/pricing/ */
  readonly secretMonth: number;
  /** USD per customer managed key and month. https://aws.amazon.com/kms/pricing/ */
  readonly kmsKeyMonth: number;
  /** USD per metric of an alarm and month. https://aws.amazon.com/cloudwatch/pricing/ */
  readonly alarmMetricMonth: number;
  /** The same with a period below 60 seconds. */
  readonly highResolutionAlarmMetricMonth: number;
  /** USD per composite alarm and month. */
  readonly compositeAlarmMonth: number;
  /** USD per hosted zone and month. https://aws.amazon.com/route53/pricing/ */
  readonly hostedZoneMonth: number;
  /** USD per hour of a cluster in standard and in extended support. https://aws.amazon.com/eks/pricing/ */
  readonly eksClusterHour: { readonly standard: number; readonly extended: number };
  /** USD per hour of a Linux instance. https://aws.amazon.com/ec2/pricing/on-demand/ */
  readonly ec2Hour: Record<string, number>;
  /** USD per GB and month by volume type. https://aws.amazon.com/ebs/pricing/ */
  readonly ebsGbMonth: Record<string, number>;
  /** USD per unit and hour of provisioned capacity. https://aws.amazon.com/dynamodb/pricing/provisioned/ */
  readonly dynamoDbUnitHour: { readonly read: number; readonly write: number };
}

/** Price of a Fargate task on Linux. */
export interface FargatePrice {
  /** USD per vCPU and hour. */
  readonly vcpuHour: number;
  /** USD per GB of memory and hour. */
  readonly gbHour: number;
  /** USD per GB and hour of ephemeral storage above 20 GB. */
  readonly storageGbHour: number;
}

/** Public on-demand prices in us-east-1, November 2026. */
export const US_EAST_1_2026_11: PriceTable = {
  region: 'us-east-1',
  date: '2026-11',
  hoursPerMonth: 730,
  natGatewayHour: 0.045,
  publicIpv4Hour: 0.005,
  interfaceEndpointHour: 0.01,
  loadBalancerHour: 0.0225,
  fargate: {
    X86_64: { vcpuHour: 0.04048, gbHour: 0.004445, storageGbHour: 0.000111 },
    ARM64: { vcpuHour: 0.03238, gbHour: 0.00356, storageGbHour: 0.000111 },
  },
  postgresHour: {
    'db.t4g.micro': 0.016,
    'db.t4g.small': 0.032,
    'db.t4g.medium': 0.065,
    'db.t4g.large': 0.129,
    'db.t3.micro': 0.018,
    'db.t3.small': 0.036,
    'db.t3.medium': 0.072,
  },
  rdsStorageGbMonth: 0.115,
  auroraCapacityUnitHour: 0.12,
  valkeyGbHour: 0.084,
  secretMonth: 0.40,
  kmsKeyMonth: 1.00,
  alarmMetricMonth: 0.10,
  highResolutionAlarmMetricMonth: 0.30,
  compositeAlarmMonth: 0.50,
  hostedZoneMonth: 0.50,
  eksClusterHour: { standard: 0.10, extended: 0.60 },
  ec2Hour: {
    't3.medium': 0.0416,
    't3.large': 0.0832,
    't3.xlarge': 0.1664,
    't3a.medium': 0.0376,
    't3a.large': 0.0752,
    't4g.medium': 0.0336,
    't4g.large': 0.0672,
    'm6g.large': 0.077,
    'm7g.large': 0.0816,
    'm6i.large': 0.096,
    'm6i.xlarge': 0.192,
    'm7i.large': 0.1008,
  },
  ebsGbMonth: { gp3: 0.08, gp2: 0.10 },
  dynamoDbUnitHour: { read: 0.00013, write: 0.00065 },
};
