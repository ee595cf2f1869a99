import { TerraformStack } from 'cdktn';
import type { IConstruct } from 'constructs';

/** What a cdktn stack notes about functions in use, and a cdktf stack does not know of. */
interface FunctionUsage {
  _recordFunctionUsage?(name: string): void;
  _recordProviderFunctionUsage?(name: string): void;
}

/**
 * Lets cdktn's constructs stand in a stack of cdktf 0.21.
 *
 * cdktn 0.24 is cdktf's fork and shares its symbols and tokens. The one thing that its elements ask of their stack and
 * cdktf's lacks is a note of each `Fn.*` in use, which cdktn checks against the Terraform versions that a project
 * declares. cdktf has no such check: the note goes nowhere. A cdktn stack keeps its own methods.
 */
export function adoptStack(scope: IConstruct): void {
  const stack: FunctionUsage = TerraformStack.of(scope);
  stack._recordFunctionUsage ??= () => undefined;
  stack._recordProviderFunctionUsage ??= () => undefined;
}
