import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Surroundings of a command. */
export interface CommandOptions {
  /** Working folder. @default - the current one */
  readonly cwd?: string;
  /** Environment. @default - that of this process */
  readonly env?: NodeJS.ProcessEnv;
}

const running = new Set<ChildProcess>();

/** Ends every command that runs now, with Ctrl-C for example; whoever waits for one gets its failure and cleans up. */
export function stopCommands(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs a command to its end. Throws an error with the last lines of what it said if it fails. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { ...options, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      running.delete(child);
      if (error) reject(new Error(`${command} ${args.join(' ')} failed: ${lastLines(stderr || stdout || error.message)}`));
      else resolve(stdout);
    });
    running.add(child);
  });
}

/** What a short command prints, or undefined if it cannot be run. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
  } catch {
    return undefined;
  }
}

/** Path of an executable that the shell would find, or undefined. */
export function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
    .map(folder => join(folder, name)).find(isExecutable);
}

/** Whether a path is a file that may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-12).join('\n');
}
