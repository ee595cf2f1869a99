import type { Duration } from 'aws-cdk-lib';
import { SparkArchitecture } from './spark-architecture';
import { checkInteger, checkText } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { wholeSeconds } from '../../network/blueprint/durations';

/** Prices in us-east-1, November 2026. https://aws.amazon.com/emr/pricing/ */
const USD_HOUR: Record<SparkArchitecture, { vcpu: number; gb: number }> = {
  [SparkArchitecture.ARM64]: { vcpu: 0.042094, gb: 0.004628 },
  [SparkArchitecture.X86_64]: { vcpu: 0.052624, gb: 0.0057785 },
};

/** What a user may say about an application, in every engine. */
export interface SparkApplicationInput {
  readonly releaseLabel?: string;
  readonly architecture?: SparkArchitecture;
  readonly maxVcpu?: number;
  readonly maxMemoryGb?: number;
  readonly idleTimeout?: Duration;
}

/** An application, decided. */
export interface SparkApplicationBlueprint {
  readonly releaseLabel: string;
  readonly architecture: SparkArchitecture;
  readonly maxVcpu: number;
  readonly maxMemoryGb: number;
  readonly idleMinutes: number;
  /** What all workers together cost in an hour at most. */
  readonly maxUsdPerHour: number;
}

const LABEL = { pattern: /^emr-(7|[89]|[1-9]\d)\.\d+\.\d+$/, allowed: 'a release of EMR from 7 on, for example emr-7.9.0' };

/** Decides on an application. */
export function sparkApplication(faults: Faults, input: SparkApplicationInput): SparkApplicationBlueprint {
  checkText(faults, 'releaseLabel', input.releaseLabel, LABEL);
  checkInteger(faults, 'maxVcpu', input.maxVcpu, { min: 1, max: 10_000, unit: 'vCPU' });
  checkInteger(faults, 'maxMemoryGb', input.maxMemoryGb, { min: 2, max: 100_000, unit: 'GB' });
  const seconds = wholeSeconds(faults, 'idleTimeout', input.idleTimeout, { min: 60, max: 604_800, otherwise: 900 });
  faults.check(seconds % 60 === 0, 'idle-timeout-not-minutes', `idleTimeout of ${seconds} seconds is not a whole number of minutes; use one`);
  const architecture = input.architecture ?? SparkArchitecture.ARM64;
  const [maxVcpu, maxMemoryGb] = [input.maxVcpu ?? 16, input.maxMemoryGb ?? 64];
  const price = USD_HOUR[architecture];
  return {
    releaseLabel: input.releaseLabel ?? 'emr-7.9.0',
    architecture,
    maxVcpu,
    maxMemoryGb,
    idleMinutes: Math.floor(seconds / 60),
    maxUsdPerHour: Math.round((maxVcpu * price.vcpu + maxMemoryGb * price.gb) * 100) / 100,
  };
}

/**
 * Spark's defaults for Iceberg tables of Glue, under the catalog that names without one are looked up in.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-iceberg.html
 */
export function icebergDefaults(warehouse: string): { [key: string]: string } {
  const catalog = 'spark.sql.catalog.glue_catalog';
  return {
    'spark.jars': '/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar',
    'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
    'spark.sql.defaultCatalog': 'glue_catalog',
    [catalog]: 'org.apache.iceberg.spark.SparkCatalog',
    [`${catalog}.catalog-impl`]: 'org.apache.iceberg.aws.glue.GlueCatalog',
    [`${catalog}.io-impl`]: 'org.apache.iceberg.aws.s3.S3FileIO',
    [`${catalog}.warehouse`]: warehouse,
  };
}

/** Where the library's image for Spark has its Python. */
export const QUALITY_PYTHON = '/opt/venv/bin/python';

/**
 * The image of EMR that belongs to a release: whatever is built on it has the same Spark.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/application-custom-image.html
 */
export function emrImage(releaseLabel: string): string {
  return `public.ecr.aws/emr-serverless/spark/${releaseLabel}:latest`;
}

/**
 * What makes a job use another Python than EMR's.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-python.html
 */
export function pythonProperties(python: string): { [key: string]: string } {
  return {
    'spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON': python,
    'spark.emr-serverless.driverEnv.PYSPARK_PYTHON': python,
    'spark.executorEnv.PYSPARK_PYTHON': python,
  };
}

