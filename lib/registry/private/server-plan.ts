import { Duration, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { ClusterServer } from './cluster-server';
import type { LoginPlan, RegistryLogin } from './registry-login';
import type { Faults } from '../../core/private/faults';
import type { InternalServiceBlueprint } from '../../network/blueprint/internal-service';
import type { InternalServiceShape } from '../../network/check-internal-service';
import { InternalService } from '../../network/internal-service';
import { runtimeImage } from '../../network/runtime-image';
import { serviceOptionsOf } from '../../network/service-options-of';
import { registryServer, type RegistryServerBlueprint } from '../blueprint/server';
import type { ModelRegistryProps } from '../model-registry';
import type { RegistryDatabaseConfig } from '../registry-database';

/** Prefix of artifacts where none is given. */
export const DEFAULT_PREFIX = 'mlflow';

interface Backends {
  readonly bucketName: string;
  readonly database?: RegistryDatabaseConfig;
}

/** The server, as far as it is known: the first time before anything exists. */
export function planServer(faults: Faults, scope: Construct, props: ModelRegistryProps, { bucketName, database }: Backends): RegistryServerBlueprint {
  const { domainName, protocol, port } = props.network.loadBalancer;
  return registryServer(faults, {
    hostName: props.hostName,
    domainName,
    protocol,
    listenerPort: port,
    artifactBucketName: bucketName,
    artifactPrefix: props.artifactPrefix ?? DEFAULT_PREFIX,
    databaseHost: database?.host ?? '',
    databasePort: database?.port ?? '',
    databaseName: database?.databaseName ?? '',
    addressInSecret: database?.addressInSecret,
    databaseEnvironment: database?.environment,
    region: Stack.of(scope).region,
    workers: props.workers,
    cpu: props.cpu,
    memoryLimitMiB: props.memoryLimitMiB,
    allowedHosts: props.allowedHosts,
    metrics: props.metrics,
  });
}

/** The service that the server is, without what needs the database. */
export function shapeOf(props: ModelRegistryProps, plan: RegistryServerBlueprint, login: LoginPlan): InternalServiceShape {
  return {
    ...serviceOptionsOf(props, { cpu: plan.cpu, memoryLimitMiB: plan.memoryLimitMiB }),
    network: props.network,
    hostName: plan.hostName,
    command: plan.command,
    port: plan.port,
    environment: { ...plan.environment, ...login.environment },
    healthCheck: { path: plan.healthPath, gracePeriod: Duration.seconds(plan.healthGraceSeconds) },
  };
}

/** What a server is made of. */
export interface ServerParts {
  readonly plan: RegistryServerBlueprint;
  readonly database: RegistryDatabaseConfig;
  readonly login: RegistryLogin;
  readonly loginPlan: LoginPlan;
}

/** The server as tasks on Fargate. */
export function createFargateServer(scope: Construct, props: ModelRegistryProps, { plan, database, login, loginPlan }: ServerParts): InternalService {
  const fields = Object.entries(plan.secretFields);
  return new InternalService(scope, 'Server', {
    ...shapeOf(props, plan, loginPlan),
    hostName: plan.hostName,
    image: imageOf(props),
    secrets: {
      ...Object.fromEntries(fields.map(([name, field]) => [name, ecs.Secret.fromSecretsManager(database.secret, field)])),
      ...login.serverSecrets,
    },
  });
}

/** The server as pods of a cluster; undefined if it is none. They start when everything that they need is there. */
export function createClusterServer(
  scope: Construct, props: ModelRegistryProps, { plan, database, login, loginPlan }: ServerParts, service: InternalServiceBlueprint,
): ClusterServer | undefined {
  const options = props.server?.clusterServer;
  if (options === undefined) return undefined;
  return new ClusterServer(scope, 'Server', {
    options,
    network: props.network,
    // what was decided before the database existed, with the values that it brought
    service: { ...service, environment: { ...service.environment, ...plan.environment, ...loginPlan.environment } },
    name: plan.hostName,
    metrics: plan.metrics,
    startSeconds: plan.healthGraceSeconds,
    database,
    secrets: {
      ...Object.fromEntries(Object.entries(plan.secretFields).map(([name, field]) => [name, { secret: database.secret, field }])),
      ...login.secretFields,
    },
    cpuArchitecture: props.cpuArchitecture,
    taskCluster: props.cluster,
    alarmActions: props.alarmActions,
  });
}

/** The image of tasks. */
export function imageOf({ image, cpuArchitecture }: ModelRegistryProps): ecs.ContainerImage {
  return image ?? runtimeImage('registry', cpuArchitecture);
}
