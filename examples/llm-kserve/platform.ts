import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { accelerators, cluster, data, network, serving } from 'cdk-ml-platform';
import type { Construct } from 'constructs';

/** Two language models under KServe: one as InferenceService, one as LLMInferenceService, on the same spot GPUs. */
export class LlmKServe extends Stack {
  /** The pinned vLLM, looked after by KServe. */
  readonly chat: serving.LlmService;
  /** llm-d's vLLM behind a scheduler that knows which replica has a prompt's beginning in its cache. */
  readonly assistant: serving.LlmService;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, props);
    const net = new network.MlNetwork(this, 'Network');
    const lake = new data.DataLake(this, 'Lake');
    const eks = new cluster.MlCluster(this, 'Cluster', { network: net });
    this.install(eks);
    eks.addGpuNodePool('Inference', { capacity: cluster.Capacity.spotWithOnDemandFallback(), maxGpus: 8 });

    const gateway = new serving.InferenceGateway(this, 'Gateway', {
      cluster: eks,
      authentication: serving.Authentication.apiKeys({ secretNames: ['callers'] }),
    });
    const load = { cluster: eks, gateway, replicas: 2, contextLength: 16_384, concurrency: 16 };
    const weights = lake.bucket(data.Zone.ARTIFACTS);
    this.chat = new serving.LlmService(this, 'Chat', {
      ...load,
      runtime: serving.LlmRuntime.kserve(),
      model: accelerators.LlmModel.of('Qwen/Qwen3-8B'),
      source: serving.ModelSource.s3(weights, 'models/qwen3-8b/'),
    });
    this.assistant = new serving.LlmService(this, 'Assistant', {
      ...load,
      runtime: serving.LlmRuntime.llmInferenceService(),
      model: accelerators.LlmModel.of('meta-llama/Llama-3.1-8B-Instruct'),
      source: serving.ModelSource.s3(weights, 'models/llama-3.1-8b/'),
    });
    new CfnOutput(this, 'ChatAddress', { value: `${this.chat.gatewayUrl}` });
    new CfnOutput(this, 'AssistantAddress', { value: `${this.assistant.gatewayUrl}` });
  }

  /** What the models and their gateway stand on. The order is derived from what each of them needs. */
  private install(eks: cluster.MlCluster): void {
    new cluster.CertManager(this, 'CertManager', { cluster: eks });
    new cluster.LoadBalancerController(this, 'LoadBalancers', { cluster: eks });
    new cluster.EnvoyGateway(this, 'EnvoyGateway', { cluster: eks });
    new cluster.LeaderWorkerSets(this, 'LeaderWorkerSets', { cluster: eks });
    new cluster.KServe(this, 'KServe', { cluster: eks, runtimes: false, llmInferenceService: true });
  }
}
