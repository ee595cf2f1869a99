import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { snippets } from '../support/markdown';

const ROOT = resolve(__dirname, '../..');
const MINUTES = 60_000;

/** The one file of a kind in dist/. */
function artifact(language: string, suffix: string): string {
  const folder = join(ROOT, 'dist', language);
  const found = readdirSync(folder).filter((name) => name.endsWith(suffix));
  if (found.length !== 1) throw new Error(`${folder} holds ${found.length} files *${suffix}; run: npm run package-all`);
  return join(folder, found[0]);
}

describe('the published tarball', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tarball-'));
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-platform', version: '1.0.0', private: true }));
    run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', artifact('js', '.tgz'));
  }, 5 * MINUTES);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('brings nothing but its peers: no Terraform engine, no tool of the laptop edition', () => {
    const installed = readdirSync(join(folder, 'node_modules'));
    expect(installed).toEqual(expect.arrayContaining(['aws-cdk-lib', 'cdk8s', 'cdk8s-plus-28', 'cdk-ml-platform', 'constructs']));
    for (const name of ['cdktn', 'cdktf', '@cdktn', '@cdktf', 'execa', 'listr2', 'commander', 'tsx', 'typescript']) {
      expect(installed).not.toContain(name);
    }
  });

  test("synthesizes the README's first example", () => {
    const [first] = snippets(readFileSync(join(ROOT, 'README.md'), 'utf8'), 'ts');
    writeFileSync(join(folder, 'app.js'), transformSync(first, { loader: 'ts', format: 'cjs' }).code);
    const out = join(folder, 'cdk.out');
    execFileSync(process.execPath, ['app.js'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, CDK_OUTDIR: out } });
    const types = resourceTypes(out, readdirSync(out).filter((name) => name.endsWith('.template.json')));
    expect(types).toEqual(expect.arrayContaining(['AWS::ECS::Service', 'AWS::Glue::Table', 'AWS::RDS::DBInstance', 'AWS::DynamoDB::Table']));
  }, 2 * MINUTES);

  test('says what to install when the Terraform entry is loaded without its engine', () => {
    const script = "try { require('cdk-ml-platform/terraform'); console.log('loaded'); } catch (error) { console.log(error.message); }";
    expect(run(process.execPath, '-e', script)).toMatch(/npm install .*cdktn@/);
  });
});

describe('the published wheel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wheel-'));
  const python = join(folder, 'venv/bin/python');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('installs in a clean environment and synthesizes a stack from Python', () => {
    execFileSync(process.env.ML_PLATFORM_PYTHON ?? 'python3', ['-m', 'venv', join(folder, 'venv')]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', artifact('python', '.whl')], { stdio: ['ignore', 'inherit', 'inherit'] });
    writeFileSync(join(folder, 'app.py'), PYTHON_APP);
    const output = execFileSync(python, ['app.py'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    expect(output).toMatch(/refused:.*ValidationError at Fraud\/Lake/s);
    expect(resourceTypes(join(folder, 'cdk.out'), ['Fraud.template.json'])).toEqual(expect.arrayContaining(['AWS::ECS::Service', 'AWS::Glue::Table']));
  }, 10 * MINUTES);
});

const PYTHON_APP = `
from aws_cdk import App, Stack
from cdk_ml_platform import data, network, registry, serving

app = App(outdir="cdk.out")
stack = Stack(app, "Fraud")
net = network.MlNetwork(stack, "Network")
lake = data.DataLake(stack, "Lake")
lake.add_table("Transactions", columns=[data.Column.required("customer_id", data.IcebergType.LONG)])
models = registry.ModelRegistry(stack, "Models", network=net)
serving.FargateModelService(stack, "FraudModel", network=net, model=models.model("fraud").alias("champion"))
try:
    lake.add_table("Broken", columns=[])
except Exception as error:
    print("refused:", error)
app.synth()
`;

function resourceTypes(assembly: string, templates: string[]): string[] {
  return templates.flatMap((name) => {
    const template = JSON.parse(readFileSync(join(assembly, name), 'utf8')) as { Resources?: Record<string, { Type: string }> };
    return Object.values(template.Resources ?? {}).map((resource) => resource.Type);
  });
}
