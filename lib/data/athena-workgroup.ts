import { Duration, Names, RemovalPolicy, type Size, Stack } from 'aws-cdk-lib';
import * as athena from 'aws-cdk-lib/aws-athena';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { athenaWorkgroup, AthenaWorkgroupBlueprint, queryAccess } from './blueprint/athena-workgroup';
import { IAthenaWorkgroup, IAthenaWorkgroupGrants } from './interfaces';
import { give } from './private/give';
import { Faults } from '../core/private/faults';
import { acknowledgeAll } from '../network/acknowledge-wildcards';

/** Properties of a workgroup. */
export interface AthenaWorkgroupProps {
  /**
   * Name of the workgroup.
   *
   * @default - from the path of the construct
   */
  readonly workgroupName?: string;

  /**
   * How much one query may read before Athena ends it; at least 10 MB. A TiB is billed at 5 USD, so that a query costs a dollar at most.
   *
   * @default Size.gibibytes(200)
   */
  readonly scanLimitPerQuery?: Size;

  /**
   * Bucket of the results. A bucket of yours keeps its own lifecycle.
   *
   * @default - a private bucket of the workgroup
   */
  readonly resultBucket?: s3.IBucket;

  /**
   * Where results lie in their bucket, without a slash at the ends.
   *
   * @default 'athena-results'
   */
  readonly resultPrefix?: string;

  /**
   * Age at which results are deleted from the bucket of the workgroup, in whole days.
   *
   * @default Duration.days(7)
   */
  readonly resultRetention?: Duration;

  /**
   * Key that encrypts the results.
   *
   * @default - encryption by S3 itself, free of charge
   */
  readonly encryptionKey?: kms.IKey;
}

/** A workgroup that exists. */
export interface AthenaWorkgroupAttributes {
  /** Name of the workgroup. */
  readonly workgroupName: string;
  /** Bucket of its results. */
  readonly resultBucket: s3.IBucket;
  /**
   * Where results lie in the bucket, without a slash at the ends.
   *
   * @default 'athena-results'
   */
  readonly resultPrefix?: string;
}

/**
 * An Athena workgroup whose users cannot leave its rules: one query reads so much and no more, results are encrypted in one place
 * and go after a week, engine version 3.
 *
 * Fails with `invalid-workgroup-name`, `invalid-scan-limit-per-query`, `invalid-result-retention`, `invalid-result-prefix` or
 * `retention-of-foreign-bucket`.
 *
 * @see https://docs.aws.amazon.com/athena/latest/ug/workgroups-manage-queries-control-costs.html
 */
export class AthenaWorkgroup extends Construct implements IAthenaWorkgroup {
  /** Uses a workgroup that exists; creates nothing. */
  static fromAthenaWorkgroupAttributes(scope: Construct, id: string, attributes: AthenaWorkgroupAttributes): IAthenaWorkgroup {
    const faults = Faults.of(scope, id);
    const plan = athenaWorkgroup(faults, { workgroupName: attributes.workgroupName, resultPrefix: attributes.resultPrefix });
    faults.throwIfAny();
    return new ImportedWorkgroup(scope, id, attributes.workgroupName, attributes.resultBucket, plan.resultPrefix);
  }

  readonly workgroupName: string;
  readonly resultLocation: string;
  readonly grants: IAthenaWorkgroupGrants;
  /** Bucket of the results. */
  readonly resultBucket: s3.IBucket;
  /** The workgroup. */
  readonly resource: athena.CfnWorkGroup;

  constructor(scope: Construct, id: string, props: AthenaWorkgroupProps = {}) {
    const faults = Faults.of(scope, id);
    const plan = athenaWorkgroup(faults, props);
    faults.check(!props.resultBucket || !props.resultRetention, 'retention-of-foreign-bucket',
      'resultRetention is for the bucket of the workgroup, but resultBucket is yours; give that bucket a lifecycle rule of its own');
    faults.throwIfAny();
    super(scope, id);

    this.workgroupName = props.workgroupName ?? Names.uniqueResourceName(this, { maxLength: 128, separator: '-' });
    this.resultBucket = props.resultBucket ?? this.makeBucket(plan, props.encryptionKey);
    this.resultLocation = `s3://${this.resultBucket.bucketName}/${plan.resultPrefix}/`;
    this.grants = new AthenaWorkgroupGrants(this, this.workgroupName, this.resultBucket, plan.resultPrefix, props.encryptionKey);
    this.resource = new athena.CfnWorkGroup(this, 'Resource', {
      name: this.workgroupName,
      description: `Queries of ${this.node.path}`,
      // queries that are saved in it would keep the workgroup from going
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: plan.scanLimitBytes,
        engineVersion: { selectedEngineVersion: plan.engineVersion },
        resultConfiguration: {
          outputLocation: this.resultLocation,
          expectedBucketOwner: props.resultBucket ? undefined : Stack.of(this).account,
          encryptionConfiguration: props.encryptionKey
            ? { encryptionOption: 'SSE_KMS', kmsKey: props.encryptionKey.keyArn }
            : { encryptionOption: 'SSE_S3' },
        },
      },
    });
  }

  /**
   * Bytes that successful queries read; a TiB is billed at 5 USD.
   *
   * @default - the sum over 5 minutes
   */
  metricProcessedBytes(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/Athena', metricName: 'ProcessedBytes', statistic: 'Sum',
      dimensionsMap: { WorkGroup: this.workgroupName, QueryState: 'SUCCEEDED', QueryType: 'DML' },
      ...options,
    });
  }

  private makeBucket(plan: AthenaWorkgroupBlueprint, key: kms.IKey | undefined): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Results', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      encryption: key ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
      encryptionKey: key,
      bucketKeyEnabled: key ? true : undefined,
      // results can be made again; a bucket that holds some stays all the same, because S3 refuses to delete it
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ expiration: Duration.days(plan.resultDays), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
    acknowledgeAll(bucket, ['AwsSolutions-S1'], 'query results go after some days, and Athena logs who queried what in CloudTrail');
    return bucket;
  }
}

/** Rights on a workgroup and its results. */
class AthenaWorkgroupGrants implements IAthenaWorkgroupGrants {
  constructor(
    private readonly scope: Construct, private readonly name: string, private readonly bucket: s3.IBucket, private readonly prefix: string,
    private readonly key?: kms.IKey,
  ) {}

  query(grantee: iam.IGrantable): iam.Grant {
    const arn = (resource: string, resourceName: string) => Stack.of(this.scope).formatArn({ service: 'athena', resource, resourceName });
    const grant = give(grantee, queryAccess({
      workgroup: arn('workgroup', this.name),
      dataCatalog: arn('datacatalog', 'AwsDataCatalog'),
      bucket: this.bucket.bucketArn,
      objects: this.bucket.arnForObjects(`${this.prefix}/*`),
      prefix: this.prefix,
    }), this.bucket, true);
    if (!this.key || this.key === this.bucket.encryptionKey) return grant;
    return grant.combine(this.key.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey'));
  }
}

/** A workgroup that another stack owns. */
class ImportedWorkgroup extends Construct implements IAthenaWorkgroup {
  readonly resultLocation: string;
  readonly grants: IAthenaWorkgroupGrants;

  constructor(scope: Construct, id: string, readonly workgroupName: string, bucket: s3.IBucket, prefix: string) {
    super(scope, id);
    this.resultLocation = `s3://${bucket.bucketName}/${prefix}/`;
    this.grants = new AthenaWorkgroupGrants(this, workgroupName, bucket, prefix);
  }
}
