import { Annotations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { endpointOf, gatewayPathOf, urlOf } from './blueprint/llm-service';
import type { ILlmService, LlmServiceAttributes } from './interfaces';
import type { LlmServicePlacement, LlmServiceProps } from './llm-service-props';
import { llmCallerChart, llmChart } from './manifests/llm-chart';
import { ModelNamespace } from './model-namespace';
import { importLlmService } from './private/imported-llm-service';
import { placementOf, planLlmService, type LlmServicePlan } from './private/llm-service-plan';
import { llmWarnings } from './private/llm-warnings';
import { serviceNamesOf } from './private/service-names';
import type { MemoryFit } from '../accelerators/memory-fit';
import type { IMlCluster } from '../cluster/interfaces';
import { ManifestRelease } from '../cluster/manifest-release';
import { WorkloadIdentity } from '../cluster/workload-identity';
import { checkText, DNS_LABEL } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/**
 * A language model on GPUs of a cluster: the pinned vLLM behind OpenAI's API, on the instance types that hold the model, context and
 * concurrency at the lowest price.
 *
 * Pods meet Pod Security "restricted", read the model with AWS rights of their own, start when the weights are loaded, finish their
 * requests when they have to go, and are called by nobody who was not let in. A rollout never doubles the GPUs: with one replica
 * the service is away while the new one loads, with more it goes replica by replica.
 *
 * Fails with a ValidationError, among others `no-gpu-pool`, `model-does-not-fit`, `tensor-parallel-does-not-divide`, `context-too-long`,
 * `bfloat16-not-supported`, `gpu-sharing-with-tensor-parallel`, `disk-too-small`, `pool-too-small`, `too-few-replicas`,
 * `contradicting-extra-args`, `scale-to-zero-with-rollout`, `duplicate-model-service`.
 *
 * @see https://docs.vllm.ai/en/stable/deployment/k8s/
 */
export class LlmService extends Construct implements ILlmService {
  /** A language model that is served already. Nothing is created. */
  static fromLlmServiceAttributes(scope: Construct, id: string, attributes: LlmServiceAttributes): ILlmService {
    return importLlmService(scope, id, attributes);
  }

  readonly cluster: IMlCluster;
  readonly namespaceName: string;
  /** Name of the service: that of its workload, ServiceAccount and policies. */
  readonly serviceName: string;
  readonly kubernetesServiceName: string;
  readonly port: number;
  readonly modelName: string;
  readonly url: string;
  /** Base address for OpenAI clients on the gateway; undefined without one. */
  readonly gatewayUrl?: string;
  /** Memory of one replica on the cheapest instance type: what fits, and what is left. */
  readonly fit: MemoryFit;
  /** Where the pods stand, how the model is split there, and what it costs. */
  readonly placement: LlmServicePlacement;
  /** AWS rights of the pods. */
  readonly identity: WorkloadIdentity;
  /** The role of the pods, as grants see it. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The service's objects in the cluster. */
  readonly release: ManifestRelease;
  private readonly decided: LlmServicePlan;

  constructor(scope: Construct, id: string, props: LlmServiceProps) {
    const faults = Faults.of(scope, id);
    const decided = planLlmService(faults, id, props);
    super(scope, id);

    const { blueprint, placed } = decided;
    this.decided = decided;
    this.cluster = props.cluster;
    this.serviceName = blueprint.name;
    this.namespaceName = (props.namespace ?? ModelNamespace.of(props.cluster)).namespaceName;
    serviceNamesOf(props.cluster).set(`${this.namespaceName}/${this.serviceName}`, this.node.path);
    const endpoint = endpointOf(blueprint.form, blueprint.name);
    this.kubernetesServiceName = endpoint.service;
    this.port = endpoint.port;
    this.url = urlOf(endpoint, this.namespaceName);
    this.gatewayUrl = props.gateway === undefined ? undefined : `${props.gateway.url}${gatewayPathOf(blueprint)}`;
    this.modelName = blueprint.engine.servedModelName;
    this.fit = placed.fit;
    this.placement = placementOf(decided);
    this.identity = this.createIdentity(props);
    this.grantPrincipal = this.identity.grantPrincipal;
    this.release = new ManifestRelease(this, 'Release', { cluster: props.cluster, namespace: this.namespaceName, chart: llmChart(blueprint, decided.around) });
    if (props.gateway !== undefined) props.candidate?.addCaller(props.gateway.proxyNamespace);
    for (const [warning, text] of llmWarnings(blueprint)) Annotations.of(this).addWarningV2(`cdk-ml-platform:${warning}`, text);
  }

  /**
   * Lets the pods of one more namespace call the service. It is a policy of its own.
   *
   * Fails with `invalid-namespace-name`.
   */
  addCaller(namespaceName: string): void {
    const faults = Faults.ofConstruct(this);
    checkText(faults, 'namespaceName', namespaceName, DNS_LABEL);
    faults.throwIfAny();
    const id = `From-${namespaceName}`;
    if (this.decided.blueprint.callers.includes(namespaceName) || this.node.tryFindChild(id) !== undefined) return;
    new ManifestRelease(this, id, {
      cluster: this.cluster, namespace: this.namespaceName, chart: llmCallerChart(this.decided.blueprint, namespaceName),
    });
  }

  /** The ServiceAccount is among the service's objects. */
  private createIdentity(props: LlmServiceProps): WorkloadIdentity {
    const identity = new WorkloadIdentity(this, 'Identity', {
      cluster: props.cluster, namespace: this.namespaceName, serviceAccountName: this.serviceName, createServiceAccount: false,
    });
    for (const source of new Set([props.source, ...(props.loraAdapters ?? []).map((it) => it.source)])) source._grantRead(identity);
    return identity;
  }
}
