import { join } from 'path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnnouncementOptions } from './blueprint/announcement-options';
import { ARRIVALS_FUNCTION, checkMinutes, metadataPlace, watch, type WatchBlueprint } from './blueprint/data-arrivals';
import { IIcebergTable } from './interfaces';
import { checkText } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { runtimeDirectory } from '../core/private/runtime-asset';
import { acknowledgeAll, acknowledgeWildcards } from '../network/acknowledge-wildcards';
import { deadLetterQueue, deadLettersAlarm } from '../network/dead-letters';
import { PlatformBusGrants } from '../network/platform-bus-grants';

/** Properties of announcements. */
export interface DataArrivalsProps {
  /** Bus that gets the events: `eventBus` of a `network.PlatformBus`. */
  readonly eventBus: events.IEventBus;

  /**
   * Name of the environment in every event.
   *
   * @default 'default'
   */
  readonly environmentName?: string;

  /**
   * Key that encrypts the table of what was told.
   *
   * @default - encryption by DynamoDB itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * What happens when an arrival could not be told of.
   *
   * @default - the alarm is only shown
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * Sends `Data Arrived` once for each commit that brought rows to an Iceberg table: for appends and overwrites, never for compaction or
 * deletes.
 *
 * S3 tells of each new metadata file of a lake; a function of some hundred milliseconds reads it and sends what is new, whoever wrote
 * the table. S3 Tables tell nobody, so the function looks at each of them every few minutes. Once an hour it looks at all tables that
 * it knows, so an event of S3 that is lost makes an announcement late, not silent. What existed before is not told.
 *
 * Fails with `invalid-environment-name`.
 *
 * @see https://iceberg.apache.org/spec/#snapshots
 */
export class DataArrivals extends Construct {
  /** The function that reads metadata and sends events. */
  readonly function: lambda.Function;
  /** What was told, one item for each table. */
  readonly stateTable: dynamodb.Table;
  /** Arrivals that could not be told of after several tries. */
  readonly deadLetterQueue: sqs.Queue;
  /** Rings while one of them lies in the queue. */
  readonly alarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: DataArrivalsProps) {
    const faults = Faults.of(scope, id);
    checkText(faults, 'environmentName', props.environmentName, { pattern: /^\S{1,64}$/, allowed: '1 to 64 characters without spaces' });
    faults.throwIfAny();
    super(scope, id);

    this.stateTable = this.makeStateTable(props);
    this.deadLetterQueue = deadLetterQueue(this, 'DeadLetters');
    this.function = this.makeFunction(props);
    new PlatformBusGrants(props.eventBus).publish(this.function);
    this.stateTable.grant(this.function, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Scan');
    this.makeRule('Sweep', { schedule: events.Schedule.rate(Duration.hours(1)) }, { sweep: true });
    this.alarm = deadLettersAlarm(this, 'DeadLettersAlarm', this.deadLetterQueue,
      `${this.node.path}: arrivals of data could not be told of; the function's log says why`, props.alarmActions);
  }

  /**
   * Announces a table of a lake or of S3 Tables.
   *
   * Fails with `duplicate-id`, `invalid-min-rows`, `invalid-closed-partition`, `rows-and-partition`, `no-object-events`,
   * `invalid-check-interval`, `check-interval-not-minutes` or `needless-check-interval`.
   *
   * @param id id of the table's rule
   * @param table the table; the function gets the right to read it
   * @param options when its rows are told of
   */
  addTable(id: string, table: IIcebergTable, options: AnnouncementOptions = {}): void {
    const faults = Faults.of(this, id);
    const watched = watch(faults, table, options);
    if (table.s3TableCatalog) return this.lookAt(faults, id, table, watched, options);
    faults.check(options.checkInterval === undefined, 'needless-check-interval',
      'checkInterval is for S3 Tables, and S3 tells of every commit to this table at once; leave it out');
    const place = metadataPlace(faults, table.location);
    faults.throwIfAny();
    if (place === undefined) return;

    table.grants.read(this.function);
    this.makeRule(id, {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [place.bucketName] }, object: { key: events.Match.wildcard(place.keys) } },
      },
    }, { ...watched, key: events.EventField.fromPath('$.detail.object.key'), time: events.EventField.time });
  }

  private lookAt(faults: Faults, id: string, table: IIcebergTable, watched: WatchBlueprint, options: AnnouncementOptions): void {
    const minutes = checkMinutes(faults, options);
    faults.throwIfAny();
    table.grants.read(this.function);
    this.makeRule(id, { schedule: events.Schedule.rate(Duration.minutes(minutes)) }, { ...watched, everySeconds: minutes * 60, time: events.EventField.time });
  }

  private makeStateTable(props: DataArrivalsProps): dynamodb.Table {
    const table = new dynamodb.Table(this, 'State', {
      partitionKey: { name: 'table', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryptionKey: props.encryptionKey,
      // it says again what the tables say: without it the next commits are the first that are told of
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledgeAll(table, ['AwsSolutions-DDB3'], 'nothing is lost with it: the tables of the lake hold their own history');
    return table;
  }

  private makeFunction(props: DataArrivalsProps): lambda.Function {
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), description: `Announcements of ${this.node.path}` });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }));
    acknowledgeWildcards(role, [logGroup.logGroupArn], 'the ARN of a log group ends in a star: it stands for its streams');
    return new lambda.Function(this, 'Function', {
      description: 'Sends Data Arrived for new rows of Iceberg tables',
      runtime: lambda.Runtime.PYTHON_3_14,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(join(runtimeDirectory(__dirname), 'src'), { exclude: ARRIVALS_FUNCTION.exclude }),
      handler: ARRIVALS_FUNCTION.handler,
      memorySize: ARRIVALS_FUNCTION.memoryMiB,
      timeout: Duration.seconds(ARRIVALS_FUNCTION.timeoutSeconds),
      environment: {
        ML_ARRIVALS_TABLE: this.stateTable.tableName,
        ML_EVENT_BUS: props.eventBus.eventBusName,
        ML_ENVIRONMENT: props.environmentName ?? 'default',
      },
      role,
      logGroup,
      deadLetterQueue: this.deadLetterQueue,
      retryAttempts: 2,
    });
  }

  private makeRule(id: string, when: events.RuleProps, input: { [key: string]: unknown }): void {
    new events.Rule(this, id, {
      ...when,
      targets: [new targets.LambdaFunction(this.function, { deadLetterQueue: this.deadLetterQueue, event: events.RuleTargetInput.fromObject(input) })],
    });
  }
}
