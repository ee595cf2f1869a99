import { Duration, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { BackendContext } from './backends';

/** A bucket for results on their way: Feast leaves some of them behind, so they expire after a day. */
export function createStagingBucket(scope: Construct, { removalPolicy, destroy }: BackendContext): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'Staging', {
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    lifecycleRules: [{ id: 'results-on-their-way', expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    removalPolicy,
    autoDeleteObjects: destroy,
  });
  Validations.of(bucket).acknowledge({ id: 'AwsSolutions-S1', reason: 'it holds results of queries for a day at most; CloudTrail tells who asked them' });
  return bucket;
}
