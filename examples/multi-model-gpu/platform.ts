import { Size, Stack, type StackProps } from 'aws-cdk-lib';
import { accelerators, cluster, data, network, serving } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** A language model on vLLM and vision models on Triton share the GPUs of one pool, behind one gateway. */
export class MultiModelGpu extends Stack {
  readonly pool: cluster.GpuNodePool;
  readonly chat: serving.LlmService;
  readonly vision: serving.ModelService;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const net = new network.MlNetwork(this, 'Network');
    const artifacts = new data.DataLake(this, 'Lake').bucket(data.Zone.ARTIFACTS);
    const eks = this.createCluster(net);
    // two pods take turns on each L40S: half of its memory for each, which nothing but the pods themselves keeps apart
    this.pool = eks.addGpuNodePool('Shared', {
      gpus: ['L40S'],
      maxGpus: 2,
      sharing: cluster.GpuSharing.timeSlicing(2),
      disk: { imageSize: Size.gibibytes(60) },
    });
    const gateway = new serving.InferenceGateway(this, 'Gateway', {
      cluster: eks,
      authentication: serving.Authentication.apiKeys({ secretNames: ['callers'] }),
    });
    this.chat = new serving.LlmService(this, 'Chat', {
      cluster: eks,
      gateway,
      pool: this.pool,
      model: accelerators.LlmModel.of('Qwen/Qwen3-4B'),
      source: serving.ModelSource.s3(artifacts, 'qwen3-4b/'),
      contextLength: 8_192,
      concurrency: 4,
      replicas: 2,
    });
    this.vision = new serving.ModelService(this, 'Vision', {
      cluster: eks,
      gateway,
      gpu: { pool: this.pool },
      runtime: serving.ModelRuntime.triton(),
      source: serving.ModelSource.s3(artifacts, 'vision/'),
      modelName: 'detector',
      resources: { cpus: 2, memoryGiB: 8, diskGiB: 20 },
      replicas: 2,
      grpc: true,
    });
  }

  private createCluster(net: network.IMlNetwork): cluster.MlCluster {
    const eks = new cluster.MlCluster(this, 'Cluster', { network: net });
    new cluster.CertManager(this, 'CertManager', { cluster: eks });
    new cluster.LoadBalancerController(this, 'LoadBalancers', { cluster: eks });
    new cluster.EnvoyGateway(this, 'EnvoyGateway', { cluster: eks });
    // model services bring their runtimes
    new cluster.KServe(this, 'KServe', { cluster: eks, runtimes: false });
    return eks;
  }
}
