import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';
import { REGISTRY_DATABASE } from './database-words';
import { fail } from '../../core/private/faults';
import { acknowledgeDatabase, databaseAlarm, databasePlace } from '../../network/database-place';
import type { IMlNetwork } from '../../network/interfaces';
import type { AuroraBlueprint } from '../blueprint/database';
import type { RegistryDatabaseConfig } from '../registry-database';

/** Makes the cluster that the blueprint describes, as child `Database` of the registry. */
export function createAurora(scope: Construct, network: IMlNetwork, plan: AuroraBlueprint, actions: cloudwatch.IAlarmAction[]): RegistryDatabaseConfig {
  const place = databasePlace(scope, network, plan, REGISTRY_DATABASE);
  const cluster = new rds.DatabaseCluster(scope, REGISTRY_DATABASE.ids.database, { ...shape(plan), ...place.props });
  acknowledgeDatabase(cluster, place.secret, plan, REGISTRY_DATABASE);
  return {
    host: cluster.clusterEndpoint.hostname,
    port: String(plan.port),
    databaseName: plan.databaseName,
    secret: cluster.secret ?? fail(cluster.node.path, 'no-secret', 'the database has no secret although it was made with one; report this'),
    connections: place.connections,
    environment: plan.environment,
    cluster,
    alarms: plan.alarms.map((alarm) => databaseAlarm(cluster, alarm, actions)),
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
