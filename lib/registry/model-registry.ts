import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { IMlCluster } from '../cluster/interfaces';
import type { ManifestRelease } from '../cluster/manifest-release';
import type { WorkloadIdentity } from '../cluster/workload-identity';
import { fail, Faults } from '../core/private/faults';
import { checkRemovalPolicy, destroysData } from '../core/private/removal';
import type { IPrometheus } from '../monitoring/interfaces';
import type { InternalServiceBlueprint } from '../network/blueprint/internal-service';
import { checkInternalService } from '../network/check-internal-service';
import type { IMlNetwork } from '../network/interfaces';
import type { InternalService } from '../network/internal-service';
import type { InternalServiceOptions } from '../network/internal-service-props';
import { pinExports } from '../network/pin-exports';
import { aliasCheck, type AliasCheckBlueprint } from './blueprint/alias-check';
import type { BrowserLoginBlueprint } from './blueprint/auth';
import { checkArtifactPrefix } from './blueprint/names';
import type { IModelRegistry, IRegisteredModel, MlflowClientEnvironment, ModelRegistryAttributes } from './interfaces';
import { ModelGrants } from './model-grants';
import { createAliasCheck } from './private/alias-check';
import { createArtifactBucket } from './private/artifact-bucket';
import { checkClusterServer } from './private/check-cluster-server';
import { clientEnvironmentOf } from './private/client-environment';
import type { ClusterServer } from './private/cluster-server';
import { importRegistry } from './private/imported-registry';
import { type MetricsPlace, nameTasks, scrape } from './private/metrics';
import { type LoginPlan, type LoginSite, planBrowserLogin, planLogin, RegistryLogin } from './private/registry-login';
import { createClusterServer, createFargateServer, DEFAULT_PREFIX, imageOf, planServer, shapeOf } from './private/server-plan';
import { RegisteredModel } from './registered-model';
import type { RegistryAuth } from './registry-auth';
import { RegistryDatabase, type RegistryDatabaseConfig } from './registry-database';
import type { RegistryServer } from './registry-server';
import { ReleaseRecord } from './release-record';

/** How MLflow's aliases are held against the release records. */
export interface AliasCheckOptions {
  /**
   * How often, 5 minutes to a day in whole minutes. Each time costs a few hundredths of a cent.
   *
   * @default Duration.hours(1)
   */
  readonly every?: Duration;
  /**
   * Whether the check lets MLflow say what the release record says. What differed is told all the same.
   *
   * @default false
   */
  readonly repair?: boolean;
}

/** How Prometheus reads MLflow's metrics. */
export interface RegistryMetricsOptions {
  /**
   * Port of the tasks that tells them, 1024 to 65535 and not 5000. There is no login on it: `allowMetricsFrom` says who may connect.
   *
   * @default 9464
   */
  readonly port?: number;
}

/** Properties of `ModelRegistry`. The server has 512 CPU units and 1,024 MiB unless `cpu` and `memoryLimitMiB` say otherwise. */
export interface ModelRegistryProps extends InternalServiceOptions {
  /** The network that the server and its database stand in. */
  readonly network: IMlNetwork;
  /**
   * Bucket for artifacts, for example one of the lake.
   *
   * @default - a new one: encrypted, versioned, private, retained
   */
  readonly artifactBucket?: s3.IBucket;
  /**
   * Prefix of the artifacts in the bucket. Rights on artifacts end there.
   *
   * @default 'mlflow'
   */
  readonly artifactPrefix?: string;
  /**
   * Where MLflow keeps its metadata.
   *
   * @default RegistryDatabase.postgres()
   */
  readonly database?: RegistryDatabase;
  /**
   * Where MLflow runs.
   *
   * @default RegistryServer.fargate()
   */
  readonly server?: RegistryServer;
  /**
   * Who gets in. Login needs TLS: give the network a certificate.
   *
   * @default - MLflow's own login (`RegistryAuth.basic()`) where the network has a certificate; else none, with a warning
   */
  readonly auth?: RegistryAuth;
  /**
   * A scheduled task that compares the alias `champion` of every model with its release record, and alarms where they differ: somebody moved
   * the alias by hand, or MLflow was down while a version was promoted. Production follows the record in any case.
   * `{}` turns it on, for about 1 USD a month; not together with a login at the load balancer, which the task cannot pass.
   *
   * @default - nobody compares
   */
  readonly aliasCheck?: AliasCheckOptions;
  /**
   * MLflow's metrics for Prometheus (requests and their duration, traces), on a port of their own that the load balancer does not show.
   * `{}` turns them on, for 25 MB of a task and 0.50 USD a month: a private zone in which `metricsAddress` leads to every task.
   *
   * @default - none are told
   */
  readonly metrics?: RegistryMetricsOptions;
  /**
   * First part of the server's name in the network's domain: `mlflow` gives `mlflow.ml.internal`.
   *
   * @default 'mlflow'
   */
  readonly hostName?: string;
  /**
   * Worker processes of the server: 490 MB for the first one, 280 MB for each further one, and half of that again as headroom.
   * Two do not fit into the default memory: give `memoryLimitMiB` 2,048.
   *
   * @default 1
   */
  readonly workers?: number;
  /**
   * Further Host headers that the server answers, with their ports, for example `mlflow.example.com:443`.
   *
   * @default - its own name and localhost
   */
  readonly allowedHosts?: string[];
  /**
   * Image of the server. It has to run `python -m ml_platform_runtime registry-server`.
   *
   * @default - built from the sources in this package
   */
  readonly image?: ecs.ContainerImage;
  /**
   * What becomes of the data when the stack goes. By default artifacts and release records stay, and the database, once its
   * `deletionProtection` is off, leaves a final snapshot. `RemovalPolicy.DESTROY` deletes all of it, and needs the context
   * `cdk-ml-platform:allow-data-destruction` too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * MLflow on Fargate or in a cluster, behind the network's internal load balancer, with a PostgreSQL database, artifacts on S3,
 * and the table of release records that says which version of a model production serves.
 *
 * People and machines log in where the network has a certificate. The server migrates its database before it answers. Nobody can reach it until `connections.allowFrom(...)` says so.
 * https://mlflow.org/docs/latest/self-hosting/
 */
export class ModelRegistry extends Construct implements IModelRegistry, ec2.IConnectable {
  /**
   * A registry that exists: everything works and nothing is created.
   *
   * @throws a ValidationError [invalid-tracking-uri] [invalid-artifact-prefix]
   */
  static fromModelRegistryAttributes(scope: Construct, id: string, attributes: ModelRegistryAttributes): IModelRegistry {
    return importRegistry(scope, id, attributes);
  }

