import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsProvider } from '@cdktn/provider-aws/lib/provider';
import * as cdktf from 'cdktf';
import { App, TerraformStack } from 'cdktn';
import type { Construct } from 'constructs';
import { isValidationError } from '../../lib/core/private/validation-error';

// where a token was made helps in no message that is tested, and finding it out costs more than all the rest
process.env.CDKTN_DISABLE_CREATION_STACK ??= 'true';

/** A synthesized Terraform program. */
export interface TerraformProgram {
  readonly terraform?: { readonly required_providers?: Record<string, { source: string; version: string }> };
  readonly provider?: Record<string, Record<string, unknown>[]>;
  readonly resource?: Record<string, Record<string, Record<string, unknown>>>;
  readonly data?: Record<string, Record<string, Record<string, unknown>>>;
  readonly output?: Record<string, { value: unknown }>;
}

/** A program and the folder that holds it. */
export interface Synthesized {
  readonly folder: string;
  readonly program: TerraformProgram;
}

const folders: string[] = [];

/** Removes what was written; for `afterAll`. */
export function removeSynthesized(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Synthesizes one stack in a cdktn app. */
export function synthesize(build: (stack: Construct) => void, context: Record<string, unknown> = {}): Synthesized {
  const app = new App({ outdir: outdir(), context });
  const stack = new TerraformStack(app, 'Stack');
  new AwsProvider(stack, 'Aws', { region: 'eu-west-1' });
  build(stack);
  app.synth();
  return read(app.outdir);
}

/** Synthesizes one stack in a cdktf app: the archived original that cdktn was forked from. */
export function synthesizeInCdktf(build: (stack: cdktf.TerraformStack) => void): Synthesized {
  const app = new cdktf.App({ outdir: outdir() });
  const stack = new cdktf.TerraformStack(app, 'Stack');
  new AwsProvider(stack, 'Aws', { region: 'eu-west-1' });
  build(stack);
  app.synth();
  return read(app.outdir);
}

/** All resources of a type, ordered by the path of their construct. */
export function resourcesOf(program: TerraformProgram, type: string): Record<string, unknown>[] {
  const byPath = resourcesByPath(program, type);
  return Object.keys(byPath).sort().map((path) => byPath[path]!);
}

/** All resources of a type by the path of their construct inside the stack. */
export function resourcesByPath(program: TerraformProgram, type: string): Record<string, Record<string, unknown>> {
  const found = Object.values(program.resource?.[type] ?? {}).map(({ '//': comment, ...resource }) => {
    const { metadata } = comment as { metadata: { path: string } };
    return [metadata.path.replace('Stack/', ''), resource] as const;
  });
  return Object.fromEntries(found);
}

/** What a call returns, or the text of its ValidationError; any other error is a fault of ours. */
export function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return error.message;
  }
}

/** An empty folder that `removeSynthesized` removes. */
export function outdir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ml-platform-cdktn-'));
  folders.push(folder);
  return folder;
}

function read(folder: string): Synthesized {
  const stack = join(folder, 'stacks', 'Stack');
  return { folder: stack, program: JSON.parse(readFileSync(join(stack, 'cdk.tf.json'), 'utf8')) as TerraformProgram };
}
