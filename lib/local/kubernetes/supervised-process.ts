import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/**
 * Runs the program and ends it when standard input closes, which the kernel does when the parent dies, however it dies.
 * The program itself reads nothing.
 */
const SUPERVISOR = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ while read -r line; do :; done; kill -TERM $child; sleep 5; kill -KILL $child; } <&3 2>/dev/null &
watcher=$!
wait $child
code=$?
kill $watcher 2>/dev/null
exit $code`;

/** What to start. */
export interface SupervisedProcessProps {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables beside those of this process. @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** File that takes everything the program prints. */
  readonly log: string;
}

/** A program that never outlives this process. */
export class SupervisedProcess {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly props: SupervisedProcessProps;

  constructor(props: SupervisedProcessProps) {
    this.props = props;
    const log = openSync(props.log, 'a');
    this.child = spawn('sh', ['-c', SUPERVISOR, 'sh', props.command, ...props.args], {
      env: { ...process.env, ...props.environment },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.once('error', () => resolve());
    });
  }

  /** Throws with the end of its log if it has ended by itself. */
  assertRunning(): void {
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.props.command} ended with ${signalCode ?? exitCode}: ${this.lastLines()}`);
  }

  /** Ends it, and waits until it has ended. */
  async stop(): Promise<void> {
    this.child.stdin?.end();
    await this.ended;
  }

  /** The end of what it printed. */
  lastLines(count = 15): string {
    return readFileSync(this.props.log, 'utf8').trim().split('\n').slice(-count).join('\n');
  }
}
