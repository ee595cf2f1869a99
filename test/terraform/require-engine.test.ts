import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = resolve(__dirname, '../..');
const INSTALL = 'npm install cdktn@0.24.0 @cdktn/provider-aws@25.7.0 "constructs@>=10.7.0 <10.8.0"';

/** Loads the room in a folder that has these packages, and no other. */
function load(packages: Record<string, string | { linked: true }>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'terraform-entry-'));
  try {
    buildSync({ entryPoints: [join(ROOT, 'lib/terraform/index.ts')], bundle: true, platform: 'node', packages: 'external', outfile: join(folder, 'room.js') });
    for (const [name, version] of Object.entries(packages)) {
      const target = join(folder, 'node_modules', name);
      mkdirSync(dirname(target), { recursive: true });
      if (typeof version === 'object') {symlinkSync(join(ROOT, 'node_modules', name), target);} else {
        mkdirSync(target);
        writeFileSync(join(target, 'package.json'), JSON.stringify({ name, version }));
      }
    }
    const script = 'console.log(Object.keys(require("./room.js")).join())';
    const run = spawnSync(process.execPath, ['--preserve-symlinks', '-e', script], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH } });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('loading cdk-ml-platform/terraform', () => {
  test('says in one sentence what to install where the engine is missing', () => {
    const { status, output } = load({});
    expect(status).toBe(1);
    expect(output).toContain('cdk-ml-platform/terraform cannot be loaded: cdktn is not installed; @cdktn/provider-aws is not installed; constructs is not installed. Install with:');
    expect(output).toContain(INSTALL);
    expect(output).not.toMatch(/\n\s+at .*room\.js/);
    expect(output).not.toContain('Cannot find module');
  }, 30_000);

  test('names what is too old or too new', () => {
    const { status, output } = load({ 'cdktn': '0.23.1', '@cdktn/provider-aws': '25.8.0', 'constructs': '10.8.1' });
    expect(status).toBe(1);
    expect(output).toContain('cannot be loaded: cdktn is 0.23.1, needed is 0.24.0 or a later 0.24.x; constructs is 10.8.1, needed is 10.7.0 or a later 10.7.x. Install with:');
    expect(output).toContain(INSTALL);
  }, 30_000);

  test('works where the engine is installed', () => {
    const linked = { linked: true } as const;
    const { status, output } = load({ '@cdktn/provider-aws': linked, 'cdktn': linked, 'constructs': linked, 'cdk8s': linked });
    expect({ status, output: output.trim() }).toEqual({ status: 0, output: 'cluster,data,network' });
  }, 30_000);
});
