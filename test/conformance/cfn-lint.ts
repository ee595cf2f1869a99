import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Finding } from './cloudformation-oracles';
import { cacheFolder, entryName } from '../../lib/local/toolchain/cache';

/** cfn-lint as it is found here. */
export interface CfnLint {
  /** Program and first arguments. */
  readonly command: readonly string[];
  /** What it says of itself, for example `cfn-lint 1.41.0`. */
  readonly version: string;
}

/** The one of the tests' Python environment, else the one on the PATH. */
export function findCfnLint(): CfnLint | undefined {
  const locked = process.env.ML_TEST_PYTHON;
  for (const program of [...locked ? [join(dirname(locked), 'cfn-lint')] : [], 'cfn-lint']) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { command: [program], version: stdout.trim() };
  }
  return undefined;
}

/**
 * What cfn-lint says of template files.
 *
 * It takes a second for 25 KB. With `memory`, the name of a file in the cache, templates that read as in the last run are not
 * read again: the same version says the same of the same text. CI forgets.
 */
export function cfnLint(linter: CfnLint, templates: readonly string[], memory?: string): Finding[] {
  // of those that say the same, one is read
  const distinct = new Map(templates.map((path) => [entryName('template', [linter.version, basename(path), readFileSync(path, 'utf8')]), path]));
  const file = join(cacheFolder(), 'cfn-lint', `${memory}.json`);
  const before = memory === undefined || process.env.CI === 'true' ? {} : remembered(file);
  const unread = [...distinct].filter(([name]) => !(name in before)).map(([, path]) => path);
  const read = unread.length === 0 ? new Map<string, Finding[]>() : lint(linter, unread);
  const now = Object.fromEntries([...distinct].map(([name, path]) => [name, before[name] ?? read.get(path) ?? []]));
  if (memory !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(now));
  }
  return Object.values(now).flat();
}

type Verdicts = Record<string, Finding[]>;

function remembered(file: string): Verdicts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Verdicts;
  } catch {
    return {}; // not there, or written half
  }
}

interface Match {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path?: (string | number)[] };
}

/** What it says, by file. */
function lint({ command: [program = '', ...words] }: CfnLint, paths: readonly string[]): Map<string, Finding[]> {
  const { stdout, stderr, status } = spawnSync(program, [...words, '--format', 'json', '--', ...paths], { encoding: 'utf8', maxBuffer: 64 << 20 });
  // 0: nothing found; 2, 4, 8 and their sums: errors, warnings, informations
  if (status === null || status % 2 === 1) throw new Error(`cfn-lint failed: ${stderr || stdout}`);
  const matches = stdout.trim() === '' ? [] : JSON.parse(stdout) as Match[];
  const strange = matches.find(({ Filename }) => !paths.includes(Filename));
  if (strange) throw new Error(`cfn-lint speaks of ${strange.Filename}, which it was not given`);
  return new Map(paths.map((path) => [path, matches.filter(({ Filename }) => Filename === path).map(({ Message, Rule, Location }) => ({
    rule: Rule.Id, where: `${basename(path)} ${(Location.Path ?? []).join('/')}`, message: Message,
  }))]));
}
