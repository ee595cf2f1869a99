/**
 * `npm test`: every test of the project, TypeScript and Python, and one closing line with the counts.
 *
 *   npm test                     all but the packaging tests
 *   npm test -- --packaging      those too (they need `npm run build`'s output in dist/)
 *   npm test -- test/core        one folder or file; paths under lib/ are Python tests
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requirePythonEnvironment } from '../lib/local/toolchain/python-environment';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const ROOT = resolve(__dirname, '..');
const PYTHON_LOCK = join(ROOT, 'test/python/requirements.lock');
const PYTHON_SUITES = ['lib/runtime/tests', 'lib/local/emulator/tests'];

/** The workers keep both cores busy: threads of V8 beside them cost a fifth more, and a young generation of 16 MB is swept too often. */
const V8_FLAGS = ['--single-threaded', '--max-semi-space-size=64'];

/** Jest's workers are several, and each of Python's suites is one: it would be the last to end. */
const JEST_NICE = 3;

interface Ended {
  readonly status: number | NodeJS.Signals;
  readonly output: string;
}

/** What a program printed, if it is caught, and how it ended. With `nice` others go first where the cores are too few. */
async function ended(command: string, args: string[], stdio: StdioOptions, env: NodeJS.ProcessEnv, nice: number): Promise<Ended> {
  const child = spawn(command, args, { cwd: ROOT, stdio, env });
  if (child.pid !== undefined) setPriority(child.pid, nice);
  const printed: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => printed.push(chunk));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => done({ status: code ?? signal ?? 1, output: Buffer.concat(printed).toString() }));
  });
}

async function jest(args: string[], reports: string): Promise<Counts> {
  const output = join(reports, 'jest.json');
  const run = await ended(process.execPath, [...V8_FLAGS, 'node_modules/jest/bin/jest.js', '--json', `--outputFile=${output}`, ...args],
    ['ignore', 'ignore', 'inherit'], process.env, JEST_NICE);
  try {
    const result = JSON.parse(readFileSync(output, 'utf8'));
    return {
      passed: result.numPassedTests,
      // a suite that does not even load has no test that could fail
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests,
    };
  } catch {
    console.error(`jest ended with ${run.status} and no report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** Prints when it is done: it runs beside others. */
async function pytest(python: string, suite: string, reports: string): Promise<Counts> {
  const output = join(reports, `${suite.replaceAll('/', '-')}.xml`);
  const env = { ...process.env };
  delete env.PYTHONDONTWRITEBYTECODE;
  const run = await ended(python, ['-m', 'pytest', '-q', '-rs', '-p', 'no:cacheprovider', `--junitxml=${output}`, suite], ['ignore', 'pipe', 'pipe'], env, 0);
  console.error(`\npytest ${suite}\n${run.output}`);
  try {
    const head = /<testsuite [^>]*>/.exec(readFileSync(output, 'utf8'))?.[0] ?? '';
    const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? NaN);
    const failed = count('failures') + count('errors');
    const skipped = count('skipped');
    const passed = count('tests') - failed - skipped;
    // pytest says 5 for "no tests ran": that is a fault of the suite
    return { passed, failed: run.status !== 0 && failed === 0 ? 1 : failed, skipped };
  } catch {
    console.error(`pytest ${suite} ended with ${run.status} and no report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, strict: true, options: { packaging: { type: 'boolean', default: false } } });
  const isPython = (path: string) => path.startsWith('lib/');
  const suites = positionals.length === 0 ? PYTHON_SUITES : positionals.filter(isPython);
  const paths = positionals.filter((path) => !isPython(path));
  const reports = mkdtempSync(join(tmpdir(), 'test-reports-'));
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const add = (counts: Counts) => {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  };
  const started = Date.now();
  try {
    const python = await requirePythonEnvironment(PYTHON_LOCK);
    process.env.ML_TEST_PYTHON = python;
    // side by side: all of them wait for servers much of the time
    const typescript = async (): Promise<void> => {
      if (positionals.length > 0 && paths.length === 0) return;
      add(await jest([...paths, ...(values.packaging ? [] : ['--testPathIgnorePatterns', 'test/packaging', 'node_modules'])], reports));
    };
    await Promise.all([typescript(), ...suites.map(async (suite) => add(await pytest(python, suite, reports)))]);
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  console.log(`\ntests took ${Math.round((Date.now() - started) / 1000)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

void main();
