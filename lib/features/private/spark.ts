import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { BackendContext, OfflineBackend } from './backends';
import { createStagingBucket } from './staging-bucket';
import { grantStatements } from './statements';
import { readsHistory, stagingAccess, type FeatureAccess } from '../blueprint/access';
import { REGION, type YamlMap } from '../blueprint/feature-store-yaml';

/** Spark inside the job. */
export class SparkBackend implements OfflineBackend {
  readonly yaml: YamlMap;
  private readonly staging: s3.Bucket;

  constructor(scope: Construct, context: BackendContext, sparkConf: { readonly [name: string]: string }) {
    this.staging = createStagingBucket(scope, context);
    this.yaml = { type: 'spark', region: REGION, staging_location: `s3://${this.staging.bucketName}`, spark_conf: sparkConf };
  }

  grant(access: FeatureAccess, grantee: iam.IGrantable): iam.Grant[] {
    return readsHistory(access) ? grantStatements(grantee, stagingAccess(this.staging.bucketArn), 'files of results are named when they are made') : [];
  }
}
