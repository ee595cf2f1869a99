import { join } from 'path';
import { type App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Column } from '../../lib/data/blueprint/column';
import { DataContract } from '../../lib/data/blueprint/data-contract';
import { IcebergType } from '../../lib/data/blueprint/iceberg-type';
import { Partition } from '../../lib/data/blueprint/partition';
import { QualityChecks, QualitySample, QualityTrigger } from '../../lib/data/blueprint/quality-choices';
import { Zone } from '../../lib/data/blueprint/zone';
import { DataQualityCheck } from '../../lib/data/data-quality-check';
import { IcebergTable } from '../../lib/data/iceberg-table';
import { TableMigrations } from '../../lib/data/table-migrations';
import { Feature, FeatureType } from '../../lib/features/blueprint/feature-type';
import { FeatureRegistry } from '../../lib/features/feature-registry';
import { FeatureStore } from '../../lib/features/feature-store';
import { OfflineStore } from '../../lib/features/offline-store';
import { PlatformBus } from '../../lib/network/platform-bus';
import { type Starter, starterPlatform, type StarterProps } from '../starter/starter';

/** What can be chosen about the platform with features. */
export interface FeaturesProps extends StarterProps {}

/** The parts of a deployed platform with features. */
export interface Features extends Starter {
  readonly bus: PlatformBus;
  readonly activity: IcebergTable;
  readonly migrations: TableMigrations;
  readonly quality: DataQualityCheck;
  readonly store: FeatureStore;
}

/** The starter, unchanged, and a feature store beside it: a table with a contract, its quality check, and Feast over it. */
export function featuresPlatform(app: App, props: FeaturesProps = {}): Features {
  const starter = starterPlatform(app, props);
  const stack = new Stack(app, 'MlPlatform-Features', { env: props.env, description: 'Features of the ML platform, and the table that they come from' });
  const bus = new PlatformBus(stack, 'Bus');
  new CfnOutput(stack, 'EventBus', { value: bus.eventBus.eventBusName });
  const contract = activityContract();
  const activity = new IcebergTable(stack, 'CustomerActivity', { lake: starter.lake, contract });
  new CfnOutput(stack, 'ActivityTable', { value: `${activity.databaseName}.${activity.tableName}` });
  const migrations = migrationsOf(stack, starter, activity);
  const quality = qualityOf(stack, starter, activity, bus, contract);
  const store = storeOf(stack, starter, activity, props);
  store.node.addDependency(activity);
  return { ...starter, bus, activity, migrations, quality, store };
}

/** What writers and readers of the table agree on. The file beside it keeps ids and history: commit both. */
function activityContract(): DataContract {
  return DataContract.fromColumns(join(__dirname, 'contracts', 'customer-activity.json'), {
    columns: [
      Column.required('customer_id', IcebergType.LONG),
      Column.required('event_time', IcebergType.TIMESTAMPTZ),
      Column.optional('orders_30d', IcebergType.LONG),
      Column.optional('spent_30d', IcebergType.DOUBLE, { comment: 'in euros' }),
      Column.optional('country', IcebergType.STRING),
    ],
    partitionBy: [Partition.day('event_time')],
    checks: {
      orders_30d: { min: 0, maxNullShare: 0.01 },
      spent_30d: { min: 0 },
      country: { pattern: '^[A-Z]{2}$' },
    },
  });
}

function migrationsOf(stack: Stack, { network }: Starter, activity: IcebergTable): TableMigrations {
  const migrations = new TableMigrations(stack, 'Migrations', { network, tables: [activity] });
  new CfnOutput(stack, 'MigrationsTask', { value: migrations.taskDefinition.taskDefinitionArn });
  new CfnOutput(stack, 'MigrationsCluster', { value: migrations.cluster.clusterName });
  return migrations;
}

function qualityOf(stack: Stack, { network, lake, alarms }: Starter, table: IcebergTable, bus: PlatformBus, contract: DataContract): DataQualityCheck {
  const quality = new DataQualityCheck(stack, 'ActivityQuality', {
    network,
    table,
    checks: [QualityChecks.contract(contract), QualityChecks.suite(join(__dirname, 'suites', 'customer-activity.json'))],
    triggers: [QualityTrigger.rate(Duration.days(1))],
    sample: QualitySample.newestSnapshot(),
    reportBucket: lake.bucket(Zone.ARTIFACTS),
    eventBus: bus.eventBus,
    alarmActions: [new SnsAction(alarms)],
  });
  new CfnOutput(stack, 'QualityMachine', { value: quality.stateMachine.stateMachineArn });
  new CfnOutput(stack, 'QualityReports', { value: quality.reportLocation });
  return quality;
}

function storeOf(stack: Stack, { network, lake, alarms }: Starter, table: IcebergTable, { protection = true }: FeaturesProps): FeatureStore {
  const store = new FeatureStore(stack, 'Features', {
    network,
    lake,
    projectName: 'shop',
    registry: FeatureRegistry.postgres({ deletionProtection: protection }),
    // read in the job itself; a history that outgrows one machine goes to OfflineStore.athena()
    offline: OfflineStore.iceberg(),
    alarmActions: [new SnsAction(alarms)],
  });
  const view = store.addFeatureView('CustomerActivity', {
    table,
    entities: ['customer_id'],
    features: [
      Feature.of('orders_30d', FeatureType.INT64),
      Feature.of('spent_30d', FeatureType.FLOAT64),
      Feature.of('country', FeatureType.STRING),
    ],
    timestampField: 'event_time',
    ttl: Duration.days(90),
  });
  const apply = store.addApply('Apply', { featureRepo: join(__dirname, 'definitions') });
  const nightly = store.addMaterialization('Nightly', { views: [view], schedule: scheduler.ScheduleExpression.rate(Duration.days(1)) });
  const outputs = {
    ApplyMachine: apply.stateMachine.stateMachineArn,
    MaterializeMachine: nightly.stateMachine.stateMachineArn,
    OnlineTable: view.table?.tableName ?? '',
    FeatureStoreYaml: store.storeYaml,
    FeatureRegistrySecret: store.registryInstance?.secret?.secretArn ?? '',
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
  return store;
}
