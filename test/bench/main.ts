/**
 * `npm run bench`: synthesis time, peak memory, share of our own code, template size, and how they grow with the services; and how
 * long the placement of a language model takes. `npm run bench -- --write` puts both into docs/performance.md.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { extname, join, resolve } from 'node:path';
import Table from 'cli-table3';
import { buildSync } from 'esbuild';
import type { PlacementTimes } from './placements';
import type { Measurement } from './subject';

const ROOT = resolve(__dirname, '../..');
const COMPILED = join(ROOT, '.cache/bench');
const SCENARIOS = [
  'starter', 'reference', '1 model service', '10 model services', '100 model services',
  '1 table', '10 tables', '100 tables', '300 tables',
  '1 feature view', '10 feature views', '100 feature views', '300 feature views',
  '1 LLM service', '10 LLM services', '100 LLM services', '300 LLM services',
];
const RUNS = 3;

/** The sources as plain JavaScript, file by file, so that a profile tells our frames from the engine's. */
function compile(): void {
  rmSync(COMPILED, { recursive: true, force: true });
  const sources = ['lib', 'stacks', 'test/bench'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name)))
    .filter((name) => !/^lib\/(local|cli|terraform|runtime)\//.test(name) && !name.includes('cdk.out'));
  buildSync({
    absWorkingDir: ROOT, entryPoints: sources.filter((name) => name.endsWith('.ts')), outdir: COMPILED, outbase: ROOT, format: 'cjs', platform: 'node',
    logLevel: 'warning',
  });
  for (const name of sources.filter((file) => !['', '.ts', '.md'].includes(extname(file)))) {
    mkdirSync(join(COMPILED, name, '..'), { recursive: true });
    cpSync(join(ROOT, name), join(COMPILED, name));
  }
}

function measure(scenario: string, profile: boolean): Measurement {
  const outdir = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const output = execFileSync(process.execPath, [join(COMPILED, 'test/bench/subject.js'), scenario, outdir, ...(profile ? ['profile'] : [])],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, CDK_VALIDATION: 'false' }, stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(output.trim().split('\n').pop() ?? '');
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Each of several processes, so that the first call of each counts too. */
function placements(): string {
  const runs = Array.from({ length: RUNS }, (): PlacementTimes =>
    JSON.parse(execFileSync(process.execPath, [join(COMPILED, 'test/bench/placements.js')], { cwd: ROOT, encoding: 'utf8' })));
  const [{ problems, refused }] = runs;
  return `${problems} problems (every model of the catalogue with loads from 1 to 100,000 requests; ${refused} of them refused, with the ways out): `
    + `${median(runs.map((run) => run.medianMs)).toFixed(1)} ms of CPU time each in the median, ${Math.max(...runs.map((run) => run.highestMs)).toFixed(1)} ms at most.`;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function row(scenario: string): string[] {
  const runs = Array.from({ length: RUNS }, () => measure(scenario, false));
  const profiled = measure(scenario, true);
  return [
    scenario,
    `${median(runs.map((run) => run.seconds)).toFixed(2)} s`,
    `${Math.round(median(runs.map((run) => run.peakMiB)))} MiB`,
    `${((profiled.ownShare ?? 0) * 100).toFixed(1)} %`,
    `${runs[0].resources}`,
    `${Math.round(runs[0].templateKiB)} KiB`,
    `${Math.round(runs[0].largestKiB)} KiB`,
  ];
}

const HEAD = ['app', 'synthesis', 'peak memory', 'share of our code', 'resources', 'templates', 'largest template'];

function main(): void {
  compile();
  const rows = SCENARIOS.map((scenario) => {
    console.error(`measuring ${scenario} ...`);
    return row(scenario);
  });
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  table.push(...rows);
  console.log(table.toString());
  console.error('measuring placements ...');
  const placed = placements();
  console.log(placed);
  if (process.argv.includes('--write')) write(rows, placed);
}

function write(rows: string[][], placed: string): void {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
  const table = [line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line)].join('\n');
  const path = join(ROOT, 'docs/performance.md');
  const text = readFileSync(path, 'utf8').replace(/(<!-- figures -->\n)[\s\S]*(<!-- end -->)/, `$1${machine}; median of ${RUNS} runs.\n\n${table}\n\nPlacements: ${placed}\n$2`);
  writeFileSync(path, text);
}

main();
