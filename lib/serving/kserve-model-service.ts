import { Annotations, Stack } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { planRequestScaling, type ScalingPlan } from './blueprint/autoscaling-plan';
import { kserveModel, type KServeModelBlueprint } from './blueprint/kserve-model';
import { inferencePath } from './blueprint/kserve-paths';
import { decideModelService, type ModelServiceDecision, pinnedImage } from './blueprint/kserve-service';
import type { InferenceProtocol } from './blueprint/model-format';
import type { ModelServer } from './blueprint/model-runtime-servers';
import { hostNameOf } from './blueprint/model-service';
import type { ClusterModelServiceAttributes, IClusterModelService } from './interfaces';
import { modelCallerChart, modelChart } from './manifests/inference-service-chart';
import { ModelNamespace } from './model-namespace';
import type { ModelServiceProps } from './model-service-props';
import type { ModelSource } from './model-source';
import { serviceNamesOf } from './private/service-names';
import { mirroredImage } from '../cluster/blueprint/endpoints';
import type { IMlCluster } from '../cluster/interfaces';
import { ManifestRelease } from '../cluster/manifest-release';
import { WorkloadIdentity } from '../cluster/workload-identity';
import { checkInteger, checkText, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';
import { runtimeAsset } from '../core/private/runtime-asset';
import { acknowledgeWildcards } from '../network/acknowledge-wildcards';

const MANY_CALLS = 'calls are written as many objects below one prefix; the right ends at that prefix';

/**
 * A model on Kubernetes: a KServe InferenceService in Standard mode with one of KServe's servers in a pinned version, Triton, or a
 * container of your own.
 *
 * It brings its ServingRuntime, ServiceAccount with AWS rights by Pod Identity, network policies and, where asked for, scaling and a
 * route on the gateway, on which a candidate may have its part of the requests. Its pods meet Pod Security "restricted". The cluster
 * needs the add-on `KServe`; its own runtimes are not used.
 *
 * Fails with a ValidationError, among others `missing-source`, `unsupported-source`, `unsupported-protocol`, `grpc-with-v1`,
 * `missing-gpus`, `unsupported-gpus`, `mixed-gpus`, `too-few-gpus`, `transformer-without-protocol`, `kserve-canary`,
 * `incomplete-rollout`, `duplicate-model-service`.
 *
 * @see https://kserve.github.io/website/docs/reference/crd-api#inferenceservice
 */
export class ModelService extends Construct implements IClusterModelService, iam.IGrantable {
  /** A model that is served in a cluster already. Nothing is created. */
  static fromClusterModelServiceAttributes(scope: Construct, id: string, attributes: ClusterModelServiceAttributes): IClusterModelService {
    const faults = Faults.of(scope, id);
    checkText(faults, 'kubernetesServiceName', attributes.kubernetesServiceName, DNS_LABEL);
    checkText(faults, 'namespaceName', attributes.namespaceName, DNS_LABEL);
    checkInteger(faults, 'port', attributes.port, { min: 1, max: 65_535 });
    faults.throwIfAny();
    return new ImportedModelService(scope, id, attributes);
  }

  readonly cluster: IMlCluster;
  /** Name of the service: that of its InferenceService, ServiceAccount and policies. */
  readonly serviceName: string;
  readonly namespaceName: string;
  readonly kubernetesServiceName: string;
  readonly port: number;
  readonly modelName: string;
  readonly protocol?: InferenceProtocol;
  readonly url: string;
  readonly inferenceUrl: string;
  /** Host and port of gRPC inside of the cluster; undefined where its port is closed. */
  readonly grpcAddress?: string;
  /** Address on the gateway; undefined without one. */
  readonly gatewayUrl?: string;
  /** AWS rights of the pods, the transformer's included. */
  readonly identity: WorkloadIdentity;
  /** The role of the pods, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The service's objects in the cluster. */
  readonly release: ManifestRelease;
  private readonly decided: KServeModelBlueprint;

  constructor(scope: Construct, id: string, props: ModelServiceProps) {
    const faults = Faults.of(scope, id);
    const { cluster, gateway, candidate } = props;
    const serviceName = props.serviceName ?? hostNameOf(id) ?? '';
    const namespaceName = props.namespace?.namespaceName ?? 'models';
    const scaling = planScaling(faults, props, serviceName, namespaceName);
    const plan = decide(faults, scope, props, { serviceName, namespaceName, scaling });
    checkName(faults, cluster, `${namespaceName}/${serviceName}`);
    faults.throwIfAny();
    super(scope, id);

    serviceNamesOf(cluster).set(`${namespaceName}/${serviceName}`, this.node.path);
    this.cluster = cluster;
    this.serviceName = serviceName;
    this.namespaceName = (props.namespace ?? ModelNamespace.of(cluster)).namespaceName;
    this.decided = this.blueprint(props, plan);
    const { entry } = this.decided;
    this.kubernetesServiceName = entry.service;
    this.port = entry.port;
    this.modelName = plan.modelName;
    this.protocol = plan.protocol;
    this.url = addressOf(this.kubernetesServiceName, this.namespaceName, this.port);
    this.inferenceUrl = `${this.url}${inferencePath(plan.protocol, plan.modelName)}`;
    this.grpcAddress = entry.grpcPort === undefined ? undefined : `${entry.service}.${this.namespaceName}.svc.cluster.local:${entry.grpcPort}`;
    this.gatewayUrl = gateway === undefined ? undefined : `${gateway.url}/${serviceName}`;
    this.identity = this.createIdentity(props);
    this.grantPrincipal = this.identity.grantPrincipal;
    this.release = this.createRelease(props, scaling);
    if (gateway !== undefined) candidate?.addCaller(gateway.proxyNamespace);
    this.warn();
  }

  /**
   * Lets the pods of one more namespace call the service.
   *
   * Fails with `invalid-namespace-name`.
   *
   * @param namespaceName the callers' namespace
   */
  addCaller(namespaceName: string): void {
    const faults = Faults.ofConstruct(this);
    checkText(faults, 'namespaceName', namespaceName, DNS_LABEL);
    faults.throwIfAny();
    const id = `From${pascal(namespaceName)}`;
    if (this.node.tryFindChild(id) !== undefined) return;
    new ManifestRelease(this, id, { cluster: this.cluster, namespace: this.namespaceName, chart: modelCallerChart(this.decided, namespaceName) });
  }

  private blueprint(props: ModelServiceProps, plan: ModelServiceDecision): KServeModelBlueprint {
    const { transformer } = plan;
    return kserveModel({
      ...plan,
      name: this.serviceName,
      namespace: this.namespaceName,
      image: this.imageOf(plan.server, plan.gpus !== undefined),
      grpc: props.grpc ?? false,
      serviceAccountName: this.serviceName,
      logger: props.requestLog?._plan,
      transformer: transformer === undefined ? undefined : { ...transformer, image: this.mirrored(transformer.image) },
    });
  }

  private imageOf(server: ModelServer, onGpus: boolean): string | undefined {
    const pinned = pinnedImage(server, onGpus);
    if (pinned !== undefined) return this.mirrored(this.cluster.platformVersion.container(pinned));
    if (server.image?.address !== undefined) return this.mirrored(server.image.address);
    if (server.image?.built !== true) return undefined;
    const { directory, target, exclude } = runtimeAsset('serving');
    return new DockerImageAsset(this, 'Image', { directory, target, exclude, platform: Platform.LINUX_AMD64 }).imageUri;
  }

  private mirrored(image: string): string {
    return mirroredImage(this.cluster.imageMirror, image);
  }

  private createIdentity({ source, requestLog }: ModelServiceProps): WorkloadIdentity {
    const identity = new WorkloadIdentity(this, 'Identity', {
      cluster: this.cluster, namespace: this.namespaceName, serviceAccountName: this.serviceName, createServiceAccount: false,
    });
    if (source !== undefined) grantRead(source, identity);
    if (requestLog?.bucket !== undefined) {
      const objects = [requestLog.bucket.arnForObjects(`${requestLog.prefix}/*`)];
      acknowledgeWildcards(identity.grantPrincipal, objects, MANY_CALLS);
      iam.Grant.addToPrincipal({ grantee: identity, actions: ['s3:PutObject'], resourceArns: objects });
      requestLog.bucket.encryptionKey?.grantEncrypt(identity);
    }
    return identity;
  }

  private createRelease(props: ModelServiceProps, scaling: ScalingPlan | undefined): ManifestRelease {
    const { gateway, candidate, callers = [], prometheus, rollout, overrides } = props;
    const holder = scaling?.wake?.type === 'request' ? [scaling.wake.namespace] : [];
    return new ManifestRelease(this, 'Release', {
      cluster: this.cluster,
      namespace: this.namespaceName,
      chart: modelChart({
        service: this.decided,
        candidate: candidate === undefined ? undefined : { service: candidate.kubernetesServiceName, port: candidate.port },
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

  private warn(): void {
    const { server, gpus, replicas, logger, grpc } = this.decided;
    const warnings: Record<string, string | undefined> = {
      'model-runs-code': server.runsCode === undefined ? undefined
        : `runtime '${server.name}' runs code of the model (${server.runsCode}): whoever may write to its source acts with the rights of this service`,
      'one-pod-on-spot': gpus?.usesSpot === true && replicas.min < 2
        ? `pool '${gpus.poolName}' has spot nodes, which go with two minutes' notice, and there is one pod: requests fail until another one is up; use two replicas or more`
        : undefined,
      'grpc-not-logged': grpc && logger !== undefined
        ? 'requestLog sees REST only: calls by gRPC are not logged' : undefined,
    };
    for (const [id, text] of Object.entries(warnings)) {
      if (text !== undefined) Annotations.of(this).addWarningV2(`cdk-ml-platform:${id}`, text);
    }
  }
}

/** A model that is served already, as a construct that creates nothing. */
class ImportedModelService extends Construct implements IClusterModelService {
  readonly cluster: IMlCluster;
  readonly namespaceName: string;
  readonly kubernetesServiceName: string;
  readonly port: number;
  readonly modelName: string;
  readonly protocol?: InferenceProtocol;
  readonly url: string;
  readonly inferenceUrl: string;

  constructor(scope: Construct, id: string, attributes: ClusterModelServiceAttributes) {
    super(scope, id);
    this.cluster = attributes.cluster;
    this.namespaceName = attributes.namespaceName ?? 'models';
    this.kubernetesServiceName = attributes.kubernetesServiceName;
    this.port = attributes.port ?? 80;
    this.modelName = attributes.modelName;
    this.protocol = attributes.protocol;
    this.url = addressOf(this.kubernetesServiceName, this.namespaceName, this.port);
    this.inferenceUrl = `${this.url}${inferencePath(this.protocol, this.modelName)}`;
  }

  addCaller(): void {
    // whoever made the service lets its callers in
  }
}

function addressOf(service: string, namespace: string, port: number): string {
  return `http://${service}.${namespace}.svc.cluster.local${port === 80 ? '' : `:${port}`}`;
}

interface Names {
  readonly serviceName: string;
  readonly namespaceName: string;
  readonly scaling?: ScalingPlan;
}

function decide(faults: Faults, scope: Construct, props: ModelServiceProps, names: Names): ModelServiceDecision {
  return decideModelService(faults, {
    ...names,
    modelName: props.modelName,
    region: Stack.of(scope).region,
    server: props.runtime._server,
    source: props.source?._weights,
    environment: props.environment ?? {},
    candidate: props.candidate,
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
