import { isObject } from './config-reader';
import type { ModelShape } from './model-shape';
import { countParameters } from './parameter-count';
import { hasUnknownTowers, readConfig } from './read-config';
import { checkInteger, checkLiteral, checkNumber, show } from '../../core/private/checks';
import { Faults } from '../../core/private/faults';

/** What the user may say beside the configuration. */
interface Given {
  readonly parameters?: number;
  readonly weightsGiB?: number;
}

/** Reads and checks a user's `config.json`; throws one error with every fault. */
export function modelFromConfig(id: string, config: unknown, given: Given): { readonly shape: ModelShape; readonly parameters?: number } {
  const faults = Faults.at(`LlmModel ${id}`);
  checkLiteral(faults, 'parameters', given.parameters);
  checkInteger(faults, 'parameters', given.parameters, { min: 1e6, max: 1e14 });
  checkNumber(faults, 'weightsGiB', given.weightsGiB, { min: 0.001, max: 100_000, unit: 'GiB' });
  const parsed = parse(faults, config);
  faults.throwIfAny();
  const shape = readConfig(faults, parsed ?? {});
  faults.throwIfAny();
  if (given.parameters === undefined) checkCountable(faults, parsed ?? {}, shape);
  faults.throwIfAny();
  return { shape, parameters: given.parameters };
}

function parse(faults: Faults, config: unknown): Record<string, unknown> | undefined {
  const parsed = typeof config === 'string' ? parseText(config) : config;
  if (isObject(parsed)) return parsed;
  faults.add('invalid-model-config', `config ${show(config)} is not the content of a config.json; give it parsed, or as its text`);
  return undefined;
}

/** Python writes numbers into JSON that JSON does not have. */
function parseText(text: string): unknown {
  for (const candidate of [text, text.replace(/([:[,]\s*)-?(?:Infinity|NaN)\b/g, '$1null')]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // refused by the caller, which shows the text
    }
  }
  return undefined;
}

function checkCountable(faults: Faults, config: Record<string, unknown>, shape: ModelShape): void {
  const pass = 'pass parameters, the total that the model\'s page on Hugging Face shows';
  if (countParameters(shape) === undefined) {
    faults.add('unknown-model-family',
      `config.json has model_type ${show(shape.modelType)}, whose parameters the library cannot count; ${pass}`);
  } else if (hasUnknownTowers(config, shape)) {
    faults.add('unknown-model-family', `config.json has a vision or sound tower whose parameters the library cannot count; ${pass}`);
  }
}
