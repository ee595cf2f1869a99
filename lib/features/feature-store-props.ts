import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as events from 'aws-cdk-lib/aws-events';
import type { FeatureRegistry } from './feature-registry';
import type { OfflineStore } from './offline-store';
import type { OnlineStore } from './online-store';
import type { IDataLake } from '../data/interfaces';
import type { IMlNetwork } from '../network/interfaces';

/** Properties of a feature store. */
export interface FeatureStoreProps {
  /** The network that registry, jobs and servers stand in. */
  readonly network: IMlNetwork;
  /**
   * Lake whose tables hold the history.
   *
   * @default - none; Athena needs one
   */
  readonly lake?: IDataLake;
  /**
   * Where Feast keeps its definitions.
   *
   * @default FeatureRegistry.postgres()
   */
  readonly registry?: FeatureRegistry;
  /**
   * Where history is read.
   *
   * @default OfflineStore.athena()
   */
  readonly offline?: OfflineStore;
  /**
   * Where serving looks values up.
   *
   * @default OnlineStore.dynamoDb()
   */
  readonly online?: OnlineStore;
  /**
   * Name of the project in Feast, and first part of the names of tables: 1 to 63 lower-case letters, digits or underscores.
   *
   * @default - from the path of the construct
   */
  readonly projectName?: string;
  /**
   * Bus on which tables tell of new rows.
   *
   * @default - nothing is materialized on events
   */
  readonly eventBus?: events.IEventBus;
  /**
   * Image of jobs and servers. It has to run `python -m ml_platform_runtime features-...`.
   *
   * @default - built from the sources in this package
   */
  readonly image?: ecs.ContainerImage;
  /**
   * Processor of jobs. ARM64 costs about 20 % less.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;
  /**
   * Name of the environment in metrics and events.
   *
   * @default 'default'
   */
  readonly environmentName?: string;
  /**
   * What alarms do, for example `new SnsAction(topic)`.
   *
   * @default - alarms show in CloudWatch only
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
  /**
   * What becomes of tables, cache and database when the stack goes. By default values stay, and the registry, once its
   * `deletionProtection` is off, leaves a final snapshot. `RemovalPolicy.DESTROY` deletes all of it, and needs the context
   * `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
