/**
 * `npm run local`: the platform on this laptop. See README.md beside this file.
 */
import { Command, Option } from 'commander';
import { destroyRuns } from './driver/destruction';
import { messageOf } from './driver/failure';
import { localRun } from './driver/local-run';
import { cacheFolder } from './toolchain/cache';

interface Flags {
  readonly stacks: string;
  readonly app?: string;
  readonly kubernetes: boolean;
  readonly keep: boolean;
  readonly verbose: boolean;
}

async function main(): Promise<void> {
  const program = new Command('npm run local --')
    .description('Deploys a reference platform to an embedded AWS on this machine and takes a model through its life on it.')
    .addOption(new Option('--stacks <name>', 'which reference platform').choices(['starter', 'features', 'reference']).default('features'))
    .option('--app <file>', 'another CDK app instead; it needs the outputs that README.md lists')
    .option('--kubernetes', 'apply charts and manifests to a real API server on this machine', false)
    .option('--keep', 'leave everything running and print how to reach it', false)
    .option('--verbose', 'show what the tools say', false)
    .action(async (flags: Flags) => {
      process.exitCode = await localRun(flags, flags);
      // an interrupted wait, for a lock for example, may still have its timer
      setTimeout(() => process.exit(), 3_000).unref();
    });
  program.command('destroy').argument('[id]', 'one run; all kept runs otherwise').description('End what --keep left running.')
    .action(async (id?: string) => {
      process.exitCode = await destroyRuns(cacheFolder(), id);
    });
  await program.parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