  /**
   * An MLflow server that exists, known by its address alone. Nothing is created.
   *
   * Asking it for its artifacts, release records or rights is an error that names `fromModelRegistryAttributes`.
   */
  static fromTrackingUri(scope: Construct, id: string, trackingUri: string): IModelRegistry {
    return importRegistry(scope, id, { trackingUri });
  }

  readonly trackingUri: string;
  readonly artifactBucket: s3.IBucket;
  readonly artifactPrefix: string;
  readonly releaseTable: dynamodb.ITable;
  readonly machineLogin?: secretsmanager.ISecret;
  /** Login of the administrator, who manages users, if MLflow asks for passwords. */
  readonly adminLogin?: secretsmanager.ISecret;
  readonly grants: ModelGrants;
  /** AWS rights of the server's pods; undefined on Fargate. */
  readonly serverIdentity?: WorkloadIdentity;
  /** Objects of the server in its cluster; undefined on Fargate. */
  readonly serverRelease?: ManifestRelease;
  /** Host name of the server, for example `mlflow.ml.internal`. */
  readonly hostName: string;
  /** Who may talk to the server. */
  readonly connections: ec2.Connections;
  /**
   * Where Prometheus reads the metrics of every task: a name with one A record for each, and the port. Each tells its own numbers.
   * Undefined without `metrics`.
   */
  readonly metricsAddress?: string;
  /** Alarms of server and database. */
  readonly alarms: cloudwatch.Alarm[];
  private readonly database: RegistryDatabaseConfig;
  private readonly metrics?: MetricsPlace;
  private readonly tasks?: InternalService;
  private readonly pods?: ClusterServer;

  constructor(scope: Construct, id: string, props: ModelRegistryProps) {
    const { destroy, loginPlan, service, browserLogin, aliases } = decide(scope, id, props);
    super(scope, id);

    const removalPolicy = destroy ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.artifactPrefix = props.artifactPrefix ?? DEFAULT_PREFIX;
    this.artifactBucket = props.artifactBucket ?? createArtifactBucket(this, removalPolicy);
    this.releaseTable = new ReleaseRecord(this, 'Releases', { removalPolicy }).table;
    this.grants = new ModelGrants(this);
    this.database = (props.database ?? RegistryDatabase.postgres()).bind(this, {
      network: props.network, destroy, alarmActions: props.alarmActions,
    });

    const plan = planServer(Faults.ofConstruct(this), this, props, { bucketName: this.artifactBucket.bucketName, database: this.database });
    const login = new RegistryLogin(this, loginPlan, removalPolicy);
    this.machineLogin = login.secrets?.machines;
    this.adminLogin = login.secrets?.admin;
    const parts = { plan, database: this.database, login, loginPlan };
    this.pods = createClusterServer(this, props, parts, service);
    this.tasks = this.pods ? undefined : createFargateServer(this, props, parts);
    const server = this.pods ?? this.server;
    this.grants.register(server);
    this.database.connections?.allowDefaultPortFrom(server.securityGroup, 'model registry');
    this.trackingUri = plan.trackingUri;
    this.hostName = server.hostName;
    this.connections = server.connections;
    this.serverIdentity = this.pods?.identity;
    this.serverRelease = this.pods?.start();
    this.metrics = plan.metrics && this.tasks && nameTasks(this, plan.metrics, props.network, this.tasks);
    this.metricsAddress = this.metrics && `${this.metrics.dnsName}:${this.metrics.port}`;
    const site = siteOf(this.trackingUri, server, props);
    this.alarms = [
      ...server.alarms, ...this.database.alarms,
      ...login.guard(site, browserLogin && this.tasks && { plan: browserLogin, server: this.tasks }),
      ...aliases ? createAliasCheck(this, aliases, { ...site, releaseTable: this.releaseTable, client: this.clientEnvironment() }) : [],
    ];
    pinExports(this, [this.releaseTable.tableArn, this.releaseTable.tableName]);
    if (!props.artifactBucket) pinExports(this, [this.artifactBucket.bucketArn, this.artifactBucket.bucketName]);
  }

