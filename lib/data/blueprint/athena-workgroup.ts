import type { Duration, Size } from 'aws-cdk-lib';
import type { AccessStatement } from './access';
import { wholeDays } from './whole-days';
import { checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What a user may say about a workgroup, in every engine. */
export interface AthenaWorkgroupInput {
  readonly workgroupName?: string;
  readonly scanLimitPerQuery?: Size;
  readonly resultRetention?: Duration;
  readonly resultPrefix?: string;
}

/** A workgroup, decided. */
export interface AthenaWorkgroupBlueprint {
  readonly scanLimitBytes: number;
  readonly resultDays: number;
  /** Where results lie in their bucket, without slashes at the ends. */
  readonly resultPrefix: string;
  readonly engineVersion: string;
}

const NAME = { pattern: /^[A-Za-z0-9._-]{1,128}$/, allowed: '1 to 128 letters, digits, dots, underscores or hyphens' };
const PREFIX = { pattern: /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/, allowed: 'names separated by slashes, without a slash at the ends' };
/** 0.98 USD at 5 USD for a TiB. */
const SCAN_LIMIT_BYTES = 200 * 1024 ** 3;
/** The least that Athena takes. */
const LEAST_BYTES = 10_000_000;

/** Decides on a workgroup. */
export function athenaWorkgroup(faults: Faults, input: AthenaWorkgroupInput): AthenaWorkgroupBlueprint {
  checkText(faults, 'workgroupName', input.workgroupName, NAME);
  checkText(faults, 'resultPrefix', input.resultPrefix, PREFIX);
  return {
    scanLimitBytes: scanLimit(faults, input.scanLimitPerQuery),
    resultDays: wholeDays(faults, 'resultRetention', input.resultRetention, 7),
    resultPrefix: input.resultPrefix ?? 'athena-results',
    engineVersion: 'Athena engine version 3',
  };
}

function scanLimit(faults: Faults, limit: Size | undefined): number {
  if (limit === undefined) return SCAN_LIMIT_BYTES;
  if (limit.isUnresolved()) {
    faults.add('unresolved-scan-limit-per-query', 'scanLimitPerQuery is known only at deploy time, but it is checked at synthesis; give a literal');
    return SCAN_LIMIT_BYTES;
  }
  const bytes = limit.toBytes();
  faults.check(bytes >= LEAST_BYTES, 'invalid-scan-limit-per-query', `scanLimitPerQuery of ${bytes} bytes is less than Athena takes, which is 10 MB; use 10 MB or more`);
  return bytes;
}

/** ARNs that a workgroup's users need. */
export interface WorkgroupArns {
  readonly workgroup: string;
  readonly dataCatalog: string;
  readonly bucket: string;
  /** Every result. */
  readonly objects: string;
  readonly prefix: string;
}

/**
 * What somebody who queries needs: the workgroup, and the results. Tables are granted by themselves.
 *
 * @see https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
 */
export function queryAccess(arns: WorkgroupArns): AccessStatement[] {
  return [
    {
      actions: [
        'athena:StartQueryExecution', 'athena:StopQueryExecution', 'athena:GetQueryExecution', 'athena:BatchGetQueryExecution', 'athena:ListQueryExecutions',
        'athena:GetQueryResults', 'athena:GetQueryResultsStream', 'athena:GetQueryRuntimeStatistics', 'athena:GetWorkGroup',
      ],
      resources: [arns.workgroup],
    },
    { actions: ['athena:GetDataCatalog'], resources: [arns.dataCatalog] },
    { actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], resources: [arns.objects] },
    { actions: ['s3:ListBucket'], resources: [arns.bucket], conditions: { StringLike: { 's3:prefix': [arns.prefix, `${arns.prefix}/*`] } } },
    { actions: ['s3:GetBucketLocation'], resources: [arns.bucket] },
  ];
}
