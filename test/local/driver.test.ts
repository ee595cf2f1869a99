import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Interrupted } from '../../lib/local/driver/failure';
import { tail } from '../../lib/local/driver/logs';
import { describeProcess, isAlive } from '../../lib/local/driver/processes';
import { EmulatorReport } from '../../lib/local/driver/report';
import { Supervisor } from '../../lib/local/driver/supervisor';
import { cleanEnvironment } from '../../lib/local/driver/surroundings';
import { ownImages } from '../../lib/local/driver/synthesis';

let folder: string;
beforeEach(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'driver-')); });
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

test('nothing that leads to a real account or changes an interpreter is passed on', () => {
  const clean = cleanEnvironment({
    PATH: '/bin', LANG: 'C', NO_PROXY: 'intranet',
    AWS_PROFILE: 'production', AWS_ACCESS_KEY_ID: 'AKIA', CDK_DEFAULT_ACCOUNT: '1', PYTHONPATH: '/x', PYTHONDONTWRITEBYTECODE: '1',
    VIRTUAL_ENV: '/v', NODE_OPTIONS: '--x', MLFLOW_TRACKING_URI: 'http://real', KUBECONFIG: '/k', PGPASSWORD: 'p', HOME: '/h', TMPDIR: '/t',
  });
  expect(clean).toEqual({ PATH: '/bin', LANG: 'C', NO_PROXY: 'intranet,127.0.0.1,localhost', no_proxy: 'intranet,127.0.0.1,localhost' });
});

test('an image is ours when its build context is the runtime, whatever its hash', () => {
  fs.mkdirSync(path.join(folder, 'asset.1', 'src', 'ml_platform_runtime'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'asset.2'));
  fs.writeFileSync(path.join(folder, 'Stack.assets.json'), JSON.stringify({
    dockerImages: {
      aaa: { source: { directory: 'asset.1', dockerBuildTarget: 'registry' } },
      bbb: { source: { directory: 'asset.2' } },
      ccc: { source: { executable: ['build'] } },
    },
  }));
  expect(ownImages(folder)).toEqual({
    aaa: { image: 'runtime', target: 'registry', environment: expect.objectContaining({ PYTHONPATH: expect.stringContaining('lib/runtime/src') }) },
  });
});

test('a process with the same id that was started at another time is a stranger', () => {
  const known = describeProcess('this', process.pid);
  expect(known && isAlive(known)).toBe(true);
  expect(known && isAlive({ ...known, started: 'another time' })).toBe(false);
});

test('a stop reaches the children of children, also those that ignore it', async () => {
  const supervisor = new Supervisor(() => undefined);
  const file = path.join(folder, 'pids');
  const stubborn = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done'`;
  supervisor.start('sh', ['-c', stubborn], { cwd: folder, env: { PATH: process.env.PATH ?? '' }, log: path.join(folder, 'log') });
  while (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') === '') await new Promise(resolve => setTimeout(resolve, 20));
  const grandchild = describeProcess('grandchild', Number(fs.readFileSync(file, 'utf8')));
  expect(grandchild && isAlive(grandchild)).toBe(true);
  await supervisor.stopAll(true, 500);
  expect(grandchild && isAlive(grandchild)).toBe(false);
}, 20_000);

test('an interrupted run starts nothing more, and what waits is released', async () => {
  const supervisor = new Supervisor(() => undefined);
  const options = { cwd: folder, env: { PATH: process.env.PATH ?? '' }, log: path.join(folder, 'log'), failure: 'it slept badly' };
  const waiting = supervisor.run('sleep', ['30'], options);
  supervisor.interrupt('SIGINT');
  await expect(waiting).rejects.toMatchObject({ exitCode: 130 });
  expect(() => supervisor.start('sleep', ['30'], options)).toThrow(Interrupted);
  await supervisor.stopAll(true);
});

test('a command that cannot be started is a failure with its name for it', async () => {
  const supervisor = new Supervisor(() => undefined);
  const options = { cwd: folder, env: {}, log: path.join(folder, 'log'), failure: 'no such thing' };
  await expect(supervisor.run('/nowhere/command', [], options)).rejects.toThrow('no such thing (exit code 127)');
});

test('the end of a log has the reason and no stack frames', () => {
  const log = path.join(folder, 'log');
  fs.writeFileSync(log, [
    'Error: reason', '    at f (/x.js:1:2)', 'Traceback (most recent call last):', '  File "/x.py", line 1, in f', '       ^^^^', 'ValueError: why', '',
  ].join('\n'));
  expect(tail(log)).toEqual(['Error: reason', 'ValueError: why']);
});

test('the report counts each type in each stack', () => {
  const entry = { kind: 'emulated', detail: '', logicalId: 'A' } as const;
  const report = new EmulatorReport([
    { ...entry, stack: 'One', type: 'AWS::S3::Bucket' }, { ...entry, stack: 'One', type: 'AWS::S3::Bucket' },
    { ...entry, stack: 'Two', type: 'AWS::S3::Bucket' }, { ...entry, stack: 'One', type: 'AWS::IAM::Role' },
    { ...entry, stack: 'One', type: 'AWS::Budgets::Budget', kind: 'stubbed' },
  ]);
  expect(report.stacks).toEqual(['One', 'Two']);
  expect(report.counts('emulated', 'One')).toEqual([['AWS::S3::Bucket', 2], ['AWS::IAM::Role', 1]]);
  expect(report.counts('stubbed')).toEqual([['AWS::Budgets::Budget', 1]]);
});
