/**
 * What keeps a language model running on Kubernetes. The library runs its own pinned vLLM image in the first two; the memory fit
 * holds for that engine.
 */
export class LlmRuntime {
  /**
   * A plain Deployment and Service: works on any cluster. A model that is too large for one node is a LeaderWorkerSet instead,
   * which needs `LeaderWorkerSets` in the cluster.
   */
  static deployment(): LlmRuntime {
    return new LlmRuntime('deployment');
  }

  /**
   * A KServe InferenceService in Standard mode around the same container, for teams that look after models by KServe's API.
   * It needs `KServe` in the cluster.
   *
   * @see https://kserve.github.io/website/docs/concepts/resources/inferenceservice
   */
  static kserve(): LlmRuntime {
    return new LlmRuntime('kserve');
  }

  /**
   * A KServe LLMInferenceService, for what only it can do: a scheduler that sends a request where its prefix is cached already.
   * It runs llm-d's build of vLLM, so the memory fit does not hold for it, which a warning says. Its API is v1alpha2. It needs
   * `KServe` with `llmInferenceService` in the cluster.
   *
   * @see https://kserve.github.io/website/docs/model-serving/generative-inference/llmisvc/llmisvc-overview
   */
  static llmInferenceService(): LlmRuntime {
    return new LlmRuntime('llm-inference-service');
  }

  private constructor(
    /** `deployment`, `kserve` or `llm-inference-service`. */
    readonly type: string,
  ) {}
}
