import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Interrupted, StepFailure } from './failure';
import { LogFollower } from './logs';
import { stopGroup } from './processes';

/** How to start a process. */
export interface StartOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** File that its output is appended to. */
  readonly log: string;
  /** `pipe`: standard input and output are for a conversation, only errors go to the log. @default 'log' */
  readonly output?: 'log' | 'pipe';
  /** Stays when the driver ends well (`--keep`). @default false */
  readonly outlives?: boolean;
}

/** How to run a command to its end. */
export interface RunOptions extends StartOptions {
  /** Sees each line of output. */
  readonly onLine?: (line: string) => void;
  /** What to say when it fails. */
  readonly failure: string;
  /** What to do then. */
  readonly hint?: string;
}

/** Starts processes, each in its own group, and ends all of them. */
export class Supervisor {
  private readonly children = new Map<ChildProcess, StartOptions>();
  private interruption?: Interrupted;
  private readonly onInterrupt: Array<(interruption: Interrupted) => void> = [];

  /** Rejects as soon as the run is interrupted; for whatever waits without a process of its own. */
  public readonly interrupted: Promise<never>;

  /** @param onStart hears of every process, so that a later command can end what this one could not */
  constructor(private readonly onStart: (name: string, pid: number) => void) {
    this.interrupted = new Promise((_, reject) => this.onInterrupt.push(reject));
    this.interrupted.catch(() => undefined);
  }

  /** Ends what runs and refuses to start more. */
  public interrupt(signal: NodeJS.Signals): void {
    if (this.interruption) return;
    this.interruption = new Interrupted(signal);
    for (const listener of this.onInterrupt) listener(this.interruption);
  }

  /** Throws when the run was interrupted. */
  public check(): void {
    if (this.interruption) throw this.interruption;
  }

  /** Starts a process that goes on beside the run. */
  public start(command: string, args: readonly string[], options: StartOptions): ChildProcess {
    this.check();
    const log = fs.openSync(options.log, 'a');
    const stdio: StdioOptions = options.output === 'pipe' ? ['pipe', 'pipe', log] : ['ignore', log, log];
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio, detached: true });
    fs.closeSync(log);
    this.children.set(child, options);
    if (child.pid !== undefined) this.onStart(path.basename(options.log, '.log'), child.pid);
    child.once('exit', () => this.children.delete(child));
    child.once('error', () => this.children.delete(child));
    return child;
  }

  /** Runs a command to its end; throws StepFailure unless it exits with 0. */
  public async run(command: string, args: readonly string[], options: RunOptions): Promise<void> {
    const follower = options.onLine && new LogFollower(options.log, options.onLine);
    const child = this.start(command, args, options);
    try {
      const code = await Promise.race([exitOf(child), this.interrupted]);
      if (code !== 0) throw new StepFailure(`${options.failure} (exit code ${code})`, options);
    } finally {
      follower?.stop();
    }
  }

  /**
   * Ends every process that was started, children of children included. Processes of a kept run are left unless `all`.
   *
   * @param graceMs how long a process may take before it is made to end
   */
  public async stopAll(all: boolean, graceMs?: number): Promise<void> {
    const victims = [...this.children].filter(([, options]) => all || !options.outlives).map(([child]) => child);
    await Promise.all(victims.map(child => child.pid === undefined ? undefined : stopGroup(child.pid, graceMs)));
    for (const [child] of this.children) child.unref();
  }
}

/** The exit code of a child, 127 when it could not be started. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise(resolve => {
    if (child.exitCode !== null) resolve(child.exitCode);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
    child.once('error', () => resolve(127));
  });
}
