import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { dirname, join, relative } from 'path';

/**
 * Makes a folder hold exactly these files: what is there already with the same bytes is not touched, what is not named is removed.
 *
 * @param directory absolute path; made when it is missing
 * @param files relative path to contents
 */
export function writeFolder(directory: string, files: Readonly<Record<string, string>>): void {
  for (const path of filesBelow(directory)) {
    if (!(relative(directory, path).split('\\').join('/') in files)) rmSync(path);
  }
  for (const [path, contents] of Object.entries(files)) {
    const target = join(directory, path);
    if (read(target) === contents) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents);
  }
}

function filesBelow(directory: string): string[] {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
