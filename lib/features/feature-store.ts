import { Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { FeatureAccess } from './blueprint/access';
import type { ClusterStore } from './blueprint/cluster-server';
import { featureStoreYaml, renderYaml, sqlRegistry } from './blueprint/feature-store-yaml';
import { featureTables, PROJECT_NAME } from './blueprint/feature-view';
import { ClusterFeatureServer, type ClusterFeatureServerOptions } from './cluster-feature-server';
import { FeatureApply, type FeatureApplyOptions } from './feature-apply';
import { FeatureMaterialization, type FeatureMaterializationOptions } from './feature-materialization';
import { FeatureRegistry } from './feature-registry';
import { FeatureServer, type FeatureServerOptions } from './feature-server';
import { FeatureSkewCheck, type FeatureSkewCheckOptions } from './feature-skew-check';
import type { FeatureStoreProps } from './feature-store-props';
import { FeatureView, type FeatureViewOptions } from './feature-view';
import type { FeatureStoreAttributes, IFeatureStore, IFeatureStoreGrants } from './interfaces';
import { OfflineStore } from './offline-store';
import { OnlineStore } from './online-store';
import { addReader, openPorts } from './private/add-reader';
import type { OfflineBackend, OnlineBackend, RegistryBackend } from './private/backends';
import { FeatureGrants } from './private/feature-grants';
import type { JobSurroundings } from './private/feature-job';
import { importStore } from './private/imported-store';
import { TablesFile } from './private/tables-file';
import { checkLiteral, checkText } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';
import { isUnresolved } from '../core/private/tokens';
import { jobCluster } from '../network/fargate-job';
import type { InternalService } from '../network/internal-service';
import { runtimeImage } from '../network/runtime-image';

/**
 * A feature store by Feast: a registry in PostgreSQL, history in the lake, and tables where serving looks values up.
 *
 * Tables belong to the stack and views to Python: `addFeatureView` makes the table and writes down what Python has to say the same of, and
 * apply refuses definitions that differ. Nobody reaches registry or cache before `allowReadsFrom` or `addReader` says so.
 *
 * Fails with `invalid-project-name`, `no-lake`, `data-destruction-not-allowed` and others, all at once.
 *
 * @see https://docs.feast.dev/
 */
export class FeatureStore extends Construct implements IFeatureStore {
  /**
   * A feature store that exists. Nothing is created.
   *
   * @throws a ValidationError [invalid-project-name]
   */
  static fromFeatureStoreAttributes(scope: Construct, id: string, attributes: FeatureStoreAttributes): IFeatureStore {
    return importStore(scope, id, attributes);
  }

  readonly projectName: string;
  /** Text of `feature_store.yaml`; `$NAME` is taken from the environment when it is read. */
  readonly storeYaml: string;
  readonly grants: IFeatureStoreGrants;
  /** Alarms of the registry. Materializations have their own. */
  readonly alarms: cloudwatch.Alarm[];
  /** The registry's instance, if it was made here. */
  readonly registryInstance?: rds.DatabaseInstance;
  private readonly props: FeatureStoreProps;
  private readonly registry: RegistryBackend;
  private readonly online: OnlineBackend;
  private readonly offline: OfflineBackend;
  private readonly book: FeatureGrants;
  private readonly tables: TablesFile;
  private readonly added: FeatureView[] = [];
  private readonly materializations: FeatureMaterialization[] = [];

  constructor(scope: Construct, id: string, props: FeatureStoreProps) {
    const faults = Faults.of(scope, id);
    const offline = props.offline ?? OfflineStore.athena();
    const destroy = checkProps(faults, scope, props, offline);
    faults.throwIfAny();
    super(scope, id);

    this.props = props;
    this.projectName = props.projectName ?? projectNameOf(this);
    const context = {
      network: props.network, projectName: this.projectName, lake: props.lake, destroy, alarmActions: props.alarmActions ?? [],
      removalPolicy: destroy ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    };
    this.registry = (props.registry ?? FeatureRegistry.postgres())._bind(this, context);
    this.offline = offline._bind(this, context);
    this.online = (props.online ?? OnlineStore.dynamoDb())._bind(this, context, this.registry);
    this.storeYaml = renderYaml(featureStoreYaml({
      project: this.projectName, registry: sqlRegistry(), offlineStore: this.offline.yaml, onlineStore: this.online.yaml,
    }));
    this.book = new FeatureGrants(this.registry, this.offline, this.online);
    this.grants = this.book;
    this.tables = new TablesFile(this, () => this.tablesJson);
    this.alarms = [...this.registry.alarms, ...this.online.alarms];
    this.registryInstance = this.registry.instance;
  }

  /** Views in the order in which they were added. */
  get views(): FeatureView[] {
    return [...this.added];
  }

  /** Text of `feature-tables.json`, the list that Python's definitions are compared with. It grows with the views. */
  get tablesJson(): string {
    return featureTables(this.projectName, this.added.map(({ _plan }) => _plan));
  }

  /** Environment of a process that looks features up. */
  get readEnvironment(): { readonly [name: string]: string } {
    return this.environment();
  }

  /** Secret part of that environment. */
  get readSecrets(): { readonly [name: string]: ecs.Secret } {
    return this.secretsFor(FeatureAccess.READ_ONLINE);
  }

  allowReadsFrom(peer: ec2.IConnectable): void {
    openPorts(peer, [this.registry.connections, this.online.connections], this.projectName);
  }

  addReader(service: InternalService): void {
    addReader(this, service);
  }

  /**
   * Adds a view, and the table where serving looks its values up. Its id in snake case is the view's name, unless `viewName` says otherwise.
   *
   * @returns the view
   */
  addFeatureView(id: string, options: FeatureViewOptions): FeatureView {
    return new FeatureView(this, id, {
      store: this,
      table: options.table,
      entities: options.entities,
      joinKeys: options.joinKeys,
      features: options.features,
      timestampField: options.timestampField,
      ttl: options.ttl,
      online: options.online,
      viewName: options.viewName,
    });
  }

  /**
   * Registers the Python definitions of a folder after each deployment of the stack.
   *
   * @returns the job
   */
  addApply(id: string, options: FeatureApplyOptions): FeatureApply {
    return new FeatureApply(this, id, {
      store: this,
      featureRepo: options.featureRepo,
      exclude: options.exclude,
      allowDelete: options.allowDelete,
      cpu: options.cpu,
      memoryLimitMiB: options.memoryLimitMiB,
    });
  }

  /**
   * Writes the newest values of views where serving looks, on schedule, when new rows came, or both.
   *
   * @returns the job
   */
  addMaterialization(id: string, options: FeatureMaterializationOptions): FeatureMaterialization {
    const made = new FeatureMaterialization(this, id, {
      store: this,
      views: options.views,
      schedule: options.schedule,
      onDataArrived: options.onDataArrived,
      maxAge: options.maxAge,
      maxFreshness: options.maxFreshness,
      overlap: options.overlap,
      expectedRows: options.expectedRows,
      timeout: options.timeout,
      cpu: options.cpu,
      memoryLimitMiB: options.memoryLimitMiB,
    });
    this.materializations.push(made);
    return made;
  }

  /**
   * Compares what serving answers with what training would see, for a sample of entities.
   *
   * @returns the job
   */
  addSkewCheck(id: string, options: FeatureSkewCheckOptions): FeatureSkewCheck {
    return new FeatureSkewCheck(this, id, {
      store: this,
      views: options.views,
      schedule: options.schedule,
      sample: options.sample,
      threshold: options.threshold,
      cpu: options.cpu,
      memoryLimitMiB: options.memoryLimitMiB,
    });
  }

  /**
   * Adds a server that looks values up for programs that are not Python.
   *
   * @returns the server
   */
  addFeatureServer(id: string, options: FeatureServerOptions = {}): FeatureServer {
    return new FeatureServer(this, id, FeatureServer._propsOf(this, options));
  }

  /**
   * Adds a server that looks values up for programs on a Kubernetes cluster that are not Python.
   *
   * @returns the server
   */
  addClusterFeatureServer(id: string, options: ClusterFeatureServerOptions): ClusterFeatureServer {
    return new ClusterFeatureServer(this, id, {
      store: this,
      cluster: options.cluster,
      externalSecrets: options.externalSecrets,
      serverName: options.serverName,
      namespaceName: options.namespaceName,
      replicas: options.replicas,
      vcpus: options.vcpus,
      memory: options.memory,
      callers: options.callers,
      prometheus: options.prometheus,
      image: options.image,
    });
  }

  /** @internal */
  get _props(): FeatureStoreProps {
    return this.props;
  }

  /**
   * Database whose tables history is read from, if there is only one.
   *
   * @internal
   */
  get _databaseName(): string | undefined {
    return (this.props.offline?._needsLake ?? true) ? this.props.lake?.databaseName : undefined;
  }

  /** @internal */
  get _tablesArn(): string {
    return this.tables.arn;
  }

  /**
   * What a materialization of these views may do.
   *
   * @internal
   */
  _grantMaterialization(grantee: iam.IGrantable, views: FeatureView[]): void {
    this.book.materializeViews(grantee, views);
  }

  /** @internal */
  _addView(view: FeatureView): FeatureView['table'] {
    const table = this.online.addView(view, view._plan);
    this.added.push(view);
    this.book.addView(view);
    return table;
  }

  /** @internal */
  _materializationOf(view: FeatureView): FeatureMaterialization | undefined {
    return this.materializations.find(({ _views }) => _views.includes(view));
  }

  /**
   * What a server outside of ECS has to know to look values up.
   *
   * @internal
   */
  get _readerConfiguration(): ClusterStore {
    const { FEAST_STORE_YAML: _yaml, ...environment } = this.environment();
    return {
      registry: sqlRegistry(),
      online: this.online.yaml,
      environment,
      secrets: Object.entries(this.variablesFor(FeatureAccess.READ_ONLINE)).map(([variable, { secret, field }]) => ({
        variable, secretId: idOf(secret), field,
      })),
      ports: [this.registry.portNumber, ...this.online.portNumber === undefined ? [] : [this.online.portNumber]],
    };
  }

  /**
   * What a job of this store stands in.
   *
   * @internal
   */
  _surroundings(access: FeatureAccess): JobSurroundings {
    const { network, image, cpuArchitecture = ecs.CpuArchitecture.X86_64 } = this.props;
    return {
      network,
      cluster: this.jobCluster(),
      image: image ?? runtimeImage('features', cpuArchitecture),
      cpuArchitecture,
      environment: { ...this.environment(), FEAST_TABLES_URI: this.tables.uri },
      secrets: this.secretsFor(access),
      letIn: (peer) => this.allowReadsFrom(peer),
    };
  }

  private environment(): { readonly [name: string]: string } {
    return {
      AWS_REGION: Stack.of(this).region,
      FEAST_STORE_YAML: this.storeYaml,
      ML_DATABASE_HOST: this.registry.host,
      ML_DATABASE_PORT: this.registry.port,
      ML_DATABASE_NAME: this.registry.databaseName,
      ML_ENVIRONMENT: this.props.environmentName ?? 'default',
      ...this.online.environment,
    };
  }

  private secretsFor(access: FeatureAccess): { readonly [name: string]: ecs.Secret } {
    const variables = Object.entries(this.variablesFor(access));
    return Object.fromEntries(variables.map(([name, { secret, field }]) => [name, ecs.Secret.fromSecretsManager(secret, field)]));
  }

  private variablesFor(access: FeatureAccess): { readonly [name: string]: { readonly secret: secretsmanager.ISecret; readonly field: string } } {
    const { secret, readerSecret } = this.registry;
    const registry = access === FeatureAccess.READ_ONLINE ? readerSecret ?? secret : secret;
    const online = this.online.credentials(access);
    return {
      ML_DATABASE_USER: { secret: registry, field: 'username' },
      ML_DATABASE_PASSWORD: { secret: registry, field: 'password' },
      ...Object.fromEntries(Object.entries(online?.fields ?? {}).map(([name, field]) => [name, { secret: online?.secret ?? secret, field }])),
    };
  }

  /** One for all jobs: it costs nothing, and is made when the first of them is. */
  private jobCluster(): ecs.ICluster {
    const found = this.node.tryFindChild('Jobs') as ecs.Cluster | undefined;
    if (found) return found;
    return jobCluster(this, 'Jobs', this.props.network.vpc);
  }
}

/** Files for Git can hold a name that somebody gave, and no ARN around it whose account or partition is known later. */
function idOf({ secretArn, secretName }: secretsmanager.ISecret): string {
  return isUnresolved(secretArn) && !isUnresolved(secretName) ? secretName : secretArn;
}

function checkProps(faults: Faults, scope: Construct, props: FeatureStoreProps, offline: OfflineStore): boolean {
  checkLiteral(faults, 'projectName', props.projectName);
  checkText(faults, 'projectName', props.projectName, PROJECT_NAME);
  checkRemovalPolicy(faults, props.removalPolicy);
  faults.check(!offline._needsLake || props.lake !== undefined, 'no-lake',
    'lake is not given, and Athena reads the tables of one; give it, or another OfflineStore as offline');
  faults.check(offline._inOwnImage || props.image !== undefined, 'no-image',
    'offline is Spark, which the library\'s own image does not have; give an image with Java, PySpark and ml_platform_runtime');
  return destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
}

/** `Platform/Features` becomes `platform_features`. */
function projectNameOf(construct: Construct): string {
  return Names.uniqueResourceName(construct, { maxLength: 48, separator: '_' }).toLowerCase().replace(/^[^a-z]+/, '');
}
