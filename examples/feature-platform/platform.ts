import { join } from 'path';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { data, features, network, registry, serving } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** From rows to answers: a table with a contract, checked as rows come, features that follow them, and a model service that looks them up. */
export class FeaturePlatform extends Stack {
  readonly store: features.FeatureStore;
  readonly quality: data.DataQualityCheck;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const bus = new network.PlatformBus(this, 'Bus');
    const net = new network.MlNetwork(this, 'Network');
    const lake = new data.DataLake(this, 'Lake', { databaseName: 'shop' });

    const contract = this.contract();
    const activity = lake.addTable('CustomerActivity', { contract, maintenance: data.TableMaintenance.automatic() });
    new data.TableMigrations(this, 'Migrations', { network: net, tables: [activity] });
    new data.DataArrivals(this, 'Arrivals', { eventBus: bus.eventBus }).addTable('CustomerActivity', activity, { minRows: 100 });
    this.quality = new data.DataQualityCheck(this, 'ActivityQuality', {
      network: net,
      table: activity,
      checks: [data.QualityChecks.contract(contract)],
      triggers: [data.QualityTrigger.onDataArrived()],
      sample: data.QualitySample.newestSnapshot(),
      reportBucket: lake.bucket(data.Zone.ARTIFACTS),
      eventBus: bus.eventBus,
    });

    this.store = new features.FeatureStore(this, 'Features', { network: net, lake, projectName: 'shop', eventBus: bus.eventBus });
    const view = this.store.addFeatureView('CustomerActivity', {
      table: activity,
      entities: ['customer_id'],
      features: [
        features.Feature.of('orders_30d', features.FeatureType.INT64),
        features.Feature.of('spent_30d', features.FeatureType.FLOAT64),
        features.Feature.of('country', features.FeatureType.STRING),
      ],
      timestampField: 'event_time',
      ttl: Duration.days(90),
    });
    this.store.addApply('Apply', { featureRepo: join(__dirname, 'features') });
    this.store.addMaterialization('Follow', {
      views: [view],
      onDataArrived: true,
      schedule: scheduler.ScheduleExpression.rate(Duration.days(1)),
      maxFreshness: Duration.days(2),
      expectedRows: 200_000,
    });

    const models = new registry.ModelRegistry(this, 'Models', { network: net, artifactBucket: lake.bucket(data.Zone.ARTIFACTS) });
    const churn = new serving.FargateModelService(this, 'Churn', { network: net, model: models.model('churn').alias('champion') });
    this.store.addReader(churn.service);
  }

  /** What writers and readers of the table agree on. The file beside it keeps ids and history: commit both. */
  private contract(): data.DataContract {
    return data.DataContract.fromColumns(join(__dirname, 'contracts/customer-activity.json'), {
      columns: [
        data.Column.required('customer_id', data.IcebergType.LONG),
        data.Column.required('event_time', data.IcebergType.TIMESTAMPTZ),
        data.Column.optional('orders_30d', data.IcebergType.LONG),
        data.Column.optional('spent_30d', data.IcebergType.DOUBLE, { comment: 'in euros' }),
        data.Column.optional('country', data.IcebergType.STRING),
      ],
      partitionBy: [data.Partition.day('event_time')],
      checks: {
        orders_30d: { min: 0, maxNullShare: 0.01 },
        spent_30d: { min: 0 },
        country: { pattern: '^[A-Z]{2}$' },
      },
    });
  }
}
