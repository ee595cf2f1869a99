import { App, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Column, DataLake, type IcebergTable, IcebergType, type IIcebergTable } from '../../lib/data';
import { Feature, FeatureStore, type FeatureStoreProps, FeatureType, type FeatureViewOptions } from '../../lib/features';
import { MlNetwork } from '../../lib/network/ml-network';

export const image = ecs.ContainerImage.fromRegistry('example.com/features:1');

export interface Made {
  readonly app: App;
  readonly stack: Stack;
  readonly network: MlNetwork;
  readonly lake: DataLake;
  readonly customers: IcebergTable;
  readonly store: FeatureStore;
}

/** A lake with one table, and a store over it. */
export function make(props: Partial<FeatureStoreProps> = {}, context?: Record<string, unknown>): Made {
  const app = new App({ context });
  const stack = new Stack(app, 'Stack');
  const network = new MlNetwork(stack, 'Network');
  const lake = new DataLake(stack, 'Lake', { databaseName: 'lake' });
  const customers = customersOf(lake);
  const store = new FeatureStore(stack, 'Features', { network, lake, image, projectName: 'shop', ...props });
  return { app, stack, network, lake, customers, store };
}

export function customersOf(lake: DataLake): IcebergTable {
  return lake.addTable('Customers', {
    columns: [
      Column.required('customer_id', IcebergType.LONG),
      Column.required('event_time', IcebergType.TIMESTAMPTZ),
      Column.optional('age', IcebergType.LONG),
      Column.optional('country', IcebergType.STRING),
      Column.optional('balance', IcebergType.decimal(12, 2)),
      Column.optional('tags', IcebergType.list(IcebergType.STRING)),
    ],
  });
}

/** A view that is right. */
export function profile(table: IIcebergTable, options: Partial<FeatureViewOptions> = {}): FeatureViewOptions {
  return {
    table,
    entities: ['customer_id'],
    features: [Feature.of('age', FeatureType.INT64), Feature.of('country', FeatureType.STRING)],
    timestampField: 'event_time',
    ...options,
  };
}
