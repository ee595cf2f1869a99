import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { type TrackerInput, trackerVariables } from './blueprint/tracker';
import type { MlflowClientEnvironment } from './interfaces';
import { Faults } from '../core/private/faults';

/** Where the key of a tracker lies. */
export interface TrackerKey {
  /** The secret: the key alone, or a JSON object with a field that holds it. */
  readonly secret: secretsmanager.ISecret;
  /**
   * Field of the JSON object.
   *
   * @default - the secret is the key alone
   */
  readonly secretField?: string;
}

/** Options of Weights & Biases. */
export interface WeightsAndBiasesOptions extends TrackerKey {
  /** Project that runs go to. */
  readonly project: string;
  /**
   * Team or user that owns the project.
   *
   * @default - that of the key
   */
  readonly entity?: string;
  /**
   * Address of an instance of your own, for example `https://wandb.example.com`.
   *
   * @default - the public service
   */
  readonly baseUrl?: string;
}

/** Options of any tracker that is configured by its environment. */
export interface TrackerOptions extends TrackerKey {
  /** Variable that its client reads the key from, for example `COMET_API_KEY`. */
  readonly keyVariable: string;
  /**
   * Further variables of its client. Secrets do not belong here.
   *
   * @default - none
   */
  readonly variables?: { readonly [name: string]: string };
}

/**
 * A tracker of experiments beside MLflow: the environment of a job that reports to it. Nothing is created, and the key stays a reference to its
 * secret. Models are registered and promoted by MLflow and the release record as ever.
 *
 * The job needs a route out of the network.
 */
export class ExperimentTracker {
  /**
   * Weights & Biases. https://docs.wandb.ai/guides/track/environment-variables/
   *
   * @throws a ValidationError [invalid-project] [invalid-base-url]
   */
  static weightsAndBiases(options: WeightsAndBiasesOptions): ExperimentTracker {
    const { project, entity, baseUrl } = options;
    const variables = { WANDB_PROJECT: project, WANDB_ENTITY: entity, WANDB_BASE_URL: baseUrl };
    return make('weightsAndBiases', options, { keyVariable: 'WANDB_API_KEY', project, baseUrl, variables });
  }

  /**
   * Any other tracker, by the variables that its client reads.
   *
   * @throws a ValidationError [invalid-key-variable] [invalid-variables-name] [key-in-variables] [mlflow-variable]
   */
  static of(options: TrackerOptions): ExperimentTracker {
    return make('of', options, { keyVariable: options.keyVariable, variables: { ...options.variables } });
  }

  /** @param environment what a job gets */
  constructor(private readonly environment: MlflowClientEnvironment) {}

  /** What a container needs. Merge it with `registry.clientEnvironment()`: no name is in both. */
  clientEnvironment(): MlflowClientEnvironment {
    return this.environment;
  }
}

function make(factory: string, { secret, secretField }: TrackerKey, input: TrackerInput): ExperimentTracker {
  const faults = Faults.at(`ExperimentTracker.${factory}`);
  const variables = trackerVariables(faults, input);
  faults.throwIfAny();
  return new ExperimentTracker({ variables, secrets: { [input.keyVariable]: ecs.Secret.fromSecretsManager(secret, secretField) } });
}
