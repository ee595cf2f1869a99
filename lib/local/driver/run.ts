import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { describeProcess, isAlive, type StartedProcess, stopGroup } from './processes';

const PREFIX = 'ml-platform-';
const LOGS_KEPT_MS = 14 * 24 * 3_600_000;

/** What is kept on disk about a run, so that a later command can end it. */
export interface RunState {
  /** Name of the run. */
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The stacks that were deployed. */
  readonly stacks: string;
  /** Whether it was asked to stay. */
  readonly kept: boolean;
  /** The run's own temporary folder. */
  readonly directory: string;
  /** The command that started it. */
  readonly driver?: StartedProcess;
  /** What it started and what is to be ended. */
  readonly processes: readonly StartedProcess[];
  /** Names and addresses for people. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** Environment variables with which a client reaches the run. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One run: its folders and its record. */
export class Run {
  /** Starts the record of a new run; everything that it writes lies in a temporary folder of its own. */
  public static begin(cache: string, stacks: string, kept: boolean): Run {
    const stamp = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
    const id = `${stamp}-${crypto.randomBytes(2).toString('hex')}`;
    // the system's own folder, not one below it: a path of a Unix socket has at most 104 characters
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), PREFIX));
    fs.chmodSync(directory, 0o755); // PostgreSQL does not run as root and must be able to enter
    const run = new Run(cache, {
      id, stacks, kept, directory, startedAt: new Date().toISOString(), processes: [], driver: describeProcess('driver', process.pid),
    });
    for (const folder of [run.logs, run.path('home'), run.path('tmp')]) fs.mkdirSync(folder, { recursive: true });
    run.update({});
    return run;
  }

  /** All runs that left a record. */
  public static all(cache: string): Run[] {
    const folder = path.join(cache, 'runs');
    if (!fs.existsSync(folder)) return [];
    const records = fs.readdirSync(folder).filter(name => name.endsWith('.json')).sort();
    return records.flatMap(name => {
      const state = readState(path.join(folder, name));
      return state ? [new Run(cache, state)] : [];
    });
  }

  /** Removes the logs of runs that failed long ago. */
  public static forgetOldLogs(cache: string): void {
    const known = new Set(Run.all(cache).map(run => run.id));
    const folder = path.join(cache, 'runs');
    for (const entry of fs.existsSync(folder) ? fs.readdirSync(folder, { withFileTypes: true }) : []) {
      const place = path.join(folder, entry.name);
      if (!entry.isDirectory() || known.has(entry.name)) continue;
      const age = Date.now() - (fs.statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > LOGS_KEPT_MS) fs.rmSync(place, { recursive: true, force: true });
    }
  }

  private constructor(private readonly cache: string, private current: RunState) {}

  /** What is known now. */
  public get state(): RunState {
    return this.current;
  }

  /** Name of the run. */
  public get id(): string {
    return this.current.id;
  }

  /** Folder of the run's log files; survives a failure. */
  public get logs(): string {
    return path.join(this.cache, 'runs', this.id, 'logs');
  }

  /** A path in the run's temporary folder. */
  public path(...parts: string[]): string {
    return path.join(this.current.directory, ...parts);
  }

  /** A log file. */
  public log(name: string): string {
    return path.join(this.logs, `${name}.log`);
  }

  /** Whether the command that started it still works on it. */
  public get busy(): boolean {
    return this.current.driver !== undefined && isAlive(this.current.driver);
  }

  /** Adds to the record. */
  public update(change: Partial<RunState>): void {
    this.current = { ...this.current, ...change };
    const file = this.recordFile();
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.new`, `${JSON.stringify(this.current, undefined, 2)}\n`, { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  }

  /** Notes a process that must be ended with the run. */
  public remember(name: string, pid: number): void {
    const known = describeProcess(name, pid);
    if (known) this.update({ processes: [...this.current.processes.filter(isAlive), known] });
  }

  /** Ends what the record names, where it still runs. Returns how many processes were ended. */
  public async stopProcesses(): Promise<number> {
    const alive = this.current.processes.filter(isAlive);
    await Promise.all(alive.map(known => stopGroup(known.pid)));
    return alive.length;
  }

  /** Copies the logs of the emulated services beside the driver's own. */
  public collectLogs(): void {
    const from = this.path('emulator', 'logs');
    if (fs.existsSync(from)) fs.cpSync(from, path.join(this.logs, 'services'), { recursive: true });
  }

  /** Removes the temporary folder and the record, and the logs unless they are to be read. */
  public remove(keepLogs: boolean): void {
    if (!path.basename(this.current.directory).startsWith(PREFIX)) throw new Error(`${this.current.directory} is no folder of a run`);
    fs.rmSync(this.current.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    fs.rmSync(this.recordFile(), { force: true });
    if (!keepLogs) fs.rmSync(path.dirname(this.logs), { recursive: true, force: true });
  }

  private recordFile(): string {
    return path.join(this.cache, 'runs', `${this.id}.json`);
  }
}

function readState(file: string): RunState | undefined {
  try {
    const state: RunState = JSON.parse(fs.readFileSync(file, 'utf8'));
    return state.id && state.directory && Array.isArray(state.processes) ? state : undefined;
  } catch {
    return undefined; // half written or removed by another command in this moment
  }
}
