import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryName } from './cache';
import { run } from './commands';
import { findPython } from './python-interpreter';
import type { Tool } from './tool';

const LOCK = join(__dirname, 'uv.lock');

/** uv, which installs locked Python environments; itself installed by pip from a lock with hashes. */
export function uvTool(): Tool {
  const lock = readFileSync(LOCK, 'utf8');
  const version = /^uv==(\S+)/m.exec(lock)?.[1] ?? '';
  return {
    name: 'uv',
    variable: 'ML_PLATFORM_UV',
    version,
    onPath: { args: ['--version'], accepts: new RegExp(`\\b${version.replace(/\./g, '\\.')}\\b`) },
    binary: 'bin/uv',
    entry: () => entryName('uv', [lock, process.platform, process.arch]),
    obstacle: () => {
      const python = findPython();
      return python.available ? undefined : python.reason;
    },
    make: async (folder) => {
      const python = findPython();
      if (!python.available) throw new Error(python.reason);
      await run(python.path, ['-m', 'venv', folder]);
      await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--require-hashes', '--no-deps', '-r', LOCK]);
    },
  };
}
