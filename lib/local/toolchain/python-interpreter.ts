import { onPath, outputOf } from './commands';

/** Oldest Python that the platform's runtime supports. */
const OLDEST_MINOR = 10;

/** A Python interpreter, or why there is none. */
export type FoundPython =
  | { readonly available: true; readonly path: string; readonly identity: string }
  | { readonly available: false; readonly reason: string };

const IDENTITY = 'import sys, sysconfig; print(*sys.version_info[:3], sysconfig.get_platform(), sys.base_prefix)';

/** The interpreter named by `ML_PLATFORM_PYTHON`, else the first fitting one on PATH. */
export function findPython(): FoundPython {
  const named = process.env.ML_PLATFORM_PYTHON;
  const names = named ? [named] : ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const seen: string[] = [];
  for (const name of names) {
    const path = name.includes('/') ? name : onPath(name);
    const identity = path ? outputOf(path, ['-c', IDENTITY])?.trim() : undefined;
    if (!path || !identity) continue;
    const [major, minor] = identity.split(' ').map(Number);
    if (major === 3 && (minor ?? 0) >= OLDEST_MINOR) return { available: true, path, identity };
    seen.push(`${name} is ${major}.${minor}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : `${names.join(', ')} cannot be run`;
  return { available: false, reason: `Python 3.${OLDEST_MINOR} or newer is needed: ${found}; name one by ML_PLATFORM_PYTHON` };
}
