import { Names, Stack } from 'aws-cdk-lib';
import * as athena from 'aws-cdk-lib/aws-athena';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { BackendContext, OfflineBackend } from './backends';
import { createStagingBucket } from './staging-bucket';
import { grantStatements } from './statements';
import { ATHENA_WILDCARDS, athenaDescribeAccess, athenaQueryAccess, FeatureAccess, readsHistory, type AthenaArns } from '../blueprint/access';
import { REGION, type YamlMap } from '../blueprint/feature-store-yaml';

const GIB = 1024 ** 3;
const CATALOG = 'AwsDataCatalog';

const LOOKING = 'an apply looks at the columns of the lake\'s tables, and reads no row; the right ends at their database';

/** Athena over the tables of the lake, in a workgroup of its own. */
export class AthenaBackend implements OfflineBackend {
  readonly yaml: YamlMap;
  private readonly staging: s3.Bucket;
  private readonly arns: AthenaArns;

  constructor(scope: Construct, context: BackendContext, scanLimitBytes: number | undefined) {
    const databaseName = context.lake?.databaseName ?? '';
    this.staging = createStagingBucket(scope, context);
    const name = Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' });
    const workgroup = this.makeWorkgroup(scope, name, scanLimitBytes ?? 100 * GIB);
    workgroup.applyRemovalPolicy(context.removalPolicy);
    this.arns = arnsOf(scope, name, databaseName, this.staging);
    this.yaml = {
      type: 'athena', data_source: CATALOG, region: REGION, database: databaseName, workgroup: name,
      // Feast cleans up entity_df/ at the top of the bucket, whatever prefix it was given
      s3_staging_location: `s3://${this.staging.bucketName}`,
    };
  }

  grant(access: FeatureAccess, grantee: iam.IGrantable, tableNames: string[]): iam.Grant[] {
    if (access === FeatureAccess.APPLY) return grantStatements(grantee, athenaDescribeAccess(this.arns, tableNames), LOOKING);
    return readsHistory(access) ? grantStatements(grantee, athenaQueryAccess(this.arns), ATHENA_WILDCARDS) : [];
  }

  private makeWorkgroup(scope: Construct, name: string, bytes: number): athena.CfnWorkGroup {
    return new athena.CfnWorkGroup(scope, 'Workgroup', {
      name,
      description: `Queries of the feature store ${scope.node.path}`,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        // enforced, Athena would refuse the place that Feast gives for each result
        enforceWorkGroupConfiguration: false,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: bytes,
        resultConfiguration: { outputLocation: `s3://${this.staging.bucketName}/results/`, encryptionConfiguration: { encryptionOption: 'SSE_S3' } },
      },
    });
  }
}

function arnsOf(scope: Construct, workgroup: string, databaseName: string, staging: s3.IBucket): AthenaArns {
  const arn = (service: string, resource: string, resourceName?: string) => Stack.of(scope).formatArn({ service, resource, resourceName });
  return {
    workgroup: arn('athena', 'workgroup', workgroup),
    dataCatalog: arn('athena', 'datacatalog', CATALOG),
    catalog: arn('glue', 'catalog'),
    database: arn('glue', 'database', databaseName),
    tables: arn('glue', 'table', `${databaseName}/`),
    staging: staging.bucketArn,
  };
}
