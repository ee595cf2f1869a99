import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { BackendContext, OfflineBackend } from './backends';
import { createStagingBucket } from './staging-bucket';
import { grantStatements } from './statements';
import { FeatureAccess, readsHistory, redshiftAccess, stagingAccess } from '../blueprint/access';
import { REGION, type YamlMap } from '../blueprint/feature-store-yaml';
import type { RedshiftOfflineStoreOptions } from '../offline-store';

const REASON = 'statements of the Data API and files of results are named by Redshift and Feast when they are made';

/** A workgroup of Redshift Serverless. */
export class RedshiftBackend implements OfflineBackend {
  readonly yaml: YamlMap;
  private readonly staging: s3.Bucket;

  constructor(scope: Construct, context: BackendContext, private readonly options: RedshiftOfflineStoreOptions) {
    this.staging = createStagingBucket(scope, context);
    grantStatements(options.role, stagingAccess(this.staging.bucketArn), REASON);
    this.yaml = {
      type: 'redshift', region: REGION, workgroup: options.workgroupName, database: options.databaseName,
      s3_staging_location: `s3://${this.staging.bucketName}`, iam_role: options.role.roleArn,
    };
  }

  grant(access: FeatureAccess, grantee: iam.IGrantable): iam.Grant[] {
    if (!readsHistory(access) && access !== FeatureAccess.APPLY) return [];
    return grantStatements(grantee, redshiftAccess(this.options.workgroupArn, this.staging.bucketArn), REASON);
  }
}
