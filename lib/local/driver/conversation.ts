import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PYTHON_SOURCES, type Emulator } from './emulator';
import { StepFailure } from './failure';
import type { PlatformAddresses } from './platform-addresses';
import type { Run } from './run';
import { exitOf, type Supervisor } from './supervisor';
import { awsEnvironment, cleanEnvironment, PYTHON_SWITCHES } from './surroundings';

/** What a step of the model life found out. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

type Answer =
  | { readonly progress: string }
  | { readonly result: Facts }
  | { readonly failure: string; readonly hint: string | null };

/** The Python process that lives the model's life; one for all steps, because its imports take seconds. */
export class Conversation {
  private readonly child: ChildProcess;
  private readonly ended: Promise<Answer>;
  private readonly waiting: Array<(answer: Answer) => void> = [];
  private onProgress: (text: string) => void = () => undefined;
  private readonly log: string;

  constructor(run: Run, private readonly supervisor: Supervisor, python: string, emulator: Emulator) {
    this.log = run.log('model-life');
    this.child = supervisor.start(python, ['-m', 'ml_platform_life'], {
      cwd: run.path('tmp'),
      env: {
        ...cleanEnvironment(),
        ...awsEnvironment(emulator.endpoint),
        HOME: run.path('home'),
        TMPDIR: run.path('tmp'),
        PYTHONPATH: PYTHON_SOURCES,
        ...PYTHON_SWITCHES,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1', // from the second on a client sleeps for seconds
      },
      log: this.log,
      output: 'pipe',
    });
    this.ended = exitOf(this.child).then(code => ({ failure: `the model life ended with exit code ${code}`, hint: null }));
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', line => this.hear(line));
    this.child.stdin?.on('error', () => undefined); // its end is noticed by `ended`
  }

  /** Tells it where the platform is. */
  public async meet(platform: PlatformAddresses): Promise<void> {
    await this.step('meet', { ...platform });
  }

  /** Runs one step and returns what it found out; throws StepFailure. */
  public async step(step: string, args: Readonly<Record<string, unknown>> = {}, onProgress?: (text: string) => void): Promise<Facts> {
    this.onProgress = onProgress ?? (() => undefined);
    const answered = new Promise<Answer>(resolve => this.waiting.push(resolve));
    this.child.stdin?.write(`${JSON.stringify({ step, arguments: args })}\n`);
    const answer = await Promise.race([answered, this.ended, this.supervisor.interrupted]);
    if ('result' in answer) return answer.result;
    if ('failure' in answer) throw new StepFailure(answer.failure, { log: this.log, hint: answer.hint ?? undefined });
    throw new StepFailure('the model life spoke out of turn', { log: this.log });
  }

  /** Lets it end. */
  public async close(): Promise<void> {
    this.child.stdin?.end();
    await Promise.race([this.ended, this.supervisor.interrupted]);
  }

  private hear(line: string): void {
    const answer: Answer = JSON.parse(line);
    if ('progress' in answer) this.onProgress(answer.progress);
    else this.waiting.shift()?.(answer);
  }
}
