import { checkText, type TextRule } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** Names of models: what MLflow takes, without slashes and colons, which have a meaning in `models:/name@alias`. */
export const MODEL_NAME: TextRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._ -]{0,127}$/,
  allowed: '1 to 128 letters, digits, dots, hyphens, underscores or spaces, starting with a letter or digit',
};

/** Names of aliases. https://mlflow.org/docs/latest/ml/model-registry/ */
export const ALIAS: TextRule = {
  pattern: /^(?!latest$|v\d+$)[A-Za-z][A-Za-z0-9_-]{0,63}$/i,
  allowed: "1 to 64 letters, digits, hyphens or underscores, starting with a letter; 'latest' and 'v1' mean something else in MLflow",
};

const PREFIX: TextRule = {
  pattern: /^[A-Za-z0-9!_.'()-]+(\/[A-Za-z0-9!_.'()-]+)*$/,
  allowed: 'a path without slashes at its ends, for example mlflow',
};

export function checkModelName(faults: Faults, value: string): void {
  checkText(faults, 'modelName', value, MODEL_NAME);
}

export function checkAlias(faults: Faults, value: string): void {
  checkText(faults, 'alias', value, ALIAS);
}

/** A prefix decides what policies allow: a wildcard or an empty one would open the bucket. */
export function checkArtifactPrefix(faults: Faults, value: string): void {
  checkText(faults, 'artifactPrefix', value, PREFIX);
}

/** The address of an MLflow server. */
export function checkTrackingUri(faults: Faults, value: string): void {
  checkText(faults, 'trackingUri', value, {
    pattern: /^https?:\/\/[^\s/]+(\/\S*)?$/,
    allowed: 'the http or https address of an MLflow server, for example https://mlflow.example.com',
  });
}
