import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isValidationError, ValidationError } from '../../lib/core/private/validation-error';

/** The ValidationError that an action throws; anything else fails the test. */
export function refusal(act: () => unknown): ValidationError {
  try {
    act();
  } catch (error) {
    if (isValidationError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A real `config.json`, less what says nothing about shapes, and where it is from. */
export interface ModelConfig {
  readonly source: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export const MODEL_CONFIGS = JSON.parse(readFileSync(join(__dirname, 'fixtures/model-configs.json'), 'utf8')) as Record<string, ModelConfig>;

/** The `config.json` of a model. */
export function configOf(id: string): Record<string, unknown> {
  const found = MODEL_CONFIGS[id];
  if (found === undefined) throw new Error(`no config.json of ${id} among the fixtures`);
  return { ...found.config };
}
