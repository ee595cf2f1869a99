import type { Stack } from 'aws-cdk-lib';
import { fakeCluster, resourcesOf, textNetwork } from './support';
import {
  CertManager, EnvoyGateway, ExternalSecrets, FeastOperator, Keda, KedaHttp, KServe, LeaderWorkerSets, LoadBalancerController, MlCluster, PrometheusOperatorCrds,
  type IMlCluster, type MlClusterFromClusterOptions,
} from '../../lib/cluster';
import { PrometheusStack } from '../../lib/monitoring';

/** A cluster of somebody else. */
export function clusterIn(stack: Stack, options: Partial<MlClusterFromClusterOptions> = {}): IMlCluster {
  return MlCluster.fromCluster(stack, 'Cluster', fakeCluster(stack), { network: textNetwork(stack), ...options });
}

/** How each add-on is made, by its id. */
export const ADD_ONS: Readonly<Record<string, (stack: Stack, cluster: IMlCluster) => void>> = {
  PrometheusOperatorCrds: (_, cluster) => PrometheusOperatorCrds.ensure(cluster),
  CertManager: (stack, cluster) => { new CertManager(stack, 'CertManager', { cluster }); },
  LoadBalancerController: (stack, cluster) => { new LoadBalancerController(stack, 'LoadBalancerController', { cluster }); },
  ExternalSecrets: (stack, cluster) => { new ExternalSecrets(stack, 'ExternalSecrets', { cluster }); },
  FeastOperator: (stack, cluster) => { new FeastOperator(stack, 'FeastOperator', { cluster }); },
  Keda: (stack, cluster) => { new Keda(stack, 'Keda', { cluster }); },
  KedaHttp: (stack, cluster) => { new KedaHttp(stack, 'KedaHttp', { cluster }); },
  EnvoyGateway: (stack, cluster) => { new EnvoyGateway(stack, 'EnvoyGateway', { cluster, inferencePools: true }); },
  KServe: (stack, cluster) => { new KServe(stack, 'KServe', { cluster, llmInferenceService: true }); },
  LeaderWorkerSets: (stack, cluster) => { new LeaderWorkerSets(stack, 'LeaderWorkerSets', { cluster }); },
  PrometheusStack: (stack, cluster) => { new PrometheusStack(stack, 'PrometheusStack', { cluster }); },
};

/** Logical ids of Helm releases, by the name of the release. */
export function releaseIds(stack: Stack, resources = resourcesOf(stack)): Record<string, string> {
  const releases = Object.entries(resources).filter(([, it]) => it.Type === 'Custom::AWSCDK-EKS-HelmChart');
  return Object.fromEntries(releases.map(([id, { Properties }]) => [String(Properties.Release), id]));
}

/** Values of each chart that Helm pulls, by release; what is known only at deploy time reads `deploy-time`. */
export function chartValues(stack: Stack): Record<string, { chart: string; values: Record<string, any> }> {
  const releases = Object.values(resourcesOf(stack)).filter((it) => it.Type === 'Custom::AWSCDK-EKS-HelmChart' && it.Properties.ChartAssetURL === undefined);
  return Object.fromEntries(releases.map(({ Properties }) => [Properties.Release, {
    chart: String(Properties.Chart ?? Properties.Repository),
    values: JSON.parse(textOf(Properties.Values ?? '{}')) as Record<string, any>,
  }]));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join === undefined ? 'deploy-time' : join[1].map(textOf).join(join[0]);
}
