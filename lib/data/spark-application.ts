import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as emrserverless from 'aws-cdk-lib/aws-emrserverless';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { icebergDefaults, sparkApplication, SparkApplicationBlueprint } from './blueprint/spark';
import { SparkArchitecture } from './blueprint/spark-architecture';
import { Zone } from './blueprint/zone';
import { IDataLake, ISparkApplication } from './interfaces';
import { SparkImage } from './spark-image';
import { SparkJob, SparkJobOptions } from './spark-job';
import { checkOneOf } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import type { IMlNetwork } from '../network/interfaces';

/** Properties of an application. */
export interface SparkApplicationProps {
  /** Lake whose tables jobs work on. New tables lie in its zone PROCESSED. */
  readonly lake: IDataLake;

  /**
   * Release of EMR, from 7 on.
   *
   * @default 'emr-7.9.0'
   */
  readonly releaseLabel?: string;

  /**
   * What the workers run in. EMR takes another one only while the application is stopped.
   *
   * @default - EMR's image of the release
   */
  readonly image?: SparkImage;

  /**
   * Processors of the workers.
   *
   * @default SparkArchitecture.ARM64
   */
  readonly architecture?: SparkArchitecture;

  /**
   * vCPUs that all workers of all jobs have together at most: with `maxMemoryGb` it is the limit of what an hour costs.
   *
   * @default 16
   */
  readonly maxVcpu?: number;

  /**
   * Memory that all workers of all jobs have together at most, in GB.
   *
   * @default 64
   */
  readonly maxMemoryGb?: number;

  /**
   * Time without a job after which the application stops, in whole minutes.
   *
   * @default Duration.minutes(15)
   */
  readonly idleTimeout?: Duration;

  /**
   * Network that workers stand in: needed only where they call what is inside.
   *
   * @default - none; workers reach AWS through EMR's own network
   */
  readonly network?: IMlNetwork;

  /**
   * Key that encrypts the logs that EMR keeps for its console, for 30 days. EMR is let in by the role of each job.
   *
   * @default - a key of AWS, free of charge
   */
  readonly encryptionKey?: kms.IKey;
}

/** An application that exists, with Iceberg and Glue configured. */
export interface SparkApplicationAttributes {
  /** Id of the application. */
  readonly applicationId: string;
  /**
   * Where its drivers and executors log to.
   *
   * @default - jobs get no right to log
   */
  readonly logGroup?: logs.ILogGroup;
  /**
   * Key of the logs that EMR keeps for its console.
   *
   * @default - a key of AWS
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Whether its image has what `SparkImage.quality()` has.
   *
   * @default - not known; a check relies on it
   */
  readonly checksQuality?: boolean;
}

/**
 * An application of EMR Serverless for Spark jobs on Iceberg tables: it starts with a job, stops without one, and never has more
 * workers than its limit says.
 *
 * Fails with `invalid-release-label`, `invalid-architecture`, `invalid-max-vcpu`, `invalid-max-memory-gb`, `invalid-idle-timeout`,
 * `idle-timeout-not-minutes` or `unknown-zone`.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/emr-serverless.html
 */
export class SparkApplication extends Construct implements ISparkApplication {
  /** Uses an application that exists; creates nothing. Its size is not known here, so jobs are not checked against it. */
  static fromSparkApplicationAttributes(scope: Construct, id: string, attributes: SparkApplicationAttributes): ISparkApplication {
    return new ImportedApplication(scope, id, attributes);
  }

  readonly applicationId: string;
  readonly applicationArn: string;
  readonly maxVcpu?: number;
  readonly maxMemoryGb?: number;
  /** What all workers together cost in an hour at most, in USD (us-east-1). */
  readonly maxUsdPerHour: number;
  readonly logGroup?: logs.ILogGroup;
  readonly encryptionKey?: kms.IKey;
  readonly checksQuality?: boolean;
  /** Security group of the workers, if they stand in a network. */
  readonly securityGroup?: ec2.SecurityGroup;
  /** The application. */
  readonly resource: emrserverless.CfnApplication;

