import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IConstruct } from 'constructs';
import type { DatabaseAlarm, PostgresPlan } from './blueprint/postgres-plan';
import type { IMlNetwork } from './interfaces';
import { fail } from '../core/private/faults';

/** What differs from one room's database to another's. */
export interface DatabaseWords {
  /** Ids of the children, which are contract. */
  readonly ids: { readonly database: string; readonly secret: string; readonly securityGroup: string };
  /** Of the security group. */
  readonly description: string;
  /** Why cdk-nag's findings are no faults. */
  readonly reasons: { readonly password: string; readonly port: string; readonly rotation: string; readonly standby: string };
}

/** Where a database stands and who knows its password; what instances and clusters of RDS have in common. */
export interface DatabasePlace {
  readonly secret: rds.DatabaseSecret;
  readonly connections: ec2.Connections;
  readonly props: {
    readonly vpc: ec2.IVpc;
    readonly vpcSubnets: ec2.SubnetSelection;
    readonly securityGroups: ec2.ISecurityGroup[];
    readonly credentials: rds.Credentials;
    readonly removalPolicy: RemovalPolicy;
  };
}

/** A PostgreSQL instance with what reaches it. */
export interface PostgresDatabase {
  readonly host: string;
  readonly port: string;
  readonly databaseName: string;
  readonly instance: rds.DatabaseInstance;
  /** The secret as it is once the instance exists: whoever reads it waits for the instance. */
  readonly secret: secretsmanager.ISecret;
  readonly connections: ec2.Connections;
  readonly alarms: cloudwatch.Alarm[];
}

/** Security group, secret and removal of a database in private subnets. */
export function databasePlace(
  scope: Construct, network: IMlNetwork, plan: Pick<PostgresPlan, 'userName' | 'port' | 'finalSnapshot'>, words: DatabaseWords,
): DatabasePlace {
  const securityGroup = new ec2.SecurityGroup(scope, words.ids.securityGroup, {
    vpc: network.vpc, allowAllOutbound: false, description: words.description,
  });
  const secret = new rds.DatabaseSecret(scope, words.ids.secret, { username: plan.userName });
  return {
    secret,
    connections: new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(plan.port) }),
    props: {
      vpc: network.vpc,
      vpcSubnets: network.privateSubnets,
      securityGroups: [securityGroup],
      credentials: rds.Credentials.fromSecret(secret, plan.userName),
      // a database that stayed would keep its security group and with it the network, and go on billing
      removalPolicy: plan.finalSnapshot ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
    },
  };
}

/** Makes the instance that the plan describes. */
export function makePostgres(
  scope: Construct, network: IMlNetwork, plan: PostgresPlan, words: DatabaseWords, actions: cloudwatch.IAlarmAction[],
): PostgresDatabase {
  const place = databasePlace(scope, network, plan, words);
  const instance = new rds.DatabaseInstance(scope, words.ids.database, { ...shape(plan), ...place.props });
  acknowledgeDatabase(instance, place.secret, plan, words);
  if (!plan.multiAz) Validations.of(instance).acknowledge({ id: 'AwsSolutions-RDS3', reason: words.reasons.standby });
  return {
    host: instance.dbInstanceEndpointAddress,
    port: instance.dbInstanceEndpointPort,
    databaseName: plan.databaseName,
    instance,
    secret: instance.secret ?? fail(instance.node.path, 'no-secret', 'the database has no secret although it was made with one; report this'),
    connections: place.connections,
    alarms: plan.alarms.map((alarm) => databaseAlarm(instance, alarm, actions)),
  };
}

function shape(plan: PostgresPlan): Omit<rds.DatabaseInstanceProps, 'vpc'> {
  return {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.of(plan.majorVersion, plan.majorVersion) }),
    instanceType: new ec2.InstanceType(plan.instanceType),
    allocatedStorage: plan.storageGiB,
    // RDS refuses a bound that adds nothing
    maxAllocatedStorage: plan.maxStorageGiB > plan.storageGiB ? plan.maxStorageGiB : undefined,
    storageType: rds.StorageType.GP3,
    storageEncrypted: true,
    multiAz: plan.multiAz,
    backupRetention: Duration.days(plan.backupDays),
    copyTagsToSnapshot: true,
    deletionProtection: plan.deletionProtection,
    publiclyAccessible: false,
    autoMinorVersionUpgrade: true,
    caCertificate: rds.CaCertificate.of(plan.certificateAuthority),
    cloudwatchLogsExports: plan.logExports,
    databaseName: plan.databaseName,
    port: plan.port,
  };
}

/** An alarm on a metric of the database. */
export function databaseAlarm(database: rds.DatabaseInstance | rds.DatabaseCluster, plan: DatabaseAlarm, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const { ComparisonOperator: operator, TreatMissingData } = cloudwatch;
  const alarm = database
    .metric(plan.metricName, { statistic: plan.statistic, period: Duration.minutes(plan.periodMinutes) })
    .createAlarm(database, plan.id, {
      alarmDescription: plan.description,
      comparisonOperator: plan.comparison === 'LessThan' ? operator.LESS_THAN_THRESHOLD : operator.GREATER_THAN_THRESHOLD,
      threshold: plan.threshold,
      evaluationPeriods: plan.evaluationPeriods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  alarm.addAlarmAction(...actions);
  return alarm;
}

/** Tells cdk-nag what was decided about a database. */
export function acknowledgeDatabase(database: IConstruct, secret: IConstruct, plan: Pick<PostgresPlan, 'deletionProtection'>, { reasons }: DatabaseWords): void {
  Validations.of(database).acknowledge(
    { id: 'AwsSolutions-RDS6', reason: reasons.password },
    { id: 'AwsSolutions-RDS11', reason: reasons.port },
  );
  Validations.of(secret).acknowledge({ id: 'AwsSolutions-SMG4', reason: reasons.rotation });
  if (!plan.deletionProtection) {
    Validations.of(database).acknowledge({
      id: 'AwsSolutions-RDS10', reason: 'the owner turned the protection off; the data outlives the database as a snapshot unless two more keys turn',
    });
  }
}
