import { Duration, RemovalPolicy, type Size, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { firehoseIngestion, FirehoseIngestionBlueprint } from './blueprint/firehose-ingestion';
import { FirehoseSource } from './firehose-source';
import { IIcebergTable } from './interfaces';
import { fail, Faults } from '../core/private/faults';
import { acknowledgeAll, acknowledgeWildcards } from '../network/acknowledge-wildcards';

/** Properties of an ingestion. */
export interface FirehoseIngestionProps {
  /** Table that gets the records; its columns are the records' JSON fields. */
  readonly table: IIcebergTable;

  /** Bucket of the records that the table did not take, for example the zone RAW of the lake. */
  readonly errorBucket: s3.IBucket;

  /**
   * Where those records lie in the bucket, without a slash at the ends.
   *
   * @default - `firehose-errors/<tableName>`
   */
  readonly errorPrefix?: string;

  /**
   * Where records come from.
   *
   * @default FirehoseSource.directPut()
   */
  readonly source?: FirehoseSource;

  /**
   * Columns that identify a row. A record whose row exists replaces it, so that a record that comes twice is there once.
   *
   * @default - records are only added
   */
  readonly uniqueKeys?: string[];

  /**
   * How long Firehose collects records before it commits them: 0 to 900 seconds. Each commit makes files and a snapshot.
   *
   * @default Duration.minutes(5)
   */
  readonly bufferInterval?: Duration;

  /**
   * How much it collects at most: 1 to 128 MiB.
   *
   * @default Size.mebibytes(128)
   */
  readonly bufferSize?: Size;

  /**
   * How long a delivery that failed is tried again before its records go to the error bucket: 0 to 7200 seconds.
   *
   * @default Duration.hours(1)
   */
  readonly retryDuration?: Duration;

  /**
   * Age of the oldest record that is not delivered yet, at which the alarm rings; at least a minute more than `bufferInterval`.
   *
   * @default Duration.minutes(30)
   */
  readonly freshnessAlarm?: Duration;

  /**
   * Key that encrypts records on the stream, where programs put them themselves.
   *
   * @default - a key of AWS, free of charge
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * What happens when rows are refused or late.
   *
   * @default - the alarms are only shown
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * A Firehose stream into an Iceberg table of the lake: from programs, a Kinesis stream or an MSK topic.
 *
 * Records are JSON objects. What the table does not take lies in the error bucket, and an alarm tells of it; so does another when
 * delivery is late.
 *
 * Fails with `invalid-unique-keys`, `duplicate-unique-keys`, `invalid-error-prefix`, `invalid-buffer-interval`, `invalid-buffer-size`,
 * `invalid-retry-duration`, `invalid-freshness-alarm`, `key-without-direct-put` or `table-of-s3-tables`.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination.html
 */
export class FirehoseIngestion extends Construct {
  /** The stream. */
  readonly resource: firehose.CfnDeliveryStream;
  /** What Firehose acts as. */
  readonly role: iam.Role;
  /** Who may do what with the stream. */
  readonly grants: FirehoseIngestionGrants;
  /** Rings when the table refused rows. */
  readonly failedRowsAlarm: cloudwatch.Alarm;
  /** Rings when records wait for too long. */
  readonly freshnessAlarm: cloudwatch.Alarm;

  constructor(scope: Construct, id: string, props: FirehoseIngestionProps) {
    const faults = Faults.of(scope, id);
    const plan = firehoseIngestion(faults, props, props.table.tableName);
    const source = props.source ?? FirehoseSource.directPut();
    faults.check(!props.encryptionKey || source._kind === 'DirectPut', 'key-without-direct-put',
      'encryptionKey encrypts records that programs put themselves, but source is a stream or topic with an encryption of its own; leave it out');
    faults.check(!props.table.s3TableCatalog, 'table-of-s3-tables',
      'table is one of S3 Tables, which Firehose reaches through an integration of the account only; give a table of a lake, or let programs append by Iceberg\'s REST protocol');
    faults.throwIfAny();
    super(scope, id);

    this.role = this.makeRole(props, plan);
    const { logGroupName, logStreamName } = this.makeLogs();
    this.resource = new firehose.CfnDeliveryStream(this, 'Resource', {
      ...source._bind(this.role),
      deliveryStreamEncryptionConfigurationInput: source._kind === 'DirectPut' ? encryptionOf(props.encryptionKey) : undefined,
      icebergDestinationConfiguration: {
        roleArn: this.role.roleArn,
        catalogConfiguration: { catalogArn: Stack.of(this).formatArn({ service: 'glue', resource: 'catalog' }) },
        // lets Firehose scale by itself; updates would be delivered out of order
        appendOnly: plan.uniqueKeys.length === 0,
        destinationTableConfigurationList: [{
          destinationDatabaseName: props.table.databaseName,
          destinationTableName: props.table.tableName,
          uniqueKeys: plan.uniqueKeys.length > 0 ? plan.uniqueKeys : undefined,
        }],
        processingConfiguration: plan.uniqueKeys.length > 0 ? upserts(props.table) : undefined,
        bufferingHints: { intervalInSeconds: plan.bufferSeconds, sizeInMBs: plan.bufferMebibytes },
        retryOptions: { durationInSeconds: plan.retrySeconds },
        s3BackupMode: 'FailedDataOnly',
        s3Configuration: { bucketArn: props.errorBucket.bucketArn, roleArn: this.role.roleArn, errorOutputPrefix: plan.errorPrefix },
        cloudWatchLoggingOptions: { enabled: true, logGroupName, logStreamName },
      },
    });
    if (source._kind !== 'DirectPut') {
      acknowledgeAll(this.resource, ['AwsSolutions-KDF1'], 'records come from a stream or topic that is encrypted itself; Firehose takes no setting of its own then');
    }
    // Firehose tries the role when the stream is made, so its policy has to be there
    this.resource.node.addDependency(this.role.node.findChild('DefaultPolicy'), props.table);
    this.grants = new FirehoseIngestionGrants(this.resource.attrArn, source._kind === 'DirectPut', this.node.path);
    [this.failedRowsAlarm, this.freshnessAlarm] = this.makeAlarms(plan, props);
  }

  /**
   * Rows that the table refused.
   *
   * @default - the sum over 5 minutes
   */
  metricFailedRows(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('DeliveryToIceberg.FailedRowCount', 'Sum', options);
  }

  /**
   * Rows that the table took.
   *
   * @default - the sum over 5 minutes
   */
  metricSuccessfulRows(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('DeliveryToIceberg.SuccessfulRowCount', 'Sum', options);
  }

  /**
   * Age in seconds of the oldest record that is not delivered yet.
   *
   * @default - the maximum over 5 minutes
   */
  metricDataFreshness(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('DeliveryToIceberg.DataFreshness', 'Maximum', options);
  }

  private metric(metricName: string, statistic: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({ namespace: 'AWS/Firehose', metricName, statistic, dimensionsMap: { DeliveryStreamName: this.resource.ref }, ...options });
  }

  private makeRole(props: FirehoseIngestionProps, plan: FirehoseIngestionBlueprint): iam.Role {
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('firehose.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } } }),
      description: `Ingestion into table ${props.table.tableName}`,
    });
    props.table.grants.write(role);
    const errors = props.errorBucket.arnForObjects(`${plan.errorPrefix}*`);
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:PutObject', 's3:AbortMultipartUpload'], resources: [errors] }));
    role.addToPolicy(new iam.PolicyStatement({
      actions: ['s3:GetBucketLocation', 's3:ListBucketMultipartUploads'], resources: [props.errorBucket.bucketArn],
    }));
    acknowledgeWildcards(role, [errors], 'refused records have no name before they are written; the right ends at their prefix');
    props.errorBucket.encryptionKey?.grant(role, 'kms:Decrypt', 'kms:GenerateDataKey');
    return role;
  }

  private makeLogs(): { logGroupName: string; logStreamName: string } {
    const logGroup = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const { logStreamName } = new logs.LogStream(this, 'LogStream', { logGroup, removalPolicy: RemovalPolicy.DESTROY });
    this.role.addToPolicy(new iam.PolicyStatement({ actions: ['logs:PutLogEvents'], resources: [logGroup.logGroupArn] }));
    acknowledgeWildcards(this.role, [logGroup.logGroupArn], 'the ARN of a log group ends in a star: it stands for its streams');
    return { logGroupName: logGroup.logGroupName, logStreamName };
  }

  private makeAlarms(plan: FirehoseIngestionBlueprint, props: FirehoseIngestionProps): [cloudwatch.Alarm, cloudwatch.Alarm] {
    const shared = {
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    };
    const failed = this.metricFailedRows().createAlarm(this, 'FailedRowsAlarm', {
      ...shared, threshold: 0, alarmDescription: `${this.node.path}: rows were refused; they lie below ${plan.errorPrefix}`,
    });
    const late = this.metricDataFreshness().createAlarm(this, 'FreshnessAlarm', {
      ...shared, threshold: plan.freshnessSeconds, alarmDescription: `${this.node.path}: records wait for more than ${plan.freshnessSeconds} seconds`,
    });
    for (const alarm of [failed, late]) alarm.addAlarmAction(...props.alarmActions ?? []);
    return [failed, late];
  }
}

/** Who may do what with an ingestion. */
export class FirehoseIngestionGrants {
  /**
   * @param streamArn ARN of the stream
   * @param takesRecords whether programs put records themselves
   * @param path path of the ingestion, for messages
   */
  constructor(private readonly streamArn: string, private readonly takesRecords: boolean, private readonly path: string) {}

  /** Lets the grantee put records; fails with `not-direct-put` where they come from a stream or topic. */
  put(grantee: iam.IGrantable): iam.Grant {
    if (!this.takesRecords) fail(this.path, 'not-direct-put', 'records come from a stream or topic; write there, and grant there');
    return iam.Grant.addToPrincipal({ grantee, actions: ['firehose:PutRecord', 'firehose:PutRecordBatch'], resourceArns: [this.streamArn] });
  }
}

function encryptionOf(key: kms.IKey | undefined): firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty {
  return key ? { keyType: 'CUSTOMER_MANAGED_CMK', keyArn: key.keyArn } : { keyType: 'AWS_OWNED_CMK' };
}

/** Firehose asks for the operation of each record, or it only inserts, whatever the unique keys are. */
function upserts(table: IIcebergTable): firehose.CfnDeliveryStream.ProcessingConfigurationProperty {
  const query = `{destinationDatabaseName:"${table.databaseName}",destinationTableName:"${table.tableName}",operation:"update"}`;
  return {
    enabled: true,
    processors: [{
      type: 'MetadataExtraction',
      parameters: [
        { parameterName: 'MetadataExtractionQuery', parameterValue: query },
        { parameterName: 'JsonParsingEngine', parameterValue: 'JQ-1.6' },
      ],
    }],
  };
}
