import { type RegistryMetricsBlueprint, registryMetrics, SERVER_PORT } from './metrics';
import { checkInteger, checkLiteral, checkText, DNS_LABEL } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import { checkFargateSize } from '../../network/blueprint/fargate-size';

/** What the MLflow server is told. Values may be known only at deploy time. */
export interface RegistryServerInput {
  readonly hostName?: string;
  /** Domain of the internal load balancer, for example `ml.internal`. */
  readonly domainName: string;
  readonly protocol: string;
  /** Port of the internal load balancer. */
  readonly listenerPort: number;
  readonly artifactBucketName: string;
  readonly artifactPrefix: string;
  readonly databaseHost: string;
  readonly databasePort: string;
  readonly databaseName: string;
  /** Whether the database's secret holds its address as well. */
  readonly addressInSecret?: boolean;
  /** Further variables that the database asks for. */
  readonly databaseEnvironment?: { readonly [name: string]: string };
  readonly region: string;
  readonly workers?: number;
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  /** Further Host headers that are answered, for example of another load balancer. */
  readonly allowedHosts?: string[];
  /** Whether metrics are told, on this port or the usual one. */
  readonly metrics?: { readonly port?: number };
}

/** The MLflow server as a container behind the internal load balancer, as data. */
export interface RegistryServerBlueprint {
  readonly hostName: string;
  readonly trackingUri: string;
  readonly command: string[];
  readonly port: number;
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly healthPath: string;
  /** The server takes up to 47 seconds to answer on a busy machine, after its migrations. */
  readonly healthGraceSeconds: number;
  readonly environment: Record<string, string>;
  /** Variable to field of the database's secret. */
  readonly secretFields: Record<string, string>;
  readonly metrics?: RegistryMetricsBlueprint;
}

/** Memory of MLflow 3.17 without job execution, measured: 490 MB with one worker, about 280 MB for each further one. */
const FIRST_WORKER_MIB = 490;
const FURTHER_WORKER_MIB = 280;
/** The process that tells metrics. */
const METRICS_MIB = 25;
const HEADROOM = 1.5;

/** Decides how the server runs. */
export function registryServer(faults: Faults, input: RegistryServerInput): RegistryServerBlueprint {
  const hostName = input.hostName ?? 'mlflow';
  const workers = input.workers ?? 1;
  const cpu = input.cpu ?? 512;
  const memoryLimitMiB = input.memoryLimitMiB ?? 1024;
  checkLiteral(faults, 'hostName', hostName);
  checkText(faults, 'hostName', hostName, DNS_LABEL);
  checkLiteral(faults, 'workers', workers);
  checkInteger(faults, 'workers', workers, { min: 1, max: 16 });
  checkFargateSize(faults, cpu, memoryLimitMiB);
  checkMemory(faults, workers, memoryLimitMiB, input.metrics !== undefined);
  for (const host of input.allowedHosts ?? []) {
    checkText(faults, 'allowedHosts', host, { pattern: /^[^\s,/]+$/, allowed: 'host names without commas, spaces or slashes, for example mlflow.example.com' });
  }
  const host = `${hostName}.${input.domainName}`;
  const metrics = input.metrics && registryMetrics(faults, input.metrics.port, host);
  return {
    hostName,
    trackingUri: `${input.protocol}://${host}`,
    command: ['python', '-m', 'ml_platform_runtime', 'registry-server'],
    port: SERVER_PORT,
    cpu,
    memoryLimitMiB,
    healthPath: '/health',
    healthGraceSeconds: 180,
    environment: { ...environment(input, host, workers), ...metrics && { ML_METRICS_PORT: String(metrics.port) } },
    ...metrics && { metrics },
    secretFields: {
      ML_DATABASE_USER: 'username',
      ML_DATABASE_PASSWORD: 'password',
      // the fields that RDS writes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
      ...input.addressInSecret ? { ML_DATABASE_HOST: 'host', ML_DATABASE_PORT: 'port', ML_DATABASE_NAME: 'dbname' } : {},
    },
  };
}

function checkMemory(faults: Faults, workers: number, memoryLimitMiB: number, metrics: boolean): void {
  if (isUnresolved(memoryLimitMiB) || isUnresolved(workers)) return;
  const need = Math.ceil((FIRST_WORKER_MIB + FURTHER_WORKER_MIB * (workers - 1) + (metrics ? METRICS_MIB : 0)) * HEADROOM);
  faults.check(!(memoryLimitMiB < need), 'too-little-memory',
    `memoryLimitMiB ${memoryLimitMiB} is too little for workers ${workers}, which need ${need} MiB with headroom; raise memoryLimitMiB or lower workers`);
}

function environment(input: RegistryServerInput, host: string, workers: number): Record<string, string> {
  return {
    AWS_REGION: input.region,
    // the only place that the container may write to
    HOME: '/tmp',
    ...input.addressInSecret ? {} : {
      ML_DATABASE_HOST: input.databaseHost, ML_DATABASE_PORT: input.databasePort, ML_DATABASE_NAME: input.databaseName,
    },
    ...input.databaseEnvironment,
    MLFLOW_ARTIFACTS_DESTINATION: `s3://${input.artifactBucketName}/${input.artifactPrefix}`,
    MLFLOW_SERVER_ALLOWED_HOSTS: allowedHosts(input, host).join(','),
    MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: `${input.protocol}://${host}`,
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    MLFLOW_WORKERS: String(workers),
    MLFLOW_DISABLE_TELEMETRY: 'true',
  };
}

/** MLflow compares the whole Host header, port included; localhost is for people who forward a port to the task. */
function allowedHosts({ listenerPort, allowedHosts: further }: RegistryServerInput, host: string): string[] {
  return [host, `${host}:${listenerPort}`, 'localhost', 'localhost:*', '127.0.0.1', '127.0.0.1:*', ...further ?? []];
}
