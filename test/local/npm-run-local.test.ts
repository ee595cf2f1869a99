import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Laptop } from './local-command';
import { SHORT_SLEEPS } from '../../lib/local/driver/deployment';
import { ACCOUNT, REGION } from '../../lib/local/driver/surroundings';
import { pythonEnvironment } from '../../lib/local/toolchain/python-environment';

const MINUTE = 60_000;
const PROJECT = path.resolve(__dirname, '../..');
const FIXTURES = path.join(__dirname, 'fixtures');

let laptop: Laptop;

beforeAll(async () => {
  const environment = await pythonEnvironment(path.resolve(__dirname, '../../lib/local/requirements.lock'));
  if (!environment.available) throw new Error(environment.reason);
}, 5 * MINUTE);

beforeEach(() => { laptop = new Laptop(); });
afterEach(async () => laptop.remove(), MINUTE);

/** What the table at the end says about something. */
function row(output: string, name: string): string {
  const lines = output.split('\n');
  const first = lines.findIndex(line => line.startsWith(`│ ${name} `));
  const rest = lines.slice(first + 1);
  const next = rest.findIndex(line => !/^│ {2}/.test(line));
  return lines.slice(first, first + 1 + next).map(line => line.split('│')[2].trim()).join(' ');
}

/** Whether a rollback took less than the promised second, or this machine had far more to do than its cores can and the run said so. */
function keepsPromise(output: string, name: string): boolean {
  const said = row(output, name);
  const load = Number(/the load of this machine was ([\d.]+)/.exec(said)?.[1] ?? 0);
  return Number(/^[\d.]+/.exec(said)?.[0] ?? NaN) < 1 || load > 2 * os.cpus().length;
}

/** Takes the starter away as its README says, by the CDK CLI, and looks at what is left. */
async function tearDown(endpoint: string, folder: string, protectedAssembly: string): Promise<void> {
  const environment = {
    ...process.env, HOME: folder, CDK_HOME: folder, CDK_DISABLE_CLI_TELEMETRY: 'true', AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true',
  };
  const node = async (env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> => {
    const options = { cwd: PROJECT, env: { ...environment, ...env }, maxBuffer: 2 ** 26 };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options).catch((error: { stdout: string; stderr: string }) => error);
    return `${stdout}${stderr}`;
  };
  const cdk = (verb: string, assembly: string, ...args: string[]): Promise<string> => node({}, '--import', SHORT_SLEEPS,
    path.join(PROJECT, 'node_modules/aws-cdk/bin/cdk'), verb, '--app', assembly, '--ci', '--no-color', '--no-notices', ...args);

  const assembly = path.join(folder, 'cdk.out');
  // the protection holds, and what was refused is said
  const [refused] = await Promise.all([
    cdk('destroy', protectedAssembly, 'MlPlatform-Data', '--exclusively', '--force'),
    // what `--context protection=false` synthesizes, once for both commands
    node({
      CDK_OUTDIR: assembly, CDK_VALIDATION: 'false', CDK_CONTEXT_JSON: '{"protection":"false"}', CDK_DEFAULT_ACCOUNT: ACCOUNT, CDK_DEFAULT_REGION: REGION,
    }, '--import', 'tsx', path.join(PROJECT, 'stacks/starter/app.ts')),
  ]);
  expect(refused).toMatch(/cannot be deleted while TerminationProtection is enabled/);
  await cdk('deploy', assembly, '--all', '--require-approval', 'never', '--method', 'direct', '--concurrency', '4');
  const output = await cdk('destroy', assembly, '--all', '--force', '--concurrency', '4');
  expect(output).not.toMatch(/DELETE_FAILED|cannot be|in use by/);
  expect([...output.matchAll(/✅\s+(\S+): destroyed/g)].map(([, stack]) => stack).sort())
    .toEqual(['MlPlatform-Alarms', 'MlPlatform-Data', 'MlPlatform-Network', 'MlPlatform-Registry', 'MlPlatform-Tumours']);
  const kept = [...output.matchAll(/DELETE_SKIPPED\s+\| (\S+)/g)].map(([, type]) => type);
  expect([...new Set(kept)].sort()).toEqual(['AWS::DynamoDB::Table', 'AWS::Glue::Database', 'AWS::Glue::Table', 'AWS::S3::Bucket']);
}

