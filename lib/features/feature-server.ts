import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { FeatureAccess } from './blueprint/access';
import type { FeatureStore } from './feature-store';
import { Faults } from '../core/private/faults';
import { checkInternalService, type InternalServiceShape } from '../network/check-internal-service';
import { InternalService } from '../network/internal-service';
import type { InternalServiceOptions } from '../network/internal-service-props';
import { serviceOptionsOf } from '../network/service-options-of';

/** Options of a feature server. A task has 512 CPU units and 1,024 MiB unless `cpu` and `memoryLimitMiB` say otherwise. */
export interface FeatureServerOptions extends InternalServiceOptions {
  /**
   * First part of the server's name in the network's domain: `features` gives `features.ml.internal`.
   *
   * @default - the project's name with hyphens
   */
  readonly hostName?: string;
}

/** Properties of a feature server. */
export interface FeatureServerProps extends FeatureServerOptions {
  /** The store. */
  readonly store: FeatureStore;
}

/**
 * Feast's HTTP server on Fargate behind the network's internal load balancer, for programs that are not Python.
 *
 * A Python model server does without it: `store.addReader(...)` looks features up inside its own process, one hop less and nothing to pay.
 * It has no login of its own: whoever reaches it may read every feature.
 *
 * @see https://docs.feast.dev/reference/feature-servers/python-feature-server
 */
export class FeatureServer extends Construct {
  /** @internal */
  static _propsOf(store: FeatureStore, options: FeatureServerOptions): FeatureServerProps {
    return { ...serviceOptionsOf(options), hostName: options.hostName, store };
  }

  /** Address of the server, for example `http://features.ml.internal`. */
  readonly url: string;
  /** Who may call. */
  readonly connections: ec2.Connections;
  /** The service behind the load balancer, with all of its parts. */
  readonly service: InternalService;
  /** Alarms on tasks, errors and answer time. */
  readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: FeatureServerProps) {
    const faults = Faults.of(scope, id);
    checkInternalService(faults, { ...shapeOf(props), secretNames: Object.keys(props.store.readSecrets) });
    faults.throwIfAny();
    super(scope, id);

    const { store } = props;
    const around = store._surroundings(FeatureAccess.READ_ONLINE);
    this.service = new InternalService(this, 'Service', {
      ...shapeOf(props), hostName: hostNameOf(props), image: around.image, secrets: around.secrets,
    });
    store.grants.readOnline(this.service.taskRole);
    store.allowReadsFrom(this.service.service);
    this.url = this.service.url;
    this.connections = this.service.connections;
    this.alarms = this.service.alarms;
  }
}

function hostNameOf({ hostName, store }: FeatureServerProps): string {
  return hostName ?? store.projectName.replace(/_/g, '-');
}

function shapeOf(props: FeatureServerProps): InternalServiceShape {
  const { store } = props;
  const { network, alarmActions, cpuArchitecture } = store._props;
  return {
    ...serviceOptionsOf(props, { cpu: 512, memoryLimitMiB: 1024, alarmActions, cpuArchitecture }),
    network,
    hostName: hostNameOf(props),
    command: ['python', '-m', 'ml_platform_runtime', 'features-serve'],
    port: 6566,
    environment: { ...store.readEnvironment, HOME: '/tmp' },
    healthCheck: { path: '/health', gracePeriod: Duration.seconds(120) },
  };
}
