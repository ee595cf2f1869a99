import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry, cacheFolder, entryName, findEntry } from './cache';
import { run } from './commands';
import { findPython } from './python-interpreter';
import { requireTool } from './tool';

/** The interpreter of an installed environment, or why there is none. */
export type FoundEnvironment =
  | { readonly available: true; readonly python: string }
  | { readonly available: false; readonly reason: string };

/** Looks for the environment of a lock file without making it. */
export function findPythonEnvironment(lockFile: string): FoundEnvironment {
  const python = findPython();
  if (!python.available) return python;
  const entry = findEntry(environmentName(lockFile, python.identity));
  if (entry) return { available: true, python: join(entry, 'bin/python') };
  return { available: false, reason: `the environment of ${lockFile} is not installed; make it by: npx tsx lib/local/toolchain/main.ts --python ${lockFile}` };
}

/**
 * The environment of a lock file with hashes, installed once for this lock and this Python and then shared by every run.
 * Nobody may install into it: other runs use it at the same time.
 */
export async function pythonEnvironment(lockFile: string): Promise<FoundEnvironment> {
  const python = findPython();
  if (!python.available) return python;
  try {
    const entry = await cacheEntry(environmentName(lockFile, python.identity), async (folder) => {
      await install(await requireTool('uv'), python.path, lockFile, folder);
    });
    return { available: true, python: join(entry, 'bin/python') };
  } catch (error) {
    return { available: false, reason: `the environment of ${lockFile} could not be installed: ${(error as Error).message}` };
  }
}

/** Interpreter of the environment of a lock file, installed if need be. Throws with the reason if it is not to be had. */
export async function requirePythonEnvironment(lockFile: string): Promise<string> {
  const found = await pythonEnvironment(lockFile);
  if (!found.available) throw new Error(found.reason);
  return found.python;
}

async function install(uv: string, python: string, lockFile: string, folder: string): Promise<void> {
  // set where people want no __pycache__ beside sources; here it would make every start compile everything again
  const { PYTHONDONTWRITEBYTECODE: _unset, VIRTUAL_ENV: _other, ...inherited } = process.env;
  // nothing is written outside of the one cache folder; on its file system packages are linked, not copied
  const env = { UV_CACHE_DIR: join(cacheFolder(), 'uv-cache'), ...inherited };
  // relocatable: the folder is renamed into place when it is complete
  await run(uv, ['venv', '--quiet', '--allow-existing', '--relocatable', '--python', python, folder], { env });
  const target = join(folder, 'bin/python');
  await run(uv, ['pip', 'sync', '--quiet', '--compile-bytecode', '--require-hashes', '--python', target, lockFile], { env });
}

function environmentName(lockFile: string, identity: string): string {
  return entryName('python', [readFileSync(lockFile, 'utf8'), identity]);
}
