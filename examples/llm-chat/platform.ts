import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { accelerators, cluster, data, monitoring, network, serving } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** One language model on spot GPUs, behind a gateway that asks for a key, with as many replicas as its load needs: in one stack, to be read in one go. */
export class LlmChat extends Stack {
  readonly chat: serving.LlmService;
  /** Who may call: `gateway.connections.allowDefaultPortFrom(caller)`. */
  readonly gateway: serving.InferenceGateway;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const net = new network.MlNetwork(this, 'Network');
    const lake = new data.DataLake(this, 'Lake');
    const eks = new cluster.MlCluster(this, 'Cluster', { network: net });
    const prometheus = this.install(eks);
    eks.addGpuNodePool('Inference', { capacity: cluster.Capacity.spotWithOnDemandFallback(), maxGpus: 4 });

    this.gateway = new serving.InferenceGateway(this, 'Gateway', {
      cluster: eks,
      authentication: serving.Authentication.apiKeys({ secretNames: ['callers'] }),
    });
    this.chat = new serving.LlmService(this, 'Chat', {
      cluster: eks,
      model: accelerators.LlmModel.of('Qwen/Qwen3-8B'),
      source: serving.ModelSource.s3(lake.bucket(data.Zone.ARTIFACTS), 'models/qwen3-8b/'),
      contextLength: 16_384,
      concurrency: 16,
      servedModelName: 'chat',
      gateway: this.gateway,
      prometheus,
      autoscaling: { minReplicas: 2, maxReplicas: 4 },
    });
    new CfnOutput(this, 'Address', { value: `${this.chat.gatewayUrl}` });
    new CfnOutput(this, 'Fit', { value: this.chat.fit.summary });
  }

  /** What the model and its gateway stand on. The order is derived from what each of them needs. */
  private install(eks: cluster.MlCluster): monitoring.PrometheusStack {
    new cluster.CertManager(this, 'CertManager', { cluster: eks });
    new cluster.LoadBalancerController(this, 'LoadBalancers', { cluster: eks });
    new cluster.EnvoyGateway(this, 'EnvoyGateway', { cluster: eks });
    new cluster.Keda(this, 'Keda', { cluster: eks });
    return new monitoring.PrometheusStack(this, 'Monitoring', { cluster: eks });
  }
}