  constructor(scope: Construct, id: string, props: SparkApplicationProps) {
    const faults = Faults.of(scope, id);
    checkOneOf(faults, 'architecture', props.architecture, Object.values(SparkArchitecture));
    const plan = sparkApplication(faults, { ...props, architecture: faults.ok ? props.architecture : undefined });
    faults.collect(() => props.lake.bucket(Zone.PROCESSED));
    faults.throwIfAny();
    super(scope, id);

    this.maxVcpu = plan.maxVcpu;
    this.maxMemoryGb = plan.maxMemoryGb;
    this.maxUsdPerHour = plan.maxUsdPerHour;
    this.encryptionKey = props.encryptionKey;
    this.checksQuality = props.image?._checksQuality ?? false;
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.logGroup = logGroup;
    this.securityGroup = props.network ? this.makeSecurityGroup(props.network) : undefined;
    this.resource = this.makeApplication(plan, props, logGroup);
    this.applicationId = this.resource.attrApplicationId;
    this.applicationArn = this.resource.attrArn;
  }

  /**
   * Adds a job.
   *
   * @returns the job, with a role of its own
   */
  addJob(id: string, options: SparkJobOptions): SparkJob {
    return new SparkJob(this, id, {
      application: this,
      entryPoint: options.entryPoint,
      arguments: options.arguments,
      workerVcpu: options.workerVcpu,
      workerMemoryGb: options.workerMemoryGb,
      maxExecutors: options.maxExecutors,
      timeout: options.timeout,
      sparkProperties: options.sparkProperties,
      alarmActions: options.alarmActions,
    });
  }

  private makeApplication(plan: SparkApplicationBlueprint, props: SparkApplicationProps, logGroup: logs.LogGroup): emrserverless.CfnApplication {
    return new emrserverless.CfnApplication(this, 'Resource', {
      type: 'SPARK',
      releaseLabel: plan.releaseLabel,
      architecture: plan.architecture,
      imageConfiguration: props.image && { imageUri: props.image._bind(this, plan.releaseLabel, plan.architecture) },
      maximumCapacity: { cpu: `${plan.maxVcpu} vCPU`, memory: `${plan.maxMemoryGb} GB` },
      autoStartConfiguration: { enabled: true },
      autoStopConfiguration: { enabled: true, idleTimeoutMinutes: plan.idleMinutes },
      networkConfiguration: props.network && this.securityGroup ? {
        subnetIds: props.network.vpc.selectSubnets(props.network.privateSubnets).subnetIds,
        securityGroupIds: [this.securityGroup.securityGroupId],
      } : undefined,
      runtimeConfiguration: [{
        classification: 'spark-defaults',
        properties: icebergDefaults(`s3://${props.lake.bucket(Zone.PROCESSED).bucketName}/tables`),
      }],
      monitoringConfiguration: {
        cloudWatchLoggingConfiguration: { enabled: true, logGroupName: logGroup.logGroupName },
        managedPersistenceMonitoringConfiguration: { enabled: true, encryptionKeyArn: props.encryptionKey?.keyArn },
      },
    });
  }

  private makeSecurityGroup({ vpc }: IMlNetwork): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: true, description: `Spark workers of ${this.node.path}` });
    group.addIngressRule(group, ec2.Port.allTcp(), 'workers of one job talk to each other');
    return group;
  }
}

/** An application that another stack owns. */
class ImportedApplication extends Construct implements ISparkApplication {
  readonly applicationId: string;
  readonly applicationArn: string;
  readonly logGroup?: logs.ILogGroup;
  readonly encryptionKey?: kms.IKey;
  readonly checksQuality?: boolean;

  constructor(scope: Construct, id: string, attributes: SparkApplicationAttributes) {
    super(scope, id);
    this.applicationId = attributes.applicationId;
    this.applicationArn = Stack.of(this).formatArn({ service: 'emr-serverless', resource: '/applications', resourceName: attributes.applicationId });
    this.logGroup = attributes.logGroup;
    this.encryptionKey = attributes.encryptionKey;
    this.checksQuality = attributes.checksQuality;
  }
}
