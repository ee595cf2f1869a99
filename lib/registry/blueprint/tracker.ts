import { checkText, show } from '../../core/private/checks';
import type { Faults } from '../../core/private/faults';

/** What is asked of a tracker. */
export interface TrackerInput {
  /** Variable of the key, which comes from a secret. */
  readonly keyVariable: string;
  readonly project?: string;
  readonly baseUrl?: string;
  /** Plain variables; those without a value are left out. */
  readonly variables: Record<string, string | undefined>;
}

const VARIABLE = { pattern: /^[A-Z][A-Z0-9_]*$/, allowed: 'capital letters, digits and underscores, starting with a letter' };

/** The plain variables of a job that reports to a tracker. */
export function trackerVariables(faults: Faults, input: TrackerInput): Record<string, string> {
  checkText(faults, 'keyVariable', input.keyVariable, VARIABLE);
  checkText(faults, 'project', input.project, { pattern: /^[^\s/\\#?%:]{1,128}$/, allowed: '1 to 128 characters without spaces, slashes and the characters \\ # ? % :' });
  checkText(faults, 'baseUrl', input.baseUrl, { pattern: /^https:\/\/[^\s/]+$/, allowed: 'an https address without a path, for example https://wandb.example.com' });
  const given = Object.entries(input.variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  for (const [name] of given) {
    checkText(faults, 'variables name', name, VARIABLE);
    faults.check(name !== input.keyVariable, 'key-in-variables', `variables name ${show(name)}, which comes from the secret; leave it out`);
    faults.check(!name.startsWith('MLFLOW_'), 'mlflow-variable', `variables name ${show(name)}, which is MLflow's own; take it from registry.clientEnvironment()`);
  }
  return Object.fromEntries(given);
}
