import { Construct } from 'constructs';
import { AddOnRequirement } from './blueprint/add-on-requirement';
import { mirroredImage } from './blueprint/endpoints';
import {
  INFERENCE_EXTENSION_GROUP, INFERENCE_EXTENSION_KINDS, KSERVE_CERTIFICATES, KSERVE_GUARDS, KSERVE_KINDS, KSERVE_NAMESPACE, kserveValues, LLM_KINDS,
  llmInferenceValues, RUNTIME_IMAGES, runtimeValues,
} from './blueprint/kserve';
import { HelmAddOn } from './helm-add-on';
import type { IMlCluster } from './interfaces';
import { chartImages } from './private/chart-images';
import { InstallationOrder } from './private/installation-order';
import { checkLiteral } from '../core/private/checks';
import { Faults } from '../core/private/faults';

/** Properties of KServe. */
export interface KServeProps {
  /** The cluster; it has cert-manager and the Gateway API. */
  readonly cluster: IMlCluster;

  /**
   * Whether KServe's own runtimes are installed: sklearn, xgboost, lightgbm, Hugging Face, MLServer, TensorFlow Serving, Triton
   * and vLLM, each with the image of the platform version.
   *
   * @default true
   */
  readonly runtimes?: boolean;

  /**
   * Whether `LLMInferenceService` is installed too. It is v1alpha2 and runs llm-d's images, not the vLLM of the platform version.
   *
   * @default false
   */
  readonly llmInferenceService?: boolean;

  /**
   * Values of the chart `kserve-resources` that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly values?: { readonly [key: string]: unknown };

  /**
   * Values of the chart `kserve-runtime-configs` that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly runtimeValues?: { readonly [key: string]: unknown };

  /**
   * Values of the chart `kserve-llmisvc-resources` that are merged over ours, last. Keys that the pinned chart does not have are refused.
   *
   * @default - none
   */
  readonly llmValues?: { readonly [key: string]: unknown };
}

/**
 * KServe in Standard mode: InferenceServices are plain Deployments, without Knative, and routes are made by this library, not by KServe.
 *
 * Charts come in this order: definitions, controllers, and runtimes once the controllers' webhooks answer. KServe looks for the
 * Gateway API, KEDA and LeaderWorkerSet only when it starts, so it is installed after them where the cluster has them. Its pods meet
 * Pod Security "restricted".
 *
 * Fails with `missing-requirement` without CertManager or EnvoyGateway (or others that bring the same), with `unreachable-llm-images`
 * where `llmInferenceService` stands in a network without a route out, and with what `HelmAddOn` fails with.
 *
 * @see https://kserve.github.io/website/docs/admin-guide/kubernetes-deployment
 */
export class KServe extends Construct {
  /** The chart of definitions. */
  readonly definitions: HelmAddOn;
  /** The controller. */
  readonly addOn: HelmAddOn;
  /** The chart of runtimes and of templates for LLMInferenceServices; undefined without either. */
  readonly runtimes?: HelmAddOn;
  /** Definitions for LLMInferenceServices; undefined without them. */
  readonly llmDefinitions?: HelmAddOn;
  /** The controller of LLMInferenceServices; undefined without them. */
  readonly llmAddOn?: HelmAddOn;

  constructor(scope: Construct, id: string, private readonly props: KServeProps) {
    const faults = Faults.of(scope, id);
    const { cluster, runtimes = true, llmInferenceService = false } = props;
    checkLiteral(faults, 'runtimes', runtimes);
    checkLiteral(faults, 'llmInferenceService', llmInferenceService);
    faults.check(!llmInferenceService || cluster.network.routesOut, 'unreachable-llm-images',
      'llmInferenceService runs images of llm-d that KServe\'s chart names itself, so that no mirror replaces them, and the network has no route out; leave it out and use LlmService on vLLM, or give the network a NAT gateway');
    faults.throwIfAny();
    super(scope, id);
    this.definitions = this.makeDefinitions('Definitions', 'kserve-crd', KSERVE_KINDS, []);
    this.addOn = this.makeController();
    if (llmInferenceService) {
      // after the other chart, which then owns the definition that both have
      this.llmDefinitions = this.makeDefinitions('LlmDefinitions', 'kserve-llmisvc-crd', LLM_KINDS, [AddOnRequirement.addOn('kserve-crd')]);
      this.llmAddOn = this.makeLlmController();
    }
    if (runtimes || llmInferenceService) this.runtimes = this.makeRuntimes(runtimes, llmInferenceService);
  }

