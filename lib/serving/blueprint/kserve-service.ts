import type { Duration } from 'aws-cdk-lib';
import type { ScalingPlan } from './autoscaling-plan';
import { checkEnvironment, checkNames, checkOverrides, checkProtocols, checkShare, checkSource } from './kserve-checks';
import { type ModelGpuRequest, modelGpus } from './kserve-gpus';
import type { ModelFiles, ModelGpus, ModelReplicas, ModelShare, TransformerInput } from './kserve-model';
import type { LlmWeights } from './llm-weights';
import type { InferenceProtocol } from './model-format';
import type { ModelServer } from './model-runtime-servers';
import type { Rollout } from './rollout';
import { checkInteger, checkLiteral, checkText, DNS_LABEL, kebab, show, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import { isUnresolved } from '../../core/private/tokens';

/** What a route has to know about a candidate. */
export interface CandidateRequest {
  readonly namespaceName: string;
  readonly modelName: string;
  readonly protocol?: InferenceProtocol;
}

/** A transformer, as a user asks for it. */
export interface TransformerRequest extends Omit<TransformerInput, 'share' | 'replicas' | 'args' | 'environment'> {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly resources?: ShareRequest;
  readonly replicas?: number;
}

/** What a pod gets, as a user asks for it. */
export interface ShareRequest {
  readonly cpus?: number;
  readonly memoryGiB?: number;
  readonly diskGiB?: number;
}

/** A model service, as a user asks for it. */
export interface ModelServiceRequest {
  readonly serviceName: string;
  readonly namespaceName: string;
  readonly modelName?: string;
  readonly region: string;
  readonly server: ModelServer;
  readonly source?: LlmWeights;
  readonly environment: Readonly<Record<string, string>>;
  readonly candidate?: CandidateRequest;
  readonly rollout?: Rollout;
  readonly hasGateway: boolean;
  readonly protocol?: InferenceProtocol;
  readonly grpc: boolean;
  readonly resources?: ShareRequest;
  readonly gpu?: ModelGpuRequest;
  readonly replicas?: number;
  readonly hasAutoscaling: boolean;
  readonly scaling?: ScalingPlan;
  readonly startupTimeout?: Duration;
  readonly gracePeriod?: Duration;
  readonly transformer?: TransformerRequest;
  readonly callers: readonly string[];
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** What was decided about a service. */
export interface ModelServiceDecision {
  readonly modelName: string;
  readonly protocol?: InferenceProtocol;
  readonly share: ModelShare;
  readonly gpus?: ModelGpus;
  readonly startupSeconds: number;
  readonly graceSeconds: number;
  readonly transformer?: TransformerInput;
  readonly server: ModelServer;
  readonly files: ModelFiles;
  readonly environment: Readonly<Record<string, string>>;
  readonly replicas: ModelReplicas;
}

const PATH: TextRule = { pattern: /^\/[^\s?#]{0,255}$/, allowed: 'a path that starts with a slash, for example /health' };
const TAGGED = /^[a-z0-9][a-z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/;
/** What KServe and the platform say to a transformer. */
const SET_ARGUMENTS = /^--(model_name|predictor_host|predictor_protocol|http_port|grpc_port|enable_grpc)(=|$)/;
/** Notice before a spot node goes, less what its pods need to be told. */
const SPOT_SECONDS = 110;

/** Decides about a model service, and refuses what cannot work. */
export function decideModelService(faults: Faults, request: ModelServiceRequest): ModelServiceDecision {
  const { server, source, environment, gpu } = request;
  const modelName = modelNameOf(faults, request);
  checkNames(faults, request.serviceName, request.modelName);
  checkSource(faults, server, source);
  const protocol = checkProtocols(faults, server, request.protocol, request.grpc);
  const own = Object.keys(server.environment?.({ modelName: '', grpc: false, threads: 1 }) ?? {});
  checkEnvironment(faults, 'environment', environment, own);
  const replicas = replicasOf(faults, request);
  const share = shareOf(request.resources);
  checkShare(faults, 'resources', share, gpu?.pool.diskGiB);
  const gpus = modelGpus(faults, server, gpu, replicas.max);
  checkCandidate(faults, request, modelName, protocol);
  checkOverrides(faults, request.overrides);
  request.callers.forEach((caller, index) => checkText(faults, `callers[${index}]`, caller, DNS_LABEL));
  const longestGrace = gpus?.usesSpot === true ? SPOT_SECONDS : 3_600;
  return {
    modelName,
    protocol,
    share,
    gpus,
    startupSeconds: secondsOf(faults, 'startupTimeout', request.startupTimeout, 600, { min: 10, max: 7_200 }),
    graceSeconds: secondsOf(faults, 'gracePeriod', request.gracePeriod, 60, { min: 15, max: longestGrace }),
    transformer: transformerOf(faults, request, protocol),
    server,
    files: filesOf(source, request.region),
    environment,
    replicas,
  };
}

/** Which image name of the platform version a server takes. */
export function pinnedImage(server: ModelServer, onGpus: boolean): string | undefined {
  return onGpus ? server.image?.pinnedForGpus ?? server.image?.pinned : server.image?.pinned;
}

function checkCandidate(
  faults: Faults, request: ModelServiceRequest, modelName: string, protocol: InferenceProtocol | undefined,
): void {
  const { candidate, rollout, hasGateway, namespaceName } = request;
  faults.check((candidate === undefined) === (rollout === undefined), 'incomplete-rollout', candidate === undefined
    ? `rollout '${rollout?.type}' divides requests between two services, but candidate is not given; give one, or leave rollout out`
    : 'candidate gets requests by a rollout, but rollout is not given; give one, such as Rollout.canary({ step: 1 })');
  if (candidate === undefined) return;
  faults.check(hasGateway, 'rollout-without-gateway', 'candidate gets its requests at the gateway, but gateway is not given; give one');
  faults.check(candidate.namespaceName === namespaceName, 'candidate-in-another-namespace',
    `candidate is in namespace '${candidate.namespaceName}', but a route stays in its own, '${namespaceName}'; make the candidate there`);
  faults.check(candidate.protocol === protocol, 'candidate-protocol',
    `candidate speaks ${show(candidate.protocol)}, but this service ${show(protocol)}, and callers do not know which one answers; use a runtime with the same protocol`);
  faults.check(protocol === undefined || candidate.modelName === modelName, 'candidate-model-name',
    `candidate answers for model ${show(candidate.modelName)}, but callers ask for ${show(modelName)}; give the candidate modelName: ${show(modelName)}`);
}

/** The server of the registry's models is told the registered name, and answers by it. */
function modelNameOf(faults: Faults, { modelName, serviceName, source }: ModelServiceRequest): string {
  if (source?.type !== 'registry') return modelName ?? serviceName;
  faults.check(modelName === undefined || modelName === source.modelName, 'model-name-of-registry',
    `modelName ${show(modelName)} is not ${show(source.modelName)}, by which the registry and the server know the model; leave modelName out`);
  return source.modelName;
}

function replicasOf(faults: Faults, { replicas, hasAutoscaling, scaling }: ModelServiceRequest): ModelReplicas {
  checkLiteral(faults, 'replicas', replicas);
  checkInteger(faults, 'replicas', replicas, { min: 1, max: 1_000 });
  faults.check(replicas === undefined || !hasAutoscaling, 'replicas-with-autoscaling',
    `replicas ${show(replicas)} is a fixed number, but autoscaling sets it; say it with autoscaling.minReplicas`);
  return scaling === undefined ? fixed(replicas ?? 1) : { min: scaling.minReplicas, max: scaling.maxReplicas, autoscaled: true };
}

function fixed(replicas: number): ModelReplicas {
  return { min: replicas, max: replicas, autoscaled: false };
}

function shareOf(resources: ShareRequest = {}): ModelShare {
  return { cpus: resources.cpus ?? 1, memoryGiB: resources.memoryGiB ?? 2, diskGiB: resources.diskGiB };
}

/** What KServe and the server are told about a source. A prefix without a slash at its end would match its neighbours too. */
function filesOf(source: LlmWeights | undefined, region: string): ModelFiles {
  switch (source?.type) {
    case 's3': return { storageUri: `${source.uri}/` };
    case 'node-cache': return { storageUri: `pvc://${[source.claimName, source.path].filter((it) => it !== '').join('/')}` };
    case 'hugging-face': return { hubModel: { id: source.id ?? '', revision: source.revision }, token: source.token };
    case 'registry': return { release: { table: source.releaseTable, region } };
    default: return {};
  }
}

function transformerOf(
  faults: Faults, request: ModelServiceRequest, protocol: InferenceProtocol | undefined,
): TransformerInput | undefined {
  const { transformer } = request;
  if (transformer === undefined) return undefined;
  const share = shareOf(transformer.resources);
  faults.check(protocol !== undefined, 'transformer-without-protocol',
    `transformer asks the model by an inference protocol, but runtime '${request.server.name}' says none; name it in ModelRuntime.custom`);
  faults.check(isUnresolved(transformer.image) || TAGGED.test(transformer.image), 'invalid-transformer-image',
    `transformer.image ${show(transformer.image)} has no tag or digest; name one, so that it stays what it is`);
  checkShare(faults, 'transformer.resources', share);
  checkInteger(faults, 'transformer.replicas', transformer.replicas, { min: 1, max: 1_000 });
  checkInteger(faults, 'transformer.user', transformer.user, { min: 1, max: 2_147_483_647 });
  checkText(faults, 'transformer.readyPath', transformer.readyPath, PATH);
  checkEnvironment(faults, 'transformer.environment', transformer.environment ?? {}, []);
  const set = (transformer.args ?? []).filter((it) => SET_ARGUMENTS.test(it));
  faults.check(set.length === 0, 'reserved-argument', `transformer.args names ${set.join(', ')}, which KServe and the platform set; leave it out`);
  const { image, command, args = [], environment = {}, readyPath, user, replicas = 1 } = transformer;
  return { image, command, args, environment, share, replicas, readyPath, user };
}

function secondsOf(
  faults: Faults, property: string, given: Duration | undefined, otherwise: number, bounds: { readonly min: number; readonly max: number },
): number {
  if (given === undefined) return otherwise;
  if (given.isUnresolved()) {
    faults.add(`unresolved-${kebab(property)}`, `${property} is known only at deploy time, but it is checked at synthesis; give a literal`);
    return otherwise;
  }
  const seconds = given.toSeconds({ integral: false });
  checkInteger(faults, property, seconds, { ...bounds, unit: 'seconds' });
  return seconds;
}
