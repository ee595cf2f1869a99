import { OTHER_DELIVERY, OTHER_VERSIONS, plain, template, theirs } from './support';
import * as platform from '../../../lib';
import { chartOf, configMap, textNetwork } from '../../cluster/support';
import type { StructUses } from '../literal-faults';

const { cluster } = platform;

/** What is made from structs of clusters and of what is delivered to them. */
export const CLUSTER_USES: StructUses = {
  'cluster.MlClusterProps': template<platform.cluster.MlClusterProps>((stack, given) => {
    new cluster.MlCluster(stack, 'Cluster', { network: textNetwork(stack), ...given });
  }, { platformVersion: OTHER_VERSIONS, delivery: OTHER_DELIVERY }),
  'cluster.SystemNodesOptions': template<platform.cluster.SystemNodesOptions>((stack, systemNodes) => {
    new cluster.MlCluster(stack, 'Cluster', { network: textNetwork(stack), systemNodes });
  }, { instanceTypes: ['m7i.large'] }),
  'cluster.MlClusterFromClusterOptions': template<platform.cluster.MlClusterFromClusterOptions>((stack, given) => {
    const imported = theirs(stack, given);
    imported.addHelmAddOn('Nodes', { chart: 'karpenter', namespace: 'kube-system', relations: { controls: [cluster.ControlledResource.NODES] } });
    return imported.nodeProvisioning;
  }, { platformVersion: OTHER_VERSIONS, delivery: OTHER_DELIVERY }),
  'cluster.ManifestReleaseOptions': template<platform.cluster.ManifestReleaseOptions>((stack, given) => {
    theirs(stack).addManifests('Release', chartOf(configMap('settings')), given);
  }),
  'cluster.ManifestReleaseProps': template<platform.cluster.ManifestReleaseProps>((stack, given) => {
    new cluster.ManifestRelease(stack, 'Release', { cluster: theirs(stack), chart: chartOf(configMap('settings')), ...given });
  }),
  'cluster.HelmAddOnOptions': template<platform.cluster.HelmAddOnOptions>((stack, given) => {
    theirs(stack).addHelmAddOn('AddOn', { chart: 'keda', ...given });
  }),
  'cluster.HelmAddOnProps': template<platform.cluster.HelmAddOnProps>((stack, given) => {
    new cluster.HelmAddOn(stack, 'AddOn', { cluster: theirs(stack), chart: 'keda', ...given });
  }),
  'cluster.AddOnRelations': template<platform.cluster.AddOnRelations>((stack, relations) => {
    const imported = theirs(stack);
    imported.addHelmAddOn('Webhook', { chart: 'aws-load-balancer-controller', namespace: 'kube-system', relations: { guards: ['/Service'], creates: [] } });
    imported.addHelmAddOn('AddOn', { chart: 'keda', relations });
  }),
  'cluster.WorkloadIdentityOptions': template<platform.cluster.WorkloadIdentityOptions>((stack, given) => {
    theirs(stack).addWorkloadIdentity('Identity', { namespace: 'models', serviceAccountName: 'server', ...given });
  }),
  'cluster.WorkloadIdentityProps': template<platform.cluster.WorkloadIdentityProps>((stack, given) => {
    new cluster.WorkloadIdentity(stack, 'Identity', { cluster: theirs(stack), namespace: 'models', serviceAccountName: 'server', ...given });
  }),
  'cluster.GitOpsOptions': plain<platform.cluster.GitOpsOptions>((given) => cluster.ManifestDelivery.gitOps({ directory: 'deploy', ...given })),
};
