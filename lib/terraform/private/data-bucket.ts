import { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket';
import { S3BucketLifecycleConfiguration, type S3BucketLifecycleConfigurationRule } from '@cdktn/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { S3BucketLoggingA } from '@cdktn/provider-aws/lib/s3-bucket-logging';
import { S3BucketNotification } from '@cdktn/provider-aws/lib/s3-bucket-notification';
import { S3BucketOwnershipControls } from '@cdktn/provider-aws/lib/s3-bucket-ownership-controls';
import { S3BucketPolicy } from '@cdktn/provider-aws/lib/s3-bucket-policy';
import { S3BucketPublicAccessBlock } from '@cdktn/provider-aws/lib/s3-bucket-public-access-block';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktn/provider-aws/lib/s3-bucket-server-side-encryption-configuration';
import { S3BucketVersioningA } from '@cdktn/provider-aws/lib/s3-bucket-versioning';
import { Construct } from 'constructs';
import { policyDocument } from './grant';
import { bucketPrefix } from './names';

/** How a bucket of the platform differs from another. */
export interface DataBucketProps {
  readonly destroy: boolean;
  /** What expires; incomplete uploads always do. */
  readonly expiry: Pick<S3BucketLifecycleConfigurationRule, 'expiration' | 'noncurrentVersionExpiration'>;
  readonly incompleteUploadDays: number;
  readonly versioned: boolean;
  readonly events: boolean;
  readonly keyArn?: string;
  readonly logs?: { readonly bucket: string; readonly prefix: string };
  /** Statements besides the refusal of plain HTTP. */
  readonly statements?: (arn: string) => object[];
}

/** A private, encrypted bucket that takes TLS only. Terraform has a resource for each of these settings. */
export class DataBucket extends Construct {
  readonly resource: S3Bucket;

  constructor(scope: Construct, id: string, private readonly props: DataBucketProps) {
    super(scope, id);
    this.resource = new S3Bucket(this, 'Resource', {
      bucketPrefix: bucketPrefix(this.node.path),
      forceDestroy: props.destroy,
      lifecycle: { preventDestroy: !props.destroy },
    });
    this.closeToThePublic();
    this.encrypt();
    this.expire();
    const { bucket } = this.resource;
    if (props.logs) new S3BucketLoggingA(this, 'Logging', { bucket, targetBucket: props.logs.bucket, targetPrefix: props.logs.prefix });
    if (props.events) new S3BucketNotification(this, 'Events', { bucket, eventbridge: true });
  }

  private closeToThePublic(): void {
    const { arn, bucket } = this.resource;
    const block = new S3BucketPublicAccessBlock(this, 'PublicAccessBlock', {
      bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, 'Ownership', { bucket, rule: { objectOwnership: 'BucketOwnerEnforced' } });
    const plainHttp = {
      Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Resource: [arn, `${arn}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    // both change the bucket's policy status, and S3 refuses two at a time
    new S3BucketPolicy(this, 'Policy', { bucket, policy: policyDocument([plainHttp, ...this.props.statements?.(arn) ?? []]), dependsOn: [block] });
  }

  private encrypt(): void {
    const { keyArn } = this.props;
    new S3BucketServerSideEncryptionConfigurationA(this, 'Encryption', {
      bucket: this.resource.bucket,
      rule: [keyArn === undefined
        ? { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }
        : { applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn }, bucketKeyEnabled: true }],
    });
  }

  private expire(): void {
    const { bucket } = this.resource;
    const { expiry, incompleteUploadDays, versioned } = this.props;
    const versioning = versioned ? [new S3BucketVersioningA(this, 'Versioning', { bucket, versioningConfiguration: { status: 'Enabled' } })] : [];
    new S3BucketLifecycleConfiguration(this, 'Lifecycle', {
      bucket,
      rule: [{ id: 'expiry', status: 'Enabled', filter: [{ prefix: '' }], abortIncompleteMultipartUpload: [{ daysAfterInitiation: incompleteUploadDays }], ...expiry }],
      dependsOn: versioning,
    });
  }
}