test('two runs at once live the whole life of a model, one goes on to features; the one that is kept answers until it is destroyed', async () => {
  const [plain, kept] = await Promise.all([laptop.start([]).ended, laptop.start(['--stacks', 'starter', '--keep']).ended]);

  for (const { code, output } of [plain, kept]) {
    expect({ code, end: code === 0 ? '' : output.slice(-5000) }).toEqual({ code: 0, end: '' });
    expect(output).toMatch(/569 rows in \S+\.measurements, read back/);
    expect(output).toMatch(/│ MLflow +│ 3\.17\.2, served by python -m ml_platform_runtime registry-server/);
    expect(output).toMatch(/│ (PostgreSQL +│ \d+, on 127\.0\.0\.1|SQLite +│ SQLite instead of PostgreSQL)/);
    expect(output).toMatch(/│ Model server +│ python -m ml_platform_runtime serve \(1 process\), one process for 5 releases/);
    expect(output).toMatch(/│ Versions answered +│ 1 → 2 → 1 → 2 → 1, each as scikit-learn itself predicts/);
    expect(output).toMatch(/│ MlPlatform-Registry .*DynamoDB::Table 1|ECS::Service 1/s);
    expect(output).toMatch(/Only stubbed: accepted, nothing stands behind it\n/);
    expect(keepsPromise(output, 'Roll back, first answer')).toBe(true);
    expect(keepsPromise(output, 'Roll back with MLflow stopped, first answer')).toBe(true);
    expect(output).not.toMatch(/^\s+at /m);
  }

  expect(plain.output).toContain('registry-server (1 process)');
  expect(kept.output).toContain('registry-server (2 processes'); // it was stopped and started again

  // what the deployed parts of stacks/features said; pandas is asked in the run itself, which fails where they differ
  expect(row(plain.output, 'Great Expectations')).toMatch(/^1\.24\.\d+, with the checks of the contract: 800 rows pass; of the bad ones fail spent_30d\.min, country\.pattern, customer-activity: expect_compound/);
  expect(row(plain.output, 'Evolution')).toBe('tables-migrate added orders_7d; the tag churn-v1 reads 800 of 850 rows, as they were');
  expect(row(plain.output, 'Feast')).toBe('0.67.0, on PostgreSQL: apply and materialization as ECS tasks, 200 items in DynamoDB; 501 rows for training and 200 look-ups equal pandas');
  expect(plain.output).toContain('✔ Write bad rows and check them: DataQualityFailed: 4 checks fail, and the bus hears "Data Quality Failed"');
  expect(kept.output).not.toContain('Feast');

  const address = (name: string) => new RegExp(`│ ${name} +│ (http://\\S+)`).exec(kept.output)?.[1] ?? '';
  const model = await fetch(`${address('Model service')}`);
  expect(await model.json()).toMatchObject({ name: 'tumours', versions: ['1'] });
  expect(await (await fetch(`${address('MLflow')}/version`)).text()).toBe('3.17.2');
  expect(kept.output).toContain(`export AWS_ENDPOINT_URL=${address('AWS')}\n`);
  expect(kept.output).toContain(`export MLFLOW_TRACKING_URI=${address('MLflow')}\n`);

  const [home] = laptop.leftInTemporary;
  expect(laptop.leftInTemporary).toEqual([home]); // the plain run left nothing
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'teardown-'));
  await tearDown(address('AWS'), folder, path.join(laptop.temporary, home, 'cdk.out')).finally(() => fs.rmSync(folder, { recursive: true, force: true }));

  const id = /destroy (\S+)/.exec(kept.output)?.[1] ?? '';
  expect(laptop.leftInCache.sort()).toEqual([id, `${id}.json`]);
  expect(await laptop.start(['destroy', id]).ended).toMatchObject({ code: 0, output: `${id} is gone\n` });
  expect(laptop.processes).toEqual([]);
  expect(laptop.leftInTemporary).toEqual([]);
  expect(laptop.leftInCache).toEqual([]);
  expect(fs.readdirSync(laptop.home)).toEqual([]);
  await expect(fetch(address('AWS'))).rejects.toThrow('fetch failed');
}, 8 * MINUTE);

