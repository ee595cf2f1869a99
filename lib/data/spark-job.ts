import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { failedRuns, sparkJob } from './blueprint/spark';
import { ISparkApplication } from './interfaces';
import { Faults } from '../core/private/faults';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';
import { alarmAboveZero } from '../network/alarm-above-zero';
import { deadLetterQueue } from '../network/dead-letters';

/** How large the runs of a job are, and how long they may take. */
export interface SparkRunOptions {
  /**
   * vCPUs of the driver and of each executor: 1, 2, 4, 8 or 16.
   *
   * @default 4
   */
  readonly workerVcpu?: number;

  /**
   * Memory of the driver and of each executor, in GB; Java gets ten elevenths of it.
   *
   * @default 16
   */
  readonly workerMemoryGb?: number;

  /**
   * Executors that work at the same time at most.
   *
   * @default 3
   */
  readonly maxExecutors?: number;

  /**
   * Time after which EMR ends a run.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * Further properties of Spark, which win over what the construct says.
   *
   * @default - Iceberg and Glue as the application has them
   */
  readonly sparkProperties?: { readonly [key: string]: string };
}

/** Options of a job. */
export interface SparkJobOptions extends SparkRunOptions {
  /** The program: a Python file or JAR of this project, or an `s3://` address, to which the job needs a right of its own. */
  readonly entryPoint: string;

  /**
   * Arguments of the program.
   *
   * @default - none
   */
  readonly arguments?: string[];

  /**
   * What happens when a run fails, is cancelled, or is ended by `timeout`.
   *
   * @default - the alarm is only shown
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/** Properties of a job. */
export interface SparkJobProps extends SparkJobOptions {
  /** Application that runs the job. */
  readonly application: ISparkApplication;
}

/** What starts a run: the parameters of EMR Serverless's StartJobRun. */
export interface SparkJobRun {
  /** Id of the application. */
  readonly applicationId: string;
  /** Name of the run: the job's path, by which a run that failed is told from those of other jobs. */
  readonly name: string;
  /** ARN of the role that the job acts as. */
  readonly executionRoleArn: string;
  /** Address of the program. */
  readonly entryPoint: string;
  /** Arguments of the program. */
  readonly entryPointArguments: string[];
  /** What `spark-submit` is told. */
  readonly sparkSubmitParameters: string;
  /** Minutes after which EMR ends the run. */
  readonly executionTimeoutMinutes: number;
}

/**
 * A Spark job of an application, with a role of its own: grant it the tables that it reads and writes.
 *
 * The construct runs nothing: give `run`, its name included, to whatever starts jobs, for example a state machine. An alarm rings when
 * a run of this name fails.
 *
 * Fails with `invalid-worker-vcpu`, `invalid-worker-memory-gb`, `invalid-max-executors`, `job-over-capacity`, `invalid-timeout` or
 * `invalid-spark-properties`.
 *
 * @see https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
 */
export class SparkJob extends Construct implements iam.IGrantable {
  /** The role, for grants. */
  readonly grantPrincipal: iam.IPrincipal;
  /** What the job acts as. */
  readonly role: iam.Role;
  /** What starts a run. */
  readonly run: SparkJobRun;
  /** Who may do what with the job. */
  readonly grants: SparkJobGrants;
  /** EMR's events of runs that failed, were cancelled or took too long, for 14 days: their ids and when. */
  readonly failedRuns: sqs.Queue;
  /** Rings when a run failed. */
  readonly alarm: cloudwatch.Alarm;
  private readonly application: ISparkApplication;
  private readonly failedRunsRule: events.Rule;

