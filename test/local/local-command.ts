import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { cacheFolder } from '../../lib/local/toolchain/cache';

const PROJECT = path.resolve(__dirname, '..', '..');

/** How a command ended. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** A machine of its own for `npm run local`: an empty home, a temporary folder, and a cache that borrows the installed tools. */
export class Laptop {
  private readonly root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'laptop-')));

  constructor() {
    fs.chmodSync(this.root, 0o755);
    for (const folder of [this.home, this.temporary, this.cache]) fs.mkdirSync(folder);
    // what tsx has translated once serves all laptops
    const translated = `tsx-${os.userInfo().uid}`;
    fs.mkdirSync(path.join(os.tmpdir(), translated), { recursive: true });
    fs.symlinkSync(path.join(os.tmpdir(), translated), path.join(this.temporary, translated));
    for (const entry of fs.readdirSync(cacheFolder())) {
      if (/^(python|uv)-/.test(entry)) fs.symlinkSync(path.join(cacheFolder(), entry), path.join(this.cache, entry));
    }
  }

  /** Home folder; nothing may be written there. */
  public get home(): string {
    return path.join(this.root, 'h');
  }

  /** The system's temporary folder. */
  public get temporary(): string {
    return path.join(this.root, 't');
  }

  /** The cache. */
  public get cache(): string {
    return path.join(this.root, 'c');
  }

  /** Names of what runs left in the cache. */
  public get leftInCache(): string[] {
    const folder = path.join(this.cache, 'runs');
    return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  }

  /** Names of what runs left in the temporary folder. tsx, which starts the command, keeps a cache there. */
  public get leftInTemporary(): string[] {
    return fs.readdirSync(this.temporary).filter(name => !name.startsWith('tsx-') && !name.startsWith('node-compile-cache'));
  }

  /** Processes that know one of the laptop's folders, by their command line or environment. */
  public get processes(): string[] {
    if (!fs.existsSync('/proc/self/environ')) throw new Error('this test reads /proc');
    return fs.readdirSync('/proc').filter(entry => /^\d+$/.test(entry)).flatMap(pid => {
      const [command, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)];
      return `${command} ${environment}`.includes(this.root) ? [`${pid} ${command.replace(/\0/g, ' ')}`] : [];
    });
  }

  /** Starts a command as a person at a terminal does: in a process group of its own. */
  public start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningCommand {
    const { PYTHONDONTWRITEBYTECODE: _, XDG_CACHE_HOME: __, ...inherited } = process.env;
    return new RunningCommand(spawn(process.execPath, ['--import', 'tsx', path.join(PROJECT, 'lib', 'local', 'main.ts'), ...args], {
      cwd: PROJECT,
      env: { ...inherited, HOME: this.home, TMPDIR: this.temporary, ML_PLATFORM_CACHE: this.cache, NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    }));
  }

  /** Removes it, with what a test that failed has left running. */
  public async remove(): Promise<void> {
    if (this.leftInCache.some(name => name.endsWith('.json'))) await this.start(['destroy']).ended;
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** A command that may still run. */
export class RunningCommand {
  /** How it ended, once it has. */
  public readonly ended: Promise<Ending>;
  private output = '';

  constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (data: Buffer) => { this.output += data; });
    child.stderr?.on('data', (data: Buffer) => { this.output += data; });
    this.ended = new Promise(resolve => child.once('close', code => resolve({ code, output: this.output })));
  }

  /** Returns when it has said something. */
  public async says(text: string): Promise<void> {
    await this.goesOnUntil(() => this.output.includes(text), `saying ${JSON.stringify(text)}`);
  }

  /** Returns when something is true; fails when the command ends before. */
  public async goesOnUntil(happened: () => boolean, what: string = 'what was waited for'): Promise<void> {
    let over = false;
    void this.ended.then(() => { over = true; });
    while (!happened()) {
      if (over) throw new Error(`it ended without ${what}:\n${this.output}`);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  /** Sends a signal to the whole group, as a terminal does with Ctrl-C. */
  public signal(name: NodeJS.Signals): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, name);
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
