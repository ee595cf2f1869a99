import type { Duration } from 'aws-cdk-lib';
import { checkText, DNS_LABEL, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';
import { checkFargateSize } from '../../network/blueprint/fargate-size';

/** What a user may say about a model service, in every engine. Names may be known only at deploy time. */
export interface ModelServiceInput {
  readonly modelName: string;
  readonly alias: string;
  readonly releaseTableName: string;
  readonly region: string;
  readonly hostName?: string;
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly pollInterval?: Duration;
  readonly allowPickle?: boolean;
  readonly environment?: Record<string, string>;
}

/** A model server behind the internal load balancer, as data. */
export interface ModelServiceBlueprint {
  readonly hostName: string;
  readonly command: string[];
  readonly port: number;
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  readonly healthPath: string;
  readonly healthGraceSeconds: number;
  readonly environment: Record<string, string>;
}

/** The only alias that has a release record. */
const CHAMPION = 'champion';

/** Decides how a model is served on Fargate. */
export function modelService(faults: Faults, input: ModelServiceInput): ModelServiceBlueprint {
  const [cpu, memoryLimitMiB] = [input.cpu ?? 256, input.memoryLimitMiB ?? 1024];
  checkAlias(faults, input.alias);
  checkFargateSize(faults, cpu, memoryLimitMiB);
  return {
    hostName: hostName(faults, input),
    command: ['python', '-m', 'ml_platform_runtime', 'serve'],
    port: 8080,
    cpu,
    memoryLimitMiB,
    healthPath: '/health',
    healthGraceSeconds: 60,
    environment: environment(faults, input),
  };
}

function checkAlias(faults: Faults, alias: string): void {
  faults.check(alias === CHAMPION, 'alias-without-release-record',
    `model names alias ${show(alias)}, but only '${CHAMPION}' has a release record to follow; use model.alias('${CHAMPION}')`);
}

function hostName(faults: Faults, { hostName: given, modelName }: ModelServiceInput): string {
  const name = given ?? hostNameOf(modelName);
  if (name === undefined) {
    faults.add('missing-host-name',
      `hostName cannot be made of the model name ${show(modelName)}; give a hostName: ${DNS_LABEL.allowed}`);
    return '';
  }
  checkText(faults, 'hostName', name, DNS_LABEL);
  return name;
}

/** `Fraud Model_v2` as a host name: `fraud-model-v2`; undefined if nothing is left or the name is known only at deploy time. */
export function hostNameOf(modelName: string): string | undefined {
  if (isUnresolved(modelName)) return undefined;
  const name = modelName
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase()
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return name === '' ? undefined : name;
}

/** Address of the Open Inference Protocol for a model. */
export function inferenceUrl(url: string, modelName: string): string {
  return `${url}/v2/models/${isUnresolved(modelName) ? modelName : encodeURIComponent(modelName)}/infer`;
}

function environment(faults: Faults, input: ModelServiceInput): Record<string, string> {
  const own: Record<string, string> = {
    AWS_REGION: input.region,
    // the only place that the container may write to
    HOME: '/tmp',
    ML_MODEL_NAME: input.modelName,
    ML_RELEASE_TABLE: input.releaseTableName,
    ML_RELEASE_POLL_MS: String(pollMilliseconds(faults, input.pollInterval)),
    ML_CACHE_DIR: '/tmp/ml-platform',
    ML_ALLOW_PICKLE: String(input.allowPickle ?? false),
  };
  for (const name of Object.keys(input.environment ?? {})) {
    faults.check(!Object.hasOwn(own, name) && name !== 'ML_HOST' && name !== 'ML_PORT', 'reserved-environment',
      `environment names ${show(name)}, which the service sets itself; leave it out`);
  }
  return { ...input.environment, ...own };
}

function pollMilliseconds(faults: Faults, interval: Duration | undefined): number {
  if (interval === undefined) return 500;
  if (interval.isUnresolved()) {
    faults.add('unresolved-poll-interval', 'pollInterval is known only at deploy time, but it is checked at synthesis; give a literal');
    return 500;
  }
  const value = interval.toMilliseconds({ integral: false });
  faults.check(Number.isInteger(value) && value >= 100 && value <= 60_000, 'invalid-poll-interval',
    `pollInterval of ${show(value)} milliseconds is not a whole number from 100 to 60000; use a duration in that range`);
  return value;
}
