import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Feature } from './blueprint/feature-type';
import { featureView, type FeatureViewBlueprint } from './blueprint/feature-view';
import { FEATURE_METRICS } from './blueprint/materialization';
import type { FeatureStore } from './feature-store';
import { show } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { isUnresolved } from '../core/private/tokens';
import type { IIcebergTable } from '../data/interfaces';

/** Options of a view. */
export interface FeatureViewOptions {
  /** Table that holds the history of the features. Its columns are checked if the table is made in the same app. */
  readonly table: IIcebergTable;
  /** Names of Feast's entities: what rows are looked up by. */
  readonly entities: string[];
  /**
   * Columns of the entities whose column has another name, by entity: `{ customer: 'customer_id' }`.
   *
   * @default - an entity's column has its name
   */
  readonly joinKeys?: { readonly [entity: string]: string };
  /** The features. */
  readonly features: Feature[];
  /** Column that says since when a row holds. */
  readonly timestampField: string;
  /**
   * Age from which a value counts as missing, in whole seconds.
   *
   * @default - values do not age
   */
  readonly ttl?: Duration;
  /**
   * Whether the newest values are kept where serving looks.
   *
   * @default true
   */
  readonly online?: boolean;
  /**
   * Name of the view in Feast.
   *
   * @default - the id in snake case
   */
  readonly viewName?: string;
}

/** Properties of a view. */
export interface FeatureViewProps extends FeatureViewOptions {
  /** The store. */
  readonly store: FeatureStore;
}

/**
 * A feature view as the stack knows it: its table where serving looks, and what Python has to say the same of.
 *
 * Fails with every fault of names, columns and types at once, among them `duplicate-view`, `unknown-column`, `feature-type`,
 * `table-name-too-long`, `table-in-s3-tables` and `other-database`.
 *
 * @see https://docs.feast.dev/getting-started/concepts/feature-view
 */
export class FeatureView extends Construct {
  /** Name of the view in Feast. */
  readonly viewName: string;
  /** Table that holds the history. */
  readonly source: IIcebergTable;
  /** Table where serving looks; undefined if the view is not online, or the online store has no tables of the stack. */
  readonly table?: dynamodb.Table;
  /** @internal */
  readonly _plan: FeatureViewBlueprint;
  private readonly store: FeatureStore;

  constructor(scope: Construct, id: string, props: FeatureViewProps) {
    const faults = Faults.of(scope, id);
    const viewName = props.viewName ?? snakeCase(id);
    const plan = featureView(faults, {
      projectName: props.store.projectName,
      viewName,
      tableName: props.table.tableName,
      columnTypes: props.table.columnTypes,
      entities: props.entities,
      joinKeys: props.joinKeys,
      features: props.features,
      timestampField: props.timestampField,
      ttl: props.ttl,
      online: props.online,
    });
    checkNeighbours(faults, props, viewName);
    faults.throwIfAny();
    super(scope, id);

    this.viewName = viewName;
    this.source = props.table;
    this._plan = plan;
    this.store = props.store;
    this.table = props.store._addView(this);
  }

  /** Seconds between the newest value and the end of the run that looked; default: maximum over an hour. */
  metricFreshness(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: FEATURE_METRICS.namespace,
      metricName: FEATURE_METRICS.freshness,
      dimensionsMap: FEATURE_METRICS.dimensions(this.store._props.environmentName ?? 'default', this.store.projectName, this.viewName),
      statistic: 'Maximum',
      period: Duration.hours(1),
    }).with(options);
  }
}

function checkNeighbours(faults: Faults, { store, table }: FeatureViewProps, viewName: string): void {
  const taken = store.views.find((view) => view.viewName.toLowerCase() === viewName.toLowerCase());
  faults.check(!taken, 'duplicate-view', `viewName ${show(viewName)} is the name of ${taken?.node.path ?? ''} already; choose another`);
  if (!faults.check(!table.s3TableCatalog, 'table-in-s3-tables', `table ${show(table.tableName)} is in S3 Tables, and offline stores read the catalog of Glue; use a table of the lake`)) return;
  const database = store._databaseName;
  if (database === undefined || isUnresolved([database, table.databaseName])) return;
  faults.check(table.databaseName === database, 'other-database',
    `table ${show(table.tableName)} is in database ${show(table.databaseName)}, and Feast reads the lake's ${show(database)} whatever a source says; use a table of that lake`);
}

/** `CustomerProfile` and `customer-profile` become `customer_profile`. */
function snakeCase(id: string): string {
  return id.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_').toLowerCase();
}
