import { messageOf } from './failure';
import { Run } from './run';

/** Ends and removes what died without cleaning up, for example by SIGKILL. */
export async function sweep(cache: string): Promise<void> {
  for (const run of Run.all(cache)) {
    if (run.busy || (run.state.kept && run.state.addresses)) continue;
    await run.stopProcesses();
    run.remove(false);
  }
  Run.forgetOldLogs(cache);
}

/** `npm run local -- destroy [id]`: ends kept runs, also when their processes are gone already. Returns the exit code. */
export async function destroyRuns(cache: string, id?: string): Promise<number> {
  await sweep(cache);
  const runs = Run.all(cache).filter(run => id === undefined || run.id === id);
  if (id !== undefined && runs.length === 0) {
    const known = Run.all(cache).map(run => run.id);
    process.stderr.write(`there is no run ${id}; ${known.length > 0 ? `there are ${known.join(', ')}` : 'none is kept'}\n`);
    return 1;
  }
  let code = 0;
  for (const run of runs) {
    try {
      process.stdout.write(`${await destroyRun(run)}\n`);
    } catch (error) {
      process.stderr.write(`${run.id}: ${messageOf(error)}\n`);
      code = 1;
    }
  }
  if (runs.length === 0) process.stdout.write('nothing is kept\n');
  return code;
}

async function destroyRun(run: Run): Promise<string> {
  if (run.busy) return `${run.id} is still being made; end it with Ctrl-C where it runs`;
  const ended = await run.stopProcesses();
  run.remove(false);
  return `${run.id} is gone${ended === 0 ? '; its processes had ended before' : ''}`;
}
