import { App, Stack } from 'aws-cdk-lib';
import { MlCluster, type MlClusterProps } from '../../lib/cluster';
import { Capacity } from '../../lib/cluster/blueprint/capacity';
import { CertManager } from '../../lib/cluster/cert-manager';
import { EnvoyGateway } from '../../lib/cluster/envoy-gateway';
import { Karpenter } from '../../lib/cluster/karpenter';
import { Keda } from '../../lib/cluster/keda';
import { KServe } from '../../lib/cluster/kserve';
import { LeaderWorkerSets } from '../../lib/cluster/leader-worker-sets';
import { LoadBalancerController } from '../../lib/cluster/load-balancer-controller';
import { PrometheusStack } from '../../lib/monitoring/prometheus-stack';
import { MlNetwork } from '../../lib/network/ml-network';

/** An app with every add-on that the library knows, as many copies of each as asked for. */
export function everyAddOn(replicas: number | undefined, props: Partial<MlClusterProps> = {}): App {
  const app = new App();
  const stack = new Stack(app, 'AddOns');
  const cluster = new MlCluster(stack, 'Cluster', { network: new MlNetwork(stack, 'Network'), ...props });
  new LoadBalancerController(stack, 'LoadBalancers', { cluster, replicas });
  new CertManager(stack, 'CertManager', { cluster, replicas });
  new PrometheusStack(stack, 'Prometheus', { cluster });
  new Karpenter(stack, 'Karpenter', { cluster, replicas });
  new EnvoyGateway(stack, 'EnvoyGateway', { cluster, replicas, inferencePools: true });
  new Keda(stack, 'Keda', { cluster, replicas });
  new LeaderWorkerSets(stack, 'LeaderWorkerSets', { cluster, replicas });
  new KServe(stack, 'KServe', { cluster, llmInferenceService: true });
  cluster.addGpuNodePool('Gpu', { capacity: Capacity.spot(), maxGpus: 4 });
  return app;
}
