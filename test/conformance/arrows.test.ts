import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

const FAULTS: [string, Record<string, string>, string[]][] = [
  ['an early room that imports a later one', { 'lib/core/early.ts': "import '../network/later';", 'lib/network/later.ts': 'export {};' }, ['core-imports-only-what-stands-before-it']],
  ['a neighbour imported past its interfaces', { 'lib/serving/neighbour.ts': "import '../registry/store';", 'lib/registry/store.ts': 'export {};' }, ['serving-knows-its-neighbours-by-interfaces-only']],
  ["a room's private part used by another room", { 'lib/cluster/curious.ts': "import '../network/private/own';", 'lib/network/private/own.ts': 'export {};' }, ['private-belongs-to-its-room']],
  ['terraform that takes a construct instead of a blueprint', { 'lib/terraform/taker.ts': "import '../network/vpc';", 'lib/network/vpc.ts': 'export {};' }, ['terraform-takes-blueprints-and-manifests']],
  ['a blueprint that imports a construct', { 'lib/data/blueprint/plan.ts': "import '../lake';", 'lib/data/lake.ts': 'export {};' }, ['a-blueprint-is-plain-data']],
  ['an engine in core', { 'lib/core/engine.ts': "import 'aws-cdk-lib';", 'node_modules/aws-cdk-lib/index.js': '' }, ['core-needs-no-engine']],
  ['a cycle', { 'lib/core/hen.ts': "import './egg';", 'lib/core/egg.ts': "import './hen';" }, ['no-cycles']],
  ['a barrel import', { 'lib/network/barrel.ts': "import '../core/index';", 'lib/core/index.ts': 'export {};' }, ['no-barrel-inside-lib']],
  ['nothing in an import of a neighbour by its interfaces', { 'lib/serving/polite.ts': "import '../registry/interfaces';", 'lib/registry/interfaces.ts': 'export {};' }, []],
];

/** Runs the project's own rules over one tree that holds all of these files: the names of the rules that each file breaks. */
function brokenRules(files: Record<string, string>): Map<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'arrows-'));
  try {
    writeFileSync(join(folder, 'tsconfig.json'), '{"compilerOptions":{"module":"node16","moduleResolution":"node16"},"include":["lib/**/*.ts"]}');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const run = spawnSync(process.execPath, [CRUISER, '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'lib'],
      { cwd: folder, encoding: 'utf8' });
    const { violations } = JSON.parse(run.stdout).summary as { violations: { from: string; rule: { name: string } }[] };
    return new Map(Object.keys(files).map((file) => [file, violations.filter(({ from }) => from === file).map(({ rule }) => rule.name)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the arrows between rooms', () => {
  test('hold in the library', () => {
    const output = execFileSync(process.execPath, [CRUISER, '--config', '.dependency-cruiser.cjs', 'lib', 'stacks', 'examples'], { cwd: ROOT, encoding: 'utf8' });
    expect(output).toContain('no dependency violations found');
  }, 60_000);

  describe('with seeded faults', () => {
    let broken: Map<string, string[]>;

    beforeAll(() => {
      broken = brokenRules(Object.assign({}, ...FAULTS.map(([, files]) => files)) as Record<string, string>);
    }, 60_000);

    test.each(FAULTS)('refuse %s', (_fault, files, rules) => {
      expect(Object.keys(files).flatMap((file) => broken.get(file))).toEqual(rules);
    });
  });
});