  constructor(scope: Construct, id: string, props: SparkJobProps) {
    const { application } = props;
    const faults = Faults.of(scope, id);
    const { maxVcpu, maxMemoryGb } = application;
    const plan = sparkJob(faults, props, maxVcpu !== undefined && maxMemoryGb !== undefined ? { maxVcpu, maxMemoryGb } : undefined);
    faults.throwIfAny();
    super(scope, id);

    this.application = application;
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('emr-serverless.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } } }),
      description: `Spark job ${this.node.path}`,
    });
    this.grantPrincipal = this.role.grantPrincipal;
    this.grants = new SparkJobGrants(application.applicationArn, this.role.roleArn);
    this.letLog();
    this.run = {
      applicationId: application.applicationId,
      name: this.node.path.slice(-256),
      executionRoleArn: this.role.roleArn,
      entryPoint: props.entryPoint.startsWith('s3://') ? props.entryPoint : this.publish(props.entryPoint),
      entryPointArguments: [...props.arguments ?? []],
      sparkSubmitParameters: plan.submitParameters,
      executionTimeoutMinutes: plan.timeoutMinutes,
    };
    this.failedRuns = deadLetterQueue(this, 'FailedRuns');
    this.failedRunsRule = new events.Rule(this, 'FailedRunsRule', {
      description: `Runs of ${this.node.path} that failed`,
      eventPattern: failedRuns(this.run.applicationId, this.run.name),
      targets: [new targets.SqsQueue(this.failedRuns)],
    });
    const unwell = `${this.node.path}: a run failed, was cancelled or took too long; its id is in the queue ${this.failedRuns.queueName}`;
    this.alarm = alarmAboveZero(this, 'FailedRunsAlarm', this.metricFailedRuns(), unwell, props.alarmActions ?? []);
  }

  /**
   * Runs that failed, were cancelled or took too long: sum over 5 minutes unless told otherwise. Counted by EventBridge, because EMR's
   * own `FailedJobs` counts all jobs of an application together.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
   */
  metricFailedRuns(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/Events',
      metricName: 'Invocations',
      dimensionsMap: { RuleName: this.failedRunsRule.ruleName },
      statistic: cloudwatch.Stats.SUM,
      period: Duration.minutes(5),
      ...options,
    });
  }

  /** The program in the bucket of the app's assets, which the role may read. */
  private publish(path: string): string {
    const asset = new assets.Asset(this, 'EntryPoint', { path });
    this.role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)] }));
    return asset.s3ObjectUrl;
  }

  private letLog(): void {
    const { logGroup, encryptionKey } = this.application;
    if (logGroup) {
      const groups = Stack.of(this).formatArn({ service: 'logs', resource: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME });
      this.role.addToPolicy(new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], resources: [logGroup.logGroupArn],
      }));
      // EMR looks for the group by its name: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html
      this.role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:DescribeLogGroups'], resources: [groups] }));
      acknowledgeWildcards(this.role, [logGroup.logGroupArn, groups], 'the ARN of a log group ends in a star, and logs:DescribeLogGroups knows no single group');
    }
    if (encryptionKey) this.role.addToPolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryptionKey.keyArn] }));
  }
}

/** Who may do what with a job. */
export class SparkJobGrants {
  /**
   * @param applicationArn ARN of the application
   * @param roleArn ARN of the role that the job acts as
   */
  constructor(private readonly applicationArn: string, private readonly roleArn: string) {}

  /** Lets the grantee start runs of the job, look at runs of its application and cancel them. */
  start(grantee: iam.IGrantable): iam.Grant {
    const runs = `${this.applicationArn}/jobruns/*`;
    acknowledgeWildcards(grantee.grantPrincipal, [runs], 'a run has no ARN before it is started; the application is the limit');
    return iam.Grant.addToPrincipal({ grantee, actions: ['emr-serverless:StartJobRun'], resourceArns: [this.applicationArn] })
      .combine(iam.Grant.addToPrincipal({ grantee, actions: ['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'], resourceArns: [runs] }))
      .combine(iam.Grant.addToPrincipal({
        grantee, actions: ['iam:PassRole'], resourceArns: [this.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } },
      }));
  }
}