  private makeDefinitions(id: string, chart: string, defines: string[], requires: AddOnRequirement[]): HelmAddOn {
    return new HelmAddOn(this, id, {
      cluster: this.props.cluster, chart, namespace: KSERVE_NAMESPACE, relations: { defines, requires, creates: [] },
    });
  }

  private makeController(): HelmAddOn {
    const { cluster, values } = this.props;
    const images = chartImages(cluster, 'kserve-resources');
    return new HelmAddOn(this, 'AddOn', {
      cluster,
      chart: 'kserve-resources',
      namespace: KSERVE_NAMESPACE,
      values: kserveValues(images),
      overrides: values,
      images,
      relations: {
        guards: KSERVE_GUARDS,
        creates: ['/Service', ...KSERVE_CERTIFICATES],
        requires: [AddOnRequirement.customResource('serving.kserve.io/InferenceService'), ...needsAtStart()],
      },
    });
  }

  private makeLlmController(): HelmAddOn {
    const { cluster, llmValues } = this.props;
    const images = chartImages(cluster, 'kserve-llmisvc-resources');
    const inferenceExtension = !InstallationOrder.of(cluster).has(INFERENCE_EXTENSION_GROUP, INFERENCE_EXTENSION_KINDS);
    return new HelmAddOn(this, 'LlmAddOn', {
      cluster,
      chart: 'kserve-llmisvc-resources',
      namespace: KSERVE_NAMESPACE,
      values: llmInferenceValues({ images, inferenceExtension }),
      overrides: llmValues,
      images,
      relations: {
        defines: inferenceExtension ? INFERENCE_EXTENSION_KINDS : [],
        guards: LLM_KINDS,
        creates: ['/Service', ...KSERVE_CERTIFICATES],
        requires: [
          AddOnRequirement.customResource('serving.kserve.io/LLMInferenceService'),
          // its configuration and its certificate's issuer are the other controller's
          AddOnRequirement.addOn('kserve-resources'),
          ...needsAtStart(),
        ],
      },
    });
  }

  private makeRuntimes(runtimes: boolean, llmConfigs: boolean): HelmAddOn {
    const { cluster } = this.props;
    const image = (name: string): string => mirroredImage(cluster.imageMirror, cluster.platformVersion.container(name));
    return new HelmAddOn(this, 'Runtimes', {
      cluster,
      chart: 'kserve-runtime-configs',
      namespace: KSERVE_NAMESPACE,
      values: runtimeValues({ runtimes, llmConfigs, image }),
      overrides: this.props.runtimeValues,
      images: runtimes ? RUNTIME_IMAGES.map(image) : [],
      relations: {
        creates: [
          ...runtimes ? ['serving.kserve.io/ClusterServingRuntime'] : [],
          ...llmConfigs ? ['serving.kserve.io/LLMInferenceServiceConfig'] : [],
        ],
        requires: [AddOnRequirement.addOn('kserve-resources'), ...llmConfigs ? [AddOnRequirement.addOn('kserve-llmisvc-resources')] : []],
      },
    });
  }
}

/** What KServe's controllers look for once, when they start: the first two are a must, the others count where the cluster has them. */
function needsAtStart(): AddOnRequirement[] {
  return [
    AddOnRequirement.customResource('cert-manager.io/Certificate'),
    AddOnRequirement.customResource('gateway.networking.k8s.io/HTTPRoute'),
    AddOnRequirement.webhook('keda.sh/ScaledObject'),
    AddOnRequirement.webhook('leaderworkerset.x-k8s.io/LeaderWorkerSet'),
  ];
}
