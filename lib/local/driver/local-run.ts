import * as fs from 'node:fs';
import * as os from 'node:os';
import { Listr } from 'listr2';
import { sweep } from './destruction';
import { Interrupted, messageOf, StepFailure } from './failure';
import type { Journey, RunOptions } from './journey';
import { tail } from './logs';
import { Run } from './run';
import { stepsOf } from './steps';
import { keptText, summaryOf } from './summary';
import { Supervisor } from './supervisor';
import { shortPath } from './surroundings';
import { cacheFolder } from '../toolchain/cache';
import { stopCommands } from '../toolchain/commands';

/** How a run is shown. */
export interface Display {
  /** Every line of the CDK CLI, and stack traces. */
  readonly verbose: boolean;
}

const SIGNALS: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** `npm run local`: from an empty cache to a rolled-back model. Returns the exit code. */
export async function localRun(options: RunOptions, display: Display): Promise<number> {
  await sweep(cacheFolder());
  const run = Run.begin(cacheFolder(), options.stacks, options.keep);
  const supervisor = new Supervisor((name, pid) => run.remember(name, pid));
  const onSignal = (signal: NodeJS.Signals): void => {
    supervisor.interrupt(signal);
    stopCommands();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const journey: Journey = { run, supervisor, options, chatty: display.verbose || isPerson(), python: '', outputs: {}, facts: {}, durations: [] };
  let code = 1;
  try {
    code = await travel(journey, display);
  } finally {
    await leave(journey, code);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  return code;
}

async function travel(journey: Journey, display: Display): Promise<number> {
  const started = performance.now();
  try {
    await show(stepsOf(journey.options), display).run(journey);
    await journey.conversation?.close();
    process.stdout.write(`\n${summaryOf(journey, (performance.now() - started) / 1_000)}\n`);
    return 0;
  } catch (error) {
    explain(error, journey.run, display);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

function isPerson(): boolean {
  return Boolean(process.stdout.isTTY) && !process.env.CI;
}

function show(steps: ReturnType<typeof stepsOf>, display: Display): Listr<Journey, 'default' | 'simple' | 'verbose'> {
  return new Listr<Journey, 'default' | 'simple' | 'verbose'>(steps, {
    concurrent: false,
    registerSignalListeners: false,
    renderer: isPerson() && !display.verbose ? 'default' : 'simple',
    rendererOptions: { timer: TIMER },
  });
}

const TIMER = {
  condition: true,
  field: (milliseconds: number) => `${(milliseconds / 1_000).toFixed(1)} s`,
  format: () => (text?: string) => text ?? '',
};

async function leave(journey: Journey, code: number): Promise<void> {
  const { run, supervisor } = journey;
  const stays = code === 0 && journey.options.keep;
  await supervisor.stopAll(!stays);
  if (stays) {
    process.stdout.write(keptText(journey));
    return;
  }
  await run.stopProcesses();
  const logsWanted = code === 1;
  if (logsWanted) run.collectLogs();
  run.remove(logsWanted);
  if (logsWanted) process.stderr.write(`Logs: ${shortPath(run.logs)}\n`);
}

/** The reason, the last lines of the log and what to do; a stack trace only for what nobody foresaw and only with --verbose. */
function explain(error: unknown, run: Run, display: Display): void {
  const say = (line: string): void => void process.stderr.write(`${line}${os.EOL}`);
  if (error instanceof Error) fs.appendFileSync(run.log('driver'), `${error.stack}\n`);
  if (error instanceof Interrupted) return say(`\n${error.message}: ending what was started`);
  say(`\nFailed: ${messageOf(error)}`);
  if (error instanceof StepFailure) {
    const { hint, log } = error.details;
    if (hint) say(`What to do: ${hint}`);
    const lines = log ? tail(log) : [];
    if (lines.length > 0) say(`Last lines of ${shortPath(log ?? '')}:\n${lines.map(line => `  ${line}`).join('\n')}`);
  } else if (display.verbose && error instanceof Error) {
    say(error.stack ?? '');
  }
  if (!display.verbose) say(`Run ${run.id} failed; --verbose shows more`);
}
