import type { Chart } from 'cdk8s';
import { GatewayExposure } from '../../lib/cluster/blueprint/gateway-exposure';
import { feastDefinitionsChart, feastOperatorChart } from '../../lib/cluster/manifests/feast-operator';
import { gatewayClassChart } from '../../lib/cluster/manifests/gateway-class';
import { gpuMetricsChart } from '../../lib/cluster/manifests/gpu-metrics';
import { secretStoreChart } from '../../lib/cluster/manifests/secret-store';

const gateway = { gatewayClassName: 'ml-platform', replicas: 2, exposure: GatewayExposure.INTERNAL_LOAD_BALANCER, autoMode: false, image: 'docker.io/envoyproxy/envoy:distroless-v1.39.0' };

/** Charts of the add-ons in their smallest, fullest and oddest settings. */
export function samples(): Record<string, Chart> {
  return {
    'a gateway class behind an internal load balancer': gatewayClassChart(gateway),
    'a gateway class on Auto Mode': gatewayClassChart({ ...gateway, autoMode: true, replicas: 100 }),
    'a gateway class in the cluster only, with one proxy': gatewayClassChart({ ...gateway, gatewayClassName: 'a', exposure: GatewayExposure.CLUSTER_IP, replicas: 1 }),
    'a store of secrets for all': secretStoreChart({ name: 'aws-secrets-manager', region: 'eu-west-1' }),
    'a store of secrets for two namespaces': secretStoreChart({ name: 'a', region: 'us-gov-west-1', namespaces: ['models', 'monitoring'] }),
    'the definition of FeatureStore': feastDefinitionsChart(),
    'the Feast operator': feastOperatorChart({ replicas: 1, image: 'quay.io/feastdev/feast-operator:0.66.0', relatedImages: {} }),
    'ten copies of the Feast operator, with images of a mirror': feastOperatorChart({
      replicas: 10, image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/operator:1', relatedImages: { RELATED_IMAGE_FEATURE_SERVER: 'a.b/c:1', RELATED_IMAGE_CRON_JOB: 'a.b/d:1' },
    }),
    'metrics of GPUs': gpuMetricsChart('nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless'),
    'metrics of GPUs, from a mirror': gpuMetricsChart('111122223333.dkr.ecr.eu-west-1.amazonaws.com/mirror/nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless'),
  };
}
