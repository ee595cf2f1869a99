import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { createAlarm } from './postgres';
import { fail } from '../../core/private/faults';
import type { IMlNetwork } from '../../network/interfaces';
import type { AuroraBlueprint } from '../blueprint/database';
import type { RegistryDatabaseConfig } from '../registry-database';

/** Makes the cluster that the blueprint describes, as child `Database` of the registry. */
export function createAurora(scope: Construct, network: IMlNetwork, plan: AuroraBlueprint, actions: cloudwatch.IAlarmAction[]): RegistryDatabaseConfig {
  const securityGroup = new ec2.SecurityGroup(scope, 'DatabaseSecurityGroup', {
    vpc: network.vpc, allowAllOutbound: false, description: 'Database of the model registry',
  });
  const secret = new rds.DatabaseSecret(scope, 'DatabaseSecret', { username: plan.userName });
  const cluster = new rds.DatabaseCluster(scope, 'Database', {
    ...shape(plan),
    vpc: network.vpc,
    vpcSubnets: network.privateSubnets,
    securityGroups: [securityGroup],
    credentials: rds.Credentials.fromSecret(secret, plan.userName),
    // a cluster that stayed would keep its security group and with it the network, and go on billing
    removalPolicy: plan.finalSnapshot ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
  });
  acknowledge(cluster, secret, plan);
  return {
    host: cluster.clusterEndpoint.hostname,
    port: String(plan.port),
    databaseName: plan.databaseName,
    secret: cluster.secret ?? fail(cluster.node.path, 'no-secret', 'the database has no secret although it was made with one; report this'),
    connections: new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(plan.port) }),
    environment: plan.environment,
    cluster,
    alarms: plan.alarms.map((alarm) => createAlarm(cluster, alarm, actions)),
  };
}

function shape(plan: AuroraBlueprint): Omit<rds.DatabaseClusterProps, 'vpc'> {
  const caCertificate = rds.CaCertificate.of(plan.certificateAuthority);
  return {
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.of(plan.engineVersion, plan.majorVersion) }),
    writer: rds.ClusterInstance.serverlessV2('Writer', { caCertificate, publiclyAccessible: false }),
    readers: Array.from({ length: plan.readers }, (_, index) => rds.ClusterInstance.serverlessV2(`Reader${index + 1}`, {
      // as large as the writer at any time, so that it can take over
      scaleWithWriter: true, caCertificate, publiclyAccessible: false,
    })),
    serverlessV2MinCapacity: plan.minCapacity,
    serverlessV2MaxCapacity: plan.maxCapacity,
    serverlessV2AutoPauseDuration: plan.autoPauseSeconds === undefined ? undefined : Duration.seconds(plan.autoPauseSeconds),
    storageEncrypted: true,
    backup: { retention: Duration.days(plan.backupDays) },
    copyTagsToSnapshot: true,
    deletionProtection: plan.deletionProtection,
    autoMinorVersionUpgrade: true,
    cloudwatchLogsExports: plan.logExports,
    defaultDatabaseName: plan.databaseName,
    port: plan.port,
  };
}

function acknowledge(cluster: rds.DatabaseCluster, secret: secretsmanager.ISecret, plan: AuroraBlueprint): void {
  Validations.of(cluster).acknowledge(
    { id: 'AwsSolutions-RDS6', reason: 'MLflow logs in by password only; it cannot make IAM database tokens' },
    { id: 'AwsSolutions-RDS11', reason: 'nothing outside the VPC reaches the port, and only the server\'s security group is let in' },
  );
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4', reason: 'the server reads the password when it starts: a rotation would cut it off until it is started again',
  });
  if (!plan.deletionProtection) {
    Validations.of(cluster).acknowledge({ id: 'AwsSolutions-RDS10', reason: 'the owner turned the protection off; the data outlives the cluster as a snapshot unless two more keys turn' });
  }
}
