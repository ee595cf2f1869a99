import { spawnSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsSchema } from './terraform-bindings';
import helm from './terraform-helm-schema.json';

/** The programs that the oracle runs. */
export interface TerraformTools {
  /** The `tofu` (or `terraform`) executable. */
  readonly tofu: string;
  /** The executable that serves schemas: lib/local/toolchain/go/schema-provider. */
  readonly schemaProvider: string;
}

/** One finding of `validate`. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  /** For example `resource.aws_vpc.network`. */
  readonly address?: string;
}

interface Program {
  readonly resource?: Record<string, unknown>;
  readonly data?: Record<string, unknown>;
}

/**
 * Runs the real `validate` on a folder with a `cdk.tf.json`. The providers `hashicorp/aws` and `hashicorp/helm` are
 * stood in for by their schemas, so an empty answer means "valid against the bindings' schema" and no more.
 */
export function validateTerraform(folder: string, tools: TerraformTools): Diagnostic[] {
  const work = mkdtempSync(join(tmpdir(), 'ml-platform-terraform-'));
  try {
    const program = JSON.parse(readFileSync(join(folder, 'cdk.tf.json'), 'utf8')) as Program;
    serve(work, tools, 'aws', awsSchema(Object.keys(program.resource ?? {}), Object.keys(program.data ?? {})));
    serve(work, tools, 'helm', helm.schema);
    const configuration = join(work, 'tofurc');
    writeFileSync(configuration, `provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = ${JSON.stringify(work)}\n    "hashicorp/helm" = ${JSON.stringify(work)}\n  }\n  direct {}\n}\n`);
    return run(folder, work, configuration, tools);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A provider under its own name with its schema beside it. */
function serve(work: string, tools: TerraformTools, name: string, schema: unknown): void {
  const executable = join(work, `terraform-provider-${name}`);
  try {
    linkSync(tools.schemaProvider, executable);
  } catch {
    copyFileSync(tools.schemaProvider, executable); // another file system
  }
  writeFileSync(join(work, `${name}.json`), JSON.stringify(schema));
}

function run(folder: string, work: string, configuration: string, tools: TerraformTools): Diagnostic[] {
  const ran = spawnSync(tools.tofu, [`-chdir=${folder}`, 'validate', '-json'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env.PATH, HOME: work, TF_CLI_CONFIG_FILE: configuration, TF_DATA_DIR: join(work, 'data'), CHECKPOINT_DISABLE: '1' },
  });
  if (ran.error) throw ran.error;
  let answer: { diagnostics: (Diagnostic & { snippet?: { context?: string } })[] };
  try {
    answer = JSON.parse(ran.stdout) as typeof answer;
  } catch {
    throw new Error(`tofu validate gave no answer (exit ${ran.status}): ${ran.stderr}${ran.stdout}`);
  }
  return answer.diagnostics
    .filter((found) => found.summary !== 'Provider development overrides are in effect')
    .map(({ severity, summary, detail, snippet }) => ({ severity, summary, detail, ...(snippet?.context ? { address: snippet.context } : {}) }));
}
