import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheEntry, cacheFolder, entryName, findEntry } from '../../../lib/local/toolchain/cache';

let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ml-cache-'));
  process.env.ML_PLATFORM_CACHE = folder;
});

afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

test('the cache lies where the user says, else where the desktop standard says, else in the home folder', () => {
  expect(cacheFolder()).toBe(folder);
  delete process.env.ML_PLATFORM_CACHE;
  process.env.XDG_CACHE_HOME = '/somewhere';
  expect(cacheFolder()).toBe('/somewhere/cdk-ml-platform');
  delete process.env.XDG_CACHE_HOME;
  expect(cacheFolder()).toBe(join(homedir(), '.cache/cdk-ml-platform'));
});

test('the name of an entry changes with every part and with where one part ends and the next begins', () => {
  const names = [['a'], ['b'], ['a', 'b'], ['ab'], ['a', 'b', '']].map(parts => entryName('tool', parts));
  expect(new Set(names).size).toBe(names.length);
  expect(entryName('tool', ['a'])).toBe(entryName('tool', ['a']));
});

test('an entry is made once and found afterwards', async () => {
  const make = jest.fn(async (into: string) => writeFileSync(join(into, 'file'), 'content'));
  expect(findEntry('tool-1')).toBeUndefined();
  const made = await cacheEntry('tool-1', make);
  expect(await cacheEntry('tool-1', make)).toBe(made);
  expect(findEntry('tool-1')).toBe(made);
  expect(readFileSync(join(made, 'file'), 'utf8')).toBe('content');
  expect(make).toHaveBeenCalledTimes(1);
});

test('two that want the same entry at once wait for each other', async () => {
  const make = jest.fn(async (into: string) => {
    await new Promise(resolve => setTimeout(resolve, 300));
    writeFileSync(join(into, 'file'), 'content');
  });
  const [one, other] = await Promise.all([cacheEntry('tool-2', make), cacheEntry('tool-2', make)]);
  expect(one).toBe(other);
  expect(make).toHaveBeenCalledTimes(1);
});

test('what fails half way leaves no entry, and the next one may try again', async () => {
  const half = async (into: string): Promise<void> => {
    writeFileSync(join(into, 'half'), '');
    throw new Error('no space left');
  };
  await expect(cacheEntry('tool-3', half)).rejects.toThrow('no space left');
  expect(findEntry('tool-3')).toBeUndefined();
  expect(readdirSync(join(folder, 'unfinished'))).toEqual([]);
  const made = await cacheEntry('tool-3', async into => writeFileSync(join(into, 'whole'), ''));
  expect(existsSync(join(made, 'whole'))).toBe(true);
});
