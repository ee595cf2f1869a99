import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { FeaturePlatform } from '../../examples/feature-platform/platform';

const ROOT = join(__dirname, '../..');
const PYTHON = process.env.ML_TEST_PYTHON;
if (PYTHON === undefined) process.stderr.write('not run: the definitions of examples/feature-platform (no Python with Feast in ML_TEST_PYTHON; npm test has one)\n');

/** The real Feast reads the example's definitions, and our command compares them with what its stack declares. */
(PYTHON === undefined ? describe.skip : describe)('the Python definitions of examples/feature-platform', () => {
  const dir = mkdtempSync(join(tmpdir(), 'definitions-'));
  const { storeYaml, tablesJson } = new FeaturePlatform(new App(), 'FeaturePlatform').store;
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const check = (tables: string): { status: number | null; out: string; err: string } => {
    writeFileSync(join(dir, 'feature-tables.json'), tables);
    const env = {
      ...process.env, PYTHONPATH: join(ROOT, 'lib/runtime/src'), AWS_REGION: 'eu-west-1', FEAST_STORE_YAML: storeYaml,
      FEAST_REPO_URI: join(ROOT, 'examples/feature-platform/features'), FEAST_TABLES_URI: join(dir, 'feature-tables.json'),
      FEAST_REGISTRY_URL: `sqlite:///${dir}/registry.db`,
    };
    const { status, stdout, stderr } = spawnSync(PYTHON ?? '', ['-m', 'ml_platform_runtime', 'features-apply', '--check'], { env, encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };

  test('are those of its stack', () => {
    expect(check(tablesJson)).toMatchObject({ status: 0, out: expect.stringContaining('customer_activity') });
  }, 120_000);
});
