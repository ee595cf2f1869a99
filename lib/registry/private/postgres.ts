import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { fail } from '../../core/private/faults';
import type { IMlNetwork } from '../../network/interfaces';
import type { DatabaseAlarm, DatabaseBlueprint } from '../blueprint/database';
import type { RegistryDatabaseConfig } from '../registry-database';

/** Makes the instance that the blueprint describes, as child `Database` of the registry. */
export function createPostgres(scope: Construct, network: IMlNetwork, plan: DatabaseBlueprint, actions: cloudwatch.IAlarmAction[]): RegistryDatabaseConfig {
  const securityGroup = new ec2.SecurityGroup(scope, 'DatabaseSecurityGroup', {
    vpc: network.vpc, allowAllOutbound: false, description: 'Database of the model registry',
  });
  const secret = new rds.DatabaseSecret(scope, 'DatabaseSecret', { username: plan.userName });
  const instance = new rds.DatabaseInstance(scope, 'Database', {
    ...shape(plan),
    vpc: network.vpc,
    vpcSubnets: network.privateSubnets,
    securityGroups: [securityGroup],
    credentials: rds.Credentials.fromSecret(secret, plan.userName),
    // an instance that stayed would keep its security group and with it the network, and go on billing
    removalPolicy: plan.finalSnapshot ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
  });
  acknowledge(instance, secret, plan);
  return {
    host: instance.dbInstanceEndpointAddress,
    port: instance.dbInstanceEndpointPort,
    databaseName: plan.databaseName,
    secret: attached(instance),
    connections: new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(plan.port) }),
    instance,
    alarms: plan.alarms.map((alarm) => createAlarm(instance, alarm, actions)),
  };
}

function shape(plan: DatabaseBlueprint): Omit<rds.DatabaseInstanceProps, 'vpc'> {
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

/** The secret as it is once the instance exists: whoever reads it waits for the instance. */
function attached(instance: rds.DatabaseInstance): secretsmanager.ISecret {
  return instance.secret ?? fail(instance.node.path, 'no-secret', 'the database has no secret although it was made with one; report this');
}

/** An alarm on a metric of the database. */
export function createAlarm(instance: rds.DatabaseInstance | rds.DatabaseCluster, plan: DatabaseAlarm, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const { ComparisonOperator: operator, TreatMissingData } = cloudwatch;
  const alarm = instance
    .metric(plan.metricName, { statistic: plan.statistic, period: Duration.minutes(plan.periodMinutes) })
    .createAlarm(instance, plan.id, {
      alarmDescription: plan.description,
      comparisonOperator: plan.comparison === 'LessThan' ? operator.LESS_THAN_THRESHOLD : operator.GREATER_THAN_THRESHOLD,
      threshold: plan.threshold,
      evaluationPeriods: plan.evaluationPeriods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  alarm.addAlarmAction(...actions);
  return alarm;
}

function acknowledge(instance: rds.DatabaseInstance, secret: secretsmanager.ISecret, plan: DatabaseBlueprint): void {
  Validations.of(instance).acknowledge(
    { id: 'AwsSolutions-RDS6', reason: 'MLflow logs in by password only; it cannot make IAM database tokens' },
    { id: 'AwsSolutions-RDS11', reason: 'nothing outside the VPC reaches the port, and only the server\'s security group is let in' },
  );
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4', reason: 'the server reads the password when it starts: a rotation would cut it off until it is started again',
  });
  if (!plan.multiAz) {
    Validations.of(instance).acknowledge({
      id: 'AwsSolutions-RDS3', reason: 'model serving and rollback do not need the registry: a standby is offered by multiAz, at twice the cost',
    });
  }
  if (!plan.deletionProtection) {
    Validations.of(instance).acknowledge({ id: 'AwsSolutions-RDS10', reason: 'the owner turned the protection off; the data outlives the instance as a snapshot unless two more keys turn' });
  }
}
