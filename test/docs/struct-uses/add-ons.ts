import type { Stack } from 'aws-cdk-lib';
import { plain, template, theirs } from './support';
import * as platform from '../../../lib';
import type { StructUse, StructUses } from '../literal-faults';

const { cluster, monitoring } = platform;

/** What add-ons wait for, as it is in many clusters. */
const INSTALLED = {
  installedAddOns: ['aws-load-balancer-controller'],
  installedApiGroups: ['cert-manager.io', 'gateway.envoyproxy.io', 'gateway.networking.k8s.io', 'keda.sh', 'monitoring.coreos.com'],
};

/** An add-on in a cluster that has what it waits for. */
function addOn<Props>(make: (stack: Stack, props: Partial<Props> & { cluster: platform.cluster.IMlCluster }) => void, others?: Partial<Props>): StructUse {
  return template<Props>((stack, given) => { make(stack, { cluster: theirs(stack, INSTALLED), ...given }); }, others);
}

/** What is made from structs of add-ons. */
export const ADD_ON_USES: StructUses = {
  'cluster.CertManagerProps': template<platform.cluster.CertManagerProps>((stack, given) => {
    new cluster.CertManager(stack, 'CertManager', { cluster: theirs(stack), ...given });
  }),
  'cluster.SelfSignedIssuerOptions': template<platform.cluster.SelfSignedIssuerOptions>((stack, given) => {
    new cluster.CertManager(stack, 'CertManager', { cluster: theirs(stack) }).addSelfSignedIssuer('Issuer', given);
  }),
  'cluster.SelfSignedIssuerProps': template<platform.cluster.SelfSignedIssuerProps>((stack, given) => {
    const imported = theirs(stack);
    new cluster.CertManager(stack, 'CertManager', { cluster: imported });
    new cluster.SelfSignedIssuer(stack, 'Issuer', { cluster: imported, ...given });
  }),
  'cluster.LoadBalancerControllerProps': addOn<platform.cluster.LoadBalancerControllerProps>((stack, props) => {
    new cluster.LoadBalancerController(stack, 'AddOn', props);
  }),
  'cluster.KedaProps': addOn<platform.cluster.KedaProps>((stack, props) => { new cluster.Keda(stack, 'AddOn', props); }),
  'cluster.KedaHttpProps': addOn<platform.cluster.KedaHttpProps>((stack, props) => { new cluster.KedaHttp(stack, 'AddOn', props); }),
  'cluster.EnvoyAiGatewayProps': addOn<platform.cluster.EnvoyAiGatewayProps>((stack, props) => { new cluster.EnvoyAiGateway(stack, 'AddOn', props); }),
  'cluster.InferenceExtensionProps': addOn<platform.cluster.InferenceExtensionProps>((stack, props) => { new cluster.InferenceExtension(stack, 'AddOn', props); }),
  'cluster.EnvoyGatewayProps': addOn<platform.cluster.EnvoyGatewayProps>((stack, props) => { new cluster.EnvoyGateway(stack, 'AddOn', props); }),
  'cluster.KServeProps': addOn<platform.cluster.KServeProps>((stack, props) => { new cluster.KServe(stack, 'AddOn', props); }),
  'cluster.ExternalSecretsProps': template<platform.cluster.ExternalSecretsProps>((stack, given) => {
    new cluster.ExternalSecrets(stack, 'Secrets', { cluster: theirs(stack), ...given });
  }),
  'cluster.FeastOperatorProps': addOn<platform.cluster.FeastOperatorProps>((stack, props) => { new cluster.FeastOperator(stack, 'AddOn', props); }),
  'cluster.LeaderWorkerSetsProps': addOn<platform.cluster.LeaderWorkerSetsProps>((stack, props) => {
    new cluster.LeaderWorkerSets(stack, 'AddOn', props);
  }),
  'cluster.KarpenterProps': addOn<platform.cluster.KarpenterProps>((stack, props) => { new cluster.Karpenter(stack, 'AddOn', props); }),
  'monitoring.PrometheusStackProps': addOn<platform.monitoring.PrometheusStackProps>((stack, props) => {
    new monitoring.PrometheusStack(stack, 'AddOn', props);
  }),
  'monitoring.PrometheusAttributes': plain<platform.monitoring.PrometheusAttributes>((given) => (
    monitoring.PrometheusStack.fromUrl({ serverUrl: 'http://prometheus:9090', ...given })
  )),
};
