import { Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import { Cluster, type ICluster, KubectlProvider } from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ExternalSecrets, LoadBalancerController, MlCluster, type MlClusterFromClusterOptions } from '../../lib/cluster';
import type { IMlNetwork } from '../../lib/network/interfaces';
import { MlNetwork } from '../../lib/network/ml-network';
import { ModelRegistry, type ClusterServerOptions, type ModelRegistryProps, RegistryServer } from '../../lib/registry';
import { testApp } from '../cluster/support';

/** What differs from the smallest server in a cluster. */
export interface ServerChanges {
  readonly registry?: Partial<ModelRegistryProps>;
  readonly server?: Partial<ClusterServerOptions>;
  readonly cluster?: Partial<MlClusterFromClusterOptions>;
  readonly without?: 'load balancer controller';
}

/** Security group of the cluster's nodes. */
export const NODES = 'sg-0123456789abcdef0';

export interface ServerInCluster {
  readonly stack: Stack;
  readonly network: IMlNetwork;
  readonly registry: ModelRegistry;
  readonly options: ClusterServerOptions;
}

/** A cluster of somebody else, whose ids look as AWS makes them: CloudFormation's schemas look at them. */
function theirs(stack: Stack): ICluster {
  return Cluster.fromClusterAttributes(stack, 'Theirs', {
    clusterName: 'theirs',
    clusterSecurityGroupId: NODES,
    kubectlProvider: KubectlProvider.fromKubectlProviderAttributes(stack, 'Handler', {
      serviceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:handler',
      role: iam.Role.fromRoleArn(stack, 'HandlerRole', 'arn:aws:iam::111122223333:role/handler'),
    }),
  });
}

/** A registry in a cluster of somebody else, with TLS and so with a login; cluster and registry in stacks of their own. */
export function serverIn({ registry = {}, server = {}, cluster = {}, without }: ServerChanges = {}): ServerInCluster {
  const app = testApp();
  const base = new Stack(app, 'Base');
  const certificate = acm.Certificate.fromCertificateArn(base, 'Certificate',
    'arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-0000-0000-000000000000');
  const network = new MlNetwork(base, 'Network', { loadBalancer: { certificate } });
  const addOns = new Stack(app, 'AddOns');
  const eks = MlCluster.fromCluster(addOns, 'Cluster', theirs(addOns), { network, ...cluster });
  const externalSecrets = new ExternalSecrets(addOns, 'ExternalSecrets', { cluster: eks });
  if (!without) new LoadBalancerController(addOns, 'LoadBalancers', { cluster: eks });
  const stack = new Stack(app, 'Stack');
  const options = { cluster: eks, externalSecrets, image: 'example.com/mlflow:1', ...server };
  return { stack, network, options, registry: new ModelRegistry(stack, 'Models', { network, ...registry, server: RegistryServer.onCluster(options) }) };
}
