import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { ServiceAlarmThresholds, ServiceHealthCheck, ServiceScaling } from './blueprint/service-options';
import { IMlNetwork } from './interfaces';

/** What constructs that are a service (the registry, a model service) let their users choose. */
export interface InternalServiceOptions {
  /**
   * CPU units of a task: 1,024 is one virtual CPU.
   *
   * @default - 256, unless the construct on top needs more and says so
   */
  readonly cpu?: number;

  /**
   * Memory of a task in MiB; which values go with `cpu` is Fargate's table.
   *
   * @default - 512, unless the construct on top needs more and says so
   */
  readonly memoryLimitMiB?: number;

  /**
   * Processor of the tasks; the image has to be built for it. ARM64 costs about 20 % less.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * Number of tasks, 0 to 5,000. Two survive the loss of a zone. Not together with `scaling`.
   *
   * @default 1
   */
  readonly desiredCount?: number;

  /**
   * Lets the number of tasks follow the load.
   *
   * @default - the number stays
   */
  readonly scaling?: ServiceScaling;

  /**
   * When alarms go off.
   *
   * @default - 5 % server errors, 1 second at the 99th percentile
   */
  readonly alarmThresholds?: ServiceAlarmThresholds;

  /**
   * What alarms do, for example `new SnsAction(topic)`.
   *
   * @default - alarms show in CloudWatch only
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];

  /**
   * ECS cluster to run in. Sharing one costs nothing and saves nothing.
   *
   * @default - a new one
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Whether the new cluster has Container Insights, which is billed as custom metrics: a few USD a month and service.
   *
   * @default false
   */
  readonly containerInsights?: boolean;

  /**
   * How long logs are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What becomes of the logs when the service goes.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly logRemovalPolicy?: RemovalPolicy;

  /**
   * Priority of the listener rule, 1 to 50,000; needed only where two host names hash to the same number.
   *
   * @default - from a stable hash of the host name
   */
  readonly listenerPriority?: number;
}

/** Properties of a service. */
export interface InternalServiceProps extends InternalServiceOptions {
  /** Where the service stands. */
  readonly network: IMlNetwork;

  /** What runs. */
  readonly image: ecs.ContainerImage;

  /** First label of the host name: `registry` becomes `registry.ml.internal`. */
  readonly hostName: string;

  /**
   * Port on which the container listens, 1 to 65,535; also in `ML_PORT`.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Command of the container; the image's entry point is kept.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Environment variables.
   *
   * @default - `ML_HOST` 0.0.0.0 and `ML_PORT` only
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * Environment variables from Secrets Manager or Systems Manager.
   *
   * @default - none
   */
  readonly secrets?: { readonly [name: string]: ecs.Secret };

  /**
   * Who the process runs as: user, uid, user:group or uid:gid. The default is the user of the images that the library builds.
   *
   * @default '10001:10001'
   */
  readonly user?: string;

  /**
   * Disk of a task for `/tmp`, 21 to 200 GiB.
   *
   * @default - 20 GiB, Fargate's default
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * How the load balancer finds out that a task answers.
   *
   * @default - `/health` every 15 seconds
   */
  readonly healthCheck?: ServiceHealthCheck;

  /**
   * Time that a task which goes has for its last answers, 0 to 3,600 seconds.
   *
   * @default Duration.seconds(30)
   */
  readonly deregistrationDelay?: Duration;

  /**
   * Role of the tasks.
   *
   * @default - a new one without rights
   */
  readonly taskRole?: iam.IRole;
}
