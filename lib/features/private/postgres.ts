import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';
import type { RegistryBackend } from './backends';
import { fail } from '../../core/private/faults';
import type { IMlNetwork } from '../../network/interfaces';
import type { RegistryDatabaseBlueprint } from '../blueprint/database';

/** Makes the instance that the blueprint describes, as child `Registry` of the store. */
export function createRegistryDatabase(
  scope: Construct, network: IMlNetwork, plan: RegistryDatabaseBlueprint, actions: cloudwatch.IAlarmAction[],
): RegistryBackend {
  const securityGroup = new ec2.SecurityGroup(scope, 'RegistrySecurityGroup', {
    vpc: network.vpc, allowAllOutbound: false, description: 'Registry of the feature store',
  });
  const secret = new rds.DatabaseSecret(scope, 'RegistrySecret', { username: plan.userName });
  const instance = new rds.DatabaseInstance(scope, 'Registry', {
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
    secret: instance.secret ?? fail(instance.node.path, 'no-secret', 'the database has no secret although it was made with one; report this'),
    connections: new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(plan.port) }),
    instance,
    alarms: [freeStorageAlarm(instance, plan, actions)],
  };
}

function shape(plan: RegistryDatabaseBlueprint): Omit<rds.DatabaseInstanceProps, 'vpc'> {
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

function freeStorageAlarm(instance: rds.DatabaseInstance, plan: RegistryDatabaseBlueprint, actions: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  const alarm = instance.metricFreeStorageSpace({ statistic: 'Minimum', period: Duration.minutes(5) }).createAlarm(instance, 'FreeStorageAlarm', {
    alarmDescription: 'Registry of the feature store: less than 2 GiB of storage left for 15 minutes. Give more storage.',
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: plan.freeStorageAlarm,
    evaluationPeriods: 3,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(...actions);
  return alarm;
}

function acknowledge(instance: rds.DatabaseInstance, secret: rds.DatabaseSecret, plan: RegistryDatabaseBlueprint): void {
  Validations.of(instance).acknowledge(
    { id: 'AwsSolutions-RDS6', reason: 'Feast logs in by a password in the address; it makes no IAM database tokens' },
    { id: 'AwsSolutions-RDS11', reason: 'nothing outside the VPC reaches the port, and only jobs and readers that were named are let in' },
  );
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4', reason: 'feature servers read the password when they start: a rotation would cut them off until they are started again',
  });
  if (!plan.multiAz) {
    Validations.of(instance).acknowledge({
      id: 'AwsSolutions-RDS3', reason: 'readers keep a copy of the registry in memory: a standby is offered by multiAz, at twice the cost',
    });
  }
  if (!plan.deletionProtection) {
    Validations.of(instance).acknowledge({ id: 'AwsSolutions-RDS10', reason: 'the owner turned the protection off; the data outlives the instance as a snapshot unless two more keys turn' });
  }
}
