import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { fail } from './faults';

/** Docker targets of the one runtime image. */
export type RuntimeTarget = 'registry' | 'serving' | 'data' | 'quality' | 'quality-spark' | 'features';

/** Where the runtime image is built from, as plain data: every engine makes its own asset of it. */
export interface RuntimeAsset {
  /** Absolute path of the folder with the Dockerfile. */
  readonly directory: string;
  /** Stage of the Dockerfile. */
  readonly target: RuntimeTarget;
  /** Globs (gitignore style) of files that are no part of the image; without them running pytest would change template bytes. */
  readonly exclude: string[];
}

const EXCLUDE = [
  '**/__pycache__', '**/*.pyc', '**/*.egg-info', '**/.venv', '**/.pytest_cache', '**/.ruff_cache', '**/.mypy_cache',
  '.gitignore', 'tests', 'README.md', 'requirements/dev.lock', 'requirements/lock.sh',
];

/** The runtime image with one of its targets. */
export function runtimeAsset(target: RuntimeTarget): RuntimeAsset {
  return { directory: runtimeDirectory(__dirname), target, exclude: [...EXCLUDE] };
}

/** `lib/runtime` from the package root, whether this file runs from `lib/` (tests) or from `build/` (published). */
export function runtimeDirectory(from: string): string {
  const directory = join(packageRoot(from), 'lib', 'runtime');
  if (!existsSync(join(directory, 'pyproject.toml'))) {
    fail('runtime image', 'missing-runtime',
      `the sources of the runtime image are not at '${directory}'; install the package again, or give an image of your own`);
  }
  return directory;
}

function packageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) {
      return fail('runtime image', 'missing-package-root', `no package.json stands above '${from}'; install the package again`);
    }
  }
}
