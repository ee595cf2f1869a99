import { imageAddress, imageNamed, type ImageAddress } from './image-address';

/** Namespace of all of KServe's releases. */
export const KSERVE_NAMESPACE = 'kserve';

/** Custom resources of the chart `kserve-crd`. */
export const KSERVE_KINDS = [
  'ClusterServingRuntime', 'ClusterStorageContainer', 'InferenceGraph', 'InferenceService', 'ServingRuntime', 'TrainedModel',
].map((kind) => `serving.kserve.io/${kind}`);

/** What the controller's webhooks judge, and refuse while it does not answer. */
export const KSERVE_GUARDS = KSERVE_KINDS.filter((kind) => !kind.endsWith('/ClusterStorageContainer'));

/** Custom resources of the chart `kserve-llmisvc-crd`, all judged by a webhook. `ClusterStorageContainer` it leaves to the other chart. */
export const LLM_KINDS = ['LLMInferenceService', 'LLMInferenceServiceConfig'].map((kind) => `serving.kserve.io/${kind}`);

/** API group of InferencePools. */
export const INFERENCE_EXTENSION_GROUP = 'inference.networking.k8s.io';

/** Custom resources of the inference extension that the chart `kserve-llmisvc-resources` brings unless told not to. */
export const INFERENCE_EXTENSION_KINDS = [
  'inference.networking.k8s.io/InferencePool', 'inference.networking.x-k8s.io/InferencePool',
  'llm-d.ai/InferenceModelRewrite', 'llm-d.ai/InferenceObjective',
];

/** What KServe's charts make that cert-manager's webhook judges. */
export const KSERVE_CERTIFICATES = ['cert-manager.io/Certificate', 'cert-manager.io/Issuer'];

/** Values of the chart `kserve-resources`: Standard mode on the Gateway API, and routes left to us. */
export function kserveValues(images: readonly string[]): Record<string, unknown> {
  const part = (name: string): ImageAndTag => imageAndTag(imageNamed(images, name));
  return {
    kserve: {
      agent: part('agent'),
      router: part('router'),
      storage: part('storage-initializer'),
      // models do not talk to the Kubernetes API
      security: { autoMountServiceAccountToken: false },
      controller: {
        ...part('kserve-controller'),
        imagePullPolicy: 'IfNotPresent',
        rbacProxyImage: imageNamed(images, 'kube-rbac-proxy').full,
        deploymentMode: 'Standard',
        gateway: {
          // its own canary moves no traffic in this version
          disableIngressCreation: true,
          disableIstioVirtualHost: true,
          ingressGateway: { enableGatewayApi: true },
        },
        // the chart's 300 MiB are too few for some hundred services
        resources: { requests: { cpu: '100m', memory: '300Mi' }, limits: { memory: '1Gi' } },
      },
    },
  };
}

/** What is decided about LLMInferenceServices. */
export interface LlmInferenceRequest {
  readonly images: readonly string[];
  /** Whether the definitions of the inference extension come with the chart. */
  readonly inferenceExtension: boolean;
}

/** Values of the chart `kserve-llmisvc-resources`; what it shares with `kserve-resources` is that chart's. */
export function llmInferenceValues(request: LlmInferenceRequest): Record<string, unknown> {
  return {
    kserve: {
      createSharedResources: false,
      llmisvc: {
        createGIECRDs: request.inferenceExtension,
        controller: { ...imageAndTag(imageNamed(request.images, 'llmisvc-controller')), imagePullPolicy: 'IfNotPresent' },
      },
    },
  };
}

/** Servers of KServe's runtimes and the pinned image of each. The others are switched off: nobody here pins or tests them. */
const RUNTIMES = {
  sklearnserver: 'kserve-sklearnserver',
  xgbserver: 'kserve-xgbserver',
  lgbserver: 'kserve-lgbserver',
  huggingfaceserver: 'kserve-huggingfaceserver',
  mlserver: 'mlserver',
  tensorflow: 'tensorflow-serving',
  tritonserver: 'triton',
  vllmserver: 'vllm',
} as const;
const SWITCHED_OFF = ['pmmlserver', 'predictiveserver', 'paddleserver', 'autogluonserver', 'torchserve', 'huggingfaceserver_multinode'];

/** Names of the pinned images that runtimes run; the chart adds `-gpu` to one of them. */
export const RUNTIME_IMAGES = [...Object.values(RUNTIMES), 'kserve-huggingfaceserver-gpu'];

/** What is decided about runtimes. */
export interface RuntimesRequest {
  readonly runtimes: boolean;
  readonly llmConfigs: boolean;
  /** Name of a pinned image to its address. */
  readonly image: (name: string) => string;
}

/** Values of the chart `kserve-runtime-configs`. */
export function runtimeValues({ runtimes, llmConfigs, image }: RuntimesRequest): Record<string, unknown> {
  const pinned = Object.entries(RUNTIMES).map(([server, name]) => [server, imageAndTag(imageAddress(image(name)))]);
  const off = SWITCHED_OFF.map((server) => [server, { disabled: true }]);
  return {
    kserve: {
      llmisvcConfigs: { enabled: llmConfigs },
      servingruntime: { enabled: runtimes, ...runtimes ? Object.fromEntries([...pinned, ...off]) as Record<string, unknown> : {} },
    },
  };
}

interface ImageAndTag {
  readonly image: string;
  readonly tag: string;
}

function imageAndTag({ path, tag }: ImageAddress): ImageAndTag {
  return { image: path, tag };
}
