import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';

/** A process that was started for a run, recognisable later although process ids are used again. */
export interface StartedProcess {
  /** What it is, for people. */
  readonly name: string;
  /** Process id; also the id of its process group. */
  readonly pid: number;
  /** When the system says it was started: a process with the same id and another start is a stranger. */
  readonly started: string;
}

const GRACE_MS = 6_000;
const POLL_MS = 100;
const LINUX = fs.existsSync('/proc/self/stat');

/** What identifies a running process, or undefined when there is none of that id. */
export function describeProcess(name: string, pid: number): StartedProcess | undefined {
  const started = LINUX ? startOnLinux(pid) : startByPs(pid);
  return started ? { name, pid, started } : undefined;
}

/** Whether exactly that process still runs. */
export function isAlive(known: StartedProcess): boolean {
  return describeProcess(known.name, known.pid)?.started === known.started;
}

/** Asks a process group to end, then insists; returns when nobody is left in it. */
export async function stopGroup(pid: number, graceMs: number = GRACE_MS): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (groupRuns(pid)) {
    if (Date.now() > deadline) signalGroup(pid, 'SIGKILL');
    if (Date.now() > deadline + 2_000) return;
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** A process that ended and that nobody waited for still has its id; it does not count. */
function groupRuns(group: number): boolean {
  if (!LINUX) return signalGroup(group, 0);
  return signalGroup(group, 0) && fs.readdirSync('/proc').some(entry => {
    const fields = /^\d+$/.test(entry) ? statFields(entry) : undefined;
    return fields !== undefined && fields[0] !== 'Z' && fields[2] === String(group);
  });
}

function startOnLinux(pid: number): string | undefined {
  const fields = statFields(String(pid));
  return fields && fields[0] !== 'Z' ? fields[19] : undefined;
}

/** The fields of proc_pid_stat(5) from the third on: state, parent, group, ... the twentieth is the start in clock ticks. */
function statFields(pid: string): string[] | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' },
    }).trim() || undefined;
  } catch {
    return undefined;
  }
}
