import type { ModelArchitecture } from './private/architecture';
import { MODEL_ALIASES, MODELS } from './private/catalogue';
import { checkpointBytes } from './private/checkpoint-size';
import { modelFromConfig } from './private/model-from-config';
import type { ModelShape } from './private/model-shape';
import { toArchitecture } from './private/to-architecture';
import { fail } from '../core/private/faults';
import { suggest } from '../core/private/suggest';

/** What a `config.json` does not say about a model. */
export interface LlmModelOptions {
  /**
   * All parameters of the checkpoint, as the model's page on Hugging Face shows them.
   *
   * @default - counted from the shape, for the families that the library knows
   */
  readonly parameters?: number;
  /**
   * Size of the checkpoint's files in GiB.
   *
   * @default - from the number of parameters and their type
   */
  readonly weightsGiB?: number;
}

/**
 * A decoder-only language model: what its memory and its context follow from.
 *
 * https://docs.vllm.ai/en/latest/models/supported_models/
 */
export class LlmModel {
  /**
   * A model of the catalogue that comes with the library.
   *
   * @param huggingFaceId for example `Qwen/Qwen3-8B`
   * @throws a ValidationError [unknown-model] with the id that was probably meant, [not-a-language-model] for an encoder
   */
  static of(huggingFaceId: string): LlmModel {
    const shape = MODELS.get(MODEL_ALIASES.get(huggingFaceId) ?? huggingFaceId);
    if (shape === undefined) return unknownModel(huggingFaceId);
    if (shape.family === 'bert') return encoder(huggingFaceId);
    return new LlmModel(shape, toArchitecture(huggingFaceId, shape, undefined, shape.checkpointGiB));
  }

  /**
   * A model of your own, or one that the catalogue does not have, by its `config.json`.
   *
   * @param id its Hugging Face id, or a name of your own
   * @param config the whole content of `config.json`, parsed or as text
   * @throws a ValidationError with every fault: [invalid-model-config], [incomplete-model-config], [unsupported-attention] for
   * layers that the memory rules do not cover, [unknown-model-family] where `parameters` has to be given, [not-a-language-model]
   */
  static fromConfig(id: string, config: unknown, options: LlmModelOptions = {}): LlmModel {
    const { shape, parameters } = modelFromConfig(id, config, options);
    return new LlmModel(shape, toArchitecture(id, shape, parameters, options.weightsGiB));
  }

  /** Ids of the models in the catalogue, other names of the same model included. */
  static ids(): string[] {
    return decoderIds();
  }

  /** Hugging Face id, or the user's own name. */
  readonly id: string;
  /** Longest context in tokens: what vLLM derives from the configuration as the largest `--max-model-len`. */
  readonly contextLength: number;
  /** All parameters of the checkpoint. */
  readonly parameters: number;
  /** Size of the checkpoint in GiB: what is downloaded, and about what is loaded. */
  readonly weightsGiB: number;
  /** @internal */
  readonly _architecture: ModelArchitecture;

  private constructor(shape: ModelShape, architecture: ModelArchitecture) {
    this.id = architecture.id;
    this.contextLength = shape.contextLength;
    this.parameters = architecture.totalParameters;
    this.weightsGiB = checkpointBytes(architecture) / 2 ** 30;
    this._architecture = architecture;
  }
}

function decoderIds(): string[] {
  return [...MODELS].filter(([, { family }]) => family !== 'bert').flatMap(([id, { aliases = [] }]) => [id, ...aliases]);
}

function unknownModel(id: string): never {
  const near = suggest(id, decoderIds());
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  return fail('LlmModel', 'unknown-model',
    `model '${id}' is not in the catalogue${hint}; choose one of LlmModel.ids(), or give the model's config.json to LlmModel.fromConfig`);
}

function encoder(id: string): never {
  return fail('LlmModel', 'not-a-language-model',
    `model '${id}' is an encoder, which keeps no KV cache and has no context to plan for; any GPU holds it, serve it with ModelService`);
}