test('Ctrl-C in the middle of a deployment leaves no process and no file', async () => {
  const command = laptop.start(['--stacks', 'starter']);
  await command.says('❯ Deploy the stacks');
  await command.goesOnUntil(() => laptop.processes.some(line => line.includes('postgres') || line.includes('ml_platform_runtime')));
  command.signal('SIGINT');
  const { code, output } = await command.ended;
  expect(code).toBe(130);
  expect(output).toContain('stopped by SIGINT');
  expect(laptop.processes).toEqual([]);
  expect(laptop.leftInTemporary).toEqual([]);
  expect(laptop.leftInCache).toEqual([]);
}, 2 * MINUTE);

test('what a killed command left is removed by the next one', async () => {
  const command = laptop.start(['--app', path.join(FIXTURES, 'broken-app.ts')]);
  await command.goesOnUntil(() => laptop.processes.some(line => line.includes('ml_platform_emulator')));
  command.signal('SIGKILL');
  await command.ended;
  expect(laptop.leftInTemporary).toHaveLength(1);
  expect(await laptop.start(['destroy']).ended).toMatchObject({ code: 0, output: 'nothing is kept\n' });
  // the emulator's watchdog, which was started in the moment of the kill, sees by itself that nobody is left
  for (const end = Date.now() + 20_000; laptop.processes.length > 0 && Date.now() < end;) await setTimeout(100);
  expect(laptop.processes).toEqual([]);
  expect(laptop.leftInTemporary).toEqual([]);
  expect(laptop.leftInCache).toEqual([]);
}, 2 * MINUTE);

test('a step that fails says why, shows the end of its log, keeps the logs and cleans up', async () => {
  const { code, output } = await laptop.start(['--app', path.join(FIXTURES, 'broken-app.ts')]).ended;
  expect(code).toBe(1);
  expect(output).toContain('Failed: the stacks cannot be deployed (exit code 1)');
  expect(output).toContain('AWS::NoSuch::Thing');
  expect(output).not.toMatch(/^\s+at /m);
  const logs = /^Logs: (.+)$/m.exec(output)?.[1] ?? '';
  expect(fs.readFileSync(path.join(logs, 'deploy.log'), 'utf8')).toContain('AWS::NoSuch::Thing');
  expect(laptop.processes).toEqual([]);
  expect(laptop.leftInTemporary).toEqual([]);
}, 2 * MINUTE);

test('a machine without a fitting Python gets one message that says what to do', async () => {
  const { code, output } = await laptop.start([], { ML_PLATFORM_PYTHON: '/nowhere/python3' }).ended;
  expect(code).toBe(1);
  expect(output).toContain('Failed: Python 3.10 or newer is needed: /nowhere/python3 cannot be run; name one by ML_PLATFORM_PYTHON\n');
  expect(output).not.toContain('Last lines');
  expect(laptop.leftInTemporary).toEqual([]);
}, MINUTE);

test('a run that is kept is destroyed also when its processes ended before', async () => {
  const directory = fs.mkdtempSync(path.join(laptop.temporary, 'ml-platform-'));
  fs.mkdirSync(path.join(laptop.cache, 'runs'));
  fs.writeFileSync(path.join(laptop.cache, 'runs', 'old.json'), JSON.stringify({
    id: 'old', startedAt: '2026-01-01T00:00:00Z', stacks: 'starter', kept: true, directory,
    // this test's own id, but of a process that was started at another time: a stranger, not to be ended
    processes: [{ name: 'emulator', pid: process.pid, started: '1' }],
    addresses: { AWS: 'http://127.0.0.1:1' },
  }));
  expect(await laptop.start(['destroy', 'other']).ended).toMatchObject({ code: 1, output: 'there is no run other; there are old\n' });
  expect(await laptop.start(['destroy']).ended).toMatchObject({ code: 0, output: 'old is gone; its processes had ended before\n' });
  expect(laptop.leftInTemporary).toEqual([]);
  expect(laptop.leftInCache).toEqual([]);
}, MINUTE);
