import awsLoadBalancerController from './chart-values/aws-load-balancer-controller.json';
import certManager from './chart-values/cert-manager.json';
import dcgmExporter from './chart-values/dcgm-exporter.json';
import envoyAiGatewayCrdsHelm from './chart-values/envoy-ai-gateway-crds-helm.json';
import envoyAiGatewayHelm from './chart-values/envoy-ai-gateway-helm.json';
import envoyGatewayCrdsHelm from './chart-values/envoy-gateway-crds-helm.json';
import envoyGatewayHelm from './chart-values/envoy-gateway-helm.json';
import externalSecrets from './chart-values/external-secrets.json';
import gpuOperator from './chart-values/gpu-operator.json';
import karpenterCrd from './chart-values/karpenter-crd.json';
import karpenter from './chart-values/karpenter.json';
import kedaAddOnsHttp from './chart-values/keda-add-ons-http.json';
import keda from './chart-values/keda.json';
import kserveCrd from './chart-values/kserve-crd.json';
import kserveLlmisvcCrd from './chart-values/kserve-llmisvc-crd.json';
import kserveLlmisvcResources from './chart-values/kserve-llmisvc-resources.json';
import kserveResources from './chart-values/kserve-resources.json';
import kserveRuntimeConfigs from './chart-values/kserve-runtime-configs.json';
import kubePrometheusStack from './chart-values/kube-prometheus-stack.json';
import lws from './chart-values/lws.json';
import nvidiaDevicePlugin from './chart-values/nvidia-device-plugin.json';
import prometheusOperatorCrds from './chart-values/prometheus-operator-crds.json';
import { unknownValues, type ChartValueFault, type ValueShape } from './value-paths';

const CHARTS: Readonly<Record<string, { readonly values: ValueShape }>> = {
  'aws-load-balancer-controller': awsLoadBalancerController,
  'cert-manager': certManager,
  'dcgm-exporter': dcgmExporter,
  'envoy-ai-gateway-crds-helm': envoyAiGatewayCrdsHelm,
  'envoy-ai-gateway-helm': envoyAiGatewayHelm,
  'envoy-gateway-crds-helm': envoyGatewayCrdsHelm,
  'envoy-gateway-helm': envoyGatewayHelm,
  'external-secrets': externalSecrets,
  'gpu-operator': gpuOperator,
  'karpenter': karpenter,
  'karpenter-crd': karpenterCrd,
  'keda': keda,
  'keda-add-ons-http': kedaAddOnsHttp,
  'kserve-crd': kserveCrd,
  'kserve-llmisvc-crd': kserveLlmisvcCrd,
  'kserve-llmisvc-resources': kserveLlmisvcResources,
  'kserve-resources': kserveResources,
  'kserve-runtime-configs': kserveRuntimeConfigs,
  'kube-prometheus-stack': kubePrometheusStack,
  'lws': lws,
  'nvidia-device-plugin': nvidiaDevicePlugin,
  'prometheus-operator-crds': prometheusOperatorCrds,
};

/** Whether the values of a chart are known, so that `checkChartValues` can say something about them. */
export function knowsChartValues(chart: string): boolean {
  return Object.hasOwn(CHARTS, chart);
}

/**
 * The values that a chart does not have, each with the path that was probably meant.
 *
 * Values may hold tokens; what a token stands for is not looked at. A chart whose values are not known has no faults.
 *
 * @param chart name of the chart, for example `cert-manager`
 * @param values what is to be handed to Helm
 */
export function checkChartValues(chart: string, values: Readonly<Record<string, unknown>>): ChartValueFault[] {
  const known = knowsChartValues(chart) ? CHARTS[chart] : undefined;
  return known === undefined ? [] : unknownValues(known.values, values);
}
