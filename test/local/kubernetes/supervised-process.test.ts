import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SupervisedProcess } from '../../../lib/local/kubernetes/supervised-process';

const MODULE = join(__dirname, '../../../lib/local/kubernetes/supervised-process.ts');
let folder: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ml-supervised-'));
  log = join(folder, 'log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The program writes its process id, then waits. */
const waits = (): { command: string; args: string[]; log: string } => ({ command: 'sh', args: ['-c', 'echo $$; exec sleep 600'], log });

async function pidOf(file: string): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const pid = Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' }));
    if (pid > 0) return pid;
    await sleep(50);
  }
  throw new Error('the program did not start');
}

async function endOf(program: SupervisedProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    program.assertRunning();
    await sleep(50);
  }
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(50);
  }
  return false;
}

test('a program runs until it is stopped, and has ended when stop returns', async () => {
  const program = new SupervisedProcess(waits());
  const pid = await pidOf(log);
  expect(() => program.assertRunning()).not.toThrow();
  await program.stop();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a program that ended by itself is reported with the end of its log', async () => {
  const program = new SupervisedProcess({ command: 'sh', args: ['-c', 'echo "address already in use"; exit 3'], log });
  await expect(endOf(program)).rejects.toThrow('sh ended with 3: address already in use');
});

test('a program does not outlive a parent that is killed', async () => {
  const code = `new (require(${JSON.stringify(MODULE)}).SupervisedProcess)(${JSON.stringify(waits())}); setInterval(() => {}, 1000)`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: 'ignore' });
  const pid = await pidOf(log);
  parent.kill('SIGKILL');
  expect(await isGone(pid)).toBe(true);
}, 30_000);
