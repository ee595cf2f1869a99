/** What one platform version holds. Only this file names a chart, its repository, a version or a Kubernetes version. */
export interface PlatformSet {
  /** Kubernetes minor version. */
  readonly kubernetes: string;
  /** EKS add-on name to version. */
  readonly addOns: Record<string, string>;
  readonly charts: Record<string, { chart: string; repository: string; version: string; kubernetes: string }>;
  /** Chart name to the images that it runs with our values; one without a tag has the chart's version. */
  readonly images: Record<string, readonly string[]>;
  /** Images that the library's own pods run, by what they are: `registry/repository:tag`. */
  readonly containers: Record<string, string>;
  /** Images that nodes boot from: Karpenter's alias family to the release. */
  readonly nodeImages: Record<string, string>;
}

/** The sets by name. A published set never changes; a newer one is added beside it. */
export const PLATFORM_SETS = {
  '2026-11': {
    kubernetes: '1.35',
    // the default versions that `aws eks describe-addon-versions --kubernetes-version 1.35` reported on 2026-10-02;
    // the Mountpoint driver: the newest build reported for a 1.35 cluster in July 2026
    addOns: {
      'vpc-cni': 'v1.22.4-eksbuild.3',
      'coredns': 'v1.13.2-eksbuild.31',
      'kube-proxy': 'v1.35.3-eksbuild.29',
      'eks-pod-identity-agent': 'v1.3.10-eksbuild.3',
      'aws-ebs-csi-driver': 'v1.66.0-eksbuild.1',
      'aws-mountpoint-s3-csi-driver': 'v2.7.0-eksbuild.1',
    },
    // kubernetes: what the chart's own kubeVersion says; '*' where it says nothing
    charts: {
      'aws-load-balancer-controller': { chart: 'aws-load-balancer-controller', repository: 'https://aws.github.io/eks-charts', version: '3.5.0', kubernetes: '*' },
      'cert-manager': { chart: 'cert-manager', repository: 'oci://quay.io/jetstack/charts/cert-manager', version: 'v1.21.1', kubernetes: '>=1.22.0-0' },
      'dcgm-exporter': { chart: 'dcgm-exporter', repository: 'https://nvidia.github.io/dcgm-exporter/helm-charts', version: '4.8.2', kubernetes: '>=1.19.0-0' },
      'envoy-ai-gateway-crds-helm': { chart: 'ai-gateway-crds-helm', repository: 'oci://docker.io/envoyproxy/ai-gateway-crds-helm', version: 'v1.1.0', kubernetes: '*' },
      'envoy-ai-gateway-helm': { chart: 'ai-gateway-helm', repository: 'oci://docker.io/envoyproxy/ai-gateway-helm', version: 'v1.1.0', kubernetes: '*' },
      'envoy-gateway-crds-helm': { chart: 'gateway-crds-helm', repository: 'oci://docker.io/envoyproxy/gateway-crds-helm', version: 'v1.9.0', kubernetes: '*' },
      'envoy-gateway-helm': { chart: 'gateway-helm', repository: 'oci://docker.io/envoyproxy/gateway-helm', version: 'v1.9.0', kubernetes: '*' },
      'external-secrets': { chart: 'external-secrets', repository: 'https://charts.external-secrets.io', version: '2.9.0', kubernetes: '>=1.19.0-0' },
      'gpu-operator': { chart: 'gpu-operator', repository: 'https://helm.ngc.nvidia.com/nvidia', version: 'v26.7.0', kubernetes: '>=1.16.0-0' },
      'karpenter': { chart: 'karpenter', repository: 'oci://public.ecr.aws/karpenter/karpenter', version: '1.14.1', kubernetes: '*' },
      'karpenter-crd': { chart: 'karpenter-crd', repository: 'oci://public.ecr.aws/karpenter/karpenter-crd', version: '1.14.1', kubernetes: '*' },
      'keda': { chart: 'keda', repository: 'https://kedacore.github.io/charts', version: '2.20.2', kubernetes: '>=1.23.0-0' },
      'keda-add-ons-http': { chart: 'keda-add-ons-http', repository: 'https://kedacore.github.io/charts', version: '0.15.0', kubernetes: '>=1.23.0-0' },
      'kserve-crd': { chart: 'kserve-crd', repository: 'oci://ghcr.io/kserve/charts/kserve-crd', version: 'v0.20.0', kubernetes: '*' },
      'kserve-llmisvc-crd': { chart: 'kserve-llmisvc-crd', repository: 'oci://ghcr.io/kserve/charts/kserve-llmisvc-crd', version: 'v0.20.0', kubernetes: '*' },
      'kserve-llmisvc-resources': { chart: 'kserve-llmisvc-resources', repository: 'oci://ghcr.io/kserve/charts/kserve-llmisvc-resources', version: 'v0.20.0', kubernetes: '*' },
      'kserve-resources': { chart: 'kserve-resources', repository: 'oci://ghcr.io/kserve/charts/kserve-resources', version: 'v0.20.0', kubernetes: '*' },
      'kserve-runtime-configs': { chart: 'kserve-runtime-configs', repository: 'oci://ghcr.io/kserve/charts/kserve-runtime-configs', version: 'v0.20.0', kubernetes: '*' },
      'kube-prometheus-stack': { chart: 'kube-prometheus-stack', repository: 'oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack', version: '88.5.3', kubernetes: '>=1.25.0-0' },
      'lws': { chart: 'lws', repository: 'oci://registry.k8s.io/lws/charts/lws', version: '0.10.0', kubernetes: '*' },
      'nvidia-device-plugin': { chart: 'nvidia-device-plugin', repository: 'https://nvidia.github.io/k8s-device-plugin', version: '0.20.0', kubernetes: '>=1.10.0-0' },
      'prometheus-operator-crds': { chart: 'prometheus-operator-crds', repository: 'oci://ghcr.io/prometheus-community/charts/prometheus-operator-crds', version: '31.0.1', kubernetes: '>=1.16.0-0' },
    },
    images: {
      'cert-manager': ['controller', 'webhook', 'cainjector', 'acmesolver', 'startupapicheck'].map((name) => `quay.io/jetstack/cert-manager-${name}`),
      'aws-load-balancer-controller': ['public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0'],
      'dcgm-exporter': ['nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless'],
      'envoy-ai-gateway-helm': ['docker.io/envoyproxy/ai-gateway-controller:v1.1.0', 'docker.io/envoyproxy/ai-gateway-extproc:v1.1.0'],
      // besides the chart's own the proxy that it starts for each gateway
      'envoy-gateway-helm': ['docker.io/envoyproxy/gateway:v1.9.0', 'docker.io/envoyproxy/envoy:distroless-v1.39.0', 'docker.io/envoyproxy/ratelimit:17b1956c'],
      'external-secrets': ['ghcr.io/external-secrets/external-secrets:v2.9.0'],
      // without driver and container toolkit: the nodes' image has them
      'gpu-operator': [
        'nvcr.io/nvidia/gpu-operator:v26.7.0', 'nvcr.io/nvidia/k8s-device-plugin:v0.20.0', 'nvcr.io/nvidia/k8s/dcgm-exporter:4.6.0-4.8.3-distroless',
        'nvcr.io/nvidia/cloud-native/k8s-mig-manager:v0.15.0', 'registry.k8s.io/nfd/node-feature-discovery:v0.19.0',
      ],
      'keda': ['keda', 'keda-metrics-apiserver', 'keda-admission-webhooks'].map((name) => `ghcr.io/kedacore/${name}:2.20.2`),
      'keda-add-ons-http': ['operator', 'interceptor', 'scaler'].map((name) => `ghcr.io/kedacore/http-add-on-${name}:0.15.0`),
      'kserve-llmisvc-resources': ['docker.io/kserve/llmisvc-controller:v0.20.0', 'docker.io/kserve/storage-initializer:v0.20.0'],
      'kserve-resources': [
        ...['kserve-controller', 'storage-initializer', 'agent', 'router'].map((name) => `docker.io/kserve/${name}:v0.20.0`), 'quay.io/brancz/kube-rbac-proxy:v0.18.0',
      ],
      'kube-prometheus-stack': [
        'quay.io/prometheus/prometheus:v3.14.0-distroless', 'quay.io/prometheus/alertmanager:v0.34.0', 'quay.io/prometheus/node-exporter:v1.12.1-distroless',
        'quay.io/prometheus-operator/prometheus-operator:v0.93.1', 'quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1',
        'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0', 'docker.io/grafana/grafana:13.2.0', 'quay.io/kiwigrid/k8s-sidecar:2.10.1',
        'ghcr.io/jkroepke/kube-webhook-certgen:1.8.7',
      ],
      'karpenter': ['public.ecr.aws/karpenter/controller'],
      'lws': ['registry.k8s.io/lws/lws:v0.10.0'],
      'nvidia-device-plugin': ['nvcr.io/nvidia/k8s-device-plugin:v0.20.0'],
    },
    containers: {
      // picks a server for each request to an InferencePool; the picker of the inference extension moved here
      'endpoint-picker': 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0',
      // the operator is one minor version behind the SDK; the other two are what it names itself, for FeatureStores that say nothing
      'feast-operator': 'quay.io/feastdev/feast-operator:0.66.0',
      'feast-feature-server': 'quay.io/feastdev/feature-server:0.66.0',
      'feast-cron-job': 'quay.io/openshift/origin-cli:4.17',
      'vllm': 'docker.io/vllm/vllm-openai:v0.33.0',
      // KServe's own servers carry its version; mlserver is what KServe v0.20.0 names. TensorFlow Serving and Triton are newer than its
      // 2.6.2 and 23.05, which are years behind in fixes and GPUs: 2.19.1 and 26.06 (CUDA 13.3, compute capability 7.5 and up)
      'kserve-sklearnserver': 'docker.io/kserve/sklearnserver:v0.20.0',
      'kserve-xgbserver': 'docker.io/kserve/xgbserver:v0.20.0',
      'kserve-lgbserver': 'docker.io/kserve/lgbserver:v0.20.0',
      'kserve-huggingfaceserver': 'docker.io/kserve/huggingfaceserver:v0.20.0',
      'kserve-huggingfaceserver-gpu': 'docker.io/kserve/huggingfaceserver:v0.20.0-gpu',
      'mlserver': 'docker.io/seldonio/mlserver:1.7.1',
      'tensorflow-serving': 'docker.io/tensorflow/serving:2.19.1',
      'tensorflow-serving-gpu': 'docker.io/tensorflow/serving:2.19.1-gpu',
      'triton': 'nvcr.io/nvidia/tritonserver:26.06-py3',
      'triton-tensorrt-llm': 'nvcr.io/nvidia/tritonserver:26.06-trtllm-python-py3',
    },
    // the releases for Kubernetes 1.35 in September 2026: https://github.com/awslabs/amazon-eks-ami/releases, https://github.com/bottlerocket-os/bottlerocket/releases
    nodeImages: {
      al2023: 'v20260903',
      bottlerocket: 'v1.65.0',
    },
  },
} as const satisfies Record<string, PlatformSet>;