  /**
   * The MLflow server on Fargate.
   *
   * @throws a ValidationError [no-fargate-server] if it runs in a cluster
   */
  get server(): InternalService {
    return this.tasks ?? fail(this.node.path, 'no-fargate-server', 'server is on a cluster, not on Fargate; use serverRelease and serverIdentity');
  }

  get releaseTableName(): string {
    return this.releaseTable.tableName;
  }

  /** The database instance, if it was made here. */
  get databaseInstance(): RegistryDatabaseConfig['instance'] {
    return this.database.instance;
  }

  /** The Aurora cluster, if one was made here. */
  get databaseCluster(): RegistryDatabaseConfig['cluster'] {
    return this.database.cluster;
  }

  /**
   * Lets a Prometheus connect to the metrics of every task, which ask for no login.
   *
   * @throws a ValidationError [no-metrics] without `metrics`
   */
  allowMetricsFrom(prometheus: ec2.IConnectable): void {
    this.server.securityGroup.connections.allowFrom(prometheus, ec2.Port.tcp(this.told('allowMetricsFrom').port), 'metrics of the model registry');
  }

  /**
   * Lets the Prometheus of a cluster in the same network read the metrics of every task, every 30 seconds: a rule for the cluster's nodes, and a
   * ScrapeConfig beside Prometheus.
   *
   * @returns the ScrapeConfig's release
   * @throws a ValidationError [no-metrics] without `metrics`
   */
  scrapeFrom(cluster: IMlCluster, prometheus: IPrometheus): ManifestRelease {
    return scrape(this, this.told('scrapeFrom'), this.server, cluster, prometheus);
  }

  clientEnvironment(): MlflowClientEnvironment {
    return clientEnvironmentOf(this.trackingUri, this.machineLogin);
  }

  model(name: string): IRegisteredModel {
    return new RegisteredModel(this, name);
  }

  private told(method: string): MetricsPlace {
    return this.metrics ?? fail(this.node.path, 'no-metrics', `${method} needs metrics, and the registry tells none; give it metrics: {}`);
  }
}

interface Decision {
  readonly destroy: boolean;
  readonly loginPlan: LoginPlan;
  readonly service: InternalServiceBlueprint;
  readonly browserLogin?: BrowserLoginBlueprint;
  readonly aliases?: AliasCheckBlueprint;
}

/** Everything that is checked, before any child exists. */
function decide(scope: Construct, id: string, props: ModelRegistryProps): Decision {
  const faults = Faults.of(scope, id);
  checkRemovalPolicy(faults, props.removalPolicy);
  const destroy = destroysData(scope, faults, 'removalPolicy', props.removalPolicy === RemovalPolicy.DESTROY);
  const draft = planServer(faults, scope, props, { bucketName: '', database: undefined });
  checkArtifactPrefix(faults, props.artifactPrefix ?? DEFAULT_PREFIX);
  const loginPlan = planLogin(faults, props.auth, props.network.loadBalancer.protocol);
  checkClusterServer(faults, props);
  const service = checkInternalService(faults, {
    ...shapeOf(props, draft, loginPlan), secretNames: [...Object.keys(draft.secretFields), ...loginPlan.secretNames],
  });
  const browserLogin = planBrowserLogin(faults, scope, loginPlan, props.network, service);
  const aliases = planAliasCheck(faults, scope, id, props);
  faults.throwIfAny();
  return { destroy, loginPlan, service, browserLogin, aliases };
}

/** Where the tasks beside the server stand. */
function siteOf(trackingUri: string, server: InternalService | ClusterServer, props: ModelRegistryProps): LoginSite {
  const { network, cpuArchitecture, alarmActions = [] } = props;
  return { network, server, image: imageOf(props), cpuArchitecture, trackingUri, alarmActions };
}

function planAliasCheck(faults: Faults, scope: Construct, id: string, props: ModelRegistryProps): AliasCheckBlueprint | undefined {
  const { aliasCheck: options, auth, network } = props;
  if (!options) return undefined;
  faults.check(auth?.browserLogin === undefined, 'alias-check-cannot-log-in',
    'aliasCheck needs a password or none, and auth lets machines in by a token only; leave aliasCheck out, or use RegistryAuth.basic()');
  faults.check(network.routesOut || network.interfaceEndpoints.includes('monitoring'), 'no-route-to-cloudwatch',
    'aliasCheck sends metrics, and the network has no route out and no interface endpoint for monitoring; add it to interfaceEndpoints');
  return aliasCheck(faults, {
    everyMinutes: options.every?.toMinutes({ integral: false }),
    repair: options.repair,
    registryName: scope.node.path === '' ? id : `${scope.node.path}/${id}`,
  });
}
