import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';

/** A holder that has not said so for this long has died. */
const STALE_MS = 120_000;
/** How long to wait for another process that makes the same entry: as long as the slowest build takes on one core. */
const WAIT_S = 1_800;

/**
 * Where built tools, Python environments and seeded databases are kept between runs.
 *
 * `$ML_PLATFORM_CACHE`, else `$XDG_CACHE_HOME/cdk-ml-platform`, else `~/.cache/cdk-ml-platform`.
 */
export function cacheFolder(): string {
  const { ML_PLATFORM_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  if (own) return own;
  return join(xdg || join(homedir(), '.cache'), 'cdk-ml-platform');
}

/** Name of an entry that is different as soon as anything that went into it is. */
export function entryName(kind: string, parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return `${kind}-${hash.digest('hex').slice(0, 16)}`;
}

/** Folder of an entry that is complete, or undefined. */
export function findEntry(name: string): string | undefined {
  const folder = join(cacheFolder(), name);
  return existsSync(folder) ? folder : undefined;
}

/**
 * Folder of an entry, made first if it is not there.
 *
 * `make` fills a temporary folder that is renamed into place when it is done, so an entry is whole or absent. Two processes
 * that want the same one wait for each other.
 */
export async function cacheEntry(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const retries = { retries: WAIT_S, factor: 1, minTimeout: 1_000, maxTimeout: 1_000 };
  const release = await lock(folder, { realpath: false, stale: STALE_MS, retries });
  try {
    if (!existsSync(folder)) await makeEntry(folder, make);
  } finally {
    await release();
  }
  return folder;
}

async function makeEntry(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const temporary = join(cacheFolder(), 'unfinished', randomUUID());
  mkdirSync(temporary, { recursive: true });
  try {
    await make(temporary);
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
