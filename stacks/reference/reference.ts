import { type App, CfnOutput, type Environment, Stack } from 'aws-cdk-lib';
import { CertManager } from '../../lib/cluster/cert-manager';
import { MlCluster } from '../../lib/cluster/ml-cluster';
import type { SelfSignedIssuer } from '../../lib/cluster/self-signed-issuer';
import { PlatformVersion } from '../../lib/core/versions';
import type { MlNetwork } from '../../lib/network/ml-network';
import { type Starter, starterPlatform, type StarterProps } from '../starter/starter';

/** What can be chosen about the reference platform. */
export interface ReferenceProps extends StarterProps {}

/** The parts of a deployed reference platform. */
export interface Reference extends Starter {
  readonly cluster: MlCluster;
  readonly certManager: CertManager;
  readonly issuer: SelfSignedIssuer;
}

/**
 * The starter, unchanged, and a Kubernetes cluster beside it, with its add-ons in a stack of their own:
 * a chart that fails never rolls back the cluster.
 */
export function referencePlatform(app: App, props: ReferenceProps = {}): Reference {
  const starter = starterPlatform(app, props);
  const cluster = clusterOf(app, starter.network, props.env);
  return { ...starter, cluster, ...addOnsOf(app, cluster, props.env) };
}

function clusterOf(app: App, network: MlNetwork, env?: Environment): MlCluster {
  const stack = new Stack(app, 'MlPlatform-Cluster', { env, description: 'Kubernetes cluster of the ML platform' });
  const cluster = new MlCluster(stack, 'Cluster', { network, platformVersion: PlatformVersion.V2026_11 });
  new CfnOutput(stack, 'ClusterName', { value: cluster.clusterName });
  return cluster;
}

function addOnsOf(app: App, cluster: MlCluster, env?: Environment): Pick<Reference, 'certManager' | 'issuer'> {
  const stack = new Stack(app, 'MlPlatform-AddOns', { env, description: 'Add-ons of the Kubernetes cluster' });
  const certManager = new CertManager(stack, 'CertManager', { cluster });
  return { certManager, issuer: certManager.addSelfSignedIssuer('Issuer') };
}
