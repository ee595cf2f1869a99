import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { inferenceUrl, modelService, type ModelServiceBlueprint } from './blueprint/model-service';
import type { FargateModelServiceAttributes, IModelService } from './interfaces';
import { importModelService } from './private/imported-model-service';
import { Faults } from '../core/private/faults';
import { checkInternalService, type InternalServiceShape } from '../network/check-internal-service';
import type { IMlNetwork } from '../network/interfaces';
import { InternalService } from '../network/internal-service';
import type { InternalServiceOptions } from '../network/internal-service-props';
import { runtimeImage } from '../network/runtime-image';
import { serviceOptionsOf } from '../network/service-options-of';
import type { ModelReference } from '../registry/interfaces';

/** Properties of `FargateModelService`. A task has 256 CPU units and 1,024 MiB unless `cpu` and `memoryLimitMiB` say otherwise. */
export interface FargateModelServiceProps extends InternalServiceOptions {
  /** The network that the service stands in. */
  readonly network: IMlNetwork;
  /** What is served: `models.model('fraud').alias('champion')`. */
  readonly model: ModelReference;
  /**
   * First part of the service's name in the network's domain: `fraud` gives `fraud.ml.internal`.
   *
   * @default - the model's name in lower case with hyphens
   */
  readonly hostName?: string;
  /**
   * How often the release record is read, 100 milliseconds to 1 minute. Eventually consistent reads cost 0.0625 USD per million (us-east-1);
   * twice a second is about 0.33 USD a month and task.
   *
   * @default Duration.millis(500)
   */
  readonly pollInterval?: Duration;
  /**
   * Whether models that run code when they are loaded (pickle, cloudpickle) are served.
   * Whoever may register such a model runs code with the service's rights.
   *
   * @default false
   */
  readonly allowPickle?: boolean;
  /**
   * Further environment variables of the server.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };
  /**
   * Image of the server. It has to run `python -m ml_platform_runtime serve`.
   *
   * @default - built from the sources in this package
   */
  readonly image?: ecs.ContainerImage;
  /**
   * Disk of a task, 21 to 200 GiB; the model and its predecessor lie there.
   *
   * @default - 20 GiB
   */
  readonly ephemeralStorageGiB?: number;
}

/**
 * A model on Fargate behind the network's internal load balancer.
 *
 * The server follows the release record: it loads the version that was promoted straight from S3, changes over without a restart,
 * keeps the last good one, and needs no MLflow. It answers `/v2/models/<name>/infer` (Open Inference Protocol), `/invocations`
 * (MLflow's protocol), `/health` and `/metrics`, and is healthy, but not ready, before the first promotion.
 * https://github.com/kserve/open-inference-protocol
 */
export class FargateModelService extends Construct implements IModelService {
  /** A model service that exists. Nothing is created. */
  static fromFargateModelServiceAttributes(scope: Construct, id: string, attributes: FargateModelServiceAttributes): IModelService {
    return importModelService(scope, id, attributes);
  }

  readonly modelName: string;
  /** Host name of the service, for example `fraud.ml.internal`. */
  readonly hostName: string;
  /** Address of the service. */
  readonly url: string;
  /** Address of the Open Inference Protocol for this model. */
  readonly inferenceUrl: string;
  /** Who may call the service. */
  readonly connections: ec2.Connections;
  readonly securityGroup: ec2.ISecurityGroup;
  /** The role of the tasks, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The service behind the load balancer, with all of its parts. */
  readonly service: InternalService;
  /** Alarms on tasks, errors and answer time. */
  readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: FargateModelServiceProps) {
    const faults = Faults.of(scope, id);
    const plan = planService(faults, scope, props);
    // the blueprint gives no host name where it refused the one that it was given
    checkInternalService(faults, { ...shapeOf(props, plan), hostName: plan.hostName === '' ? undefined : plan.hostName });
    faults.throwIfAny();
    super(scope, id);

    const { modelName, registry } = props.model;
    this.service = createService(this, props, plan);
    registry.model(modelName).grants.serve(this.service.taskRole);
    this.modelName = modelName;
    this.hostName = this.service.hostName;
    this.url = this.service.url;
    this.inferenceUrl = inferenceUrl(this.url, modelName);
    this.connections = this.service.connections;
    this.securityGroup = this.service.securityGroup;
    this.grantPrincipal = this.service.grantPrincipal;
    this.alarms = this.service.alarms;
  }

  /** Requests that reached the model; default: sum over five minutes. */
  metricRequestCount(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.service.metricRequestCount(options);
  }

  /** Answers with a server error; default: sum over five minutes. */
  metricServerErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.service.metricServerErrors(options);
  }

  /** Seconds from request to answer; default: 99th percentile over five minutes. */
  metricResponseTime(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.service.metricResponseTime(options);
  }
}

function planService(faults: Faults, scope: Construct, props: FargateModelServiceProps): ModelServiceBlueprint {
  const { modelName, alias, registry } = props.model;
  // asked for now, because the rights that are given last need them
  faults.collect(() => registry.model(modelName));
  const known = faults.collect(() => ({ table: registry.releaseTableName, bucket: registry.artifactBucket }));
  return modelService(faults, {
    modelName,
    alias,
    releaseTableName: known?.table ?? '',
    region: Stack.of(scope).region,
    hostName: props.hostName,
    cpu: props.cpu,
    memoryLimitMiB: props.memoryLimitMiB,
    pollInterval: props.pollInterval,
    allowPickle: props.allowPickle,
    environment: props.environment,
  });
}

function shapeOf(props: FargateModelServiceProps, plan: ModelServiceBlueprint): InternalServiceShape {
  return {
    ...serviceOptionsOf(props, { cpu: plan.cpu, memoryLimitMiB: plan.memoryLimitMiB }),
    network: props.network,
    command: plan.command,
    port: plan.port,
    environment: plan.environment,
    ephemeralStorageGiB: props.ephemeralStorageGiB,
    healthCheck: { path: plan.healthPath, gracePeriod: Duration.seconds(plan.healthGraceSeconds) },
  };
}

function createService(scope: Construct, props: FargateModelServiceProps, plan: ModelServiceBlueprint): InternalService {
  return new InternalService(scope, 'Service', {
    ...shapeOf(props, plan),
    hostName: plan.hostName,
    image: props.image ?? runtimeImage('serving', props.cpuArchitecture),
  });
}
