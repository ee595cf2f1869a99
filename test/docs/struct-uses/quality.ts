import { join } from 'node:path';
import { Duration, type Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { template } from './support';
import * as platform from '../../../lib';
import { textNetwork } from '../../cluster/support';
import { image } from '../../network/support';
import type { StructUses } from '../literal-faults';

const { data, network } = platform;

const SUITE = join(__dirname, '../fixtures/quality.suite.json');

function check(stack: Stack, given: Partial<platform.data.DataQualityCheckProps>): void {
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
  new data.DataQualityCheck(stack, 'Check', {
    network: textNetwork(stack),
    table: data.IcebergTable.fromIcebergTableAttributes(stack, 'Table', { tableName: 'orders', databaseName: 'shop', bucket }),
    reportBucket: bucket,
    eventBus: network.PlatformBus.fromEventBusName(stack, 'Bus', 'theirs').eventBus,
    checks: [data.QualityChecks.suite(SUITE)],
    image,
    ...given,
  });
}

function checkOnSpark(stack: Stack, given: Partial<platform.data.SparkQualityCheckProps>): void {
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'theirs');
  new data.SparkQualityCheck(stack, 'Check', {
    application: data.SparkApplication.fromSparkApplicationAttributes(stack, 'Spark', { applicationId: 'a' }),
    table: data.IcebergTable.fromIcebergTableAttributes(stack, 'Table', { tableName: 'orders', databaseName: 'shop', bucket }),
    reportBucket: bucket,
    eventBus: network.PlatformBus.fromEventBusName(stack, 'Bus', 'theirs').eventBus,
    checks: [data.QualityChecks.suite(SUITE)],
    ...given,
  });
}

/** What is made from structs of quality checks. */
export const QUALITY_USES: StructUses = {
  'data.DataQualityCheckProps': template<platform.data.DataQualityCheckProps>(check, { timeout: Duration.minutes(9) }),
  'data.SparkQualityCheckProps': template<platform.data.SparkQualityCheckProps>(checkOnSpark, { workerVcpu: 8, workerMemoryGb: 8, maxExecutors: 2 }),
};
