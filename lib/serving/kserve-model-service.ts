import { Annotations, Stack } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { planRequestScaling, type ScalingPlan } from './blueprint/autoscaling-plan';
import { kserveModel, type KServeModelBlueprint } from './blueprint/kserve-model';
import { inferencePath } from './blueprint/kserve-paths';
import { decideModelService, type ModelServiceDecision, pinnedImage, type VersionDecision } from './blueprint/kserve-service';
import type { ModelServer } from './blueprint/model-runtime-servers';
import { hostNameOf } from './blueprint/model-service';
import type { IClusterModelService } from './interfaces';
import { modelCallerChart, modelChart } from './manifests/inference-service-chart';
import { ModelNamespace } from './model-namespace';
import type { ModelServiceProps } from './model-service-props';
import type { ModelSource } from './model-source';
import { serviceNamesOf } from './private/service-names';
import { mirroredImage } from '../cluster/blueprint/endpoints';
import { ManifestRelease } from '../cluster/manifest-release';
import { WorkloadIdentity } from '../cluster/workload-identity';
import { checkText, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { runtimeAsset } from '../core/private/runtime-asset';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';

const MANY_CALLS = 'calls are written as many objects below one prefix; the right ends at that prefix';

/**
 * A model on Kubernetes: a KServe InferenceService in Standard mode with one of KServe's servers in a pinned version, Triton, or a
 * container of your own.
 *
 * It brings its ServingRuntime, ServiceAccount with AWS rights by Pod Identity, network policies and, where asked for, scaling, a route
 * on the gateway and a candidate beside the stable version. Its pods meet Pod Security "restricted". The cluster needs the add-on
 * `KServe`, with route creation off.
 *
 * Fails with a ValidationError, among others `missing-source`, `unsupported-source`, `unsupported-protocol`, `grpc-with-v1`,
 * `missing-gpus`, `unsupported-gpus`, `mixed-gpus`, `too-few-gpus`, `transformer-without-protocol`, `kserve-canary`,
 * `incomplete-rollout`, `duplicate-model-service`.
 *
 * @see https://kserve.github.io/website/docs/reference/crd-api#inferenceservice
 */
export class ModelService extends Construct implements IClusterModelService {
  readonly serviceName: string;
  readonly namespaceName: string;
  readonly modelName: string;
  readonly url: string;
  readonly inferenceUrl: string;
  /** Host and port of gRPC inside of the cluster; undefined where its port is closed. */
  readonly grpcAddress?: string;
  /** Address on the gateway; undefined without one. */
  readonly gatewayUrl?: string;
  /** AWS rights of the pods, transformer and candidate included. */
  readonly identity: WorkloadIdentity;
  /** The role of the pods, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The service's objects in the cluster. */
  readonly release: ManifestRelease;
  private readonly props: ModelServiceProps;
  private readonly versions: KServeModelBlueprint[];

  constructor(scope: Construct, id: string, props: ModelServiceProps) {
    const faults = Faults.of(scope, id);
    const serviceName = props.serviceName ?? hostNameOf(id) ?? '';
    const namespaceName = props.namespace?.namespaceName ?? 'models';
    const scaling = planScaling(faults, props, serviceName, namespaceName);
    const plan = decide(faults, scope, props, serviceName, scaling);
    checkName(faults, props.cluster, `${namespaceName}/${serviceName}`);
    faults.throwIfAny();
    super(scope, id);

    serviceNamesOf(props.cluster).set(`${namespaceName}/${serviceName}`, this.node.path);
    this.props = props;
    this.serviceName = serviceName;
    this.namespaceName = (props.namespace ?? ModelNamespace.of(props.cluster)).namespaceName;
    this.modelName = plan.modelName;
    const stable = this.blueprint(serviceName, plan, plan.stable);
    const candidate = plan.candidate === undefined ? undefined : this.blueprint(`${serviceName}-candidate`, plan, plan.candidate);
    this.versions = candidate === undefined ? [stable] : [stable, candidate];
    const host = `${stable.entry.service}.${this.namespaceName}.svc.cluster.local`;
    this.url = `http://${host}`;
    this.inferenceUrl = `${this.url}${inferencePath(plan.protocol, plan.modelName)}`;
    this.grpcAddress = stable.entry.grpcPort === undefined ? undefined : `${host}:${stable.entry.grpcPort}`;
    this.gatewayUrl = props.gateway === undefined ? undefined : `${props.gateway.url}/${serviceName}`;
    this.identity = this.createIdentity();
    this.grantPrincipal = this.identity.grantPrincipal;
    this.release = this.createRelease(stable, candidate, scaling);
    this.warn(stable);
  }

  /**
   * Lets the pods of one more namespace call the service.
   *
   * Fails with `invalid-namespace-name`.
   *
   * @param namespaceName the callers' namespace
   */
  addCaller(namespaceName: string): ManifestRelease {
    const faults = Faults.ofConstruct(this);
    checkText(faults, 'namespaceName', namespaceName, DNS_LABEL);
    faults.throwIfAny();
    return new ManifestRelease(this, `From${pascal(namespaceName)}`, {
      cluster: this.props.cluster, chart: modelCallerChart(this.versions, namespaceName),
    });
  }

  private blueprint(name: string, plan: ModelServiceDecision, version: VersionDecision): KServeModelBlueprint {
    const { requestLog, grpc = false } = this.props;
    return kserveModel({
      ...version,
      name,
      namespace: this.namespaceName,
      modelName: plan.modelName,
      image: this.imageOf(version.server),
      protocol: plan.protocol,
      grpc,
      share: plan.share,
      gpus: plan.gpus,
      startupSeconds: plan.startupSeconds,
      graceSeconds: plan.graceSeconds,
      serviceAccountName: this.serviceName,
      logger: requestLog?._plan,
      transformer: plan.transformer === undefined ? undefined : { ...plan.transformer, image: this.mirrored(plan.transformer.image) },
    });
  }

  private imageOf(server: ModelServer): string | undefined {
    const pinned = pinnedImage(server, this.props.gpu !== undefined);
    if (pinned !== undefined) return this.mirrored(this.props.cluster.platformVersion.container(pinned));
    if (server.image?.address !== undefined) return this.mirrored(server.image.address);
    return server.image?.built === true ? this.builtImage() : undefined;
  }

  private mirrored(image: string): string {
    return mirroredImage(this.props.cluster.imageMirror, image);
  }

  /** The library's own image, once for the stable version and the candidate. */
  private builtImage(): string {
    const known = this.node.tryFindChild('Image') as DockerImageAsset | undefined;
    const { directory, target, exclude } = runtimeAsset('serving');
    return (known ?? new DockerImageAsset(this, 'Image', { directory, target, exclude, platform: Platform.LINUX_AMD64 })).imageUri;
  }

  private createIdentity(): WorkloadIdentity {
    const { cluster, source, candidate, requestLog } = this.props;
    const identity = new WorkloadIdentity(this, 'Identity', {
      cluster, namespace: this.namespaceName, serviceAccountName: this.serviceName, createServiceAccount: false,
    });
    for (const it of new Set([source, candidate?.source])) if (it !== undefined) grantRead(it, identity);
    if (requestLog?.bucket !== undefined) {
      const objects = [requestLog.bucket.arnForObjects(`${requestLog.prefix}/*`)];
      acknowledgeWildcards(identity.grantPrincipal, objects, MANY_CALLS);
      iam.Grant.addToPrincipal({ grantee: identity, actions: ['s3:PutObject'], resourceArns: objects });
      requestLog.bucket.encryptionKey?.grantEncrypt(identity);
    }
    return identity;
  }

  private createRelease(stable: KServeModelBlueprint, candidate?: KServeModelBlueprint, scaling?: ScalingPlan): ManifestRelease {
    const { cluster, gateway, callers = [], prometheus, rollout, overrides } = this.props;
    const holder = scaling?.wake?.type === 'request' ? [scaling.wake.namespace] : [];
    return new ManifestRelease(this, 'Release', {
      cluster,
      namespace: this.namespaceName,
      chart: modelChart({
        stable,
        candidate,
        rollout,
        overrides,
        scaling,
        gateway: gateway === undefined ? undefined : { name: gateway.gatewayName, namespace: gateway.namespace },
        callers: {
          namespaces: [...new Set([...gateway === undefined ? [] : [gateway.proxyNamespace], ...holder, ...callers])],
          metricsNamespace: prometheus?.namespace,
        },
      }),
    });
  }

  private warn({ server, gpus, replicas, logger, grpc }: KServeModelBlueprint): void {
    const warnings: Record<string, string | undefined> = {
      'model-runs-code': server.runsCode === undefined ? undefined
        : `runtime '${server.name}' runs code of the model (${server.runsCode}): whoever may write to its source acts with the rights of this service`,
      'one-pod-on-spot': gpus?.usesSpot === true && replicas.min < 2
        ? `pool '${gpus.poolName}' has spot nodes, which go with two minutes' notice, and there is one pod: requests fail until another one is up; use two replicas or more` : undefined,
      'grpc-not-logged': grpc && logger !== undefined
        ? 'requestLog sees REST only: calls by gRPC are not logged' : undefined,
    };
    for (const [id, text] of Object.entries(warnings)) {
      if (text !== undefined) Annotations.of(this).addWarningV2(`cdk-ml-platform:${id}`, text);
    }
  }
}

function decide(
  faults: Faults, scope: Construct, props: ModelServiceProps, serviceName: string, scaling: ScalingPlan | undefined,
): ModelServiceDecision {
  const { runtime, source, environment = {}, candidate } = props;
  return decideModelService(faults, {
    serviceName,
    scaling,
    modelName: props.modelName,
    region: Stack.of(scope).region,
    stable: { server: runtime._server, source: source?._weights, environment },
    candidate: candidate === undefined ? undefined : {
      server: (candidate.runtime ?? runtime)._server,
      source: (candidate.source ?? source)?._weights,
      environment: candidate.environment ?? environment,
      replicas: candidate.replicas,
    },
    rollout: props.rollout,
    hasGateway: props.gateway !== undefined,
    hasAutoscaling: props.autoscaling !== undefined,
    protocol: props.protocol,
    grpc: props.grpc ?? false,
    resources: props.resources,
    gpu: props.gpu,
    replicas: props.replicas,
    startupTimeout: props.startupTimeout,
    gracePeriod: props.gracePeriod,
    transformer: props.transformer,
    callers: props.callers ?? [],
    overrides: props.overrides,
  });
}

function planScaling(faults: Faults, props: ModelServiceProps, name: string, namespace: string): ScalingPlan | undefined {
  return planRequestScaling(faults, {
    autoscaling: props.autoscaling,
    scaleToZero: props.scaleToZero,
    rollout: props.rollout,
    prometheusUrl: props.prometheus?.serverUrl,
    hasGateway: props.gateway !== undefined,
    route: { name, namespace },
  });
}

function grantRead(source: ModelSource, identity: WorkloadIdentity): void {
  source._grantRead(identity);
  const { _weights: weights } = source;
  if (weights.type !== 's3') return;
  // KServe asks for the bucket before it reads below the prefix: HeadBucket is allowed by ListBucket, and says no prefix
  const bucketName = weights.uri.split('/')[2] ?? '';
  iam.Grant.addToPrincipal({
    grantee: identity,
    actions: ['s3:ListBucket'],
    resourceArns: [Stack.of(identity).formatArn({ service: 's3', region: '', account: '', resource: bucketName })],
    conditions: { Null: { 's3:prefix': 'true' } },
  });
}

/** Two services with one name would overwrite each other's objects. */
function checkName(faults: Faults, cluster: object, name: string): void {
  const other = serviceNamesOf(cluster).get(name);
  const [namespace, serviceName] = name.split('/');
  faults.check(other === undefined, 'duplicate-model-service',
    `serviceName '${serviceName}' is taken in namespace '${namespace}' by ${other}; give another serviceName`);
}

/** `team-a` as a part of a construct's id: `TeamA`. */
function pascal(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_, __, first: string) => first.toUpperCase());
}