/** What a user may say about a job, in every engine. */
export interface SparkJobInput {
  readonly workerVcpu?: number;
  readonly workerMemoryGb?: number;
  readonly maxExecutors?: number;
  readonly timeout?: Duration;
  readonly sparkProperties?: { readonly [key: string]: string };
}

/** A job, decided. */
export interface SparkJobBlueprint {
  /** What `spark-submit` is told. */
  readonly submitParameters: string;
  readonly timeoutMinutes: number;
}

/** Memory in GB that a worker may have, by its vCPUs. https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html */
const WORKERS: Record<number, { min: number; max: number }> = {
  1: { min: 2, max: 8 }, 2: { min: 4, max: 16 }, 4: { min: 8, max: 30 }, 8: { min: 16, max: 60 }, 16: { min: 32, max: 120 },
};

/** Decides on a job, and checks that its driver and executors have room in the application. */
export function sparkJob(faults: Faults, input: SparkJobInput, room?: { maxVcpu: number; maxMemoryGb: number }): SparkJobBlueprint {
  const [vcpu, memory, executors] = [input.workerVcpu ?? 4, input.workerMemoryGb ?? 16, input.maxExecutors ?? 3];
  const sizes = WORKERS[vcpu];
  faults.check(sizes !== undefined, 'invalid-worker-vcpu', `workerVcpu ${vcpu} is not a size of a worker; use ${Object.keys(WORKERS).join(', ')}`);
  if (sizes) checkInteger(faults, 'workerMemoryGb', memory, { ...sizes, unit: `GB, with ${vcpu} vCPU` });
  checkInteger(faults, 'maxExecutors', executors, { min: 1, max: 1000 });
  const [allVcpu, allMemory] = [(executors + 1) * vcpu, (executors + 1) * memory];
  faults.check(!room || (allVcpu <= room.maxVcpu && allMemory <= room.maxMemoryGb), 'job-over-capacity',
    `a driver and ${executors} executors take ${allVcpu} vCPU and ${allMemory} GB, but the application stops at ${room?.maxVcpu} vCPU and ${room?.maxMemoryGb} GB; `
    + 'raise maxVcpu and maxMemoryGb there, or use fewer or smaller workers');
  const seconds = wholeSeconds(faults, 'timeout', input.timeout, { min: 60, max: 5_184_000, otherwise: 3600 });
  for (const [name, value] of Object.entries(input.sparkProperties ?? {})) {
    checkText(faults, 'sparkProperties', name, { pattern: /^spark\.[A-Za-z0-9._-]+$/, allowed: 'names that start with spark.' });
    checkText(faults, `sparkProperties[${name}]`, value, { pattern: /^\S+$/, allowed: 'a value without spaces' });
  }
  return { submitParameters: submitParameters(vcpu, memory, executors, input.sparkProperties), timeoutMinutes: Math.ceil(seconds / 60) };
}

/**
 * EMR's events of runs that did not succeed. A run that took too long ends as cancelled, as one that somebody cancelled.
 *
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/using-eventbridge.html
 * @see https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-states.html
 */
export function failedRuns(applicationId: string, jobRunName: string): { source: string[]; detailType: string[]; detail: { [key: string]: string[] } } {
  return {
    source: ['aws.emr-serverless'],
    detailType: ['EMR Serverless Job Run State Change'],
    detail: { applicationId: [applicationId], jobRunName: [jobRunName], state: ['FAILED', 'CANCELLED'] },
  };
}

function submitParameters(vcpu: number, memory: number, executors: number, properties: { readonly [key: string]: string } = {}): string {
  // EMR adds a tenth, and 384 MB at least, for what is not Java's
  const heap = Math.floor(Math.min(memory * 1024 / 1.1, memory * 1024 - 384));
  const all = {
    'spark.driver.cores': String(vcpu),
    'spark.driver.memory': `${heap}m`,
    'spark.executor.cores': String(vcpu),
    'spark.executor.memory': `${heap}m`,
    'spark.dynamicAllocation.initialExecutors': '1',
    'spark.dynamicAllocation.maxExecutors': String(executors),
    ...properties,
  };
  return Object.entries(all).map(([name, value]) => `--conf ${name}=${value}`).join(' ');
}
