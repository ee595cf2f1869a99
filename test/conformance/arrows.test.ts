import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** Runs the project's own rules over a small tree and gives the names of the rules that were broken. */
function brokenRules(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'arrows-'));
  try {
    writeFileSync(join(folder, 'tsconfig.json'), '{"compilerOptions":{"module":"node16","moduleResolution":"node16"},"include":["lib/**/*.ts"]}');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const run = spawnSync(process.execPath, [CRUISER, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'lib'],
      { cwd: folder, encoding: 'utf8' });
    const summary = JSON.parse(run.stdout).summary as { violations: { rule: { name: string } }[] };
    return [...new Set(summary.violations.map((violation) => violation.rule.name))].sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the arrows between rooms', () => {
  test('hold in the library', () => {
    const output = execFileSync(process.execPath, [CRUISER, '--config', '.dependency-cruiser.cjs', 'lib', 'stacks', 'examples'], { cwd: ROOT, encoding: 'utf8' });
    expect(output).toContain('no dependency violations found');
  }, 60_000);

  test.each([
    ['an early room that imports a later one', { 'lib/core/a.ts': "import '../network/b';", 'lib/network/b.ts': 'export {};' }, ['core-imports-only-what-stands-before-it']],
    ['a neighbour imported past its interfaces', { 'lib/serving/a.ts': "import '../registry/store';", 'lib/registry/store.ts': 'export {};' }, ['serving-knows-its-neighbours-by-interfaces-only']],
    ["a room's private part used by another room", { 'lib/cluster/a.ts': "import '../network/private/b';", 'lib/network/private/b.ts': 'export {};' }, ['private-belongs-to-its-room']],
    ['terraform that takes a construct instead of a blueprint', { 'lib/terraform/a.ts': "import '../network/b';", 'lib/network/b.ts': 'export {};' }, ['terraform-takes-blueprints-and-manifests']],
    ['a blueprint that imports a construct', { 'lib/data/blueprint/a.ts': "import '../lake';", 'lib/data/lake.ts': 'export {};' }, ['a-blueprint-is-plain-data']],
    ['an engine in core', { 'lib/core/a.ts': "import 'aws-cdk-lib';", 'node_modules/aws-cdk-lib/index.js': '' }, ['core-needs-no-engine']],
    ['a cycle', { 'lib/core/a.ts': "import './b';", 'lib/core/b.ts': "import './a';" }, ['no-cycles']],
    ['a barrel import', { 'lib/network/a.ts': "import '../core/index';", 'lib/core/index.ts': 'export {};' }, ['no-barrel-inside-lib']],
  ])('%s is refused', (_case, files, rules) => {
    expect(brokenRules(files as unknown as Record<string, string>)).toEqual(rules);
  }, 60_000);

  test('an import of a neighbour by its interfaces is allowed', () => {
    expect(brokenRules({ 'lib/serving/a.ts': "import '../registry/interfaces';", 'lib/registry/interfaces.ts': 'export {};' })).toEqual([]);
  }, 60_000);
});
