import { NodeProvisioning } from '../../cluster/blueprint/node-provisioning';
import { checkText, DNS_LABEL } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';
import type { ModelRegistryProps } from '../model-registry';
import type { ClusterServerOptions } from '../registry-server';

const SERVICE_NAME = { pattern: /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, allowed: 'letters, digits and hyphens that start with a letter, which is what a Service in a cluster takes' };
/** What only tasks on Fargate have. */
const OF_TASKS = ['scaling', 'containerInsights', 'logRetention', 'logRemovalPolicy'] as const;

/** What cannot work in a cluster, and what would be ignored there. */
export function checkClusterServer(faults: Faults, props: ModelRegistryProps): void {
  const options = props.server?.clusterServer;
  if (options === undefined) return;
  checkPlace(faults, options, props);
  checkText(faults, 'namespaceName', options.namespaceName, DNS_LABEL);
  checkText(faults, 'hostName', props.hostName, SERVICE_NAME);
  const ignored = OF_TASKS.filter((name) => props[name] !== undefined);
  faults.check(ignored.length === 0, 'not-on-cluster',
    `${ignored.join(', ')} ${ignored.length === 1 ? 'is' : 'are'} for tasks on Fargate, and server is on a cluster; leave out, or use RegistryServer.fargate()`);
  faults.check(props.image === undefined || options.image !== undefined, 'image-of-pods-unknown',
    'image is for tasks, and server is on a cluster; say RegistryServer.onCluster({ image }) for the pods as well');
  faults.check(props.auth?.browserLogin === undefined, 'login-can-be-passed-by',
    'auth logs in at the load balancer, and other pods of the cluster reach MLflow without it; use RegistryAuth.basic(), or RegistryServer.fargate()');
  faults.check((props.metrics === undefined) === (options.prometheus === undefined), 'metrics-without-prometheus',
    'metrics and the prometheus of RegistryServer.onCluster go together: what is told, and who may read it; give both or none');
}

function checkPlace(faults: Faults, { cluster }: ClusterServerOptions, { network }: ModelRegistryProps): void {
  faults.check(cluster.network.vpc.vpcId === network.vpc.vpcId, 'cluster-elsewhere',
    'server is on a cluster in another VPC than network, so the load balancer would not reach its pods; use the network of the cluster');
  faults.check(cluster.delivery.type === 'helm', 'deploy-time-value-in-git',
    `server is on a cluster with ${cluster.delivery.type} delivery, and the addresses of database, bucket and target group are known only at deploy time; `
    + 'use a cluster with ManifestDelivery.helm(), or RegistryServer.fargate()');
  faults.check(cluster.nodeProvisioning !== NodeProvisioning.AUTO_MODE, 'auto-mode-not-supported',
    'server needs the AWS Load Balancer Controller, and EKS Auto Mode has one of its own kind; use a cluster with Karpenter, or RegistryServer.fargate()');
}
